/* Signals end what waits, with EINTR, and nothing else: none is swallowed, none comes from the library, and what a program
 * had made of SIGPIPE and SIGURG stays. */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t rang;

static void ring (int number)
{
	(void) number;
	rang++;
}

/* A timer that rings again and again: a signal that comes before the wait begins must not be the last. */
static void start (void)
{
	struct itimerval t = {{0, 50000}, {0, 50000}};
	rang = 0;
	CHECK (setitimer (ITIMER_REAL, &t, NULL) == 0);
}

static void stop (void)
{
	struct itimerval t = {{0, 0}, {0, 0}};
	CHECK (setitimer (ITIMER_REAL, &t, NULL) == 0);
	CHECK (rang > 0);
}

static void *sender (void *ctx)
{
	sigset_t all;
	sigfillset (&all);
	pthread_sigmask (SIG_SETMASK, &all, NULL);
	void *s = socket_of (ctx, ZMQ_PUSH);
	CHECK (zmq_bind (s, "inproc://signals") == 0);
	for (int i = 0; i < 20000; i++)
		CHECK (zmq_send (s, &i, sizeof i, 0) == sizeof i);
	CHECK (zmq_close (s) == 0);
	return NULL;
}

/* A stream goes on under signals, and nothing is lost by them. */
static void stream (void *ctx)
{
	pthread_t thread;
	void *s = socket_of (ctx, ZMQ_PULL);
	CHECK (zmq_connect (s, "inproc://signals") == 0);
	pthread_create (&thread, NULL, sender, ctx);
	for (int i = 0, j; i < 20000; i++) {
		int rc;
		while ((rc = zmq_recv (s, &j, sizeof j, 0)) < 0)
			CHECK (errno == EINTR);
		CHECK (rc == sizeof j && j == i);
	}
	pthread_join (thread, NULL);
	CHECK (zmq_close (s) == 0);
}

/* A write to a broken pipe kills a program that has not asked for anything else, before and after the first context. */
static void broken_pipe (void)
{
	for (int with = 0; with < 2; with++) {
		pid_t child = fork ();
		if (child == 0) {
			int p[2];
			signal (SIGPIPE, SIG_DFL);
			void *ctx = with ? zmq_ctx_new () : NULL;
			if ((with && !ctx) || pipe (p) || close (p[0]))
				_exit (2);
			if (write (p[1], "x", 1) < 0)
				_exit (3);
			_exit (4);
		}
		int status;
		CHECK (waitpid (child, &status, 0) == child);
		CHECK (WIFSIGNALED (status) && WTERMSIG (status) == SIGPIPE);
	}
}

/* A peer that goes while we send to it raises no SIGPIPE. */
static void gone (void *ctx)
{
	char at[256];
	void *push = socket_of (ctx, ZMQ_PUSH);
	int timeout = 1;
	CHECK (zmq_setsockopt (push, ZMQ_SNDTIMEO, &timeout, sizeof timeout) == 0);
	bound (push, at);
	for (int i = 0; i < 20; i++) {
		void *pull = socket_of (ctx, ZMQ_PULL);
		CHECK (zmq_connect (pull, at) == 0);
		for (int j = 0; j < 200; j++) {
			if (zmq_send (push, at, 200, 0) < 0)
				CHECK (errno == EAGAIN);
			if (j == 100)
				CHECK (zmq_close (pull) == 0);
		}
	}
	CHECK (zmq_close (push) == 0);
}

int main (void)
{
	broken_pipe ();
	struct sigaction a = {.sa_handler = ring}, was;
	sigaction (SIGALRM, &a, NULL);
	sigaction (SIGURG, &a, NULL); /* nobody sends us one */
	signal (SIGPIPE, SIG_DFL);
	void *ctx = zmq_ctx_new (), *s = zmq_socket (ctx, ZMQ_DEALER);
	CHECK (sigaction (SIGALRM, NULL, &was) == 0 && was.sa_handler == ring);
	char c;
	start ();
	FAILS (EINTR, zmq_recv (s, &c, 1, 0));
	stop ();
	start ();
	FAILS (EINTR, zmq_send (s, &c, 1, 0));
	stop ();
	start ();
	zmq_pollitem_t item = {s, 0, ZMQ_POLLIN, 0};
	FAILS (EINTR, zmq_poll (&item, 1, -1));
	stop ();
	start ();
	stream (ctx);
	struct itimerval none = {{0, 0}, {0, 0}};
	setitimer (ITIMER_REAL, &none, NULL);
	gone (ctx);
	start ();
	FAILS (EINTR, zmq_ctx_term (ctx)); /* s is not closed */
	stop ();
	CHECK (zmq_close (s) == 0);
	while (zmq_ctx_term (ctx) < 0)
		CHECK (errno == EINTR);
	return 0;
}
