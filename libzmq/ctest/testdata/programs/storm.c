/* Threads: clients, a broker and workers in each of many contexts, one after the other; sockets that move between threads; and no
 * descriptor left behind. */
#include "check.h"

#include <dirent.h>
#include <pthread.h>

enum { ROUNDS = 10, CLIENTS = 4, WORKERS = 3, REQUESTS = 300 };

static int descriptors (void)
{
	int n = 0;
	DIR *d = opendir ("/proc/self/fd");
	CHECK (d);
	while (readdir (d))
		n++;
	closedir (d);
	return n;
}

struct place
{
	void *ctx;
	char front[256], back[256];
};

static void *client (void *arg)
{
	struct place *p = arg;
	void *s = socket_of (p->ctx, ZMQ_REQ);
	CHECK (zmq_connect (s, p->front) == 0);
	for (int i = 0, j; i < REQUESTS; i++) {
		CHECK (zmq_send (s, &i, sizeof i, 0) == sizeof i);
		CHECK (zmq_recv (s, &j, sizeof j, 0) == sizeof j && j == i + 1);
	}
	CHECK (zmq_close (s) == 0);
	return NULL;
}

static void *worker (void *arg)
{
	struct place *p = arg;
	void *s = socket_of (p->ctx, ZMQ_REP);
	set_int (s, ZMQ_RCVTIMEO, -1);
	CHECK (zmq_connect (s, p->back) == 0);
	for (int n; zmq_recv (s, &n, sizeof n, 0) == sizeof n;) {
		n++;
		CHECK (zmq_send (s, &n, sizeof n, 0) == sizeof n);
	}
	CHECK (errno == ETERM && zmq_close (s) == 0);
	return NULL;
}

static void *broker (void *arg)
{
	void **s = arg;
	FAILS (ETERM, zmq_proxy (s[0], s[1], NULL));
	CHECK (zmq_close (s[0]) == 0 && zmq_close (s[1]) == 0);
	return NULL;
}

static void service (void)
{
	struct place p = {.ctx = zmq_ctx_new ()};
	void *s[] = {socket_of (p.ctx, ZMQ_ROUTER), socket_of (p.ctx, ZMQ_DEALER)};
	pthread_t clients[CLIENTS], workers[WORKERS], between;
	bound (s[0], p.front);
	bound (s[1], p.back);
	pthread_create (&between, NULL, broker, s);
	for (int i = 0; i < WORKERS; i++)
		pthread_create (&workers[i], NULL, worker, &p);
	for (int i = 0; i < CLIENTS; i++)
		pthread_create (&clients[i], NULL, client, &p);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join (clients[i], NULL);
	CHECK (zmq_ctx_term (p.ctx) == 0);
	pthread_join (between, NULL);
	for (int i = 0; i < WORKERS; i++)
		pthread_join (workers[i], NULL);
}

/* Each thread sends what it finds in the socket that it was handed, and one more. */
static void *hand (void *s)
{
	for (int i = 0, n; i < 100; i++) {
		CHECK (zmq_recv (s, &n, sizeof n, 0) == sizeof n);
		n++;
		CHECK (zmq_send (s, &n, sizeof n, 0) == sizeof n);
	}
	return NULL;
}

static void moving (void *ctx)
{
	void *a = socket_of (ctx, ZMQ_PAIR), *b = socket_of (ctx, ZMQ_PAIR);
	char at[256];
	int n = 0;
	CHECK (zmq_connect (b, bound (a, at)) == 0);
	for (int i = 0; i < 20; i++) {
		pthread_t thread;
		pthread_create (&thread, NULL, hand, b);
		for (int j = 0; j < 100; j++) {
			CHECK (zmq_send (a, &n, sizeof n, 0) == sizeof n);
			CHECK (zmq_recv (a, &n, sizeof n, 0) == sizeof n);
		}
		pthread_join (thread, NULL);
	}
	CHECK (n == 2000);
	CHECK (zmq_close (a) == 0 && zmq_close (b) == 0);
}

/* Sockets come and go, and with them their connections. */
static void churn (void *ctx)
{
	char at[256];
	void *pull = socket_of (ctx, ZMQ_PULL);
	bound (pull, at);
	for (int i = 0, j; i < 200; i++) {
		void *push = zmq_socket (ctx, ZMQ_PUSH);
		CHECK (zmq_connect (push, at) == 0 && zmq_send (push, &i, sizeof i, 0) == sizeof i);
		CHECK (zmq_close (push) == 0); /* what was sent is delivered */
		CHECK (zmq_recv (pull, &j, sizeof j, 0) == sizeof j && j == i);
	}
	CHECK (zmq_close (pull) == 0);
}

static void *until_end (void *s)
{
	char c;
	FAILS (ETERM, zmq_recv (s, &c, 1, 0));
	CHECK (zmq_close (s) == 0);
	return NULL;
}

/* A context's end waits for its sockets' owners, and whichever is first, for the right thing. */
static void ending (void)
{
	for (int i = 0; i < 300; i++) {
		pthread_t threads[2];
		void *ctx = zmq_ctx_new ();
		for (int j = 0; j < 2; j++)
			pthread_create (&threads[j], NULL, until_end, zmq_socket (ctx, ZMQ_PULL));
		CHECK (zmq_ctx_term (ctx) == 0);
		for (int j = 0; j < 2; j++)
			pthread_join (threads[j], NULL);
	}
}

int main (void)
{
	void *ctx = zmq_ctx_new (), *s = socket_of (ctx, ZMQ_PULL);
	CHECK (zmq_bind (s, "tcp://127.0.0.1:*") == 0);
	CHECK (zmq_close (s) == 0 && zmq_ctx_term (ctx) == 0);
	int before = descriptors ();
	for (int i = 0; i < ROUNDS; i++)
		service ();
	ending ();
	ctx = zmq_ctx_new ();
	moving (ctx);
	churn (ctx);
	CHECK (zmq_ctx_term (ctx) == 0);
	CHECK (descriptors () <= before);
	return 0;
}
