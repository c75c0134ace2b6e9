/* Receiving: zmq_recv(3), zmq_msg_recv(3), zmq_recviov.
 *
 *  1. What lies in the batch is taken from it, without the engine;
 *  2. when it is empty one call to the engine fills it with as many whole messages as are there;
 *  3. when there is none the call waits, if it may.
 */
#include "face.h"

#include <sys/uio.h>

enum { FIRST_ROOM = 4 << 10, MOST_ROOM = 64 << 10 }; /* a batch's memory grows with the traffic */

/* grow gives the empty batch more room. */
static int grow (struct batch *b, size_t room)
{
	char *memory = malloc (room);
	if (!memory)
		return fail (ENOMEM);
	free (b->memory);
	b->memory = memory;
	b->room = room;
	return 0;
}

/* fill asks for messages: 0, or an errno as a negative number. */
static int fill (struct socket *s)
{
	struct batch *b = &s->batch;
	if (!b->memory && grow (b, FIRST_ROOM) < 0)
		return -ENOMEM;
	if (b->pending && b->used && b->room < MOST_ROOM && grow (b, 2 * b->room) < 0)
		return -ENOMEM;
	s->at = 0;
	s->armed &= ~READY_IN; /* what a batch leaves behind is there without a signal */
	for (;;) {
		int rc = engine->receive (s->handle, b);
		if (rc < 0 || b->used)
			return rc;
		if (grow (b, b->need) < 0)
			return -ENOMEM;
	}
}

/* await_batch is fill for as long as flags and ZMQ_RCVTIMEO let it. */
static int await_batch (struct socket *s, int flags)
{
	int rc = fill (s);
	if (rc != -EAGAIN)
		return done (rc);
	if (flags & ZMQ_DONTWAIT || s->rcvtimeo == 0)
		return would_block (s, READY_IN) ? done (fill (s)) : -1;
	if (need_fd (s) < 0)
		return -1;
	int64_t deadline = deadline_of (s->rcvtimeo);
	for (;;) {
		int lent = -1;
		if ((rc = engine->await (s->handle, &lent)) < 0)
			return done (rc);
		if (!(rc & READY_IN)) {
			s->armed |= READY_IN;
			if (pause_for (s, lent, deadline) < 0)
				return -1;
		}
		if ((rc = fill (s)) != -EAGAIN)
			return done (rc);
	}
}

int next_record (struct socket *s, int flags, struct record **r, void **bytes)
{
	if (!s->receives)
		return fail (ENOTSUP);
	if (s->part_count && (s->type == ZMQ_REQ || s->type == ZMQ_REP)) /* the message that it sends has no end yet */
		return fail (EFSM);
	if (s->at >= s->batch.used && await_batch (s, flags) < 0)
		return -1;
	*r = (struct record *) (s->batch.memory + s->at);
	*bytes = *r + 1;
	if ((*r)->flags & RECORD_FAR)
		memcpy (bytes, *r + 1, sizeof *bytes);
	return 0;
}

/* length is what a record takes. */
static size_t length (struct record *r)
{
	return sizeof *r + (r->flags & RECORD_FAR ? sizeof (void *) : (r->size + 7) & ~(uint64_t) 7);
}

/* taken goes on behind a record, which may be gone then. */
void taken (struct socket *s, struct record *r)
{
	s->more = r->flags & RECORD_MORE;
	s->at += length (r);
	if (s->at >= s->batch.used && s->batch.room > KEPT) {
		free (s->batch.memory);
		s->batch.memory = NULL;
		s->batch.room = s->batch.used = s->at = 0;
	}
}

/* discard_batch frees what nobody will take. */
void discard_batch (struct socket *s)
{
	while (s->at < s->batch.used) {
		struct record *r = (struct record *) (s->batch.memory + s->at);
		void *far;
		memcpy (&far, r + 1, sizeof far);
		if (r->flags & RECORD_FAR)
			free (far);
		s->at += length (r);
	}
}

static int bounded (size_t size) { return size > INT32_MAX ? INT32_MAX : (int) size; }

API int zmq_recv (void *socket, void *buf, size_t len, int flags)
{
	struct socket *s = as_socket (socket);
	struct record *r;
	void *bytes;
	if (!s || next_record (s, flags, &r, &bytes) < 0)
		return -1;
	size_t size = r->size;
	if (size && len)
		memcpy (buf, bytes, size < len ? size : len);
	if (r->flags & RECORD_FAR)
		free (bytes);
	taken (s, r);
	return bounded (size);
}

API int zmq_msg_recv (zmq_msg_t *msg, void *socket, int flags)
{
	struct socket *s = as_socket (socket);
	struct message *m = (struct message *) msg;
	struct record *r;
	void *bytes;
	if (!s)
		return -1;
	if (m->kind == MESSAGE_DEAD || m->check != 0x5a)
		return fail (EFAULT);
	if (next_record (s, flags, &r, &bytes) < 0)
		return -1;
	struct message before = *m;
	if (message_take (m, r, bytes) < 0)
		return -1;
	zmq_msg_close ((zmq_msg_t *) &before);
	size_t size = r->size;
	taken (s, r);
	return bounded (size);
}

API int zmq_recvmsg (void *socket, zmq_msg_t *msg, int flags) { return zmq_msg_recv (msg, socket, flags); }

/* zmq_recviov receives the frames of a message into memory from malloc, which is the caller's. */
API int zmq_recviov (void *socket, struct iovec *iov, size_t *count, int flags)
{
	struct socket *s = as_socket (socket);
	if (!s)
		return -1;
	if (!iov || !count || *count == 0)
		return fail (EINVAL);
	size_t most = *count, n = 0;
	*count = 0;
	do {
		struct record *r;
		void *bytes;
		if (next_record (s, flags, &r, &bytes) < 0)
			return -1;
		iov[n].iov_len = r->size;
		if (r->flags & RECORD_FAR)
			iov[n].iov_base = bytes;
		else if (!(iov[n].iov_base = malloc (r->size ? r->size : 1)))
			return fail (ENOMEM);
		else
			memcpy (iov[n].iov_base, bytes, r->size);
		taken (s, r);
		*count = ++n;
	} while (s->more && n < most);
	return (int) n;
}
