#include "peer.h"
#include <sys/resource.h>

struct settings set;
void *context;

void die (const char *what)
{
    fprintf (stderr, "%s: %s\n", what, zmq_strerror (zmq_errno ()));
    exit (1);
}

void start_thread (void *(*f) (void *), void *arg)
{
    pthread_t t;
    if (pthread_create (&t, NULL, f, arg)) {
        fprintf (stderr, "no thread\n");
        exit (1);
    }
}

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
        else if (strncmp (argv[i], "as=", 3) /* the crowd's */
                 && !number (argv[i], "warm_ms", &set.warm_ms)
                 && !number (argv[i], "watch", &set.watch)
                 && !number (argv[i], "clients", &set.clients)
                 && !number (argv[i], "flight", &set.flight)
                 && !number (argv[i], "warm_messages", &set.warm_messages)
                 && !number (argv[i], "run_ms", &set.run_ms)
                 && !number (argv[i], "limit_ms", &set.limit_ms)) {
            fprintf (stderr, "setting %s: none of this side's\n", argv[i]);
            exit (2);
        }
    }
}

/* The roles, and whether their stdin is for questions: then its end ends them,
   else a thread waits for it. */
static int play (const char *role)
{
    static const struct {
        const char *name;
        void (*play) (void);
    } asked[] = {
        {"rep", rep},       {"pub", pub},       {"sub", sub},
        {"router", router}, {"dealer", dealer}, {"inproc-exchange", inproc_exchange},
        {"topics", topics}, {"listen", listen_idle},
    };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        if (!strcmp (role, asked[i].name)) {
            asked[i].play ();
            return 0;
        }
    start_thread (exit_with_stdin, NULL);
    if (!strcmp (role, "push"))
        stream (send_burst, connect_new (ZMQ_PUSH, set.endpoint));
    else if (!strcmp (role, "pull"))
        stream (recv_burst, bind_and_announce (ZMQ_PULL));
    else if (!strcmp (role, "req"))
        round_trips (turn, connect_new (ZMQ_REQ, set.endpoint));
    else if (!strcmp (role, "visit"))
        round_trips (visit, NULL);
    else if (!strcmp (role, "inproc-stream"))
        inproc_stream ();
    else if (!strcmp (role, "inproc-roundtrip"))
        inproc_round_trip ();
    fprintf (stderr, "%s: no such role\n", role);
    return 2;
}

/* A descriptor for each connection of a crowd. */
static void raise_limits (void)
{
    struct rlimit files;
    getrlimit (RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit (RLIMIT_NOFILE, &files);
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
    raise_limits ();
    context = zmq_ctx_new ();
    return play (argv[1]);
}
