/* ours
 * The first seed: ZMQ_MONITOR sets a callback, NULL removes it, and anything but a pointer to a function pointer is EINVAL. */
#include "check.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct
{
	void *socket;
	int event, number;
	char address[256];
} seen[64];
static int count;

static void callback (void *s, int event, zmq_event_data_t *data)
{
	pthread_mutex_lock (&lock);
	if (count < 64) {
		seen[count].socket = s;
		seen[count].event = event;
		seen[count].number = data->connected.fd;
		snprintf (seen[count].address, 256, "%s", data->connected.addr);
		count++;
	}
	pthread_cond_broadcast (&changed);
	pthread_mutex_unlock (&lock);
}

/* await waits for an event of a kind, and returns its place. */
static int await (int kind)
{
	pthread_mutex_lock (&lock);
	for (int i = 0;; i++) {
		while (i >= count)
			pthread_cond_wait (&changed, &lock);
		if (seen[i].event == kind) {
			pthread_mutex_unlock (&lock);
			return i;
		}
	}
}

int main (void)
{
	void *ctx = zmq_ctx_new (), *rep = socket_of (ctx, ZMQ_REP), *req = socket_of (ctx, ZMQ_REQ);
	zmq_monitor_fn *call = callback;
	FAILS (EINVAL, zmq_setsockopt (rep, ZMQ_MONITOR, &call, 4));
	FAILS (EINVAL, zmq_setsockopt (rep, ZMQ_MONITOR, &call, sizeof call + 1));
	FAILS (EINVAL, zmq_setsockopt (rep, ZMQ_MONITOR, NULL, sizeof call));
	CHECK (zmq_setsockopt (rep, ZMQ_MONITOR, &call, sizeof call) == 0);
	char at[256];
	bound (rep, at);
	int i = await (ZMQ_EVENT_LISTENING);
	CHECK (seen[i].socket == rep && seen[i].number >= 0 && !strcmp (seen[i].address, at));
	CHECK (zmq_connect (req, at) == 0);
	i = await (ZMQ_EVENT_ACCEPTED);
	CHECK (seen[i].number >= 0 && !strcmp (seen[i].address, at));
	await (ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
	CHECK (zmq_close (req) == 0);
	await (ZMQ_EVENT_DISCONNECTED);

	CHECK (zmq_setsockopt (rep, ZMQ_MONITOR, NULL, 0) == 0);
	pthread_mutex_lock (&lock);
	int before = count;
	pthread_mutex_unlock (&lock);
	req = socket_of (ctx, ZMQ_REQ);
	CHECK (zmq_connect (req, at) == 0);
	CHECK (zmq_send (req, "x", 1, 0) == 1);
	char c;
	CHECK (zmq_recv (rep, &c, 1, 0) == 1);
	pthread_mutex_lock (&lock);
	CHECK (count == before);
	pthread_mutex_unlock (&lock);
	CHECK (zmq_setsockopt (rep, ZMQ_MONITOR, &call, sizeof call) == 0);
	CHECK (zmq_close (req) == 0 && zmq_close (rep) == 0);
	await (ZMQ_EVENT_MONITOR_STOPPED);
	CHECK (zmq_ctx_term (ctx) == 0);
	return 0;
}
