/* Messages of which a part cannot go on: nothing of them becomes part of another. And large ones: their memory is given back. */
#include "check.h"

#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

/* watch hears of each peer of s that goes; gone waits for the next. */
static void *watch (void *ctx, void *s)
{
	void *events = socket_of (ctx, ZMQ_PAIR);
	CHECK (zmq_socket_monitor (s, "inproc://gone", ZMQ_EVENT_DISCONNECTED) == 0);
	CHECK (zmq_connect (events, "inproc://gone") == 0);
	return events;
}

static void gone (void *s, void *events)
{
	char frame[256];
	CHECK (zmq_recv (events, frame, sizeof frame, 0) == 6 && zmq_recv (events, frame, sizeof frame, 0) >= 0);
	CHECK (zmq_socket_monitor (s, NULL, 0) == 0 && zmq_close (events) == 0);
}

/* The peer goes away between the frames: the rest is dropped, and the next message is whole. */
static void unreachable (void *ctx)
{
	char at[256], text[16];
	void *r = socket_of (ctx, ZMQ_ROUTER), *a = socket_of (ctx, ZMQ_DEALER), *b = socket_of (ctx, ZMQ_DEALER);
	set_int (r, ZMQ_ROUTER_MANDATORY, 1);
	CHECK (zmq_setsockopt (a, ZMQ_ROUTING_ID, "A", 1) == 0 && zmq_setsockopt (b, ZMQ_ROUTING_ID, "B", 1) == 0);
	bound (r, at);
	void *events = watch (ctx, r);
	CHECK (zmq_connect (a, at) == 0 && zmq_connect (b, at) == 0);
	CHECK (zmq_send (a, "x", 1, 0) == 1 && zmq_send (b, "x", 1, 0) == 1);
	for (int i = 0; i < 2; i++)
		CHECK (zmq_recv (r, text, 1, 0) == 1 && zmq_recv (r, text, 1, 0) == 1);
	CHECK (zmq_send (r, "A", 1, ZMQ_SNDMORE) == 1 && zmq_close (a) == 0);
	gone (r, events);
	CHECK (zmq_send (r, "x", 1, 0) == 1);
	CHECK (zmq_send (r, "B", 1, ZMQ_SNDMORE) == 1 && zmq_send (r, "y", 1, 0) == 1);
	CHECK (zmq_recv (b, text, sizeof text, 0) == 1 && text[0] == 'y' && !int_of (b, ZMQ_RCVMORE));
	CHECK (zmq_close (r) == 0 && zmq_close (b) == 0);
}

static void *puller (void *ctx, const char *at)
{
	void *pull = socket_of (ctx, ZMQ_PULL);
	CHECK (zmq_connect (pull, at) == 0);
	return pull;
}

/* So where nobody else is there, at once or at the time-out. */
static void would_block (void *ctx, int flags)
{
	char at[256], text[16];
	void *push = socket_of (ctx, ZMQ_PUSH), *pull = puller (ctx, bound (push, at));
	zmq_pollitem_t item = {push, 0, ZMQ_POLLOUT, 0};
	CHECK (zmq_poll (&item, 1, LIMIT) == 1);
	CHECK (zmq_send (push, "1", 1, ZMQ_SNDMORE) == 1 && zmq_close (pull) == 0);
	usleep (300000); /* libzmq tells of the end before the socket itself has heard of it, and no event tells of that */
	set_int (push, ZMQ_SNDTIMEO, 50);
	CHECK (zmq_send (push, "2", 1, flags) == 1 || errno == EAGAIN); /* libzmq drops it when it has heard of the end */
	set_int (push, ZMQ_SNDTIMEO, LIMIT);
	pull = puller (ctx, at);
	CHECK (zmq_send (push, "new", 3, 0) == 3);
	CHECK (zmq_recv (pull, text, sizeof text, 0) == 3 && !memcmp (text, "new", 3) && !int_of (pull, ZMQ_RCVMORE));
	CHECK (zmq_close (push) == 0 && zmq_close (pull) == 0);
}

struct sides
{
	void *front, *back, *capture;
};

static void *proxy (void *arg)
{
	struct sides *s = arg;
	FAILS (EHOSTUNREACH, zmq_proxy (s->front, s->back, s->capture));
	return NULL;
}

/* A proxy ends at a message for nobody, and its second frame is no address. */
static void proxies (void *ctx)
{
	struct sides s = {socket_of (ctx, ZMQ_DEALER), socket_of (ctx, ZMQ_ROUTER), socket_of (ctx, ZMQ_PAIR)};
	void *client = socket_of (ctx, ZMQ_DEALER), *victim = socket_of (ctx, ZMQ_DEALER), *log = socket_of (ctx, ZMQ_PAIR);
	char text[16];
	set_int (s.back, ZMQ_ROUTER_MANDATORY, 1);
	CHECK (zmq_setsockopt (victim, ZMQ_ROUTING_ID, "victim", 6) == 0);
	CHECK (zmq_bind (s.front, "inproc://front") == 0 && zmq_bind (s.back, "inproc://back") == 0);
	CHECK (zmq_bind (s.capture, "inproc://capture") == 0 && zmq_connect (log, "inproc://capture") == 0);
	CHECK (zmq_connect (client, "inproc://front") == 0 && zmq_connect (victim, "inproc://back") == 0);
	CHECK (zmq_send (victim, "x", 1, 0) == 1 && zmq_recv (s.back, text, 6, 0) == 6 && zmq_recv (s.back, text, 1, 0) == 1);
	pthread_t thread;
	pthread_create (&thread, NULL, proxy, &s);
	CHECK (zmq_send (client, "victim", 6, ZMQ_SNDMORE) == 6 && zmq_send (client, "open", 4, 0) == 4);
	CHECK (zmq_recv (victim, text, sizeof text, 0) == 4 && !memcmp (text, "open", 4));
	CHECK (zmq_recv (log, text, sizeof text, 0) == 6 && zmq_recv (log, text, sizeof text, 0) == 4);
	CHECK (zmq_send (client, "gone", 4, ZMQ_SNDMORE) == 4 && zmq_send (client, "victim", 6, ZMQ_SNDMORE) == 6);
	CHECK (zmq_send (client, "secret", 6, 0) == 6);
	set_int (victim, ZMQ_RCVTIMEO, 300);
	FAILS (EAGAIN, zmq_recv (victim, text, sizeof text, 0));
	pthread_join (thread, NULL);
	FAILS (EAGAIN, zmq_recv (log, text, sizeof text, ZMQ_DONTWAIT));
	CHECK (zmq_close (s.front) == 0 && zmq_close (s.back) == 0 && zmq_close (s.capture) == 0);
	CHECK (zmq_close (client) == 0 && zmq_close (victim) == 0 && zmq_close (log) == 0);
}

struct shut
{
	void *ctx;
	int after;
};

static void *shut (void *arg)
{
	struct shut *s = arg;
	usleep (s->after * 1000);
	CHECK (zmq_ctx_shutdown (s->ctx) == 0);
	return NULL;
}

/* zmq_poll hears of the end also on a socket that can have nothing of what is asked. */
static void polls (int type, int other, short events, int messages)
{
	void *ctx = zmq_ctx_new (), *s = socket_of (ctx, type), *peer = socket_of (ctx, other);
	CHECK (zmq_bind (s, "inproc://polls") == 0 && zmq_connect (peer, "inproc://polls") == 0);
	char c;
	for (int i = 0; i < messages; i++)
		CHECK (zmq_send (peer, "x", 1, 0) == 1);
	if (messages) /* and the others lie in a batch */
		CHECK (zmq_recv (s, &c, 1, 0) == 1);
	zmq_pollitem_t item = {s, 0, events, 0};
	if (!messages || events == ZMQ_POLLOUT)
		CHECK (zmq_poll (&item, 1, 20) == 0 && item.revents == 0);
	struct shut end = {ctx, messages && events == ZMQ_POLLIN ? 0 : 200};
	pthread_t thread;
	pthread_create (&thread, NULL, shut, &end);
	if (end.after == 0)
		pthread_join (thread, NULL);
	FAILS (ETERM, zmq_poll (&item, 1, LIMIT));
	if (end.after)
		pthread_join (thread, NULL);
	CHECK (zmq_close (s) == 0 && zmq_close (peer) == 0 && zmq_ctx_term (ctx) == 0);
}

static size_t in_use (void)
{
	struct mallinfo2 m = mallinfo2 ();
	return m.uordblks + m.hblkhd;
}

/* What a large message needed is not kept: one with a large frame, and one with many small ones. */
static void memory (void *ctx)
{
	enum { LARGE = 32 << 20, MANY = 20000, SMALL = 1000, FEW = 2 << 20 };
	void *a = socket_of (ctx, ZMQ_PAIR), *b = socket_of (ctx, ZMQ_PAIR);
	CHECK (zmq_bind (a, "inproc://memory") == 0 && zmq_connect (b, "inproc://memory") == 0);
	CHECK (zmq_send (a, "x", 1, 0) == 1 && zmq_recv (b, NULL, 0, 0) == 1);
	char *large = calloc (1, LARGE);
	size_t before = in_use ();
	CHECK (large && zmq_send (a, large, LARGE, ZMQ_SNDMORE) == LARGE && zmq_send (a, "x", 1, 0) == 1);
	CHECK (zmq_recv (b, large, LARGE, 0) == LARGE && zmq_recv (b, NULL, 0, 0) == 1);
	CHECK (in_use () < before + FEW);
	for (int i = 0; i < MANY; i++)
		CHECK (zmq_send (a, large, SMALL, i + 1 < MANY ? ZMQ_SNDMORE : 0) == SMALL);
	for (int i = 0; i < MANY; i++)
		CHECK (zmq_recv (b, large, SMALL, 0) == SMALL);
	CHECK (in_use () < before + FEW && !int_of (b, ZMQ_RCVMORE));
	CHECK (zmq_send (a, "y", 1, 0) == 1 && zmq_recv (b, large, 1, 0) == 1 && large[0] == 'y');
	free (large);
	CHECK (zmq_close (a) == 0 && zmq_close (b) == 0);
}

int main (void)
{
	void *ctx = zmq_ctx_new ();
	unreachable (ctx);
	would_block (ctx, ZMQ_DONTWAIT);
	would_block (ctx, 0);
	proxies (ctx);
	memory (ctx);
	CHECK (zmq_ctx_term (ctx) == 0);
	polls (ZMQ_PUSH, ZMQ_PULL, ZMQ_POLLIN, 0);
	polls (ZMQ_PULL, ZMQ_PUSH, ZMQ_POLLOUT, 0);
	polls (ZMQ_PULL, ZMQ_PUSH, ZMQ_POLLOUT, 5);
	polls (ZMQ_PULL, ZMQ_PUSH, ZMQ_POLLIN, 5);
	return 0;
}
