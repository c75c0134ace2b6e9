/* zmq_socket_monitor(3), zmq_socket_monitor_versioned(3), and the two forms of the monitor from before them. */
#include "face.h"

#undef zmq_socket_monitor

static int monitor (void *socket, const char *addr, uint64_t events, int version, int type)
{
	struct socket *s = as_socket (socket);
	if (!s)
		return -1;
	return done (engine->monitor (s->handle, (char *) addr, events, version, type));
}

API int zmq_socket_monitor_versioned (void *socket, const char *addr, uint64_t events, int event_version, int type)
{
	return monitor (socket, addr, events, event_version, type);
}

API int zmq_socket_monitor (void *socket, const char *addr, int events)
{
	return monitor (socket, addr, (uint64_t) (uint16_t) events, 1, ZMQ_PAIR);
}

API int zmq_socket_monitor_pipes_stats (void *socket)
{
	struct socket *s = as_socket (socket);
	return s ? done (engine->pipes_stats (s->handle)) : -1;
}

/* zmq_socket_monitor as programs have it that were compiled with -DZMQ_EVENT_STRUCT. */
API int zmq_socket_monitor_structs (void *socket, const char *addr, int events);
int zmq_socket_monitor_structs (void *socket, const char *addr, int events)
{
	struct socket *s = as_socket (socket);
	if (!s)
		return -1;
	if (!addr)
		return monitor (socket, NULL, 0, 1, ZMQ_PAIR);
	return done (engine->monitor_structs (s->handle, (char *) addr, (uint64_t) (uint16_t) events));
}

/* monitor_call is ZMQ_MONITOR: value points to a variable that points to the function. */
int monitor_call (struct socket *s, const void *value, size_t size)
{
	zmq_monitor_fn *call = NULL;
	if (value || size) {
		if (!value || size != sizeof call)
			return fail (EINVAL);
		memcpy (&call, value, sizeof call);
	}
	return done (engine->monitor_call (s->handle, (void *) call));
}

__thread bool in_callback;

/* monitor_event runs on a thread of the engine. Every member of the union is an address and a number. */
void monitor_event (void *call, void *owner, int event, char *address, int value)
{
	zmq_event_data_t data;
	memset (&data, 0, sizeof data);
	data.connected.addr = address;
	data.connected.fd = value;
	in_callback = true;
	((zmq_monitor_fn *) call) (owner, event, &data);
	in_callback = false;
}
