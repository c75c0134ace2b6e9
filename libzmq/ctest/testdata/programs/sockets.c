/* zmq_socket, zmq_send, zmq_recv and their like: arguments, errors, parts, time-outs, the ends of sockets and contexts. */
#include "check.h"

#include <pthread.h>
#include <sys/uio.h>

static void arguments (void)
{
	FAILS (EFAULT, zmq_socket (NULL, ZMQ_PUSH));
	FAILS (EFAULT, zmq_ctx_term (NULL));
	FAILS (EFAULT, zmq_ctx_set (NULL, ZMQ_MAX_SOCKETS, 1));
	FAILS (ENOTSOCK, zmq_close (NULL));
	FAILS (ENOTSOCK, zmq_send (NULL, "", 0, 0));
	void *ctx = zmq_ctx_new ();
	FAILS (EINVAL, zmq_socket (ctx, -1));
	FAILS (EINVAL, zmq_socket (ctx, 99));
	FAILS (ENOTSOCK, zmq_close (ctx));
	void *s = socket_of (ctx, ZMQ_PUSH);
	FAILS (EFAULT, zmq_ctx_term (s));
	FAILS (EINVAL, zmq_bind (s, "nothing"));
	FAILS (EINVAL, zmq_bind (s, "tcp://"));
	FAILS (EPROTONOSUPPORT, zmq_bind (s, "gopher://127.0.0.1:70"));
	FAILS (EINVAL, zmq_connect (s, "tcp://127.0.0.1"));
	FAILS (ENOENT, zmq_unbind (s, "tcp://127.0.0.1:5"));
	FAILS (ENOENT, zmq_disconnect (s, "tcp://127.0.0.1:5"));
	char at[256];
	bound (s, at);
	void *t = socket_of (ctx, ZMQ_PULL);
	FAILS (EADDRINUSE, zmq_bind (t, at));
	CHECK (zmq_bind (t, "inproc://a") == 0);
	FAILS (EADDRINUSE, zmq_bind (s, "inproc://a"));
	FAILS (ENOTSUP, zmq_recv (s, at, 1, ZMQ_DONTWAIT));
	FAILS (ENOTSUP, zmq_send (t, at, 1, ZMQ_DONTWAIT));
	FAILS (EAGAIN, zmq_send (s, at, 1, ZMQ_DONTWAIT)); /* nobody is there */
	FAILS (EAGAIN, zmq_recv (t, at, 1, ZMQ_DONTWAIT));
	CHECK (zmq_unbind (t, "inproc://a") == 0);
	CHECK (zmq_bind (s, "inproc://a") == 0);
	CHECK (zmq_close (s) == 0 && zmq_close (t) == 0);
	CHECK (zmq_ctx_term (ctx) == 0);
}

static void parts (void *ctx)
{
	void *a = socket_of (ctx, ZMQ_PAIR), *b = socket_of (ctx, ZMQ_PAIR);
	CHECK (zmq_bind (a, "inproc://parts") == 0 && zmq_connect (b, "inproc://parts") == 0);
	CHECK (zmq_send (a, "one", 3, ZMQ_SNDMORE) == 3);
	char room[2] = {0};
	FAILS (EAGAIN, zmq_recv (b, room, sizeof room, ZMQ_DONTWAIT)); /* half a message does not come */
	CHECK (zmq_send_const (a, "", 0, ZMQ_SNDMORE) == 0 && zmq_send (a, "three", 5, 0) == 5);
	CHECK (zmq_recv (b, room, sizeof room, 0) == 3 && !memcmp (room, "on", 2)); /* cut, and the size told */
	CHECK (int_of (b, ZMQ_RCVMORE) == 1 && int_of (b, ZMQ_EVENTS) & ZMQ_POLLIN);
	CHECK (zmq_recv (b, NULL, 0, 0) == 0 && int_of (b, ZMQ_RCVMORE) == 1);
	CHECK (zmq_recv (b, room, sizeof room, 0) == 5 && int_of (b, ZMQ_RCVMORE) == 0);
	CHECK (!(int_of (b, ZMQ_EVENTS) & ZMQ_POLLIN));

	struct iovec out[] = {{"uno", 3}, {"", 0}, {"tres", 4}}, in[5];
	CHECK (zmq_sendiov (a, out, 3, ZMQ_SNDMORE) == 4);
	size_t count = 5;
	CHECK (zmq_recviov (b, in, &count, 0) == 3 && count == 3);
	CHECK (in[2].iov_len == 4 && !memcmp (in[2].iov_base, "tres", 4) && in[1].iov_len == 0);
	for (int i = 0; i < 3; i++)
		free (in[i].iov_base);

	int n = 2000; /* as many parts as small ones go into no batch */
	for (int i = 0; i < n; i++)
		CHECK (zmq_send (a, &i, sizeof i, i + 1 < n ? ZMQ_SNDMORE : 0) == sizeof i);
	for (int i = 0, j = -1; i < n; i++, j = -1)
		CHECK (zmq_recv (b, &j, sizeof j, 0) == sizeof j && j == i && int_of (b, ZMQ_RCVMORE) == (i + 1 < n));
	CHECK (zmq_close (a) == 0 && zmq_close (b) == 0);
}

static void turns (void *ctx)
{
	void *req = socket_of (ctx, ZMQ_REQ), *rep = socket_of (ctx, ZMQ_REP);
	CHECK (zmq_bind (rep, "inproc://turns") == 0 && zmq_connect (req, "inproc://turns") == 0);
	char c;
	FAILS (EFSM, zmq_recv (req, &c, 1, ZMQ_DONTWAIT));
	FAILS (EFSM, zmq_send (rep, "x", 1, 0));
	CHECK (zmq_send (req, "1", 1, ZMQ_SNDMORE) == 1 && zmq_send (req, "2", 1, 0) == 1);
	FAILS (EFSM, zmq_send (req, "x", 1, 0));
	CHECK (zmq_recv (rep, &c, 1, 0) == 1 && c == '1');
	FAILS (EFSM, zmq_send (rep, "x", 1, 0)); /* the request is not read to its end */
	CHECK (zmq_recv (rep, &c, 1, 0) == 1 && c == '2');
	FAILS (EFSM, zmq_recv (rep, &c, 1, ZMQ_DONTWAIT));
	CHECK (zmq_send (rep, "a", 1, 0) == 1 && zmq_recv (req, &c, 1, 0) == 1 && c == 'a');
	CHECK (zmq_close (req) == 0 && zmq_close (rep) == 0);
}

static void names (void *ctx)
{
	void *r = socket_of (ctx, ZMQ_ROUTER), *d = socket_of (ctx, ZMQ_DEALER);
	CHECK (zmq_setsockopt (d, ZMQ_ROUTING_ID, "dee", 3) == 0);
	char at[256], text[16];
	size_t size = sizeof text;
	CHECK (zmq_getsockopt (d, ZMQ_ROUTING_ID, text, &size) == 0 && size == 3 && !memcmp (text, "dee", 3));
	CHECK (zmq_send (r, "dee", 3, ZMQ_SNDMORE) == 3 && zmq_send (r, "lost", 4, 0) == 4); /* nobody: dropped */
	set_int (r, ZMQ_ROUTER_MANDATORY, 1);
	FAILS (EHOSTUNREACH, zmq_send (r, "dee", 3, ZMQ_SNDMORE));
	CHECK (zmq_connect (d, bound (r, at)) == 0 && zmq_send (d, "hello", 5, 0) == 5);
	CHECK (zmq_recv (r, text, sizeof text, 0) == 3 && zmq_recv (r, text, sizeof text, 0) == 5);
	CHECK (zmq_send (r, "dee", 3, ZMQ_SNDMORE) == 3 && zmq_send (r, "you", 3, 0) == 3);
	CHECK (zmq_recv (d, text, sizeof text, 0) == 3 && !memcmp (text, "you", 3));
	CHECK (zmq_close (r) == 0 && zmq_close (d) == 0);
}

/* Time-outs, and marks: over inproc both sides' together. */
static void waits (void *ctx)
{
	void *push = socket_of (ctx, ZMQ_PUSH), *pull = socket_of (ctx, ZMQ_PULL);
	set_int (push, ZMQ_SNDHWM, 3);
	set_int (pull, ZMQ_RCVHWM, 4);
	set_int (push, ZMQ_SNDTIMEO, 50);
	set_int (pull, ZMQ_RCVTIMEO, 50);
	CHECK (zmq_bind (pull, "inproc://waits") == 0 && zmq_connect (push, "inproc://waits") == 0);
	char c = 0;
	void *watch = zmq_stopwatch_start ();
	FAILS (EAGAIN, zmq_recv (pull, &c, 1, 0));
	unsigned long us = zmq_stopwatch_stop (watch);
	CHECK (us >= 49000 && us < 10000000);
	for (int i = 0; i < 7; i++)
		CHECK (zmq_send (push, &c, 1, ZMQ_DONTWAIT) == 1);
	FAILS (EAGAIN, zmq_send (push, &c, 1, ZMQ_DONTWAIT));
	CHECK (!(int_of (push, ZMQ_EVENTS) & ZMQ_POLLOUT));
	watch = zmq_stopwatch_start ();
	FAILS (EAGAIN, zmq_send (push, &c, 1, 0));
	us = zmq_stopwatch_stop (watch);
	CHECK (us >= 49000 && us < 10000000);
	for (int i = 0; i < 7; i++)
		CHECK (zmq_recv (pull, &c, 1, 0) == 1);
	FAILS (EAGAIN, zmq_recv (pull, &c, 1, ZMQ_DONTWAIT));
	CHECK (zmq_send (push, &c, 1, 0) == 1);
	CHECK (zmq_close (push) == 0 && zmq_close (pull) == 0);
}

/* A sender that waits for room goes on when there is some. */
static void *slowly (void *pull)
{
	for (int i = 0, j; i < 1000; i++)
		CHECK (zmq_recv (pull, &j, sizeof j, 0) == sizeof j && j == i);
	return NULL;
}

static void pressure (void *ctx, const char *name, int to, int from)
{
	void *push = socket_of (ctx, from), *pull = socket_of (ctx, to);
	set_int (push, ZMQ_SNDHWM, 1);
	set_int (pull, ZMQ_RCVHWM, 1);
	pthread_t thread;
	CHECK (zmq_bind (pull, name) == 0 && zmq_connect (push, name) == 0);
	pthread_create (&thread, NULL, slowly, pull);
	for (int i = 0; i < 1000; i++)
		CHECK (zmq_send (push, &i, sizeof i, 0) == sizeof i);
	pthread_join (thread, NULL);
	CHECK (zmq_close (push) == 0 && zmq_close (pull) == 0);
}

/* So does one whose messages only one peer can take, while another has room. */
static void pressure_on_one (void *ctx, const char *name)
{
	void *router = socket_of (ctx, ZMQ_ROUTER), *busy = socket_of (ctx, ZMQ_DEALER), *idle = socket_of (ctx, ZMQ_DEALER);
	set_int (router, ZMQ_ROUTER_MANDATORY, 1);
	set_int (router, ZMQ_SNDHWM, 1);
	set_int (busy, ZMQ_RCVHWM, 1);
	CHECK (zmq_setsockopt (busy, ZMQ_ROUTING_ID, "busy", 4) == 0 && zmq_setsockopt (idle, ZMQ_ROUTING_ID, "idle", 4) == 0);
	CHECK (zmq_bind (router, name) == 0 && zmq_connect (busy, name) == 0 && zmq_connect (idle, name) == 0);
	char c[4];
	CHECK (zmq_send (busy, "x", 1, 0) == 1 && zmq_send (idle, "x", 1, 0) == 1);
	for (int i = 0; i < 2; i++)
		CHECK (zmq_recv (router, c, 4, 0) == 4 && zmq_recv (router, c, 1, 0) == 1);
	pthread_t thread;
	pthread_create (&thread, NULL, slowly, busy);
	for (int i = 0; i < 1000; i++)
		CHECK (zmq_send (router, "busy", 4, ZMQ_SNDMORE) == 4 && zmq_send (router, &i, sizeof i, 0) == sizeof i);
	pthread_join (thread, NULL);
	CHECK (zmq_close (router) == 0 && zmq_close (busy) == 0 && zmq_close (idle) == 0);
}

/* And a publisher that drops nothing. */
static void pressure_on_all (void *ctx, const char *name)
{
	void *pub = socket_of (ctx, ZMQ_XPUB), *sub = socket_of (ctx, ZMQ_SUB);
	set_int (pub, ZMQ_XPUB_NODROP, 1);
	set_int (pub, ZMQ_SNDHWM, 1);
	set_int (sub, ZMQ_RCVHWM, 1);
	CHECK (zmq_setsockopt (sub, ZMQ_SUBSCRIBE, "", 0) == 0);
	CHECK (zmq_bind (pub, name) == 0 && zmq_connect (sub, name) == 0);
	char c;
	CHECK (zmq_recv (pub, &c, 1, 0) == 1 && c == 1);
	pthread_t thread;
	pthread_create (&thread, NULL, slowly, sub);
	for (int i = 0; i < 1000; i++)
		CHECK (zmq_send (pub, &i, sizeof i, 0) == sizeof i);
	pthread_join (thread, NULL);
	CHECK (zmq_close (pub) == 0 && zmq_close (sub) == 0);
}

static void *waits_for_end (void *s)
{
	char c;
	FAILS (ETERM, zmq_recv (s, &c, 1, 0));
	FAILS (ETERM, zmq_send (s, &c, 1, 0));
	FAILS (ETERM, zmq_connect (s, "inproc://b"));
	int n;
	size_t size = sizeof n;
	for (const int *o = (const int[]){ZMQ_EVENTS, ZMQ_FD, ZMQ_TYPE, ZMQ_RCVMORE, ZMQ_THREAD_SAFE, ZMQ_RCVTIMEO, ZMQ_SNDTIMEO, ZMQ_LINGER, 0}; *o; o++)
		FAILS (ETERM, zmq_getsockopt (s, *o, &n, &size));
	n = 1;
	for (const int *o = (const int[]){ZMQ_RCVTIMEO, ZMQ_SNDTIMEO, ZMQ_LINGER, 0}; *o; o++)
		FAILS (ETERM, zmq_setsockopt (s, *o, &n, sizeof n));
	zmq_pollitem_t item = {s, 0, ZMQ_POLLIN, 0};
	FAILS (ETERM, zmq_poll (&item, 1, -1));
	CHECK (zmq_close (s) == 0);
	return NULL;
}

static void ends (void)
{
	void *ctx = zmq_ctx_new (), *s = zmq_socket (ctx, ZMQ_DEALER);
	CHECK (zmq_bind (s, "inproc://ends") == 0);
	pthread_t thread;
	pthread_create (&thread, NULL, waits_for_end, s);
	CHECK (zmq_ctx_shutdown (ctx) == 0);
	FAILS (ETERM, zmq_socket (ctx, ZMQ_PUSH));
	CHECK (zmq_ctx_term (ctx) == 0);
	pthread_join (thread, NULL);
}

static void limits (void)
{
	void *ctx = zmq_ctx_new ();
	CHECK (zmq_ctx_get (ctx, ZMQ_MAX_SOCKETS) == ZMQ_MAX_SOCKETS_DFLT && zmq_ctx_get (ctx, ZMQ_IO_THREADS) == 1);
	CHECK (zmq_ctx_get (ctx, ZMQ_SOCKET_LIMIT) == 65535 && zmq_ctx_get (ctx, ZMQ_MSG_T_SIZE) == 64);
	CHECK (zmq_ctx_get (ctx, ZMQ_BLOCKY) == 1 && zmq_ctx_get (ctx, ZMQ_IPV6) == 0);
	FAILS (EINVAL, zmq_ctx_get (ctx, 12345));
	FAILS (EINVAL, zmq_ctx_set (ctx, ZMQ_MAX_SOCKETS, 0));
	FAILS (EINVAL, zmq_ctx_set (ctx, ZMQ_IO_THREADS, -1));
	CHECK (zmq_ctx_set (ctx, ZMQ_BLOCKY, 0) == 0 && zmq_ctx_set (ctx, ZMQ_IPV6, 1) == 0);
	CHECK (zmq_ctx_set (ctx, ZMQ_MAX_SOCKETS, 2) == 0);
	void *a = zmq_socket (ctx, ZMQ_PUSH), *b = zmq_socket (ctx, ZMQ_PUSH);
	CHECK (a && b && int_of (a, ZMQ_LINGER) == 0 && int_of (a, ZMQ_IPV6) == 1);
	FAILS (EMFILE, zmq_socket (ctx, ZMQ_PUSH));
	CHECK (zmq_close (a) == 0);
	CHECK (zmq_close (b) == 0);
	CHECK (zmq_ctx_term (ctx) == 0);
}

int main (void)
{
	char text[64];
	arguments ();
	void *ctx = zmq_ctx_new ();
	CHECK (ctx);
	parts (ctx);
	turns (ctx);
	names (ctx);
	waits (ctx);
	pressure (ctx, "inproc://pressure", ZMQ_PULL, ZMQ_PUSH);
	pressure (ctx, abstract ("pressure", text), ZMQ_PULL, ZMQ_PUSH);
	pressure (ctx, "inproc://pressure2", ZMQ_PAIR, ZMQ_PAIR);
	pressure_on_one (ctx, "inproc://one");
	pressure_on_one (ctx, abstract ("one", text));
	pressure_on_all (ctx, "inproc://all");
	pressure_on_all (ctx, abstract ("all", text));
	CHECK (zmq_ctx_term (ctx) == 0);
	ends ();
	limits ();
	return 0;
}
