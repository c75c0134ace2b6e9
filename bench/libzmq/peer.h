/* The libzmq side of the benchmark: the roles of ../role.go over zmq.h, with
   default options.

   usage: peer ROLE key=value...        peer version

   stdout: the endpoint if the role binds, then one line of JSON.
   stdin:  its end is the order to exit. Roles that are asked answer each line.
   environ: BENCH_CURVE_SECRET, the secret key of who binds.

   cc -O2 -o peer *.c -lzmq -lpthread

   window.c    clock, histogram, what is measured and how it is reported
   socket.c    messages and sockets, as in the manual's performance programs
   pairs.c     roles of one and one: push, pull, req, rep, visit, inproc
   crowds.c    roles of many: pub, sub, dealer, router, listen, topics
   main.c      settings, and which role it is */

#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

/* What the role is told. */
struct settings {
    char endpoint[256];
    char pattern[16];
    char public[41], secret[41]; /* CURVE: the keys of who binds, in Z85 */
    size_t size;
    long watch, clients, flight;
    long warm_ms, warm_messages, run_ms, limit_ms;
};
extern struct settings set;
extern void *context;

void die (const char *what);
void start_thread (void *(*f) (void *), void *arg);

/* window.c */
typedef void burst_fn (void *socket, long n);
typedef void turn_fn (void *socket);
long burst_size (void);
void stream (burst_fn *burst, void *socket);
void round_trips (turn_fn *turn, void *socket);
long long pump (burst_fn *burst, void *socket, long ms, long least);
long long now_ns (void);
double cpu_seconds (void);
void report (long long messages, double seconds, double cpu);
void report_resident (void);
void gauge_open (long n);
void gauge_serve (long i, long each, burst_fn *step, void *socket);
void gauge_answer (void);

/* What the monitor of a rep told; under its lock. */
struct witness {
    pthread_mutex_t lock;
    long long accepted, handshakes, disconnects;
};
extern struct witness told;

/* socket.c */
void send_one (void *socket);
void send_burst (void *socket, long n);
void recv_burst (void *socket, long n);
void turn (void *socket);
void answer (void *socket);
void *bind_new (int type, const char *endpoint);
void *connect_new (int type, const char *endpoint);
void announce (void *socket);
void *bind_and_announce (int type);

/* pairs.c, crowds.c */
void rep (void);
void visit (void *unused);
void inproc_stream (void);
void inproc_round_trip (void);
void inproc_exchange (void);
void pub (void);
void sub (void);
void dealer (void);
void router (void);
void router_turn (void *socket, long n);
void dealer_turn (void *socket, long n);
void listen_idle (void);
void topics (void);
