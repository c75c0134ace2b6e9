#include "peer.h"
#include <malloc.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>

/* --- clock, histogram: window.go and histogram.go in C ----------------- */

long long now_ns (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

double cpu_seconds (void)
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

static long long turns; /* round trips in all */

void report (long long messages, double seconds, double cpu)
{
    pthread_mutex_lock (&told.lock);
    printf ("{\"messages\":%lld,\"seconds\":%.9f,\"cpu\":%.6f,"
            "\"p50\":%.1f,\"p99\":%.1f,\"peak\":%lld,\"turns\":%lld,"
            "\"accepted\":%lld,\"handshakes\":%lld,\"disconnects\":%lld}\n",
            messages, seconds, cpu, percentile (50), percentile (99),
            peak_bytes (), turns, told.accepted, told.handshakes,
            told.disconnects);
    pthread_mutex_unlock (&told.lock);
    fflush (stdout);
}

long burst_size (void)
{
    long n = 65536 / (long) (set.size ? set.size : 1);
    return n < 1 ? 1 : n > 1024 ? 1024 : n;
}

long long pump (burst_fn *burst, void *socket, long ms, long least)
{
    long long messages = 0, end = now_ns () + ms * 1000000LL;
    for (long n = burst_size (); now_ns () < end || messages < least;
         messages += n)
        burst (socket, n);
    return messages;
}

void stream (burst_fn *burst, void *socket)
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
        turns++;
        last = now;
    }
}

void round_trips (turn_fn *turn, void *socket)
{
    turn (socket);
    turns++;
    time_turns (turn, socket, set.warm_ms);
    double cpu = cpu_seconds ();
    long long start = now_ns ();
    time_turns (turn, socket, set.run_ms);
    report (bucket_total, (now_ns () - start) / 1e9, cpu_seconds () - cpu);
    for (;;)
        pause ();
}

/* --- the gauge: gauge.go in C ---------------------------------------------- */

/* One thread's count, alone in its cache line. */
struct tally {
    _Alignas (64) _Atomic long long n;
};
static struct tally *tallies;
static long tally_count, unheard; /* unheard: not seen by the reader yet */
static sem_t present;             /* posted once by each that has begun */
static long long gauge_origin;

void gauge_open (long n)
{
    gauge_origin = now_ns ();
    tally_count = unheard = n;
    tallies = aligned_alloc (64, n * sizeof *tallies);
    if (!tallies || sem_init (&present, 0, 0))
        die ("the gauge");
    memset (tallies, 0, n * sizeof *tallies);
}

void gauge_serve (long i, long each, burst_fn *step, void *socket)
{
    step (socket, 1);
    tallies[i].n = 1;
    sem_post (&present);
    for (long long n = 1;;) {
        step (socket, each);
        n += each; /* the only writer: a plain store will do */
        atomic_store_explicit (&tallies[i].n, n, memory_order_relaxed);
    }
}

/* Reports, for each line on stdin, everything since the start. */
void gauge_answer (void)
{
    char line[16];
    while (fgets (line, sizeof line, stdin)) {
        for (; unheard > 0; unheard--)
            while (sem_wait (&present))
                ; /* EINTR */
        long long sum = 0;
        for (long i = 0; i < tally_count; i++)
            sum += tallies[i].n;
        report (sum, (now_ns () - gauge_origin) / 1e9, cpu_seconds ());
    }
}

/* --- memory ---------------------------------------------------------------- */

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

/* The resident set, without what is free: malloc_trim is the equal of the other
   side's forced collection. */
void report_resident (void)
{
    malloc_trim (0);
    printf ("{\"rss\":%lld,\"peak\":%lld}\n", resident_bytes (),
            peak_bytes ());
    fflush (stdout);
}
