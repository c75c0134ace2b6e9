/* zmq_poll(3), zmq_ppoll(3): sockets and descriptors, together in one poll(2).
 *
 *  1. What lies in the face, and what the engine says of sockets that it does not watch for us already, is ready at once;
 *  2. poll(2) looks at the descriptors and at the eventfds of sockets, and waits unless something was ready;
 *  3. a socket whose eventfd was signalled is asked again.
 */
#include "face.h"

#include <poll.h>
#include <unistd.h>

/* bits are the READY_ bits that an item is about and its socket can have. */
static int bits (const zmq_pollitem_t *item, const struct socket *s)
{
	return (item->events & ZMQ_POLLIN && s->receives ? READY_IN : 0) | (item->events & ZMQ_POLLOUT && s->sends ? READY_OUT : 0);
}

/* watched are the READY_ bits to ask for: those, or, where the socket can have none of what is asked, what tells of its end. */
static int watched (const zmq_pollitem_t *item, const struct socket *s)
{
	int all = bits (item, s);
	return all || !item->events ? all : s->sends ? READY_OUT | READY_CHANGE : READY_IN;
}

static short revents (int ready) { return (ready & READY_IN ? ZMQ_POLLIN : 0) | (ready & READY_OUT ? ZMQ_POLLOUT : 0); }

/* look finds out what of a socket is ready: everything is asked for that the engine does not watch, or has signalled. */
static int look (zmq_pollitem_t *item, struct socket *s)
{
	int wanted = bits (item, s), have = local (s) & wanted;
	int open = watched (item, s) & ~have & ~s->armed;
	if (open) {
		int rc = ask (s, open);
		if (rc < 0)
			return -1;
		have |= rc;
	}
	item->revents = revents (have & wanted);
	return item->revents != 0;
}

static short to_poll (short events)
{
	return (events & ZMQ_POLLIN ? POLLIN : 0) | (events & ZMQ_POLLOUT ? POLLOUT : 0) | (events & ZMQ_POLLPRI ? POLLPRI : 0);
}

/* from_poll is what zmq_poll(3) makes of poll(2)'s answer. */
static short from_poll (short events)
{
	return (events & POLLIN ? ZMQ_POLLIN : 0) | (events & POLLOUT ? ZMQ_POLLOUT : 0) | (events & POLLPRI ? ZMQ_POLLPRI : 0)
	       | (events & ~(POLLIN | POLLOUT | POLLPRI) ? ZMQ_POLLERR : 0);
}

/* prepare is step 1; the number of items that are ready, or -1. */
static int prepare (zmq_pollitem_t *items, struct pollfd *at, int n)
{
	int ready = 0;
	for (int i = 0; i < n; i++) {
		items[i].revents = 0;
		if (!items[i].socket) {
			at[i] = (struct pollfd){items[i].fd, to_poll (items[i].events), 0};
			continue;
		}
		struct socket *s = as_socket (items[i].socket);
		if (!s)
			return -1;
		if (__atomic_load_n (&s->context->ended, __ATOMIC_RELAXED)) /* whatever lies in the face */
			return fail (ETERM);
		if (need_fd (s) < 0)
			return -1;
		int rc = look (&items[i], s);
		if (rc < 0)
			return -1;
		ready += rc;
		at[i] = (struct pollfd){s->fd, items[i].events ? POLLIN : 0, 0};
	}
	return ready;
}

/* collect is step 3. */
static int collect (zmq_pollitem_t *items, struct pollfd *at, int n)
{
	int ready = 0;
	for (int i = 0; i < n; i++) {
		if (!items[i].socket)
			items[i].revents = from_poll (at[i].revents) & (items[i].events | ZMQ_POLLERR);
		else if (at[i].revents && !items[i].revents) {
			struct socket *s = items[i].socket;
			drain (s);
			if (look (&items[i], s) < 0)
				return -1;
		}
		ready += items[i].revents != 0;
	}
	return ready;
}

static int wait_all (struct pollfd *at, int n, int timeout, const sigset_t *mask)
{
	struct timespec t = {timeout / 1000, timeout % 1000 * 1000000L};
	return ppoll (at, n, timeout < 0 ? NULL : &t, mask);
}

int poll_items (zmq_pollitem_t *items, int n, int64_t deadline, const sigset_t *mask)
{
	struct pollfd few[16], *at = n <= 16 ? few : malloc (n * sizeof *at);
	if (!at)
		return fail (ENOMEM);
	int ready;
	for (;;) {
		ready = prepare (items, at, n);
		if (ready < 0)
			break;
		int timeout = ready > 0 ? 0 : left (deadline);
		if (wait_all (at, n, timeout, mask) < 0) {
			ready = ready > 0 ? ready : -1;
			break;
		}
		ready = collect (items, at, n);
		if (ready != 0 || timeout == 0)
			break;
	}
	if (at != few)
		free (at);
	return ready;
}

API int zmq_ppoll (zmq_pollitem_t *items, int nitems, long timeout, const sigset_t *sigmask)
{
	if (nitems < 0)
		return fail (EINVAL);
	if (nitems > 0 && !items)
		return fail (EFAULT);
	return poll_items (items, nitems, deadline_of (timeout), sigmask);
}

API int zmq_poll (zmq_pollitem_t *items, int nitems, long timeout) { return zmq_ppoll (items, nitems, timeout, NULL); }
