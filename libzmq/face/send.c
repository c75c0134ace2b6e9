/* Sending: zmq_send(3), zmq_msg_send(3), zmq_sendiov.
 *
 *  1. The first of several frames asks whether the message would be taken, for libzmq says so then;
 *  2. frames are gathered, SNDMORE by SNDMORE;
 *  3. the last one takes all of them to the engine in one call, which takes the whole message or none of it.
 */
#include "face.h"

#include <sys/uio.h>

/* gather copies a frame that has others behind it. */
static int gather (struct socket *s, const void *data, size_t size)
{
	if (s->part_count + 1 >= s->part_room) {
		int room = s->part_room ? 2 * s->part_room : 8;
		struct frame *parts = realloc (s->parts, room * sizeof *parts);
		if (!parts)
			return fail (ENOMEM);
		s->parts = parts;
		s->part_room = room;
	}
	if (size > s->bytes_room - s->bytes_used) {
		size_t room = 2 * s->bytes_room + size + 64;
		char *bytes = realloc (s->bytes, room);
		if (!bytes)
			return fail (ENOMEM);
		s->bytes = bytes;
		s->bytes_room = room;
	}
	if (size)
		memcpy (s->bytes + s->bytes_used, data, size);
	s->parts[s->part_count++] = (struct frame){(const void *) s->bytes_used, size};
	s->bytes_used += size;
	return 0;
}

/* A step is one attempt that does not wait: 0, or an errno as a negative number. */
typedef int (step) (struct socket *s, struct frame *f);

static int first (struct socket *s, struct frame *f) { return engine->can_send (s->handle, (void *) f->data, f->size); }

/* whole sends what was gathered, and f. The frames are found where they lie now. */
static int whole (struct socket *s, struct frame *f)
{
	if (s->part_count == 0)
		return engine->send (s->handle, f, 1);
	struct frame *all = s->parts;
	char *at = s->bytes;
	for (int i = 0; i < s->part_count; i++) {
		all[i].data = at;
		at += all[i].size;
	}
	all[s->part_count] = *f; /* gather left room for it */
	return engine->send (s->handle, all, s->part_count + 1);
}

/* until repeats a step while it would block, for as long as flags and ZMQ_SNDTIMEO let it. */
static int until (struct socket *s, step *try, struct frame *f, int flags)
{
	int rc = try (s, f);
	if (rc != -EAGAIN)
		return done (rc);
	if (flags & ZMQ_DONTWAIT || s->sndtimeo == 0)
		return would_block (s, READY_OUT) ? done (try (s, f)) : -1;
	if (need_fd (s) < 0)
		return -1;
	int64_t deadline = deadline_of (s->sndtimeo);
	for (;;) {
		if (ask (s, READY_OUT | READY_CHANGE) < 0)
			return -1;
		if ((rc = try (s, f)) != -EAGAIN)
			return done (rc);
		if (pause_for (s, -1, deadline) < 0)
			return -1;
	}
}

/* sent forgets the frames that are on their way. */
void sent (struct socket *s)
{
	s->part_count = 0;
	s->bytes_used = 0;
	if (s->bytes_room > KEPT) {
		free (s->bytes);
		s->bytes = NULL;
		s->bytes_room = 0;
	}
	if (s->part_room > KEPT / (int) sizeof *s->parts) {
		free (s->parts);
		s->parts = NULL;
		s->part_room = 0;
	}
}

/* last sends the message that f ends. One whose peer went away between its frames is dropped, as in libzmq. When it is not taken
 * its frames are forgotten, or they would be part of the next one; a call that was interrupted can be made again, and so can one
 * of a publisher, who waits for its subscribers with the last frame (XPUB_NODROP), where libzmq's waits with the first. */
static int last (struct socket *s, struct frame *f, int flags)
{
	int rc = until (s, whole, f, flags);
	bool publishes = s->type == ZMQ_PUB || s->type == ZMQ_XPUB;
	if (rc < 0 && (errno == EINTR || (errno == EAGAIN && publishes)))
		return -1;
	if (rc < 0 && s->part_count && errno == EHOSTUNREACH)
		rc = 0;
	int why = errno;
	sent (s);
	errno = why;
	return rc < 0 ? -1 : 0;
}

int send_frame (struct socket *s, const void *data, size_t size, int flags)
{
	if (!s->sends)
		return fail (ENOTSUP);
	if (s->more && (s->type == ZMQ_REP || s->type == ZMQ_REQ)) /* the message that it received is not read to its end */
		return fail (EFSM);
	struct frame f = {data, size};
	if (!(flags & ZMQ_SNDMORE))
		return last (s, &f, flags);
	if (s->part_count == 0 && until (s, first, &f, flags) < 0)
		return -1;
	return gather (s, data, size);
}

static int bounded (size_t size) { return size > INT32_MAX ? INT32_MAX : (int) size; }

API int zmq_send (void *socket, const void *buf, size_t len, int flags)
{
	struct socket *s = as_socket (socket);
	if (!s || send_frame (s, buf, len, flags) < 0)
		return -1;
	return bounded (len);
}

API int zmq_send_const (void *socket, const void *buf, size_t len, int flags) { return zmq_send (socket, buf, len, flags); }

API int zmq_msg_send (zmq_msg_t *msg, void *socket, int flags)
{
	struct socket *s = as_socket (socket);
	struct message *m = (struct message *) msg;
	if (!s)
		return -1;
	if (m->kind == MESSAGE_DEAD || m->check != 0x5a)
		return fail (EFAULT);
	size_t size = zmq_msg_size (msg);
	if (send_frame (s, zmq_msg_data (msg), size, flags) < 0)
		return -1;
	zmq_msg_close (msg); /* its bytes have been copied: a free function is called here */
	zmq_msg_init (msg);
	return bounded (size);
}

API int zmq_sendmsg (void *socket, zmq_msg_t *msg, int flags) { return zmq_msg_send (msg, socket, flags); }

/* zmq_sendiov sends each element: with SNDMORE as the frames of one message, which the last one ends. */
API int zmq_sendiov (void *socket, struct iovec *iov, size_t count, int flags)
{
	struct socket *s = as_socket (socket);
	if (!s)
		return -1;
	if (!iov || count == 0)
		return fail (EINVAL);
	int rc = 0;
	for (size_t i = 0; i < count && rc >= 0; i++) {
		if (i + 1 == count)
			flags &= ~ZMQ_SNDMORE;
		rc = zmq_send (s, iov[i].iov_base, iov[i].iov_len, flags);
	}
	return rc;
}
