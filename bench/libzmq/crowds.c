#include "peer.h"

/* How many messages pass between two looks at a tally: see fanBurst in Go. */
#define FAN_BURST 16

/* --- pub, and many subs with a thread each ---------------------------------- */

static void *serve_pub (void *s)
{
    gauge_serve (0, FAN_BURST, send_burst, s);
    return s;
}

void pub (void)
{
    int wait = !strcmp (set.pattern, "wait"); /* for subscribers that are full */
    void *s = bind_new (ZMQ_PUB, set.endpoint);
    if (zmq_setsockopt (s, ZMQ_XPUB_NODROP, &wait, sizeof wait))
        die ("ZMQ_XPUB_NODROP");
    announce (s);
    gauge_open (1);
    start_thread (serve_pub, s);
    gauge_answer ();
}

/* One of several sockets, and its place in the gauge. */
struct one {
    void *socket;
    long place;
};

static void *serve_sub (void *arg)
{
    struct one *o = arg;
    gauge_serve (o->place, FAN_BURST, recv_burst, o->socket);
    return arg;
}

static void each_client (int type, void *(*serve) (void *))
{
    struct one *all = calloc (set.clients, sizeof *all);
    gauge_open (set.clients);
    for (long i = 0; i < set.clients; i++) {
        all[i].place = i;
        all[i].socket = connect_new (type, set.endpoint);
        start_thread (serve, &all[i]);
    }
    gauge_answer ();
}

void sub (void)
{
    each_client (ZMQ_SUB, serve_sub);
}

/* --- router, and many dealers with a thread each ---------------------------- */

void router_turn (void *s, long n)
{
    while (n-- > 0)
        answer (s);
}

static void *serve_router (void *s)
{
    gauge_serve (0, 1, router_turn, s);
    return s;
}

void router (void)
{
    gauge_open (1);
    start_thread (serve_router, bind_and_announce (ZMQ_ROUTER));
    gauge_answer ();
}

/* Takes an answer and asks again. */
void dealer_turn (void *s, long n)
{
    while (n-- > 0) {
        recv_burst (s, 1);
        send_one (s);
    }
}

static void *serve_dealer (void *arg)
{
    struct one *o = arg;
    send_burst (o->socket, set.flight);
    gauge_serve (o->place, 1, dealer_turn, o->socket);
    return arg;
}

void dealer (void)
{
    each_client (ZMQ_DEALER, serve_dealer);
}

/* --- the idle listener ------------------------------------------------------ */

/* Lets the socket take in what it was told of: connections, or their
   announcements would be counted as memory of connections. */
static void take_in (void *s)
{
    int events;
    size_t length = sizeof events;
    if (zmq_getsockopt (s, ZMQ_EVENTS, &events, &length))
        die ("ZMQ_EVENTS");
}

void listen_idle (void)
{
    void *s = bind_and_announce (ZMQ_PULL);
    char line[16];
    while (fgets (line, sizeof line, stdin)) {
        take_in (s);
        report_resident ();
    }
}

/* --- topics: topics.go in C -------------------------------------------------- */

#define RING 65536
#define TOPIC 12 /* md.9e3779b1! */
static char ring[RING][TOPIC + 1];

static void fill_ring (void)
{
    for (unsigned i = 0; i < RING; i++) {
        unsigned prefix = i * 2246822519u % (unsigned) set.clients;
        snprintf (ring[i], sizeof ring[i], "md.%08x!", prefix * 2654435761u);
    }
}

static void send_topics (void *s, long n)
{
    static unsigned next;
    while (n-- > 0)
        if (zmq_send (s, ring[next++ % RING], TOPIC, 0) < 0)
            die ("zmq_send");
}

/* Waits a millisecond for a question. */
static int questioned (void)
{
    zmq_pollitem_t in = {.fd = 0, .events = ZMQ_POLLIN};
    return zmq_poll (&in, 1, 1) > 0;
}

/* The end of stdin ends the process. */
static void read_question (void)
{
    char line[16];
    if (!fgets (line, sizeof line, stdin))
        exit (0);
}

void topics (void)
{
    fill_ring ();
    void *s = bind_and_announce (ZMQ_PUB);
    for (int questions = 0; questions < 2;) {
        if (!questioned ()) {
            if (zmq_send (s, "sync", 4, 0) < 0)
                die ("zmq_send");
            continue;
        }
        read_question ();
        questions++;
        report_resident ();
    }
    read_question ();
    pump (send_topics, s, set.warm_ms, RING);
    double cpu = cpu_seconds ();
    long long start = now_ns ();
    long long messages = pump (send_topics, s, set.run_ms, 0);
    double seconds = (now_ns () - start) / 1e9;
    report (messages, seconds, cpu_seconds () - cpu);
    read_question ();
}
