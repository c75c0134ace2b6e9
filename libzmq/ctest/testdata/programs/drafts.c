/* ours
 * The draft functions: pollers, zmq_ppoll, peers' states, contexts' options, monitors of version 2; and draft sockets, which are
 * refused. */
#define ZMQ_BUILD_DRAFT_API
#include "check.h"

#include <unistd.h>

static void pollers (void *ctx)
{
	int p[2], data;
	void *a = socket_of (ctx, ZMQ_PAIR), *b = socket_of (ctx, ZMQ_PAIR), *poller = zmq_poller_new ();
	CHECK (zmq_bind (a, "inproc://poller") == 0 && zmq_connect (b, "inproc://poller") == 0 && pipe (p) == 0);
	zmq_poller_event_t e[3];
	FAILS (EFAULT, zmq_poller_wait (poller, e, -1));
	CHECK (zmq_poller_size (poller) == 0 && zmq_poller_add (poller, a, &data, ZMQ_POLLIN) == 0);
	FAILS (EINVAL, zmq_poller_add (poller, a, NULL, ZMQ_POLLIN));
	FAILS (ENOTSOCK, zmq_poller_add (poller, NULL, NULL, ZMQ_POLLIN));
	FAILS (EINVAL, zmq_poller_modify (poller, b, ZMQ_POLLIN));
	FAILS (EINVAL, zmq_poller_add (poller, b, NULL, 64));
	FAILS (EBADF, zmq_poller_add_fd (poller, -1, NULL, ZMQ_POLLIN));
	CHECK (zmq_poller_add_fd (poller, p[0], p, ZMQ_POLLIN) == 0 && zmq_poller_size (poller) == 2);
	FAILS (EINVAL, zmq_poller_modify_fd (poller, p[1], ZMQ_POLLOUT));
	CHECK (zmq_poller_add_fd (poller, p[1], NULL, ZMQ_POLLIN) == 0 && zmq_poller_modify_fd (poller, p[1], ZMQ_POLLOUT) == 0);
	CHECK (zmq_poller_wait (poller, e, LIMIT) == 0 && !e[0].socket && e[0].fd == p[1] && e[0].events == ZMQ_POLLOUT);
	CHECK (zmq_poller_remove_fd (poller, p[1]) == 0);
	FAILS (EAGAIN, zmq_poller_wait (poller, e, 0));
	CHECK (e[0].socket == NULL && e[0].fd == -1);
	CHECK (zmq_send (b, "x", 1, 0) == 1);
	CHECK (zmq_poller_wait (poller, e, LIMIT) == 0 && e[0].socket == a && e[0].user_data == &data && e[0].events == ZMQ_POLLIN);
	CHECK (write (p[1], "x", 1) == 1);
	CHECK (zmq_poller_wait_all (poller, e, 3, LIMIT) == 2 && e[1].fd == p[0] && e[1].user_data == p);
	CHECK (zmq_poller_wait_all (poller, e, 1, LIMIT) == 1);
	CHECK (zmq_poller_modify (poller, a, ZMQ_POLLOUT) == 0 && zmq_poller_remove_fd (poller, p[0]) == 0);
	CHECK (zmq_poller_wait (poller, e, LIMIT) == 0 && e[0].events == ZMQ_POLLOUT);
	CHECK (zmq_poller_remove (poller, a) == 0 && zmq_poller_size (poller) == 0);
	FAILS (EINVAL, zmq_poller_remove (poller, a));
	FAILS (EINVAL, zmq_poller_fd (poller, p));
	CHECK (zmq_poller_destroy (&poller) == 0 && !poller);
	FAILS (EFAULT, zmq_poller_destroy (&poller));
	zmq_pollitem_t item = {a, 0, ZMQ_POLLIN, 0};
	sigset_t none;
	sigemptyset (&none);
	CHECK (zmq_ppoll (&item, 1, LIMIT, &none) == 1);
	CHECK (zmq_close (a) == 0 && zmq_close (b) == 0);
}

static void states (void *ctx)
{
	void *r = socket_of (ctx, ZMQ_ROUTER), *d = socket_of (ctx, ZMQ_DEALER);
	CHECK (zmq_setsockopt (d, ZMQ_ROUTING_ID, "d", 1) == 0);
	CHECK (zmq_bind (r, "inproc://states") == 0 && zmq_connect (d, "inproc://states") == 0);
	CHECK (zmq_socket_get_peer_state (r, "d", 1) == ZMQ_POLLOUT);
	FAILS (EHOSTUNREACH, zmq_socket_get_peer_state (r, "e", 1));
	FAILS (ENOTSUP, zmq_socket_get_peer_state (d, "d", 1));
	CHECK (zmq_send (d, "x", 1, 0) == 1);
	CHECK (zmq_socket_get_peer_state (r, "d", 1) == (ZMQ_POLLIN | ZMQ_POLLOUT));
	CHECK (zmq_close (r) == 0 && zmq_close (d) == 0);
}

static void monitors (void *ctx)
{
	char at[256];
	uint64_t number[4];
	void *a = socket_of (ctx, ZMQ_PUSH), *b = socket_of (ctx, ZMQ_PULL), *m = socket_of (ctx, ZMQ_PULL);
	FAILS (EINVAL, zmq_socket_monitor_pipes_stats (a));
	FAILS (EINVAL, zmq_socket_monitor_versioned (a, "inproc://m", ZMQ_EVENT_ALL_V2, 3, ZMQ_PAIR));
	FAILS (EPROTONOSUPPORT, zmq_socket_monitor_versioned (a, "tcp://127.0.0.1:*", ZMQ_EVENT_ALL_V2, 2, ZMQ_PAIR));
	FAILS (EINVAL, zmq_socket_monitor_versioned (a, "inproc://m", ZMQ_EVENT_ALL_V2, 2, ZMQ_REP));
	CHECK (zmq_socket_monitor_versioned (a, "inproc://m", ZMQ_EVENT_PIPES_STATS, 2, ZMQ_PUSH) == 0);
	CHECK (zmq_connect (m, "inproc://m") == 0 && zmq_connect (b, bound (a, at)) == 0);
	CHECK (zmq_send (a, "x", 1, 0) == 1 && zmq_socket_monitor_pipes_stats (a) == 0);
	CHECK (zmq_recv (m, &number[0], 8, 0) == 8 && number[0] == ZMQ_EVENT_PIPES_STATS);
	CHECK (zmq_recv (m, &number[1], 8, 0) == 8 && number[1] == 2);
	CHECK (zmq_recv (m, &number[2], 8, 0) == 8 && zmq_recv (m, &number[3], 8, 0) == 8);
	char end[256] = {0};
	CHECK (zmq_recv (m, end, sizeof end, 0) == (int) strlen (at) && !strcmp (end, at));
	CHECK (zmq_recv (m, end, sizeof end, 0) > 0 && int_of (m, ZMQ_RCVMORE) == 0);
	CHECK (zmq_socket_monitor (a, NULL, 0) == 0);
	CHECK (zmq_close (a) == 0 && zmq_close (b) == 0 && zmq_close (m) == 0);
}

/* A subscriber's first message. */
static void welcome (void *ctx)
{
	char at[256], c;
	void *pub = socket_of (ctx, ZMQ_XPUB), *sub = socket_of (ctx, ZMQ_SUB);
	CHECK (zmq_setsockopt (pub, ZMQ_XPUB_WELCOME_MSG, "W", 1) == 0 && zmq_setsockopt (sub, ZMQ_SUBSCRIBE, "W", 1) == 0);
	CHECK (zmq_connect (sub, bound (pub, at)) == 0);
	CHECK (zmq_recv (sub, &c, 1, 0) == 1 && c == 'W');
	CHECK (zmq_close (pub) == 0 && zmq_close (sub) == 0);
}

int main (void)
{
	void *ctx = zmq_ctx_new ();
	char name[16] = "";
	size_t size = sizeof name;
	CHECK (zmq_ctx_set_ext (ctx, ZMQ_THREAD_NAME_PREFIX, "reader", 7) == 0);
	CHECK (zmq_ctx_get_ext (ctx, ZMQ_THREAD_NAME_PREFIX, name, &size) == 0 && !strcmp (name, "reader"));
	for (int type = ZMQ_SERVER; type <= ZMQ_CHANNEL; type++)
		FAILS (EINVAL, zmq_socket (ctx, type));
	CHECK (!zmq_has ("draft") && !zmq_has ("WS") && !zmq_has ("gssapi"));
	pollers (ctx);
	states (ctx);
	monitors (ctx);
	welcome (ctx);
	char key[41];
	FAILS (EINVAL, zmq_curve_public (key, "short")); /* libzmq derives something from it */
	CHECK (zmq_ctx_term (ctx) == 0);
	return 0;
}
