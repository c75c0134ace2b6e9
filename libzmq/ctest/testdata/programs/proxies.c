/* zmq_proxy_steerable, zmq_device, and the old names zmq_sendmsg, zmq_recvmsg and zmq_ctx_destroy. */
#include "check.h"

#include <pthread.h>

static void gets (void *s, const char *want)
{
	zmq_msg_t m;
	CHECK (zmq_msg_init (&m) == 0 && zmq_recvmsg (s, &m, 0) == (int) strlen (want));
	CHECK (!memcmp (zmq_msg_data (&m), want, strlen (want)) && zmq_msg_close (&m) == 0);
}

static void says (void *s, const char *text, int flags)
{
	zmq_msg_t m;
	CHECK (zmq_msg_init_size (&m, strlen (text)) == 0);
	memcpy (zmq_msg_data (&m), text, strlen (text));
	CHECK (zmq_sendmsg (s, &m, flags) == (int) strlen (text) && zmq_msg_size (&m) == 0 && zmq_msg_close (&m) == 0);
}

struct proxy
{
	void *front, *back, *capture, *control;
};

static void *steered (void *arg)
{
	struct proxy *p = arg;
	CHECK (zmq_proxy_steerable (p->front, p->back, p->capture, p->control) == 0);
	return NULL;
}

static void steering (void *ctx)
{
	struct proxy p = {socket_of (ctx, ZMQ_ROUTER), socket_of (ctx, ZMQ_DEALER), socket_of (ctx, ZMQ_PUSH), socket_of (ctx, ZMQ_PAIR)};
	void *req = socket_of (ctx, ZMQ_REQ), *rep = socket_of (ctx, ZMQ_REP), *copies = socket_of (ctx, ZMQ_PULL), *steer = socket_of (ctx, ZMQ_PAIR);
	CHECK (zmq_bind (p.front, "inproc://front") == 0 && zmq_connect (req, "inproc://front") == 0);
	CHECK (zmq_bind (p.back, "inproc://back") == 0 && zmq_connect (rep, "inproc://back") == 0);
	CHECK (zmq_bind (copies, "inproc://copies") == 0 && zmq_connect (p.capture, "inproc://copies") == 0);
	CHECK (zmq_bind (p.control, "inproc://control") == 0 && zmq_connect (steer, "inproc://control") == 0);
	pthread_t thread;
	pthread_create (&thread, NULL, steered, &p);
	says (req, "two", ZMQ_SNDMORE);
	says (req, "parts", 0);
	gets (rep, "two");
	gets (rep, "parts");
	says (rep, "answer", 0);
	gets (req, "answer");
	zmq_msg_t id;
	for (int i = 0; i < 2; i++) { /* what was captured: an id, an empty frame, and the message */
		CHECK (zmq_msg_init (&id) == 0 && zmq_msg_recv (&id, copies, 0) == 5 && zmq_msg_close (&id) == 0);
		gets (copies, "");
		gets (copies, i ? "answer" : "two");
		if (i == 0)
			gets (copies, "parts");
	}
	says (steer, "PAUSE", 0);
	CHECK (zmq_poll (NULL, 0, 100) == 0);
	says (req, "later", 0);
	zmq_pollitem_t item = {rep, 0, ZMQ_POLLIN, 0};
	CHECK (zmq_poll (&item, 1, 100) == 0);
	says (steer, "RESUME", 0);
	gets (rep, "later");
	says (steer, "TERMINATE", 0);
	pthread_join (thread, NULL);
	for (void **s = (void *[]){req, rep, copies, steer, p.front, p.back, p.capture, p.control, NULL}; *s; s++)
		CHECK (zmq_close (*s) == 0);
}

static void *device (void *arg)
{
	struct proxy *p = arg;
	FAILS (ETERM, zmq_device (ZMQ_STREAMER, p->front, p->back));
	CHECK (zmq_close (p->front) == 0 && zmq_close (p->back) == 0);
	return NULL;
}

int main (void)
{
	void *ctx = zmq_ctx_new ();
	steering (ctx);
	struct proxy p = {socket_of (ctx, ZMQ_PULL), socket_of (ctx, ZMQ_PUSH), NULL, NULL};
	void *push = socket_of (ctx, ZMQ_PUSH), *pull = socket_of (ctx, ZMQ_PULL);
	CHECK (zmq_bind (p.front, "inproc://in") == 0 && zmq_connect (push, "inproc://in") == 0);
	CHECK (zmq_bind (p.back, "inproc://out") == 0 && zmq_connect (pull, "inproc://out") == 0);
	pthread_t thread;
	pthread_create (&thread, NULL, device, &p);
	for (int i = 0; i < 100; i++) {
		says (push, "head", ZMQ_SNDMORE);
		says (push, "body", 0);
		gets (pull, "head");
		gets (pull, "body");
	}
	CHECK (zmq_close (push) == 0 && zmq_close (pull) == 0);
	CHECK (zmq_ctx_destroy (ctx) == 0); /* ends the device */
	pthread_join (thread, NULL);
	FAILS (EFAULT, zmq_ctx_destroy (NULL));
	return 0;
}
