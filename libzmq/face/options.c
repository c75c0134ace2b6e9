/* zmq_setsockopt(3), zmq_getsockopt(3): what only the face knows is answered here, the rest by the engine's table. */
#include "face.h"

#include <unistd.h>

static int set_int (int *at, const void *value, size_t size, int low)
{
	int n;
	if (!value || size != sizeof n)
		return fail (EINVAL);
	memcpy (&n, value, sizeof n);
	if (n < low)
		return fail (EINVAL);
	*at = n;
	return 0;
}

/* is_over says ETERM to whoever asks a socket whose context has been shut down. */
static bool is_over (struct socket *s)
{
	bool over = __atomic_load_n (&s->context->ended, __ATOMIC_ACQUIRE);
	if (over)
		errno = ETERM;
	return over;
}

API int zmq_setsockopt (void *socket, int option, const void *optval, size_t optvallen)
{
	struct socket *s = as_socket (socket);
	if (!s || is_over (s))
		return -1;
	switch (option) {
	case ZMQ_RCVTIMEO:
		return set_int (&s->rcvtimeo, optval, optvallen, -1);
	case ZMQ_SNDTIMEO:
		return set_int (&s->sndtimeo, optval, optvallen, -1);
	case ZMQ_MONITOR:
		return monitor_call (s, optval, optvallen);
	}
	if (!optval && optvallen)
		return fail (EINVAL);
	return done (engine->option_set (s->handle, option, (void *) optval, optvallen));
}

/* events is ZMQ_EVENTS, and what resets ZMQ_FD. */
static int events (struct socket *s)
{
	drain (s);
	int have = local (s), rest = ((s->receives ? READY_IN : 0) | (s->sends ? READY_OUT : 0)) & ~have;
	int rc = rest ? ask (s, rest) : 0;
	if (rc < 0)
		return -1;
	s->shown = have | rc;
	return (s->shown & READY_IN ? ZMQ_POLLIN : 0) | (s->shown & READY_OUT ? ZMQ_POLLOUT : 0);
}

/* descriptor is ZMQ_FD. It is signalled at first, so that nobody waits for what is there already. */
static int descriptor (struct socket *s)
{
	if (need_fd (s) < 0)
		return -1;
	if (!s->asked) {
		int rc = ask (s, (s->receives ? READY_IN : 0) | (s->sends ? READY_OUT : 0));
		if (rc < 0)
			return -1;
		s->asked = true;
		uint64_t one = 1;
		if ((rc | local (s)) && write (s->fd, &one, sizeof one) < 0)
			return s->fd; /* signalled as it is */
	}
	return s->fd;
}

static int put_int (int n, void *value, size_t *size)
{
	if (*size < sizeof n)
		return fail (EINVAL);
	memcpy (value, &n, sizeof n);
	*size = sizeof n;
	return 0;
}

API int zmq_getsockopt (void *socket, int option, void *optval, size_t *optvallen)
{
	struct socket *s = as_socket (socket);
	if (!s || is_over (s))
		return -1;
	if (!optval || !optvallen)
		return fail (EINVAL);
	int n;
	switch (option) {
	case ZMQ_TYPE:
		return put_int (s->type, optval, optvallen);
	case ZMQ_THREAD_SAFE:
		return put_int (0, optval, optvallen);
	case ZMQ_RCVMORE:
		return put_int (s->more, optval, optvallen);
	case ZMQ_RCVTIMEO:
		return put_int (s->rcvtimeo, optval, optvallen);
	case ZMQ_SNDTIMEO:
		return put_int (s->sndtimeo, optval, optvallen);
	case ZMQ_EVENTS:
		return *optvallen < sizeof n ? fail (EINVAL) : (n = events (s)) < 0 ? -1 : put_int (n, optval, optvallen);
	case ZMQ_FD:
		return *optvallen < sizeof n ? fail (EINVAL) : (n = descriptor (s)) < 0 ? -1 : put_int (n, optval, optvallen);
	}
	return done (engine->option_get (s->handle, option, optval, optvallen));
}
