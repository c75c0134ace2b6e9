/* Sockets: zmq_socket(3), zmq_close(3), zmq_bind(3), zmq_connect(3), zmq_unbind(3), zmq_disconnect(3). */
#include "face.h"

#include <unistd.h>

struct socket *as_socket (void *handle)
{
	struct socket *s = handle;
	if (!s || s->tag != SOCKET_TAG)
		return fail (ENOTSOCK), NULL;
	if (forked)
		return fail (ENOTSUP), NULL;
	return s;
}

/* enter counts a new socket. */
static int enter (struct context *c)
{
	int why = 0;
	pthread_mutex_lock (&c->lock);
	if (c->ended)
		why = ETERM;
	else if (c->open >= c->max_sockets)
		why = EMFILE;
	else
		c->open++;
	pthread_mutex_unlock (&c->lock);
	return why ? fail (why) : 0;
}

API void *zmq_socket (void *context, int type)
{
	struct context *c = as_context (context);
	if (!c)
		return NULL;
	if (type < ZMQ_PAIR || type > ZMQ_STREAM)
		return fail (EINVAL), NULL;
	if (enter (c) < 0)
		return NULL;
	struct socket *s = calloc (1, sizeof *s);
	int rc = s ? engine->socket_new (c->handle, type, s, c->ipv6, c->blocky, &s->handle) : -ENOMEM;
	if (rc < 0) {
		free (s);
		context_leave (c);
		return done (rc), NULL;
	}
	s->type = type;
	s->context = c;
	s->sends = type != ZMQ_SUB && type != ZMQ_PULL;
	s->receives = type != ZMQ_PUB && type != ZMQ_PUSH;
	s->fd = s->rcvtimeo = s->sndtimeo = -1;
	s->tag = SOCKET_TAG;
	return s;
}

/* zmq_close returns at once. The memory stays until the engine has told the socket's last event, for a monitor's callback
 * is given the socket. */
API int zmq_close (void *socket)
{
	struct socket *s = as_socket (socket);
	if (!s)
		return -1;
	struct context *c = s->context;
	s->tag = DEAD_TAG;
	discard_batch (s);
	free (s->batch.memory);
	free (s->parts);
	free (s->bytes);
	engine->socket_close (s->handle);
	context_leave (c);
	return 0;
}

void socket_released (void *owner)
{
	struct socket *s = owner;
	if (s->fd >= 0)
		close (s->fd);
	free (s);
}

API int zmq_bind (void *socket, const char *addr)
{
	struct socket *s = as_socket (socket);
	if (!s || !addr)
		return s ? fail (EINVAL) : -1;
	return done (engine->bind (s->handle, (char *) addr));
}

API int zmq_connect (void *socket, const char *addr)
{
	struct socket *s = as_socket (socket);
	if (!s || !addr)
		return s ? fail (EINVAL) : -1;
	return done (engine->connect (s->handle, (char *) addr));
}

API int zmq_unbind (void *socket, const char *addr)
{
	struct socket *s = as_socket (socket);
	if (!s || !addr)
		return s ? fail (EINVAL) : -1;
	return done (engine->unbind (s->handle, (char *) addr, 0));
}

API int zmq_disconnect (void *socket, const char *addr)
{
	struct socket *s = as_socket (socket);
	if (!s || !addr)
		return s ? fail (EINVAL) : -1;
	return done (engine->unbind (s->handle, (char *) addr, 1));
}

API int zmq_socket_get_peer_state (void *socket, const void *routing_id, size_t routing_id_size)
{
	struct socket *s = as_socket (socket);
	if (!s)
		return -1;
	int rc = done (engine->peer_state (s->handle, (void *) routing_id, routing_id_size));
	if (rc < 0)
		return -1;
	return (rc & READY_IN ? ZMQ_POLLIN : 0) | (rc & READY_OUT ? ZMQ_POLLOUT : 0);
}
