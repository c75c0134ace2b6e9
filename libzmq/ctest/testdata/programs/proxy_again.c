/* ours
 * A proxy that ended at a message for nobody is started again: nothing of that message is left, neither in it nor in what it
 * captured. libzmq's goes on with the second frame. */
#include "check.h"

int main (void)
{
	void *ctx = zmq_ctx_new (), *front = socket_of (ctx, ZMQ_DEALER), *back = socket_of (ctx, ZMQ_ROUTER);
	void *capture = socket_of (ctx, ZMQ_PAIR), *log = socket_of (ctx, ZMQ_PAIR);
	void *client = socket_of (ctx, ZMQ_DEALER), *victim = socket_of (ctx, ZMQ_DEALER);
	char text[16];
	set_int (back, ZMQ_ROUTER_MANDATORY, 1);
	CHECK (zmq_setsockopt (victim, ZMQ_ROUTING_ID, "victim", 6) == 0);
	CHECK (zmq_bind (front, "inproc://front") == 0 && zmq_bind (back, "inproc://back") == 0);
	CHECK (zmq_bind (capture, "inproc://capture") == 0 && zmq_connect (log, "inproc://capture") == 0);
	CHECK (zmq_connect (client, "inproc://front") == 0 && zmq_connect (victim, "inproc://back") == 0);
	for (int i = 0; i < 3; i++) {
		CHECK (zmq_send (client, "gone", 4, ZMQ_SNDMORE) == 4 && zmq_send (client, "victim", 6, ZMQ_SNDMORE) == 6);
		CHECK (zmq_send (client, "secret", 6, 0) == 6);
	}
	for (int i = 0; i < 3; i++)
		FAILS (EHOSTUNREACH, zmq_proxy (front, back, capture));
	FAILS (EAGAIN, zmq_recv (front, text, sizeof text, ZMQ_DONTWAIT));
	FAILS (EAGAIN, zmq_recv (victim, text, sizeof text, ZMQ_DONTWAIT));
	CHECK (zmq_send (capture, "whole", 5, 0) == 5);
	CHECK (zmq_recv (log, text, sizeof text, 0) == 5 && !memcmp (text, "whole", 5) && !int_of (log, ZMQ_RCVMORE));
	CHECK (zmq_close (front) == 0 && zmq_close (back) == 0 && zmq_close (capture) == 0 && zmq_close (log) == 0);
	CHECK (zmq_close (client) == 0 && zmq_close (victim) == 0 && zmq_ctx_term (ctx) == 0);
	return 0;
}
