/* ours
 * The second seed: its man page's example, in a main, with messages that are a zmq_event_t. */
#define ZMQ_EVENT_STRUCT
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

static void *ctx;
static int listening, accepted, closed, disconnected;
static char where[256];

// REP socket monitor thread
static void *rep_socket_monitor (void *ctx)
{
	zmq_event_t event;
	int rc;

	void *s = zmq_socket (ctx, ZMQ_PAIR);
	assert (s);

	rc = zmq_connect (s, "inproc://monitor.rep");
	assert (rc == 0);
	while (1) {
		zmq_msg_t msg;
		zmq_msg_init (&msg);
		rc = zmq_recvmsg (s, &msg, 0);
		if (rc == -1 && zmq_errno () == ETERM)
			break;
		assert (rc != -1);
		memcpy (&event, zmq_msg_data (&msg), sizeof (event));
		switch (event.event) {
		case ZMQ_EVENT_LISTENING:
			printf ("listening socket descriptor %d\n", event.data.listening.fd);
			printf ("listening socket address %s\n", event.data.listening.addr);
			snprintf (where, sizeof where, "%s", event.data.listening.addr);
			__atomic_store_n (&listening, 1, __ATOMIC_RELEASE);
			break;
		case ZMQ_EVENT_ACCEPTED:
			printf ("accepted socket descriptor %d\n", event.data.accepted.fd);
			printf ("accepted socket address %s\n", event.data.accepted.addr);
			assert (!strcmp (event.data.accepted.addr, where) && event.data.accepted.fd >= 0);
			accepted++;
			break;
		case ZMQ_EVENT_CLOSE_FAILED:
			printf ("socket close failure error code %d\n", event.data.close_failed.err);
			printf ("socket address %s\n", event.data.close_failed.addr);
			break;
		case ZMQ_EVENT_CLOSED:
			printf ("closed socket descriptor %d\n", event.data.closed.fd);
			printf ("closed socket address %s\n", event.data.closed.addr);
			closed++;
			break;
		case ZMQ_EVENT_DISCONNECTED:
			printf ("disconnected socket descriptor %d\n", event.data.disconnected.fd);
			printf ("disconnected socket address %s\n", event.data.disconnected.addr);
			disconnected++;
			break;
		}
		zmq_msg_close (&msg);
	}
	zmq_close (s);
	return NULL;
}

int main (void)
{
	//  Create the infrastructure
	ctx = zmq_init (1);
	assert (ctx);

	// REP socket
	void *rep = zmq_socket (ctx, ZMQ_REP);
	assert (rep);

	// REP socket monitor, all events
	pthread_t thread;
	int rc = zmq_socket_monitor (rep, "inproc://monitor.rep", ZMQ_EVENT_ALL);
	assert (rc == 0);
	rc = pthread_create (&thread, NULL, rep_socket_monitor, ctx);
	assert (rc == 0);

	rc = zmq_bind (rep, "tcp://127.0.0.1:*");
	assert (rc == 0);

	// Somebody comes and goes
	char at[256], c;
	size_t size = sizeof at;
	rc = zmq_getsockopt (rep, ZMQ_LAST_ENDPOINT, at, &size);
	assert (rc == 0);
	void *req = zmq_socket (ctx, ZMQ_REQ);
	rc = zmq_connect (req, at);
	assert (rc == 0);
	rc = zmq_send (req, "x", 1, 0);
	assert (rc == 1);
	rc = zmq_recv (rep, &c, 1, 0);
	assert (rc == 1);
	rc = zmq_close (req);
	assert (rc == 0);

	// Allow some time for event detection
	zmq_sleep (1);

	// Close the REP socket
	rc = zmq_close (rep);
	assert (rc == 0);

	zmq_term (ctx);
	pthread_join (thread, NULL);
	assert (listening && !strcmp (where, at) && accepted == 1 && closed + disconnected >= 1);
	return 0;
}
