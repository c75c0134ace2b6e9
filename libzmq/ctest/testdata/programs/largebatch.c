/* The first of many large messages costs what it costs, and not what all of them do: they are not all copied at once. */
#include "check.h"

#include <malloc.h>

enum { MANY = 64, LARGE = 1 << 20 };

static size_t allocated (void)
{
	struct mallinfo2 info = mallinfo2 ();
	return info.uordblks + info.hblkhd;
}

int main (void)
{
	static char large[LARGE];
	void *ctx = zmq_ctx_new ();
	void *pull = socket_of (ctx, ZMQ_PULL), *push = socket_of (ctx, ZMQ_PUSH);
	CHECK (zmq_bind (pull, "inproc://large") == 0);
	CHECK (zmq_connect (push, "inproc://large") == 0);
	for (int i = 0; i < MANY; i++)
		CHECK (zmq_send (push, large, LARGE, 0) == LARGE);
	size_t before = allocated ();
	CHECK (zmq_recv (pull, large, LARGE, 0) == LARGE);
	CHECK (allocated () < before + 4 * LARGE);
	for (int i = 1; i < MANY; i++)
		CHECK (zmq_recv (pull, large, LARGE, 0) == LARGE);
	CHECK (zmq_close (push) == 0 && zmq_close (pull) == 0);
	CHECK (zmq_ctx_term (ctx) == 0);
	return 0;
}
