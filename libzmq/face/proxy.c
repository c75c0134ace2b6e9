/* zmq_proxy(3), zmq_proxy_steerable(3), zmq_device.
 *
 * A message is taken from one socket when the other has room for it, so that nothing is in the proxy's hands when it ends.
 */
#include "face.h"

enum { BURST = 1000 }; /* messages of one direction before the other has its turn */

struct count
{
	uint64_t messages_in, bytes_in, messages_out, bytes_out;
};

struct proxy
{
	struct socket *front, *back, *capture, *control;
	struct count at_front, at_back;
	bool paused, over;
};

/* copy gives the capture socket a frame, without waiting longer than that socket does. */
static int copy (struct socket *capture, zmq_msg_t *msg, int flags)
{
	if (!capture)
		return 0;
	zmq_msg_t second;
	zmq_msg_init (&second);
	if (zmq_msg_copy (&second, msg) < 0)
		return -1;
	int rc = zmq_msg_send (&second, capture, flags);
	if (rc < 0)
		zmq_msg_close (&second);
	return rc < 0 ? -1 : 0;
}

/* abandon takes the rest of a message that cannot go on, and forgets what went before, so that none of it becomes part of another
 * one. It returns -1 and leaves errno. */
static int abandon (struct proxy *p, struct socket *from, struct socket *to, zmq_msg_t *msg)
{
	int why = errno;
	while (from->more && zmq_msg_recv (msg, from, ZMQ_DONTWAIT) >= 0)
		; /* messages come whole, so nothing waits here */
	sent (to);
	if (p->capture)
		sent (p->capture);
	zmq_msg_close (msg);
	return fail (why);
}

/* pass moves one message; 0 if there is none. Where nobody would ever take it the proxy ends, as libzmq's. */
static int pass (struct proxy *p, struct socket *from, struct socket *to, struct count *in, struct count *out)
{
	zmq_msg_t msg;
	zmq_msg_init (&msg);
	for (int more = 1, first = 1; more; first = 0) {
		if (zmq_msg_recv (&msg, from, first ? ZMQ_DONTWAIT : 0) < 0)
			return first && errno == EAGAIN ? 0 : -1;
		size_t size = zmq_msg_size (&msg);
		more = zmq_msg_more (&msg);
		int flags = more ? ZMQ_SNDMORE : 0;
		if (copy (p->capture, &msg, flags) < 0 || zmq_msg_send (&msg, to, flags) < 0)
			return abandon (p, from, to, &msg);
		in->bytes_in += size;
		out->bytes_out += size;
	}
	in->messages_in++;
	out->messages_out++;
	zmq_msg_close (&msg);
	return 1;
}

/* burst passes messages while there are some, and room. */
static int burst (struct proxy *p, struct socket *from, struct socket *to, struct count *in, struct count *out)
{
	for (int i = 0; i < BURST; i++) {
		int room = ask (to, READY_OUT);
		if (room < 0)
			return -1;
		if (!(room & READY_OUT))
			return 0;
		int rc = pass (p, from, to, in, out);
		if (rc <= 0)
			return rc;
	}
	return 0;
}

/* answer is what a control socket that answers says: a REP must, a PAIR tells statistics. */
static int answer (struct proxy *p, bool statistics)
{
	const struct count *all[] = {&p->at_front, &p->at_back};
	if (p->control->type == ZMQ_REP && !statistics)
		return zmq_send (p->control, "", 0, 0);
	if (!statistics || !p->control->sends)
		return 0;
	for (int i = 0; i < 2; i++) {
		uint64_t n[] = {all[i]->messages_in, all[i]->bytes_in, all[i]->messages_out, all[i]->bytes_out};
		for (int j = 0; j < 4; j++)
			if (zmq_send (p->control, &n[j], sizeof n[j], i == 1 && j == 3 ? 0 : ZMQ_SNDMORE) < 0)
				return -1;
	}
	return 0;
}

/* obey does what the control socket says. */
static int obey (struct proxy *p)
{
	char text[16];
	int size = zmq_recv (p->control, text, sizeof text - 1, ZMQ_DONTWAIT);
	if (size < 0)
		return errno == EAGAIN ? 0 : -1;
	bool whole = !p->control->more;
	while (p->control->more)
		if (zmq_recv (p->control, NULL, 0, 0) < 0)
			return -1;
	text[size < (int) sizeof text ? size : (int) sizeof text - 1] = 0;
	bool statistics = whole && !strcmp (text, "STATISTICS");
	if (whole && !strcmp (text, "PAUSE"))
		p->paused = true;
	else if (whole && !strcmp (text, "RESUME"))
		p->paused = false;
	else if (whole && !strcmp (text, "TERMINATE"))
		p->over = true;
	return answer (p, statistics);
}

/* wanting are the events to wait for: messages where the other side has room, and room where messages wait. To wait for both at
 * once would be to spin. */
static void wanting (struct proxy *p, zmq_pollitem_t *items, const short *had)
{
	bool one = p->front == p->back;
	bool forth = p->front->receives && p->back->sends, back = p->back->receives && p->front->sends && !one;
	items[0].events = items[1].events = 0;
	if (p->paused)
		return;
	if (forth)
		items[had[0] & ZMQ_POLLIN ? 1 : 0].events |= had[0] & ZMQ_POLLIN ? ZMQ_POLLOUT : ZMQ_POLLIN;
	if (back)
		items[had[1] & ZMQ_POLLIN ? 0 : 1].events |= had[1] & ZMQ_POLLIN ? ZMQ_POLLOUT : ZMQ_POLLIN;
}

/* waiting reports what of in a socket has by now, without waiting. */
static int waiting (struct socket *s, short *had)
{
	*had = 0;
	if (!s->receives)
		return 0;
	int rc = local (s) ? READY_IN : ask (s, READY_IN);
	if (rc < 0)
		return -1;
	*had = rc & READY_IN ? ZMQ_POLLIN : 0;
	return 0;
}

static int turn (struct proxy *p)
{
	zmq_pollitem_t items[3] = {{p->front, -1, 0, 0}, {p->back, -1, 0, 0}, {p->control, -1, ZMQ_POLLIN, 0}};
	short had[2];
	if (waiting (p->front, &had[0]) < 0 || waiting (p->back, &had[1]) < 0)
		return -1;
	wanting (p, items, had);
	if (poll_items (items, p->control ? 3 : 2, -1, NULL) < 0)
		return -1;
	if (p->control && items[2].revents && obey (p) < 0)
		return -1;
	if (p->paused || p->over)
		return 0;
	if (p->front->receives && p->back->sends && burst (p, p->front, p->back, &p->at_front, &p->at_back) < 0)
		return -1;
	if (p->back->receives && p->front->sends && p->front != p->back && burst (p, p->back, p->front, &p->at_back, &p->at_front) < 0)
		return -1;
	return 0;
}

API int zmq_proxy_steerable (void *frontend, void *backend, void *capture, void *control)
{
	if (!frontend || !backend)
		return fail (EFAULT);
	struct proxy p = {.front = as_socket (frontend), .back = as_socket (backend)};
	if (!p.front || !p.back || (capture && !(p.capture = as_socket (capture))) || (control && !(p.control = as_socket (control))))
		return -1;
	if (!(p.front->receives && p.back->sends) && !(p.back->receives && p.front->sends))
		return fail (EINVAL);
	while (!p.over)
		if (turn (&p) < 0)
			return -1;
	return 0;
}

API int zmq_proxy (void *frontend, void *backend, void *capture) { return zmq_proxy_steerable (frontend, backend, capture, NULL); }

API int zmq_device (int type, void *frontend, void *backend)
{
	(void) type;
	return zmq_proxy (frontend, backend, NULL);
}
