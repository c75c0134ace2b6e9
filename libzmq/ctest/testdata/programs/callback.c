/* ours
 * The callback of ZMQ_MONITOR has a socket in its hands: the context's end waits for it, and it cannot wait for the context. */
#define ZMQ_BUILD_DRAFT_API
#include "check.h"

static void *ctx;
static int calls, deadlocks;

static void slow (void *socket, int event, zmq_event_data_t *data)
{
	(void) socket;
	(void) data;
	calls++;
	if (event == ZMQ_EVENT_LISTENING)
		usleep (300 * 1000); /* so that the rest is told after zmq_close */
	if (zmq_ctx_term (ctx) == -1 && errno == EDEADLK)
		deadlocks++;
}

int main (void)
{
	zmq_monitor_fn *call = slow;
	char where[256];
	ctx = zmq_ctx_new ();
	void *s = socket_of (ctx, ZMQ_PUB);
	CHECK (zmq_setsockopt (s, ZMQ_MONITOR, &call, sizeof call) == 0);
	bound (s, where);
	CHECK (zmq_close (s) == 0);
	CHECK (zmq_ctx_term (ctx) == 0);
	CHECK (calls == 3 && deadlocks == calls); /* listening, closed, monitor stopped: all of them, before the end */
	return 0;
}
