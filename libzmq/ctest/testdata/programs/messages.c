/* zmq_msg_*: every function, free functions called exactly once, copies and moves. */
#include "check.h"

#include <pthread.h>

static int freed;
static void *freed_data, *freed_hint;

static void free_once (void *data, void *hint)
{
	freed++;
	freed_data = data;
	freed_hint = hint;
}

static void fill (zmq_msg_t *m, size_t size)
{
	CHECK (zmq_msg_init_size (m, size) == 0 && zmq_msg_size (m) == size);
	for (size_t i = 0; i < size; i++)
		((unsigned char *) zmq_msg_data (m))[i] = (unsigned char) (i * 7 + size);
}

static void holds (zmq_msg_t *m, size_t size)
{
	CHECK (zmq_msg_size (m) == size);
	for (size_t i = 0; i < size; i++)
		CHECK (((unsigned char *) zmq_msg_data (m))[i] == (unsigned char) (i * 7 + size));
}

static void sizes (void)
{
	for (size_t size = 0; size < 300; size++) {
		zmq_msg_t a, b, c;
		fill (&a, size);
		zmq_msg_init (&b);
		zmq_msg_init (&c);
		CHECK (zmq_msg_copy (&b, &a) == 0);
		CHECK (zmq_msg_move (&c, &a) == 0);
		CHECK (zmq_msg_size (&a) == 0);
		holds (&b, size);
		holds (&c, size);
		CHECK (zmq_msg_close (&a) == 0 && zmq_msg_close (&b) == 0);
		holds (&c, size);
		zmq_msg_t elsewhere = c; /* by value: a message may be moved in memory */
		holds (&elsewhere, size);
		CHECK (zmq_msg_close (&elsewhere) == 0);
		FAILS (EFAULT, zmq_msg_close (&elsewhere));
	}
}

static void data (void)
{
	char text[] = "mine";
	zmq_msg_t a, b;
	freed = 0;
	CHECK (zmq_msg_init_data (&a, text, 4, free_once, &freed) == 0);
	CHECK (zmq_msg_data (&a) == text && zmq_msg_size (&a) == 4);
	zmq_msg_init (&b);
	CHECK (zmq_msg_copy (&b, &a) == 0);
	CHECK (zmq_msg_get (&b, ZMQ_SHARED) == 1);
	CHECK (zmq_msg_close (&a) == 0 && freed == 0);
	CHECK (zmq_msg_close (&b) == 0 && freed == 1 && freed_data == text && freed_hint == &freed);
	CHECK (zmq_msg_init_data (&a, text, 4, NULL, NULL) == 0 && zmq_msg_data (&a) == text);
	CHECK (zmq_msg_close (&a) == 0 && freed == 1);
	freed = 0;
	CHECK (zmq_msg_init_data (&a, text, 4, free_once, NULL) == 0);
	CHECK (zmq_msg_init_data (&b, text, 0, free_once, NULL) == 0);
	CHECK (zmq_msg_move (&a, &b) == 0 && freed == 1); /* what a held before is closed */
	CHECK (zmq_msg_close (&a) == 0 && freed == 2);
}

static void properties (void)
{
	zmq_msg_t a;
	zmq_msg_init (&a);
	CHECK (zmq_msg_more (&a) == 0 && zmq_msg_get (&a, ZMQ_MORE) == 0);
	FAILS (EINVAL, zmq_msg_get (&a, 99));
	FAILS (EINVAL, zmq_msg_set (&a, ZMQ_MORE, 1));
	FAILS (EINVAL, zmq_msg_gets (&a, "Socket-Type"));
	zmq_msg_close (&a);
}

/* What a peer said of itself comes with its messages, and outlives the peer's socket and our own. */
static void facts (void *ctx)
{
	char at[256];
	void *pull = socket_of (ctx, ZMQ_PULL), *push = socket_of (ctx, ZMQ_PUSH);
	CHECK (zmq_connect (push, bound (pull, at)) == 0);
	CHECK (zmq_send (push, "x", 1, 0) == 1);
	zmq_msg_t m, copy;
	zmq_msg_init (&m);
	zmq_msg_init (&copy);
	CHECK (zmq_msg_recv (&m, pull, 0) == 1);
	CHECK (zmq_msg_copy (&copy, &m) == 0 && zmq_msg_close (&m) == 0);
	CHECK (zmq_close (push) == 0 && zmq_close (pull) == 0);
	CHECK (!strcmp (zmq_msg_gets (&copy, "Socket-Type"), "PUSH"));
	CHECK (!strcmp (zmq_msg_gets (&copy, "Peer-Address"), "127.0.0.1"));
	FAILS (EINVAL, zmq_msg_gets (&copy, "Nothing"));
	CHECK (zmq_msg_get (&copy, ZMQ_SRCFD) >= 0);
	CHECK (zmq_msg_close (&copy) == 0);
}

/* A name that a peer gives itself is a property of its messages. */
static void named (void *ctx)
{
	char at[256];
	void *router = socket_of (ctx, ZMQ_ROUTER), *dealer = socket_of (ctx, ZMQ_DEALER);
	CHECK (zmq_setsockopt (dealer, ZMQ_ROUTING_ID, "dee", 3) == 0);
	CHECK (zmq_connect (dealer, bound (router, at)) == 0 && zmq_send (dealer, "x", 1, 0) == 1);
	for (int i = 0; i < 2; i++) {
		zmq_msg_t m;
		zmq_msg_init (&m);
		CHECK (zmq_msg_recv (&m, router, 0) > 0);
		if (i == 1) {
			CHECK (!strcmp (zmq_msg_gets (&m, "Socket-Type"), "DEALER"));
			CHECK (!strcmp (zmq_msg_gets (&m, "Identity"), "dee")); /* libzmq 4.3.4 has no Routing-Id */
			FAILS (EINVAL, zmq_msg_gets (&m, "User-Id"));
		}
		CHECK (zmq_msg_close (&m) == 0);
	}
	CHECK (zmq_close (router) == 0 && zmq_close (dealer) == 0);
}

static void count (void *data, void *hint)
{
	(void) data;
	__atomic_add_fetch ((int *) hint, 1, __ATOMIC_SEQ_CST);
}

/* A free function is called once for each message that is sent, on whatever thread, and once for one that is not. */
static void sent (void *ctx, size_t size, char *bytes, int *calls)
{
	char at[256];
	void *pull = socket_of (ctx, ZMQ_PULL), *push = socket_of (ctx, ZMQ_PUSH);
	CHECK (zmq_connect (push, bound (pull, at)) == 0);
	zmq_msg_t m;
	for (int i = 0; i < 10; i++) {
		CHECK (zmq_msg_init_data (&m, bytes, size, count, calls) == 0);
		CHECK (zmq_msg_send (&m, push, i % 2 ? 0 : ZMQ_SNDMORE) == (int) size);
		CHECK (zmq_msg_size (&m) == 0); /* empty, and to be used again */
		CHECK (zmq_msg_close (&m) == 0);
	}
	for (int i = 0; i < 10; i++) {
		zmq_msg_init (&m);
		CHECK (zmq_msg_recv (&m, pull, 0) == (int) size);
		CHECK (zmq_msg_more (&m) == (i % 2 ? 0 : 1) && int_of (pull, ZMQ_RCVMORE) == zmq_msg_more (&m));
		CHECK (zmq_msg_close (&m) == 0);
	}
	CHECK (zmq_msg_init_data (&m, bytes, size, count, calls) == 0);
	FAILS (ENOTSUP, zmq_msg_send (&m, pull, 0));
	CHECK (zmq_msg_size (&m) == size); /* what failed is still the caller's */
	CHECK (zmq_msg_close (&m) == 0);
	CHECK (zmq_close (push) == 0 && zmq_close (pull) == 0);
}

int main (void)
{
	static const size_t all[] = {0, 1, 47, 48, 49, 1000, 8192, 100000, 3000000};
	enum { SIZES = sizeof all / sizeof *all };
	int calls[SIZES] = {0};
	char *bytes = calloc (1, all[SIZES - 1]);
	void *ctx = zmq_ctx_new ();
	sizes ();
	data ();
	properties ();
	facts (ctx);
	named (ctx);
	for (int i = 0; i < SIZES; i++)
		sent (ctx, all[i], bytes, &calls[i]);
	CHECK (zmq_ctx_term (ctx) == 0);
	for (int i = 0; i < SIZES; i++)
		CHECK (calls[i] == 11);
	free (bytes);
	return 0;
}
