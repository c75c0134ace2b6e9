/* zmq_poller_new(3) and its like: a list of items with their users' data, and zmq_poll over it. */
#include "face.h"

enum { POLLER_TAG = 0x7a706f6c };

struct poller
{
	uint32_t tag;
	int count, room;
	zmq_pollitem_t *items;
	void **data; /* of the item with the same number */
};

static struct poller *as_poller (void *handle)
{
	struct poller *p = handle;
	if (!p || p->tag != POLLER_TAG)
		return fail (EFAULT), NULL;
	return p;
}

API void *zmq_poller_new (void)
{
	struct poller *p = calloc (1, sizeof *p);
	if (!p)
		return fail (ENOMEM), NULL;
	p->tag = POLLER_TAG;
	return p;
}

API int zmq_poller_destroy (void **poller_p)
{
	struct poller *p = poller_p ? as_poller (*poller_p) : NULL;
	if (!p)
		return fail (EFAULT);
	p->tag = DEAD_TAG;
	free (p->items);
	free (p->data);
	free (p);
	*poller_p = NULL;
	return 0;
}

API int zmq_poller_size (void *poller)
{
	struct poller *p = as_poller (poller);
	return p ? p->count : -1;
}

static int find (struct poller *p, void *socket, int fd)
{
	for (int i = 0; i < p->count; i++)
		if (p->items[i].socket == socket && (socket || p->items[i].fd == fd))
			return i;
	return -1;
}

static int valid (short events) { return !(events & ~(ZMQ_POLLIN | ZMQ_POLLOUT | ZMQ_POLLERR | ZMQ_POLLPRI)); }

static int add (struct poller *p, void *socket, int fd, void *data, short events)
{
	if (!valid (events) || find (p, socket, fd) >= 0)
		return fail (EINVAL);
	if (p->count == p->room) {
		int room = p->room ? 2 * p->room : 8;
		zmq_pollitem_t *items = realloc (p->items, room * sizeof *items);
		if (items)
			p->items = items;
		void **all = realloc (p->data, room * sizeof *all);
		if (all)
			p->data = all;
		if (!items || !all)
			return fail (ENOMEM);
		p->room = room;
	}
	p->items[p->count] = (zmq_pollitem_t){socket, fd, events, 0};
	p->data[p->count++] = data;
	return 0;
}

static int modify (struct poller *p, void *socket, int fd, short events)
{
	int i = find (p, socket, fd);
	if (i < 0 || !valid (events))
		return fail (EINVAL);
	p->items[i].events = events;
	return 0;
}

static int drop (struct poller *p, void *socket, int fd)
{
	int i = find (p, socket, fd);
	if (i < 0)
		return fail (EINVAL);
	p->count--;
	memmove (&p->items[i], &p->items[i + 1], (p->count - i) * sizeof *p->items);
	memmove (&p->data[i], &p->data[i + 1], (p->count - i) * sizeof *p->data);
	return 0;
}

API int zmq_poller_add (void *poller, void *socket, void *user_data, short events)
{
	struct poller *p = as_poller (poller);
	return p && as_socket (socket) ? add (p, socket, -1, user_data, events) : -1;
}

API int zmq_poller_modify (void *poller, void *socket, short events)
{
	struct poller *p = as_poller (poller);
	return p && as_socket (socket) ? modify (p, socket, -1, events) : -1;
}

API int zmq_poller_remove (void *poller, void *socket)
{
	struct poller *p = as_poller (poller);
	if (p && !socket)
		return fail (ENOTSOCK);
	return p ? drop (p, socket, -1) : -1; /* of a closed socket as well: else it could not be taken out */
}

static struct poller *with_fd (void *poller, int fd)
{
	struct poller *p = as_poller (poller);
	if (p && fd < 0)
		return fail (EBADF), NULL;
	return p;
}

API int zmq_poller_add_fd (void *poller, zmq_fd_t fd, void *user_data, short events)
{
	struct poller *p = with_fd (poller, fd);
	return p ? add (p, NULL, fd, user_data, events) : -1;
}

API int zmq_poller_modify_fd (void *poller, zmq_fd_t fd, short events)
{
	struct poller *p = with_fd (poller, fd);
	return p ? modify (p, NULL, fd, events) : -1;
}

API int zmq_poller_remove_fd (void *poller, zmq_fd_t fd)
{
	struct poller *p = with_fd (poller, fd);
	return p ? drop (p, NULL, fd) : -1;
}

API int zmq_poller_wait_all (void *poller, zmq_poller_event_t *events, int n_events, long timeout)
{
	struct poller *p = as_poller (poller);
	if (!p)
		return -1;
	if (n_events < 0)
		return fail (EINVAL);
	if (!events || (p->count == 0 && timeout < 0)) /* nothing could ever end the wait */
		return fail (EFAULT);
	int ready = poll_items (p->items, p->count, deadline_of (timeout), NULL), n = 0;
	if (ready <= 0)
		return ready < 0 ? -1 : fail (EAGAIN);
	for (int i = 0; i < p->count && n < n_events; i++)
		if (p->items[i].revents)
			events[n++] = (zmq_poller_event_t){p->items[i].socket, p->items[i].fd, p->data[i], p->items[i].revents};
	return n;
}

API int zmq_poller_wait (void *poller, zmq_poller_event_t *event, long timeout)
{
	int n = zmq_poller_wait_all (poller, event, 1, timeout);
	if (n < 0 && event)
		*event = (zmq_poller_event_t){NULL, -1, NULL, 0};
	return n < 0 ? -1 : 0;
}

/* There are no thread-safe sockets, for which alone a poller has a descriptor. */
API int zmq_poller_fd (void *poller, zmq_fd_t *fd)
{
	struct poller *p = as_poller (poller);
	return p ? fail (fd ? EINVAL : EFAULT) : -1;
}
