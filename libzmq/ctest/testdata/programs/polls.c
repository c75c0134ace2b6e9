/* zmq_poll, ZMQ_FD and ZMQ_EVENTS. */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

static void *later (void *s)
{
	CHECK (zmq_send (s, "late", 4, 0) == 4);
	return NULL;
}

static void both (void *ctx)
{
	int p[2];
	char text[256];
	void *a = socket_of (ctx, ZMQ_PAIR), *b = socket_of (ctx, ZMQ_PAIR);
	CHECK (zmq_connect (b, bound (a, text)) == 0 && pipe (p) == 0);
	zmq_pollitem_t items[] = {{a, 0, ZMQ_POLLIN, 0}, {NULL, p[0], ZMQ_POLLIN, 0}, {a, 0, ZMQ_POLLOUT, 0}};
	CHECK (zmq_poll (items, 2, 0) == 0 && items[0].revents == 0 && items[1].revents == 0);
	CHECK (zmq_poll (items, 3, LIMIT) == 1 && items[2].revents == ZMQ_POLLOUT);
	CHECK (write (p[1], "x", 1) == 1);
	CHECK (zmq_poll (items, 2, LIMIT) == 1 && items[1].revents == ZMQ_POLLIN);
	pthread_t thread;
	CHECK (read (p[0], text, 1) == 1);
	pthread_create (&thread, NULL, later, b);
	CHECK (zmq_poll (items, 2, LIMIT) == 1 && items[0].revents == ZMQ_POLLIN);
	pthread_join (thread, NULL);
	CHECK (zmq_poll (items, 2, 0) == 1); /* it is level-triggered */
	CHECK (zmq_send (b, "two", 3, ZMQ_SNDMORE) == 3 && zmq_send (b, "parts", 5, 0) == 5);
	CHECK (zmq_recv (a, text, 4, 0) == 4);
	CHECK (zmq_poll (items, 2, LIMIT) == 1 && zmq_recv (a, text, 4, 0) == 3);
	CHECK (zmq_poll (items, 2, 0) == 1 && zmq_recv (a, text, 5, 0) == 5);
	CHECK (zmq_poll (items, 2, 0) == 0);
	CHECK (close (p[1]) == 0 && zmq_poll (items, 2, LIMIT) == 1 && items[1].revents & ZMQ_POLLERR);
	CHECK (close (p[0]) == 0 && zmq_close (a) == 0 && zmq_close (b) == 0);
}

static void arguments (void)
{
	FAILS (EFAULT, zmq_poll (NULL, 1, 0));
	void *watch = zmq_stopwatch_start ();
	CHECK (zmq_poll (NULL, 0, 30) == 0 && zmq_stopwatch_stop (watch) >= 29000);
}

enum { ROUNDS = 5000 };

static void *echo (void *s)
{
	for (int i = 0, j; i < ROUNDS; i++) {
		CHECK (zmq_recv (s, &j, sizeof j, 0) == sizeof j && j == i);
		CHECK (zmq_send (s, &j, sizeof j, 0) == sizeof j);
	}
	return NULL;
}

/* Whoever waits for the descriptor alone, and asks for ZMQ_EVENTS when it is readable, misses nothing. */
static void edges (void *ctx, const char *at)
{
	void *a = socket_of (ctx, ZMQ_PAIR), *b = socket_of (ctx, ZMQ_PAIR);
	pthread_t thread;
	CHECK (zmq_bind (a, at) == 0 && zmq_connect (b, at) == 0);
	pthread_create (&thread, NULL, echo, b);
	struct pollfd fd = {int_of (a, ZMQ_FD), POLLIN, 0};
	for (int i = 0, j; i < ROUNDS; i++) {
		CHECK (zmq_send (a, &i, sizeof i, 0) == sizeof i);
		while (!(int_of (a, ZMQ_EVENTS) & ZMQ_POLLIN))
			CHECK (poll (&fd, 1, LIMIT) == 1);
		CHECK (zmq_recv (a, &j, sizeof j, ZMQ_DONTWAIT) == sizeof j && j == i);
	}
	pthread_join (thread, NULL);
	CHECK (!(int_of (a, ZMQ_EVENTS) & ZMQ_POLLIN) && poll (&fd, 1, 0) == 0); /* reading ZMQ_EVENTS has reset it */
	CHECK (zmq_close (a) == 0 && zmq_close (b) == 0);
}

/* And whoever receives until there is nothing. */
static void until_nothing (void *ctx)
{
	void *a = socket_of (ctx, ZMQ_PULL), *b = socket_of (ctx, ZMQ_PUSH);
	CHECK (zmq_bind (a, "inproc://nothing") == 0 && zmq_connect (b, "inproc://nothing") == 0);
	struct pollfd fd = {int_of (a, ZMQ_FD), POLLIN, 0};
	for (int i = 0, got = 0; i < 1000; i++) {
		for (int j = 0; j < i % 3 + 1; j++)
			CHECK (zmq_send (b, "x", 1, 0) == 1);
		for (got = 0; got < i % 3 + 1;) {
			char c;
			if (zmq_recv (a, &c, 1, ZMQ_DONTWAIT) == 1)
				got++;
			else
				CHECK (errno == EAGAIN && poll (&fd, 1, LIMIT) == 1);
		}
	}
	CHECK (zmq_close (a) == 0 && zmq_close (b) == 0);
}

/* Whoever asks for the descriptor when a message is there already, and waits for it at once, need not wait. */
static void there_already (void *ctx)
{
	char at[256], c;
	void *a = socket_of (ctx, ZMQ_PULL), *b = socket_of (ctx, ZMQ_PUSH);
	CHECK (zmq_connect (b, bound (a, at)) == 0 && zmq_send (b, "x", 1, 0) == 1);
	CHECK (zmq_poll (NULL, 0, 300) == 0); /* the message comes */
	struct pollfd fd = {int_of (a, ZMQ_FD), POLLIN, 0};
	CHECK (poll (&fd, 1, LIMIT) == 1);
	CHECK (int_of (a, ZMQ_EVENTS) == ZMQ_POLLIN && zmq_recv (a, &c, 1, ZMQ_DONTWAIT) == 1);
	CHECK (int_of (a, ZMQ_EVENTS) == 0 && poll (&fd, 1, 0) == 0);
	CHECK (zmq_close (a) == 0 && zmq_close (b) == 0);
}

enum { MANY = 20000 };

static void *bursts (void *s)
{
	for (int i = 0; i < MANY; i++) {
		CHECK (zmq_send (s, &i, sizeof i, 0) == sizeof i);
		if (i % 1500 == 0)
			CHECK (zmq_poll (NULL, 0, 2) == 0);
	}
	return NULL;
}

/* Whoever waits now in zmq_recv and now in zmq_poll finds in either what the other has left behind. */
static void mixed (void *ctx)
{
	char at[256];
	pthread_t thread;
	void *a = socket_of (ctx, ZMQ_PULL), *b = socket_of (ctx, ZMQ_PUSH);
	CHECK (zmq_connect (b, bound (a, at)) == 0);
	pthread_create (&thread, NULL, bursts, b);
	zmq_pollitem_t item = {a, 0, ZMQ_POLLIN, 0};
	for (int i = 0, j; i < MANY; i++) {
		if (i % 3)
			CHECK (zmq_poll (&item, 1, LIMIT) == 1);
		CHECK (zmq_recv (a, &j, sizeof j, i % 3 ? ZMQ_DONTWAIT : 0) == sizeof j && j == i);
	}
	pthread_join (thread, NULL);
	CHECK (zmq_close (a) == 0 && zmq_close (b) == 0);
}

int main (void)
{
	char text[64];
	void *ctx = zmq_ctx_new ();
	arguments ();
	both (ctx);
	edges (ctx, "inproc://edges");
	edges (ctx, abstract ("edges", text));
	until_nothing (ctx);
	there_already (ctx);
	mixed (ctx);
	CHECK (zmq_ctx_term (ctx) == 0);
	return 0;
}
