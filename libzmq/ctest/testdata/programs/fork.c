/* ours
 * A program may fork before its first context, and each process has its own engine; in a child of a process that had one
 * every call is an error, at once. */
#include "check.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static void talk (void)
{
	char at[256], c;
	void *ctx = zmq_ctx_new (), *a = socket_of (ctx, ZMQ_REQ), *b = socket_of (ctx, ZMQ_REP);
	CHECK (zmq_connect (a, bound (b, at)) == 0);
	CHECK (zmq_send (a, "x", 1, 0) == 1 && zmq_recv (b, &c, 1, 0) == 1 && c == 'x');
	CHECK (zmq_close (a) == 0 && zmq_close (b) == 0 && zmq_ctx_term (ctx) == 0);
}

static void wait_for (pid_t child)
{
	int status;
	CHECK (waitpid (child, &status, 0) == child);
	CHECK (WIFEXITED (status) && WEXITSTATUS (status) == 0);
}

static void *open_one (void *arg)
{
	CHECK (zmq_ctx_new ());
	return arg;
}

/* A fork while another thread opens the engine: the child has an engine of its own, or hears that it can have none. */
static void meanwhile (void)
{
	pthread_t thread;
	pid_t children[30];
	CHECK (pthread_create (&thread, NULL, open_one, NULL) == 0);
	for (int i = 0; i < 30; i++) {
		children[i] = fork ();
		CHECK (children[i] >= 0);
		if (children[i] == 0) {
			alarm (20);
			errno = 0;
			void *ctx = zmq_ctx_new ();
			_exit (ctx ? zmq_ctx_term (ctx) != 0 : errno != ENOTSUP);
		}
	}
	for (int i = 0; i < 30; i++)
		wait_for (children[i]);
	pthread_join (thread, NULL);
}

int main (void)
{
	zmq_msg_t m;
	CHECK (zmq_msg_init_size (&m, 100) == 0 && zmq_msg_close (&m) == 0); /* needs no engine */
	for (int i = 0; i < 3; i++) {
		pid_t child = fork ();
		if (child == 0) {
			talk ();
			return 0;
		}
		wait_for (child);
	}
	for (int i = 0; i < 5; i++) {
		pid_t child = fork ();
		if (child == 0) {
			meanwhile ();
			return 0;
		}
		wait_for (child);
	}
	talk ();
	void *ctx = zmq_ctx_new (), *s = socket_of (ctx, ZMQ_PULL);
	CHECK (zmq_bind (s, "tcp://127.0.0.1:*") == 0);
	pid_t child = fork ();
	if (child == 0) {
		char c;
		zmq_pollitem_t item = {s, 0, ZMQ_POLLIN, 0};
		alarm (10);
		FAILS (ENOTSUP, zmq_recv (s, &c, 1, 0));
		FAILS (ENOTSUP, zmq_poll (&item, 1, -1));
		FAILS (ENOTSUP, zmq_connect (s, "tcp://127.0.0.1:1"));
		FAILS (ENOTSUP, zmq_socket (ctx, ZMQ_PULL));
		FAILS (ENOTSUP, zmq_close (s));
		FAILS (ENOTSUP, zmq_ctx_term (ctx));
		FAILS (ENOTSUP, zmq_ctx_new ());
		CHECK (zmq_msg_init_size (&m, 100) == 0 && zmq_msg_close (&m) == 0);
		return 0;
	}
	wait_for (child);
	CHECK (zmq_close (s) == 0 && zmq_ctx_term (ctx) == 0);
	talk ();
	return 0;
}
