#include "peer.h"

/* --- inproc: the other end in a thread of its own ------------------------- */

#define INPROC "inproc://bench"

static void *inproc_pusher (void *arg)
{
    void *s = connect_new (ZMQ_PUSH, INPROC);
    for (;;)
        send_burst (s, burst_size ());
    return arg;
}

static void *inproc_echo (void *arg)
{
    void *s = connect_new (*(int *) arg, INPROC);
    for (;;)
        answer (s);
    return arg;
}

void inproc_stream (void)
{
    void *s = bind_new (ZMQ_PULL, INPROC);
    start_thread (inproc_pusher, NULL);
    stream (recv_burst, s);
}

void inproc_round_trip (void)
{
    static int other;
    int reqrep = !strcmp (set.pattern, "reqrep");
    void *s = bind_new (reqrep ? ZMQ_REQ : ZMQ_PAIR, INPROC);
    other = reqrep ? ZMQ_REP : ZMQ_PAIR;
    start_thread (inproc_echo, &other);
    round_trips (turn, s);
}

static void *inproc_router (void *arg)
{
    void *s = connect_new (ZMQ_ROUTER, INPROC);
    for (;;)
        router_turn (s, 1);
    return arg;
}

static void *inproc_dealer (void *s)
{
    send_burst (s, set.flight);
    gauge_serve (0, 1, dealer_turn, s);
    return s;
}

void inproc_exchange (void)
{
    void *s = bind_new (ZMQ_DEALER, INPROC);
    gauge_open (1);
    start_thread (inproc_router, NULL);
    start_thread (inproc_dealer, s);
    gauge_answer ();
}

/* --- whole connections ------------------------------------------------------ */

/* A new socket connects, asks, waits for the answer and closes. */
void visit (void *unused)
{
    void *s = connect_new (ZMQ_REQ, set.endpoint);
    turn (s);
    if (zmq_close (s))
        die ("zmq_close");
    (void) unused;
}

/* --- rep -------------------------------------------------------------------- */

struct witness told = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A monitor's event is two frames: the kind and its value, then the address. */
static void *read_monitor (void *s)
{
    for (;;) {
        zmq_msg_t m;
        unsigned short kind;
        zmq_msg_init (&m);
        if (zmq_msg_recv (&m, s, 0) < 0)
            die ("the monitor");
        memcpy (&kind, zmq_msg_data (&m), sizeof kind);
        while (zmq_msg_more (&m))
            if (zmq_msg_recv (&m, s, 0) < 0)
                die ("the monitor");
        zmq_msg_close (&m);
        pthread_mutex_lock (&told.lock);
        told.accepted += kind == ZMQ_EVENT_ACCEPTED;
        told.handshakes += kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
        told.disconnects += kind == ZMQ_EVENT_DISCONNECTED;
        pthread_mutex_unlock (&told.lock);
    }
    return s;
}

#define MONITOR "inproc://monitor"

static void watch (void *s)
{
    int kinds = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED
                | ZMQ_EVENT_DISCONNECTED;
    if (zmq_socket_monitor (s, MONITOR, kinds))
        die ("zmq_socket_monitor");
    start_thread (read_monitor, connect_new (ZMQ_PAIR, MONITOR));
}

static void rep_turn (void *s, long n)
{
    while (n-- > 0)
        answer (s);
}

static void *serve_rep (void *s)
{
    gauge_serve (0, 1, rep_turn, s);
    return s;
}

void rep (void)
{
    gauge_open (1);
    void *s = bind_new (ZMQ_REP, set.endpoint);
    if (set.watch)
        watch (s);
    announce (s);
    start_thread (serve_rep, s);
    gauge_answer ();
}
