/* bench ROW: one figure of whichever libzmq.so.5 the loader finds. The rows are
 *
 *   stream      messages of 64 bytes a second, PUSH to PULL over tcp, two processes
 *   roundtrip   microseconds, REQ to REP over tcp, 64 bytes, two processes, the median
 *   call        nanoseconds of a zmq_send of 64 bytes by a PUB that nobody listens to: what the interface costs
 *   message     nanoseconds of zmq_msg_init_size, copy and two closes
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#define MUST(what) \
	do { \
		if (!(what)) { \
			fprintf (stderr, "%s: %s\n", #what, zmq_strerror (errno)); \
			exit (1); \
		} \
	} while (0)

enum { SIZE = 64, STREAM = 3000000, ROUNDS = 30000, CALLS = 3000000 };

static char endpoint[64], bytes[SIZE];

static void *join (void *ctx, int type, int binds)
{
	void *s = zmq_socket (ctx, type);
	MUST (s && (binds ? zmq_bind (s, endpoint) : zmq_connect (s, endpoint)) == 0);
	return s;
}

static void leave (void *ctx, void *s) { MUST (zmq_close (s) == 0 && zmq_ctx_term (ctx) == 0); }

static void stream (int child)
{
	void *ctx = zmq_ctx_new (), *s = join (ctx, child ? ZMQ_PUSH : ZMQ_PULL, !child);
	if (child) {
		for (int i = 0; i < STREAM; i++)
			MUST (zmq_send (s, bytes, SIZE, 0) == SIZE);
		leave (ctx, s);
		return;
	}
	MUST (zmq_recv (s, bytes, SIZE, 0) == SIZE);
	void *watch = zmq_stopwatch_start ();
	for (int i = 1; i < STREAM; i++)
		MUST (zmq_recv (s, bytes, SIZE, 0) == SIZE);
	printf ("%.0f\n", STREAM * 1e6 / zmq_stopwatch_stop (watch));
	leave (ctx, s);
}

static int compare (const void *a, const void *b) { return *(const int *) a - *(const int *) b; }

static void roundtrip (int child)
{
	static int took[ROUNDS];
	void *ctx = zmq_ctx_new (), *s = join (ctx, child ? ZMQ_REP : ZMQ_REQ, child);
	for (int i = 0; i < ROUNDS; i++) {
		void *watch = zmq_stopwatch_start ();
		MUST (child || zmq_send (s, bytes, SIZE, 0) == SIZE);
		MUST (zmq_recv (s, bytes, SIZE, 0) == SIZE);
		MUST (!child || zmq_send (s, bytes, SIZE, 0) == SIZE);
		took[i] = zmq_stopwatch_stop (watch);
	}
	qsort (took, ROUNDS, sizeof *took, compare);
	if (!child)
		printf ("%d\n", took[ROUNDS / 2]);
	leave (ctx, s);
}

static void call (void)
{
	void *ctx = zmq_ctx_new (), *s = join (ctx, ZMQ_PUB, 1), *watch = zmq_stopwatch_start ();
	for (int i = 0; i < CALLS; i++)
		MUST (zmq_send (s, bytes, SIZE, 0) == SIZE);
	printf ("%.1f\n", zmq_stopwatch_stop (watch) * 1e3 / CALLS);
	leave (ctx, s);
}

static void message (void)
{
	void *watch = zmq_stopwatch_start ();
	for (int i = 0; i < CALLS; i++) {
		zmq_msg_t a, b;
		zmq_msg_init_size (&a, SIZE);
		zmq_msg_init (&b);
		zmq_msg_copy (&b, &a);
		zmq_msg_close (&a);
		zmq_msg_close (&b);
	}
	printf ("%.1f\n", zmq_stopwatch_stop (watch) * 1e3 / CALLS);
}

int main (int argc, char **argv)
{
	const char *row = argc > 1 ? argv[1] : "";
	snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", 20000 + getpid () % 10000);
	if (!strcmp (row, "call"))
		return call (), 0;
	if (!strcmp (row, "message"))
		return message (), 0;
	void (*run) (int) = !strcmp (row, "stream") ? stream : !strcmp (row, "roundtrip") ? roundtrip : NULL;
	if (!run)
		return fprintf (stderr, "bench stream | roundtrip | call | message\n"), 2;
	pid_t child = fork (); /* before the first context, as it has to be */
	MUST (child >= 0);
	run (child == 0);
	int status = 0;
	if (child)
		MUST (wait (&status) == child);
	return status != 0;
}
