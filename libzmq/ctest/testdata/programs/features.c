/* What options do: each pattern's switches, seen from outside. */
#include "check.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

static void gets (void *s, const char *want)
{
	char text[256] = "";
	int n = zmq_recv (s, text, sizeof text - 1, 0);
	if (n != (int) strlen (want) || memcmp (text, want, n)) {
		fprintf (stderr, "received %d bytes, \"%s\", and not \"%s\": %s\n", n, text, want, zmq_strerror (errno));
		exit (1);
	}
}

static void says (void *s, const char *text) { CHECK (zmq_send (s, text, strlen (text), 0) == (int) strlen (text)); }
static void more (void *s, const char *text) { CHECK (zmq_send (s, text, strlen (text), ZMQ_SNDMORE) == (int) strlen (text)); }

static void text (void *s, int option, const char *value) { CHECK (zmq_setsockopt (s, option, value, strlen (value)) == 0); }

/* pair makes two sockets that are connected over tcp; a is bound. */
static void join (void *a, void *b)
{
	char at[256];
	CHECK (zmq_connect (b, bound (a, at)) == 0);
}

static void publishing (void *ctx)
{
	void *pub = socket_of (ctx, ZMQ_XPUB), *sub = socket_of (ctx, ZMQ_SUB);
	join (pub, sub);
	set_int (pub, ZMQ_XPUB_MANUAL, 1);
	text (sub, ZMQ_SUBSCRIBE, "b");
	gets (pub, "\1b");
	text (pub, ZMQ_SUBSCRIBE, "c"); /* for the peer that asked for b */
	text (sub, ZMQ_SUBSCRIBE, "c"); /* or it would not let it through */
	gets (pub, "\1c");
	says (pub, "b: nobody gets this");
	says (pub, "c: instead");
	gets (sub, "c: instead");
	CHECK (zmq_close (pub) == 0 && zmq_close (sub) == 0);
}

static void inverse (void *ctx)
{
	void *pub = socket_of (ctx, ZMQ_XPUB), *sub = socket_of (ctx, ZMQ_SUB);
	set_int (pub, ZMQ_INVERT_MATCHING, 1);
	set_int (sub, ZMQ_INVERT_MATCHING, 1);
	text (sub, ZMQ_SUBSCRIBE, "a");
	join (pub, sub);
	gets (pub, "\1a");
	says (pub, "a");
	says (pub, "b");
	gets (sub, "b");
	CHECK (zmq_close (pub) == 0 && zmq_close (sub) == 0);
}

static void probes (void *ctx)
{
	void *router = socket_of (ctx, ZMQ_ROUTER), *dealer = socket_of (ctx, ZMQ_DEALER);
	set_int (dealer, ZMQ_PROBE_ROUTER, 1);
	text (dealer, ZMQ_ROUTING_ID, "dee");
	join (router, dealer);
	gets (router, "dee");
	gets (router, "");
	more (router, "dee");
	says (router, "hello");
	gets (dealer, "hello");
	CHECK (zmq_close (router) == 0 && zmq_close (dealer) == 0);
}

static void named (void *ctx)
{
	char at[256];
	void *a = socket_of (ctx, ZMQ_ROUTER), *b = socket_of (ctx, ZMQ_ROUTER);
	text (a, ZMQ_ROUTING_ID, "a");
	bound (a, at);
	text (b, ZMQ_CONNECT_ROUTING_ID, "whom I call A");
	text (b, ZMQ_ROUTING_ID, "b");
	CHECK (zmq_connect (b, at) == 0);
	more (b, "whom I call A");
	says (b, "hello");
	gets (a, "b");
	gets (a, "hello");
	CHECK (zmq_close (a) == 0 && zmq_close (b) == 0);
}

static void handover (void *ctx)
{
	char at[256];
	void *router = socket_of (ctx, ZMQ_ROUTER), *first = socket_of (ctx, ZMQ_DEALER), *second = socket_of (ctx, ZMQ_DEALER);
	set_int (router, ZMQ_ROUTER_HANDOVER, 1);
	bound (router, at);
	text (first, ZMQ_ROUTING_ID, "d");
	text (second, ZMQ_ROUTING_ID, "d");
	set_int (first, ZMQ_RECONNECT_IVL, -1); /* else it would take its name back */
	CHECK (zmq_connect (first, at) == 0);
	says (first, "1");
	gets (router, "d");
	gets (router, "1");
	CHECK (zmq_connect (second, at) == 0);
	says (second, "2");
	gets (router, "d");
	gets (router, "2");
	more (router, "d");
	says (router, "to the second");
	gets (second, "to the second");
	CHECK (zmq_close (router) == 0 && zmq_close (first) == 0 && zmq_close (second) == 0);
}

static void relaxed (void *ctx)
{
	void *req = socket_of (ctx, ZMQ_REQ), *router = socket_of (ctx, ZMQ_ROUTER);
	set_int (req, ZMQ_REQ_RELAXED, 1);
	set_int (req, ZMQ_REQ_CORRELATE, 1);
	join (router, req);
	zmq_msg_t id, number;
	uint32_t first = 0;
	for (int i = 0; i < 2; i++) {
		says (req, i ? "second" : "first");
		zmq_msg_init (&id);
		zmq_msg_init (&number);
		CHECK (zmq_msg_recv (&id, router, 0) > 0 && zmq_msg_recv (&number, router, 0) == 4);
		gets (router, "");
		gets (router, i ? "second" : "first");
		if (i) { /* an answer to the first question, and one to the second */
			uint32_t before;
			memcpy (&before, zmq_msg_data (&number), 4);
			CHECK (before != first);
			CHECK (zmq_send (router, zmq_msg_data (&id), zmq_msg_size (&id), ZMQ_SNDMORE) > 0 && zmq_send (router, &first, 4, ZMQ_SNDMORE) == 4);
			more (router, "");
			says (router, "answer 1");
		}
		memcpy (&first, zmq_msg_data (&number), 4);
		if (i) {
			CHECK (zmq_msg_send (&id, router, ZMQ_SNDMORE) > 0 && zmq_msg_send (&number, router, ZMQ_SNDMORE) == 4);
			more (router, "");
			says (router, "answer 2");
		}
		CHECK (zmq_msg_close (&id) == 0 && zmq_msg_close (&number) == 0);
	}
	gets (req, "answer 2"); /* the other one is not the last question's */
	CHECK (zmq_close (req) == 0 && zmq_close (router) == 0);
}

static void last_only (void *ctx)
{
	void *push = socket_of (ctx, ZMQ_PUSH), *pull = socket_of (ctx, ZMQ_PULL);
	set_int (pull, ZMQ_CONFLATE, 1);
	join (pull, push);
	for (int i = 0; i < 100; i++)
		CHECK (zmq_send (push, &i, sizeof i, 0) == sizeof i);
	for (int i = 0; i != 99;)
		CHECK (zmq_recv (pull, &i, sizeof i, 0) == sizeof i);
	CHECK (zmq_close (push) == 0 && zmq_close (pull) == 0);
}

static void only_ready (void *ctx)
{
	char nobody[64];
	void *push = socket_of (ctx, ZMQ_PUSH);
	set_int (push, ZMQ_IMMEDIATE, 1);
	CHECK (zmq_connect (push, abstract ("nobody", nobody)) == 0);
	FAILS (EAGAIN, zmq_send (push, "x", 1, ZMQ_DONTWAIT));
	CHECK (zmq_close (push) == 0);
}

static void bounded (void *ctx)
{
	void *push = socket_of (ctx, ZMQ_PUSH), *pull = socket_of (ctx, ZMQ_PULL);
	int64_t most = 100;
	CHECK (zmq_setsockopt (pull, ZMQ_MAXMSGSIZE, &most, sizeof most) == 0);
	set_int (pull, ZMQ_RCVTIMEO, 300);
	join (pull, push);
	char big[101] = "";
	says (push, "small");
	gets (pull, "small");
	CHECK (zmq_send (push, big, sizeof big, 0) == sizeof big);
	FAILS (EAGAIN, zmq_recv (pull, big, sizeof big, 0));
	CHECK (zmq_close (push) == 0 && zmq_close (pull) == 0);
}

/* A listener that somebody else has made. */
static void handed_over (void *ctx)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
	socklen_t size = sizeof a;
	int fd = socket (AF_INET, SOCK_STREAM, 0);
	CHECK (fd >= 0 && bind (fd, (struct sockaddr *) &a, sizeof a) == 0 && listen (fd, 10) == 0);
	CHECK (getsockname (fd, (struct sockaddr *) &a, &size) == 0);
	char at[64];
	snprintf (at, sizeof at, "tcp://127.0.0.1:%d", ntohs (a.sin_port));
	void *pull = socket_of (ctx, ZMQ_PULL), *push = socket_of (ctx, ZMQ_PUSH);
	set_int (pull, ZMQ_USE_FD, fd);
	CHECK (zmq_bind (pull, at) == 0 && zmq_connect (push, at) == 0);
	says (push, "hello");
	gets (pull, "hello");
	CHECK (zmq_close (push) == 0 && zmq_close (pull) == 0);
}

static void filtered (void *ctx)
{
	void *push = socket_of (ctx, ZMQ_PUSH), *pull = socket_of (ctx, ZMQ_PULL);
	text (pull, ZMQ_TCP_ACCEPT_FILTER, "10.0.0.0/8");
	set_int (pull, ZMQ_RCVTIMEO, 300);
	join (pull, push);
	says (push, "x");
	char c;
	FAILS (EAGAIN, zmq_recv (pull, &c, 1, 0));
	CHECK (zmq_close (push) == 0 && zmq_close (pull) == 0);
}

static void unbinding (void *ctx)
{
	char at[256];
	void *pull = socket_of (ctx, ZMQ_PULL), *push = socket_of (ctx, ZMQ_PUSH);
	CHECK (zmq_connect (push, bound (pull, at)) == 0);
	says (push, "1");
	gets (pull, "1");
	CHECK (zmq_disconnect (push, at) == 0);
	FAILS (ENOENT, zmq_disconnect (push, at));
	FAILS (EAGAIN, zmq_send (push, "x", 1, ZMQ_DONTWAIT));
	CHECK (zmq_unbind (pull, at) == 0);
	FAILS (ENOENT, zmq_unbind (pull, at));
	CHECK (zmq_close (push) == 0 && zmq_close (pull) == 0);
}

static void keys (void *ctx)
{
	char public[41], secret[41], back[41];
	uint8_t raw[32];
	size_t size = sizeof back;
	void *s = socket_of (ctx, ZMQ_PULL);
	CHECK (zmq_curve_keypair (public, secret) == 0);
	CHECK (int_of (s, ZMQ_MECHANISM) == ZMQ_NULL);
	CHECK (zmq_setsockopt (s, ZMQ_CURVE_PUBLICKEY, public, 41) == 0 && int_of (s, ZMQ_MECHANISM) == ZMQ_CURVE);
	CHECK (zmq_getsockopt (s, ZMQ_CURVE_PUBLICKEY, back, &size) == 0 && size == 41 && !strcmp (back, public));
	CHECK (zmq_z85_decode (raw, secret) && zmq_setsockopt (s, ZMQ_CURVE_SECRETKEY, raw, 32) == 0);
	CHECK (zmq_getsockopt (s, ZMQ_CURVE_SECRETKEY, back, &size) == 0 && !strcmp (back, secret));
	FAILS (EINVAL, zmq_setsockopt (s, ZMQ_CURVE_SERVERKEY, public, 39));
	set_int (s, ZMQ_CURVE_SERVER, 0);
	CHECK (int_of (s, ZMQ_MECHANISM) == ZMQ_NULL);
	set_int (s, ZMQ_PLAIN_SERVER, 1);
	CHECK (int_of (s, ZMQ_MECHANISM) == ZMQ_PLAIN);
	CHECK (zmq_close (s) == 0);
}

int main (void)
{
	void *ctx = zmq_ctx_new ();
	CHECK (ctx);
	publishing (ctx);
	inverse (ctx);
	probes (ctx);
	named (ctx);
	handover (ctx);
	relaxed (ctx);
	last_only (ctx);
	only_ready (ctx);
	bounded (ctx);
	handed_over (ctx);
	filtered (ctx);
	unbinding (ctx);
	keys (ctx);
	CHECK (zmq_ctx_term (ctx) == 0);
	return 0;
}
