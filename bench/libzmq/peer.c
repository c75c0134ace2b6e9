/* The libzmq side of the benchmark: the roles of ../role.go over zmq.h, with
   default options.

   usage: peer ROLE key=value...        peer version

   stdout: the endpoint if the role binds, then one line of JSON.
   stdin:  its end is the order to exit. The listener answers each line.
   environ: BENCH_CURVE_SECRET, the secret key of who binds.

   cc -O2 -o peer peer.c -lzmq -lpthread */

#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

/* What the role is told. */
static struct {
    char endpoint[256];
    char pattern[16];
    char public[41], secret[41]; /* CURVE: the keys of who binds, in Z85 */
    size_t size;
    long warm_ms, warm_messages, run_ms, limit_ms;
} set;

static void *context;

static void die (const char *what)
{
    fprintf (stderr, "%s: %s\n", what, zmq_strerror (zmq_errno ()));
    exit (1);
}

/* --- clock, histogram: window.go and histogram.go in C ----------------- */

static long long now_ns (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static double cpu_seconds (void)
{
    struct rusage u;
    getrusage (RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec
           + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

enum
{
    BUCKET_BITS = 7,
    BUCKETS = (40 - BUCKET_BITS + 1) << BUCKET_BITS
};
static long long buckets[BUCKETS], bucket_total;

static int bucket_of (unsigned long long ns)
{
    int length = ns ? 64 - __builtin_clzll (ns) : 0;
    int shift = length > BUCKET_BITS + 1 ? length - (BUCKET_BITS + 1) : 0;
    int i = (shift << BUCKET_BITS) + (int) (ns >> shift);
    return i < BUCKETS ? i : BUCKETS - 1;
}

static double bucket_middle (int i)
{
    int shift = (i >> BUCKET_BITS) > 1 ? (i >> BUCKET_BITS) - 1 : 0;
    unsigned long long low =
      (unsigned long long) (i - (shift << BUCKET_BITS)) << shift;
    return low + ((1ULL << shift) - 1) / 2.0;
}

static double percentile (long long p)
{
    long long rank = (p * bucket_total + 99) / 100, seen = 0;
    for (int i = 0; i < BUCKETS; i++)
        if ((seen += buckets[i]) >= (rank > 0 ? rank : 1))
            return bucket_middle (i);
    return 0;
}

/* --- messages: as in the manual's performance programs ------------------ */

static void send_one (void *socket)
{
    static char body[1 << 21]; /* the caller's buffer, which stays its own */
    zmq_msg_t m;
    if (zmq_msg_init_size (&m, set.size))
        die ("zmq_msg_init_size");
    memcpy (zmq_msg_data (&m), body, set.size);
    if (zmq_msg_send (&m, socket, 0) < 0)
        die ("zmq_msg_send");
}

static void send_burst (void *socket, long n)
{
    while (n-- > 0)
        send_one (socket);
}

static void recv_burst (void *socket, long n)
{
    zmq_msg_t m;
    zmq_msg_init (&m);
    while (n-- > 0) {
        if (zmq_msg_recv (&m, socket, 0) < 0)
            die ("zmq_msg_recv");
        if (zmq_msg_size (&m) != set.size) {
            fprintf (stderr, "a message of %zu bytes came, not of %zu\n",
                     zmq_msg_size (&m), set.size);
            exit (1);
        }
    }
    zmq_msg_close (&m);
}

static void turn (void *socket)
{
    send_one (socket);
    recv_burst (socket, 1);
}

static void echo (void *socket)
{
    zmq_msg_t m;
    zmq_msg_init (&m);
    for (;;) {
        if (zmq_msg_recv (&m, socket, 0) < 0)
            die ("zmq_msg_recv");
        if (zmq_msg_send (&m, socket, 0) < 0)
            die ("zmq_msg_send");
    }
}

/* --- windows ------------------------------------------------------------- */

/* The most that was ever resident (proc(5): VmHWM); 0 where that is unknown. */
static long long peak_bytes (void)
{
    char line[256];
    long long kib = 0;
    FILE *f = fopen ("/proc/self/status", "r");
    while (f && fgets (line, sizeof line, f))
        if (sscanf (line, "VmHWM: %lld", &kib) == 1)
            break;
    if (f)
        fclose (f);
    return kib * 1024;
}

static void report (long long messages, double seconds, double cpu)
{
    printf ("{\"messages\":%lld,\"seconds\":%.9f,\"cpu\":%.6f,"
            "\"p50\":%.1f,\"p99\":%.1f,\"peak\":%lld}\n",
            messages, seconds, cpu, percentile (50), percentile (99),
            peak_bytes ());
    fflush (stdout);
}

static long burst_size (void)
{
    long n = 65536 / (long) (set.size ? set.size : 1);
    return n < 1 ? 1 : n > 1024 ? 1024 : n;
}

typedef void burst_fn (void *socket, long n);

static long long pump (burst_fn *burst, void *socket, long ms, long least)
{
    long long messages = 0, end = now_ns () + ms * 1000000LL;
    for (long n = burst_size (); now_ns () < end || messages < least;
         messages += n)
        burst (socket, n);
    return messages;
}

static void stream (burst_fn *burst, void *socket)
{
    burst (socket, 1);
    pump (burst, socket, set.warm_ms, set.warm_messages);
    double cpu = cpu_seconds ();
    long long start = now_ns ();
    long long messages = pump (burst, socket, set.run_ms, 0);
    double seconds = (now_ns () - start) / 1e9;
    report (messages, seconds, cpu_seconds () - cpu);
    for (;;)
        burst (socket, burst_size ());
}

typedef void turn_fn (void *socket);

static void time_turns (turn_fn *turn, void *socket, long ms)
{
    memset (buckets, 0, sizeof buckets);
    bucket_total = 0;
    long long last = now_ns (), end = last + ms * 1000000LL;
    while (last < end) {
        turn (socket);
        long long now = now_ns ();
        buckets[bucket_of (now - last)]++;
        bucket_total++;
        last = now;
    }
}

static void round_trips (turn_fn *turn, void *socket)
{
    turn (socket);
    time_turns (turn, socket, set.warm_ms);
    double cpu = cpu_seconds ();
    long long start = now_ns ();
    time_turns (turn, socket, set.run_ms);
    report (bucket_total, (now_ns () - start) / 1e9, cpu_seconds () - cpu);
    for (;;)
        pause ();
}

/* --- sockets ------------------------------------------------------------- */

static void set_option (void *s, int option, const void *value, size_t size)
{
    if (zmq_setsockopt (s, option, value, size))
        die ("CURVE, which this libzmq may have been built without");
}

/* Who binds is the server, and lets everybody in: there is no ZAP handler. */
static void secure_server (void *s)
{
    int yes = 1;
    if (!set.public[0])
        return;
    set_option (s, ZMQ_CURVE_SERVER, &yes, sizeof yes);
    set_option (s, ZMQ_CURVE_SECRETKEY, set.secret, 41);
}

/* Who connects has one pair of keys for all its sockets. */
static void secure_client (void *s)
{
    static char public[41], secret[41];
    if (!set.public[0])
        return;
    if (!public[0] && zmq_curve_keypair (public, secret))
        die ("zmq_curve_keypair");
    set_option (s, ZMQ_CURVE_SERVERKEY, set.public, 41);
    set_option (s, ZMQ_CURVE_PUBLICKEY, public, 41);
    set_option (s, ZMQ_CURVE_SECRETKEY, secret, 41);
}

static void *bind_new (int type, const char *endpoint)
{
    void *s = zmq_socket (context, type);
    secure_server (s);
    if (!s || zmq_bind (s, endpoint))
        die (endpoint);
    return s;
}

static void *connect_new (int type, const char *endpoint)
{
    void *s = zmq_socket (context, type);
    secure_client (s);
    if (!s || zmq_connect (s, endpoint))
        die (endpoint);
    return s;
}

static void *bind_and_announce (int type)
{
    void *s = bind_new (type, set.endpoint);
    char bound[256];
    size_t length = sizeof bound;
    if (zmq_getsockopt (s, ZMQ_LAST_ENDPOINT, bound, &length))
        die ("ZMQ_LAST_ENDPOINT");
    printf ("%s\n", bound);
    fflush (stdout);
    return s;
}

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
    echo (connect_new (*(int *) arg, INPROC));
    return arg;
}

static void start_thread (void *(*f) (void *), void *arg)
{
    pthread_t t;
    if (pthread_create (&t, NULL, f, arg)) {
        fprintf (stderr, "no thread\n");
        exit (1);
    }
}

static void inproc_stream (void)
{
    void *s = bind_new (ZMQ_PULL, INPROC);
    start_thread (inproc_pusher, NULL);
    stream (recv_burst, s);
}

static void inproc_round_trip (void)
{
    static int other;
    int reqrep = !strcmp (set.pattern, "reqrep");
    void *s = bind_new (reqrep ? ZMQ_REQ : ZMQ_PAIR, INPROC);
    other = reqrep ? ZMQ_REP : ZMQ_PAIR;
    start_thread (inproc_echo, &other);
    round_trips (turn, s);
}

/* --- handshakes ------------------------------------------------------------ */

/* A new socket connects, asks, waits for the answer and closes. */
static void visit (void *unused)
{
    void *s = connect_new (ZMQ_REQ, set.endpoint);
    turn (s);
    if (zmq_close (s))
        die ("zmq_close");
    (void) unused;
}

/* Answers to visitors after the first one, and what they cost; both under
   greeted_lock. */
static pthread_mutex_t greeted_lock = PTHREAD_MUTEX_INITIALIZER;
static long long greeted = -1;
static double greeted_cpu;

static void *answer_visitors (void *s)
{
    zmq_msg_t m;
    zmq_msg_init (&m);
    for (;;) {
        if (zmq_msg_recv (&m, s, 0) < 0)
            die ("zmq_msg_recv");
        if (zmq_msg_send (&m, s, 0) < 0)
            die ("zmq_msg_send");
        pthread_mutex_lock (&greeted_lock);
        if (greeted++ < 0)
            greeted_cpu = cpu_seconds ();
        pthread_mutex_unlock (&greeted_lock);
    }
    return s;
}

static void greet (void)
{
    char line[16];
    start_thread (answer_visitors, bind_and_announce (ZMQ_REP));
    while (fgets (line, sizeof line, stdin)) {
        pthread_mutex_lock (&greeted_lock);
        long long n = greeted;
        double cpu = cpu_seconds () - greeted_cpu;
        pthread_mutex_unlock (&greeted_lock);
        if (n < 0) {
            fprintf (stderr, "nobody has come\n");
            exit (1);
        }
        report (n, 0, cpu);
    }
}

/* --- the idle listener ----------------------------------------------------- */

static long long resident_bytes (void)
{
    long long size, resident;
    FILE *f = fopen ("/proc/self/statm", "r");
    if (!f || fscanf (f, "%lld %lld", &size, &resident) != 2) {
        fprintf (stderr, "S8 reads memory from Linux's /proc\n");
        exit (1);
    }
    fclose (f);
    return resident * sysconf (_SC_PAGESIZE);
}

static void listen_idle (void)
{
    /* a descriptor for each of the benchmark's connections */
    struct rlimit files;
    getrlimit (RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit (RLIMIT_NOFILE, &files);

    void *s = bind_and_announce (ZMQ_PULL);
    char line[16];
    while (fgets (line, sizeof line, stdin)) {
        int events;
        size_t length = sizeof events;
        /* lets the socket take in the connections it was told of, or their
           announcements would be counted as memory of connections */
        if (zmq_getsockopt (s, ZMQ_EVENTS, &events, &length))
            die ("ZMQ_EVENTS");
        malloc_trim (0); /* the equal of the other side's forced collection */
        printf ("{\"rss\":%lld}\n", resident_bytes ());
        fflush (stdout);
    }
}

/* --- main ------------------------------------------------------------------ */

static void *exit_with_stdin (void *arg)
{
    char b[64];
    while (read (0, b, sizeof b) > 0)
        ;
    _exit (0);
    return arg;
}

static int number (const char *arg, const char *key, long *value)
{
    size_t n = strlen (key);
    if (strncmp (arg, key, n) || arg[n] != '=')
        return 0;
    *value = atol (arg + n + 1);
    return 1;
}

static void parse (int argc, char **argv)
{
    const char *secret = getenv ("BENCH_CURVE_SECRET");
    snprintf (set.secret, sizeof set.secret, "%s", secret ? secret : "");
    for (int i = 2; i < argc; i++) {
        long n;
        if (!strncmp (argv[i], "endpoint=", 9))
            snprintf (set.endpoint, sizeof set.endpoint, "%s", argv[i] + 9);
        else if (!strncmp (argv[i], "pattern=", 8))
            snprintf (set.pattern, sizeof set.pattern, "%s", argv[i] + 8);
        else if (!strncmp (argv[i], "public=", 7))
            snprintf (set.public, sizeof set.public, "%s", argv[i] + 7);
        else if (number (argv[i], "size", &n) && n >= 0 && n <= 1 << 21)
            set.size = n;
        else if (!number (argv[i], "warm_ms", &set.warm_ms)
                 && !number (argv[i], "warm_messages", &set.warm_messages)
                 && !number (argv[i], "run_ms", &set.run_ms)
                 && !number (argv[i], "limit_ms", &set.limit_ms)) {
            fprintf (stderr, "setting %s: none of this side's\n", argv[i]);
            exit (2);
        }
    }
}

static int play (const char *role)
{
    if (!strcmp (role, "push"))
        stream (send_burst, connect_new (ZMQ_PUSH, set.endpoint));
    else if (!strcmp (role, "pull"))
        stream (recv_burst, bind_and_announce (ZMQ_PULL));
    else if (!strcmp (role, "req"))
        round_trips (turn, connect_new (ZMQ_REQ, set.endpoint));
    else if (!strcmp (role, "rep"))
        echo (bind_and_announce (ZMQ_REP));
    else if (!strcmp (role, "inproc-stream"))
        inproc_stream ();
    else if (!strcmp (role, "inproc-roundtrip"))
        inproc_round_trip ();
    else if (!strcmp (role, "visit"))
        round_trips (visit, NULL);
    else if (!strcmp (role, "greet"))
        greet ();
    else if (!strcmp (role, "listen"))
        listen_idle ();
    else {
        fprintf (stderr, "%s: no such role\n", role);
        return 2;
    }
    return 0;
}

int main (int argc, char **argv)
{
    int major, minor, patch;
    if (argc < 2)
        return 2;
    if (!strcmp (argv[1], "version")) {
        zmq_version (&major, &minor, &patch);
        printf ("%d.%d.%d\n", major, minor, patch);
        return 0;
    }
    parse (argc, argv);
    if (set.limit_ms > 0)
        alarm ((set.limit_ms + 999) / 1000); /* SIGALRM ends the process */
    context = zmq_ctx_new ();
    if (strcmp (argv[1], "listen") && strcmp (argv[1], "greet"))
        start_thread (exit_with_stdin, NULL);
    return play (argv[1]);
}
