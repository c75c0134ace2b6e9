/* What stands alone: counters, timers, stopwatches, threads, Z85, keys, versions, errors. */
#include "check.h"

#include <signal.h>

static void counters (void)
{
	void *c = zmq_atomic_counter_new ();
	CHECK (zmq_atomic_counter_value (c) == 0);
	CHECK (zmq_atomic_counter_inc (c) == 0 && zmq_atomic_counter_inc (c) == 1 && zmq_atomic_counter_value (c) == 2);
	CHECK (zmq_atomic_counter_dec (c) == 1 && zmq_atomic_counter_dec (c) == 0);
	zmq_atomic_counter_set (c, 7);
	CHECK (zmq_atomic_counter_value (c) == 7);
	zmq_atomic_counter_destroy (&c);
	CHECK (!c);
}

struct ticking
{
	void *timers;
	int ticks, other, cancels;
};

static void tick (int id, void *arg)
{
	struct ticking *t = arg;
	t->ticks++;
	if (t->cancels) {
		CHECK (zmq_timers_cancel (t->timers, id) == 0);
		if (t->other)
			CHECK (zmq_timers_cancel (t->timers, t->other) == 0);
	}
}

static void run (void *timers)
{
	long wait = zmq_timers_timeout (timers);
	CHECK (wait >= 0 && wait < LIMIT);
	CHECK (zmq_poll (NULL, 0, wait + 1) == 0);
	CHECK (zmq_timers_execute (timers) == 0);
}

static void timers (void)
{
	void *t = zmq_timers_new ();
	struct ticking a = {t, 0, 0, 0}, b = {t, 0, 0, 1}, c = {t, 0, 0, 0};
	CHECK (zmq_timers_timeout (t) == -1 && zmq_timers_execute (t) == 0);
	FAILS (EFAULT, zmq_timers_add (t, 1, NULL, NULL));
	FAILS (EINVAL, zmq_timers_cancel (t, 12345));
	FAILS (EINVAL, zmq_timers_reset (t, 12345));
	FAILS (EINVAL, zmq_timers_set_interval (t, 12345, 1));
	int first = zmq_timers_add (t, 20, tick, &a);
	CHECK (zmq_timers_timeout (t) <= 20 && zmq_timers_execute (t) == 0 && a.ticks == 0);
	run (t);
	CHECK (a.ticks == 1);
	run (t);
	CHECK (a.ticks == 2);
	CHECK (zmq_timers_set_interval (t, first, 1000000) == 0 && zmq_timers_timeout (t) > 900000);
	CHECK (zmq_timers_cancel (t, first) == 0);
	FAILS (EINVAL, zmq_timers_cancel (t, first));
	CHECK (zmq_timers_add (t, 10, tick, &b) >= 0 && (b.other = zmq_timers_add (t, 1000, tick, &c)) > 0);
	CHECK (zmq_timers_reset (t, b.other) == 0);
	run (t); /* its handler cancels both */
	CHECK (b.ticks == 1 && c.ticks == 0 && zmq_timers_timeout (t) == -1);
	CHECK (zmq_timers_destroy (&t) == 0 && !t);
	FAILS (EFAULT, zmq_timers_destroy (&t));
}

/* Signals are for other threads. */
static void in_thread (void *arg)
{
	sigset_t blocked;
	CHECK (pthread_sigmask (SIG_BLOCK, NULL, &blocked) == 0 && sigismember (&blocked, SIGINT) == 1 && sigismember (&blocked, SIGUSR1) == 1);
	*(int *) arg = 5;
}

static void clocks (void)
{
	int done = 0;
	void *thread = zmq_threadstart (in_thread, &done), *watch = zmq_stopwatch_start ();
	zmq_threadclose (thread);
	CHECK (done == 5);
	sigset_t blocked;
	CHECK (pthread_sigmask (SIG_BLOCK, NULL, &blocked) == 0 && sigismember (&blocked, SIGINT) == 0);
	zmq_sleep (1);
	CHECK (zmq_stopwatch_intermediate (watch) >= 1000000);
	CHECK (zmq_stopwatch_stop (watch) >= 1000000);
}

static void keys (void)
{
	const uint8_t hello[8] = {0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B}; /* RFC 32's test case */
	uint8_t back[8];
	char text[41], public[41], secret[41];
	CHECK (zmq_z85_encode (text, hello, 8) == text && !strcmp (text, "HelloWorld"));
	CHECK (zmq_z85_decode (back, "HelloWorld") == back && !memcmp (back, hello, 8));
	FAILS (EINVAL, zmq_z85_encode (text, hello, 7));
	FAILS (EINVAL, zmq_z85_decode (back, "Hell"));
	FAILS (EINVAL, zmq_z85_decode (back, "Hell\"World"));
	FAILS (EINVAL, zmq_z85_decode (back, "#####"));
	CHECK (zmq_has ("curve") == 1 && zmq_has ("ipc") == 1 && zmq_has ("nothing") == 0);
	CHECK (zmq_curve_keypair (public, secret) == 0 && strlen (public) == 40 && strlen (secret) == 40);
	CHECK (zmq_curve_public (text, secret) == 0 && !strcmp (text, public));
	/* The keys of zmq_curve(7). */
	CHECK (zmq_curve_public (text, "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6") == 0);
	CHECK (!strcmp (text, "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"));
}

static void errors (void)
{
	int major, minor, patch;
	zmq_version (&major, &minor, &patch);
	CHECK (major == 4 && minor == 3 && patch >= 4);
	errno = 0;
	CHECK (zmq_close (NULL) == -1 && zmq_errno () == ENOTSOCK);
	CHECK (!strcmp (zmq_strerror (EFSM), "Operation cannot be accomplished in current state"));
	CHECK (!strcmp (zmq_strerror (ETERM), "Context was terminated"));
	CHECK (!strcmp (zmq_strerror (ENOCOMPATPROTO), "The protocol is not compatible with the socket type"));
	CHECK (!strcmp (zmq_strerror (EMTHREAD), "No thread available"));
	CHECK (!strcmp (zmq_strerror (EHOSTUNREACH), "Host unreachable"));
	CHECK (!strcmp (zmq_strerror (ENOENT), strerror (ENOENT)));
}

int main (void)
{
	errors ();
	counters ();
	timers ();
	clocks ();
	keys ();
	return 0;
}
