#include "glass_bridge.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define EVENT_LOST (1u << 28) /* the number of glass's event "lost" */
#define MAX_FRAMES 8          /* libzmq's monitor sends two */

struct bridge {
    void *events;  /* the PAIR on which libzmq tells what happens, in the program's context */
    void *context; /* of the next one alone, so that the program's can end without it */
    void *out;     /* the DEALER to the agent */
    uint64_t lost; /* events that were dropped since the agent was last told */
};

/* forward sends frames, or drops all of them, and closes them. Once the first one is taken, libzmq takes the others. */
static int forward (struct bridge *b, zmq_msg_t *frames, int n)
{
    int sent = 1;
    for (int i = 0; i < n; i++) {
        if (sent && zmq_msg_send (&frames[i], b->out, ZMQ_DONTWAIT | (i < n - 1 ? ZMQ_SNDMORE : 0)) < 0)
            sent = 0;
        if (!sent)
            zmq_msg_close (&frames[i]);
    }
    return sent;
}

/* say sends an event of our own: frames of so many bytes each, one behind the other in data, and then empty ones. */
static int say (struct bridge *b, const void *data, size_t size, int filled, int n)
{
    zmq_msg_t frames[MAX_FRAMES];
    for (int i = 0; i < n; i++) {
        if (zmq_msg_init_size (&frames[i], i < filled ? size : 0) != 0) {
            while (i-- > 0)
                zmq_msg_close (&frames[i]);
            return 0; /* no memory: later, perhaps */
        }
        if (i < filled)
            memcpy (zmq_msg_data (&frames[i]), (const char *) data + i * size, size);
    }
    return forward (b, frames, n);
}

/* tell_lost is in the form of zmq_socket_monitor_versioned(3): number, how many values, the value, two addresses. */
static void tell_lost (struct bridge *b)
{
    const uint64_t numbers[3] = { EVENT_LOST, 1, b->lost };
    if (b->lost > 0 && say (b, numbers, sizeof numbers[0], 3, 5))
        b->lost = 0;
}

/* tell_stopped is in the form of zmq_socket_monitor(3), number and value, then an address: when the whole context was closed, libzmq
 * gives away nothing more, and we say the last word. */
static void tell_stopped (struct bridge *b)
{
    const uint16_t number = ZMQ_EVENT_MONITOR_STOPPED;
    unsigned char head[6] = { 0 };
    memcpy (head, &number, sizeof number);
    say (b, head, sizeof head, 1, 2);
}

/* next receives one event; 0 at the end of the socket's context. What has more frames than any event is cut. */
static int next (struct bridge *b, zmq_msg_t *frames)
{
    int n = 0, more = 1;
    while (more) {
        zmq_msg_t spare, *frame = n < MAX_FRAMES ? &frames[n] : &spare;
        int rc;
        zmq_msg_init (frame);
        do
            rc = zmq_msg_recv (frame, b->events, 0);
        while (rc < 0 && errno == EINTR);
        more = rc >= 0 && zmq_msg_more (frame);
        if (rc >= 0 && frame != &spare)
            n++;
        else
            zmq_msg_close (frame);
        if (rc < 0) {
            while (n > 0)
                zmq_msg_close (&frames[--n]);
        }
    }
    return n;
}

/* settle tells what was lost as soon as there is room, if no event comes before. */
static void settle (struct bridge *b)
{
    zmq_pollitem_t event = { b->events, 0, ZMQ_POLLIN, 0 };
    while (b->lost > 0 && zmq_poll (&event, 1, 100) == 0)
        tell_lost (b);
}

static void *run (void *arg)
{
    struct bridge *b = arg;
    zmq_msg_t frames[MAX_FRAMES];
    uint16_t event = 0;
    int n;
    while (event != ZMQ_EVENT_MONITOR_STOPPED && (settle (b), n = next (b, frames)) > 0) {
        if (zmq_msg_size (&frames[0]) >= sizeof event)
            memcpy (&event, zmq_msg_data (&frames[0]), sizeof event);
        tell_lost (b);
        if (!forward (b, frames, n))
            b->lost++;
    }
    if (event != ZMQ_EVENT_MONITOR_STOPPED)
        tell_stopped (b);
    zmq_close (b->events);
    zmq_close (b->out);
    zmq_ctx_term (b->context);
    free (b);
    return NULL;
}

/* escape writes 30 bytes of a name as in an address of the web. */
static const char *escape (char *to, const char *name)
{
    char *at = to;
    for (int i = 0; name && name[i] && i < 30; i++)
        at += sprintf (at, "%%%02X", (unsigned char) name[i]);
    *at = 0;
    return to;
}

/* own writes what nothing else has, in this process or after it: sockets may follow each other at one address. */
static const char *own (char *to, size_t size, void *socket)
{
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    snprintf (to, size, "%lx%lx%lx", (unsigned long) (uintptr_t) socket & 0xffff, (unsigned long) now.tv_sec & 0xffff,
              (unsigned long) now.tv_nsec);
    return to;
}

/* routing_id says who we are: less than 255 bytes. Its end keeps two watchers of one name apart. */
static void routing_id (char *id, size_t size, void *socket, const char *app, const char *name)
{
    static const char *types[] = { "PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB", "STREAM" };
    int type = -1;
    size_t length = sizeof type;
    zmq_getsockopt (socket, ZMQ_TYPE, &type, &length);
    char a[96], s[96], n[32];
    snprintf (id, size, "app=%s;socket=%s;type=%s;pid=%ld;n=%s", escape (a, app), escape (s, name),
              type >= 0 && type < 12 ? types[type] : "", (long) getpid (), own (n, sizeof n, socket));
}

static int set (void *socket, int option, int value) { return zmq_setsockopt (socket, option, &value, sizeof value); }

/* begin opens both ends. */
static int begin (struct bridge *b, void *context, void *socket, const char *app, const char *name, const char *agent)
{
    char here[64], id[256], n[32];
    snprintf (here, sizeof here, "inproc://glass-%s", own (n, sizeof n, socket));
    routing_id (id, sizeof id, socket, app, name);
    if (!(b->events = zmq_socket (context, ZMQ_PAIR)) || !(b->context = zmq_ctx_new ()) || !(b->out = zmq_socket (b->context, ZMQ_DEALER)))
        return -1;
    /* libzmq's thread that does all input and output waits while a monitor is full: with this mark it never is. */
    if (set (b->events, ZMQ_RCVHWM, 0) || set (b->out, ZMQ_SNDHWM, 1000) || set (b->out, ZMQ_LINGER, 500)
        || zmq_setsockopt (b->out, ZMQ_IDENTITY, id, strlen (id)) || zmq_connect (b->out, agent))
        return -1;
    return zmq_socket_monitor (socket, here, ZMQ_EVENT_ALL) || zmq_connect (b->events, here) ? -1 : 0;
}

int glass_watch (void *context, void *socket, const char *app, const char *name, const char *agent)
{
    struct bridge *b = calloc (1, sizeof *b);
    pthread_t thread;
    int code = b ? 0 : ENOMEM;
    if (b && begin (b, context, socket, app, name, agent) != 0)
        code = errno;
    if (code == 0 && (code = pthread_create (&thread, NULL, run, b)) == 0) {
        pthread_detach (thread);
        return 0;
    }
    if (b) {
        zmq_socket_monitor (socket, NULL, 0);
        if (b->events)
            zmq_close (b->events);
        if (b->out)
            zmq_close (b->out);
        if (b->context)
            zmq_ctx_term (b->context);
        free (b);
    }
    errno = code;
    return -1;
}
