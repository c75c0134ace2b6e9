/* Contexts: zmq_ctx_new(3), zmq_ctx_set(3), zmq_ctx_term(3). */
#include "face.h"

#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { SOCKET_LIMIT = 65535, NAME_ROOM = 16 };

struct context *as_context (void *handle)
{
	struct context *c = handle;
	if (!c || c->tag != CONTEXT_TAG)
		return fail (EFAULT), NULL;
	if (forked)
		return fail (ENOTSUP), NULL;
	return c;
}

API void *zmq_ctx_new (void)
{
	if (open_engine () < 0)
		return NULL;
	struct context *c = calloc (1, sizeof *c);
	if (!c)
		return fail (ENOMEM), NULL;
	if (done (engine->context_new (&c->handle)) < 0) {
		free (c);
		return NULL;
	}
	pthread_mutex_init (&c->lock, NULL);
	c->fd = -1;
	c->max_sockets = ZMQ_MAX_SOCKETS_DFLT;
	c->io_threads = ZMQ_IO_THREADS_DFLT;
	c->max_msgsz = INT_MAX;
	c->blocky = c->zero_copy = 1;
	c->priority = ZMQ_THREAD_PRIORITY_DFLT;
	c->policy = ZMQ_THREAD_SCHED_POLICY_DFLT;
	c->tag = CONTEXT_TAG;
	return c;
}

API void *zmq_init (int io_threads)
{
	if (io_threads < 0)
		return fail (EINVAL), NULL;
	struct context *c = zmq_ctx_new ();
	if (c)
		c->io_threads = io_threads;
	return c;
}

API int zmq_ctx_shutdown (void *context)
{
	struct context *c = as_context (context);
	if (!c)
		return -1;
	pthread_mutex_lock (&c->lock);
	bool before = c->ended;
	__atomic_store_n (&c->ended, true, __ATOMIC_RELAXED);
	pthread_mutex_unlock (&c->lock);
	return before ? 0 : done (engine->context_terminate (c->handle));
}

static void signal_fd (int fd)
{
	uint64_t one = 1;
	if (write (fd, &one, sizeof one) < 0)
		return; /* the count is at its end, and the descriptor readable */
}

void context_leave (struct context *c)
{
	pthread_mutex_lock (&c->lock);
	c->open--;
	if (c->open == 0 && c->fd >= 0)
		signal_fd (c->fd);
	pthread_mutex_unlock (&c->lock);
}

/* finish goes on with the end of a context as far as it can without waiting; true when it has come to its end. */
static bool finish (struct context *c, bool signalled)
{
	bool over = false;
	pthread_mutex_lock (&c->lock);
	if (c->closing)
		over = signalled;
	else if (c->open == 0) {
		c->closing = true;
		engine->context_close (c->handle, c->fd);
	}
	pthread_mutex_unlock (&c->lock);
	return over;
}

/* await_end waits until the sockets are closed and what they had queued is handed over. Interrupted, it can be called
 * again. */
static int await_end (struct context *c)
{
	for (bool signalled = false;;) {
		if (finish (c, signalled))
			return 0;
		struct pollfd at = {c->fd, POLLIN, 0};
		if (poll (&at, 1, -1) < 0)
			return -1;
		uint64_t count;
		signalled = read (c->fd, &count, sizeof count) > 0 && count >= CLOSED; /* and not only a socket that was closed */
	}
}

API int zmq_ctx_term (void *context)
{
	struct context *c = as_context (context);
	if (!c)
		return -1;
	if (in_callback) /* the context ends when the callback has, which would wait for this */
		return fail (EDEADLK);
	pthread_mutex_lock (&c->lock);
	if (c->fd < 0)
		c->fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
	int fd = c->fd;
	pthread_mutex_unlock (&c->lock);
	if (fd < 0 || zmq_ctx_shutdown (c) < 0 || await_end (c) < 0)
		return -1;
	c->tag = DEAD_TAG;
	close (c->fd);
	pthread_mutex_destroy (&c->lock);
	free (c);
	return 0;
}

API int zmq_term (void *context) { return zmq_ctx_term (context); }
API int zmq_ctx_destroy (void *context) { return zmq_ctx_term (context); }

/* place is where an option's value is stored, and its range. */
static int *place (struct context *c, int option, int *low, int *high)
{
	*low = 0;
	*high = INT_MAX;
	switch (option) {
	case ZMQ_IO_THREADS:
		return &c->io_threads;
	case ZMQ_MAX_SOCKETS:
		*low = 1;
		*high = SOCKET_LIMIT;
		return &c->max_sockets;
	case ZMQ_MAX_MSGSZ:
		return &c->max_msgsz;
	case ZMQ_THREAD_NAME_PREFIX:
		return &c->prefix;
	case ZMQ_IPV6:
		*high = 1;
		return &c->ipv6;
	case ZMQ_BLOCKY:
		*high = 1;
		return &c->blocky;
	case ZMQ_ZERO_COPY_RECV:
		*high = 1;
		return &c->zero_copy;
	}
	return NULL;
}

API int zmq_ctx_set_ext (void *context, int option, const void *optval, size_t optvallen)
{
	struct context *c = as_context (context);
	if (!c)
		return -1;
	int value, low, high;
	if (option == ZMQ_THREAD_NAME_PREFIX && optval && optvallen != sizeof (int)) { /* text */
		if (optvallen == 0 || optvallen > NAME_ROOM)
			return fail (EINVAL);
		pthread_mutex_lock (&c->lock);
		memset (c->prefix_text, 0, NAME_ROOM);
		memcpy (c->prefix_text, optval, optvallen < NAME_ROOM ? optvallen : NAME_ROOM - 1);
		pthread_mutex_unlock (&c->lock);
		return 0;
	}
	if (!optval || optvallen != sizeof value)
		return fail (EINVAL);
	memcpy (&value, optval, sizeof value);
	int *at = place (c, option, &low, &high);
	if (option == ZMQ_THREAD_PRIORITY)
		at = &c->priority;
	else if (option == ZMQ_THREAD_SCHED_POLICY)
		at = &c->policy;
	else if (option == ZMQ_THREAD_AFFINITY_CPU_ADD || option == ZMQ_THREAD_AFFINITY_CPU_REMOVE)
		return value < 0 ? fail (EINVAL) : 0; /* there are no I/O threads that it could be about */
	if (!at || value < low || value > high)
		return fail (EINVAL);
	pthread_mutex_lock (&c->lock);
	*at = value;
	pthread_mutex_unlock (&c->lock);
	return 0;
}

API int zmq_ctx_set (void *context, int option, int optval)
{
	return zmq_ctx_set_ext (context, option, &optval, sizeof optval);
}

API int zmq_ctx_get (void *context, int option)
{
	struct context *c = as_context (context);
	if (!c)
		return -1;
	int low, high, *at = place (c, option, &low, &high);
	switch (option) {
	case ZMQ_SOCKET_LIMIT:
		return SOCKET_LIMIT;
	case ZMQ_MSG_T_SIZE:
		return sizeof (zmq_msg_t);
	case ZMQ_THREAD_SCHED_POLICY:
		at = &c->policy;
	}
	if (!at)
		return fail (EINVAL);
	pthread_mutex_lock (&c->lock);
	int value = *at;
	pthread_mutex_unlock (&c->lock);
	return value;
}

API int zmq_ctx_get_ext (void *context, int option, void *optval, size_t *optvallen)
{
	struct context *c = as_context (context);
	if (!c || !optval || !optvallen)
		return c ? fail (EINVAL) : -1;
	if (option == ZMQ_THREAD_NAME_PREFIX) {
		size_t size = strlen (c->prefix_text) + 1;
		if (*optvallen < size)
			return fail (EINVAL);
		memcpy (optval, c->prefix_text, size);
		*optvallen = size;
		return 0;
	}
	if (*optvallen < sizeof (int))
		return fail (EINVAL);
	errno = 0;
	int value = zmq_ctx_get (context, option);
	if (value == -1 && errno == EINVAL)
		return -1;
	memcpy (optval, &value, sizeof value);
	*optvallen = sizeof value;
	return 0;
}
