/* What zmq_msg_gets says of the peer lives as long as its message, however many peers there are: 1300, each with one message,
 * received in few batches. Memory that was freed is overwritten, so that who reads it is found out. */
#include "check.h"

#include <malloc.h>

enum { PEERS = 1300, SOCKETS = 2000 };

int main (void)
{
	mallopt (M_PERTURB, 165);
	static void *peers[PEERS];
	char where[256];
	size_t size = sizeof where;
	void *ctx = zmq_ctx_new ();
	CHECK (zmq_ctx_set (ctx, ZMQ_MAX_SOCKETS, SOCKETS) == 0);
	void *pull = socket_of (ctx, ZMQ_PULL);
	CHECK (zmq_bind (pull, "ipc://*") == 0);
	CHECK (zmq_getsockopt (pull, ZMQ_LAST_ENDPOINT, where, &size) == 0);
	for (int i = 0; i < PEERS; i++) {
		peers[i] = socket_of (ctx, ZMQ_PUSH);
		CHECK (zmq_connect (peers[i], where) == 0);
		CHECK (zmq_send (peers[i], &i, sizeof i, 0) == sizeof i);
	}
	for (int i = 0; i < PEERS; i++) {
		zmq_msg_t message;
		CHECK (zmq_msg_init (&message) == 0);
		CHECK (zmq_msg_recv (&message, pull, 0) == sizeof (int));
		const char *type = zmq_msg_gets (&message, "Socket-Type");
		CHECK (type && strcmp (type, "PUSH") == 0);
		CHECK (zmq_msg_close (&message) == 0);
	}
	for (int i = 0; i < PEERS; i++)
		CHECK (zmq_close (peers[i]) == 0);
	CHECK (zmq_close (pull) == 0);
	CHECK (zmq_ctx_term (ctx) == 0);
	return 0;
}
