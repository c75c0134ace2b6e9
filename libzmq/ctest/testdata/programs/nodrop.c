/* ours
 * XPUB_NODROP at the mark: the last frame has to wait, and the call can be made again: the message is whole then. libzmq's has
 * the first frame wait. */
#include "check.h"

int main (void)
{
	int one = 1;
	char text[16];
	void *ctx = zmq_ctx_new ();
	void *pub = socket_of (ctx, ZMQ_XPUB), *sub = socket_of (ctx, ZMQ_SUB);
	CHECK (zmq_setsockopt (pub, ZMQ_XPUB_NODROP, &one, sizeof one) == 0);
	CHECK (zmq_setsockopt (pub, ZMQ_SNDHWM, &one, sizeof one) == 0 && zmq_setsockopt (sub, ZMQ_RCVHWM, &one, sizeof one) == 0);
	CHECK (zmq_setsockopt (sub, ZMQ_SUBSCRIBE, "t", 1) == 0);
	CHECK (zmq_bind (pub, "inproc://nodrop") == 0 && zmq_connect (sub, "inproc://nodrop") == 0);
	CHECK (zmq_recv (pub, text, sizeof text, 0) == 2);
	int sent = 0;
	for (;; sent++) {
		CHECK (sent < 10 && zmq_send (pub, "t", 1, ZMQ_SNDMORE | ZMQ_DONTWAIT) == 1);
		if (zmq_send (pub, "body", 4, ZMQ_DONTWAIT) == -1)
			break;
	}
	CHECK (errno == EAGAIN && sent > 0);
	for (int i = 0; i <= sent; i++) {
		CHECK (zmq_recv (sub, text, sizeof text, 0) == 1 && text[0] == 't');
		CHECK (zmq_recv (sub, text, sizeof text, 0) == 4 && memcmp (text, "body", 4) == 0);
		if (i == 0)
			CHECK (zmq_send (pub, "body", 4, 0) == 4);
	}
	CHECK (zmq_close (pub) == 0 && zmq_close (sub) == 0 && zmq_ctx_term (ctx) == 0);
	return 0;
}
