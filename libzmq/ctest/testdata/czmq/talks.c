/* CZMQ: sockets, actors, poller, loop, monitor, proxy, authentication. */
#include <czmq.h>

static void sockets (void)
{
	zsock_t *push = zsock_new (ZMQ_PUSH), *pull = zsock_new (ZMQ_PULL);
	int port = zsock_bind (push, "tcp://127.0.0.1:*");
	assert (port > 0 && zsock_connect (pull, "tcp://127.0.0.1:%d", port) == 0);
	zsock_set_rcvtimeo (pull, 20000);
	assert (zstr_sendx (push, "one", "two", "three", NULL) == 0);
	char *a, *b, *c;
	assert (zstr_recvx (pull, &a, &b, &c, NULL) == 3 && streq (a, "one") && streq (c, "three"));
	zstr_free (&a), zstr_free (&b), zstr_free (&c);
	for (int i = 0; i < 10000; i++)
		assert (zsock_send (push, "i4s", i, i * 2, "text") == 0);
	for (int i = 0, m, n; i < 10000; i++) {
		assert (zsock_recv (pull, "i4s", &m, &n, &a) == 0 && m == i && streq (a, "text"));
		zstr_free (&a);
	}
	zmsg_t *msg = zmsg_new ();
	zmsg_addmem (msg, memset (malloc (100000), 'x', 100000), 100000);
	assert (zmsg_send (&msg, push) == 0 && (msg = zmsg_recv (pull)) && zmsg_content_size (msg) == 100000);
	zmsg_destroy (&msg);
	zsock_destroy (&push), zsock_destroy (&pull);
}

static void echo (zsock_t *pipe, void *args)
{
	zsock_signal (pipe, 0);
	for (bool on = true; on;) {
		char *text = zstr_recv (pipe);
		on = text && strneq (text, "$TERM");
		if (on)
			zstr_send (pipe, text);
		zstr_free (&text);
	}
}

static void actors (void)
{
	zactor_t *all[50];
	for (int i = 0; i < 50; i++)
		assert ((all[i] = zactor_new (echo, NULL)));
	zpoller_t *poller = zpoller_new (NULL);
	for (int i = 0; i < 50; i++) {
		zpoller_add (poller, all[i]);
		zstr_sendf (all[i], "%d", i);
	}
	for (int i = 0; i < 50; i++) {
		void *which = zpoller_wait (poller, 20000);
		char *text = which ? zstr_recv (which) : NULL;
		assert (text && which == all[atoi (text)]);
		zstr_free (&text);
	}
	zpoller_destroy (&poller);
	for (int i = 0; i < 50; i++)
		zactor_destroy (&all[i]);
}

static void watch (void)
{
	zsock_t *rep = zsock_new (ZMQ_REP), *req = zsock_new (ZMQ_REQ);
	zactor_t *monitor = zactor_new (zmonitor, rep);
	assert (monitor && zstr_sendx (monitor, "LISTEN", "LISTENING", "ACCEPTED", NULL) == 0);
	assert (zstr_send (monitor, "START") == 0 && zsock_wait (monitor) == 0);
	int port = zsock_bind (rep, "tcp://127.0.0.1:*");
	assert (zsock_connect (req, "tcp://127.0.0.1:%d", port) == 0);
	char *event = zstr_recv (monitor);
	assert (streq (event, "LISTENING"));
	zstr_free (&event);
	do {
		event = zstr_recv (monitor);
	} while (event && strneq (event, "ACCEPTED") && (zstr_free (&event), 1));
	assert (event);
	zstr_free (&event);
	zactor_destroy (&monitor);
	zsock_destroy (&req), zsock_destroy (&rep);
}

static void guarded (void)
{
	zactor_t *auth = zactor_new (zauth, NULL);
	assert (auth && zstr_sendx (auth, "CURVE", CURVE_ALLOW_ANY, NULL) == 0 && zsock_wait (auth) == 0);
	zcert_t *ours = zcert_new (), *theirs = zcert_new ();
	zsock_t *push = zsock_new (ZMQ_PUSH), *pull = zsock_new (ZMQ_PULL);
	zsock_set_zap_domain (push, "global");
	zcert_apply (ours, push);
	zsock_set_curve_server (push, 1);
	int port = zsock_bind (push, "tcp://127.0.0.1:*");
	zcert_apply (theirs, pull);
	zsock_set_curve_serverkey (pull, zcert_public_txt (ours));
	zsock_set_rcvtimeo (pull, 20000);
	assert (zsock_connect (pull, "tcp://127.0.0.1:%d", port) == 0 && zstr_send (push, "sealed") == 0);
	char *text = zstr_recv (pull);
	assert (text && streq (text, "sealed"));
	zstr_free (&text);
	zsock_destroy (&push), zsock_destroy (&pull);
	zcert_destroy (&ours), zcert_destroy (&theirs);
	zactor_destroy (&auth);
}

static void between (void)
{
	zactor_t *proxy = zactor_new (zproxy, NULL);
	assert (zstr_sendx (proxy, "FRONTEND", "PULL", "inproc://frontend", NULL) == 0 && zsock_wait (proxy) == 0);
	assert (zstr_sendx (proxy, "BACKEND", "PUSH", "inproc://backend", NULL) == 0 && zsock_wait (proxy) == 0);
	zsock_t *push = zsock_new_push (">inproc://frontend"), *pull = zsock_new_pull (">inproc://backend");
	zsock_set_rcvtimeo (pull, 20000);
	for (int i = 0; i < 100; i++)
		assert (zstr_sendf (push, "%d", i) == 0);
	for (int i = 0; i < 100; i++) {
		char *text = zstr_recv (pull);
		assert (text && atoi (text) == i);
		zstr_free (&text);
	}
	zsock_destroy (&push), zsock_destroy (&pull);
	zactor_destroy (&proxy);
}

static int ticks;

static int tick (zloop_t *loop, int timer, void *arg)
{
	ticks++;
	return zstr_send (arg, "tick");
}

static int heard (zloop_t *loop, zsock_t *reader, void *arg)
{
	char *text = zstr_recv (reader);
	assert (text && streq (text, "tick"));
	zstr_free (&text);
	return ticks == 5 ? -1 : 0;
}

static void loops (void)
{
	zsock_t *a = zsock_new_pair ("@inproc://loop"), *b = zsock_new_pair (">inproc://loop");
	zloop_t *loop = zloop_new ();
	zloop_timer (loop, 10, 5, tick, a);
	zloop_reader (loop, b, heard, NULL);
	zloop_start (loop);
	assert (ticks == 5);
	zloop_destroy (&loop);
	zsock_destroy (&a), zsock_destroy (&b);
}

int main (void)
{
	sockets ();
	actors ();
	watch ();
	guarded ();
	between ();
	loops ();
	zsys_shutdown ();
	return 0;
}
