/* Stopwatches, sleep and threads. */
#include "face.h"

#include <signal.h>
#include <time.h>

static uint64_t microseconds (void)
{
	struct timespec t;
	clock_gettime (CLOCK_MONOTONIC, &t);
	return t.tv_sec * UINT64_C (1000000) + t.tv_nsec / 1000;
}

API void *zmq_stopwatch_start (void)
{
	uint64_t *began = malloc (sizeof *began);
	if (began)
		*began = microseconds ();
	return began;
}

API unsigned long zmq_stopwatch_intermediate (void *watch) { return microseconds () - *(uint64_t *) watch; }

API unsigned long zmq_stopwatch_stop (void *watch)
{
	unsigned long passed = zmq_stopwatch_intermediate (watch);
	free (watch);
	return passed;
}

API void zmq_sleep (int seconds)
{
	struct timespec t = {seconds, 0};
	nanosleep (&t, NULL);
}

struct thread
{
	zmq_thread_fn *func;
	void *arg;
	pthread_t id;
};

static void *run (void *arg)
{
	struct thread *t = arg;
	t->func (t->arg);
	return NULL;
}

API void *zmq_threadstart (zmq_thread_fn *func, void *arg)
{
	struct thread *t = malloc (sizeof *t);
	if (!t)
		return fail (ENOMEM), NULL;
	*t = (struct thread){.func = func, .arg = arg};
	sigset_t all, before; /* signals are for the threads that the host has made itself */
	sigfillset (&all);
	pthread_sigmask (SIG_SETMASK, &all, &before);
	int why = pthread_create (&t->id, NULL, run, t);
	pthread_sigmask (SIG_SETMASK, &before, NULL);
	if (why) {
		free (t);
		return fail (why), NULL;
	}
	return t;
}

API void zmq_threadclose (void *thread)
{
	struct thread *t = thread;
	pthread_join (t->id, NULL);
	free (t);
}
