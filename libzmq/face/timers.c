/* zmq_timers_new(3) and its like: timers that zmq_timers_execute runs. A handler may change them. */
#include "face.h"

enum { TIMERS_TAG = 0x7a74696d };

struct timer
{
	int id;
	size_t interval; /* ms */
	int64_t due;
	zmq_timer_fn *handler;
	void *arg;
};

struct timers
{
	uint32_t tag;
	int last, count, room;
	struct timer *all;
};

static struct timers *as_timers (void *handle)
{
	struct timers *t = handle;
	if (!t || t->tag != TIMERS_TAG)
		return fail (EFAULT), NULL;
	return t;
}

API void *zmq_timers_new (void)
{
	struct timers *t = calloc (1, sizeof *t);
	if (!t)
		return fail (ENOMEM), NULL;
	t->tag = TIMERS_TAG;
	return t;
}

API int zmq_timers_destroy (void **timers_p)
{
	struct timers *t = timers_p ? as_timers (*timers_p) : NULL;
	if (!t)
		return fail (EFAULT);
	t->tag = DEAD_TAG;
	free (t->all);
	free (t);
	*timers_p = NULL;
	return 0;
}

API int zmq_timers_add (void *timers, size_t interval, zmq_timer_fn handler, void *arg)
{
	struct timers *t = as_timers (timers);
	if (!t || !handler)
		return fail (EFAULT);
	if (t->count == t->room) {
		int room = t->room ? 2 * t->room : 8;
		struct timer *all = realloc (t->all, room * sizeof *all);
		if (!all)
			return fail (ENOMEM);
		t->all = all;
		t->room = room;
	}
	t->all[t->count++] = (struct timer){++t->last, interval, now () + (int64_t) interval, handler, arg};
	return t->last;
}

static struct timer *find (struct timers *t, int id)
{
	for (int i = 0; i < t->count; i++)
		if (t->all[i].id == id)
			return &t->all[i];
	return fail (EINVAL), NULL;
}

API int zmq_timers_cancel (void *timers, int timer_id)
{
	struct timers *t = as_timers (timers);
	struct timer *at = t ? find (t, timer_id) : NULL;
	if (!at)
		return -1;
	*at = t->all[--t->count];
	return 0;
}

API int zmq_timers_set_interval (void *timers, int timer_id, size_t interval)
{
	struct timers *t = as_timers (timers);
	struct timer *at = t ? find (t, timer_id) : NULL;
	if (!at)
		return -1;
	at->interval = interval;
	at->due = now () + (int64_t) interval;
	return 0;
}

API int zmq_timers_reset (void *timers, int timer_id)
{
	struct timers *t = as_timers (timers);
	struct timer *at = t ? find (t, timer_id) : NULL;
	if (!at)
		return -1;
	at->due = now () + (int64_t) at->interval;
	return 0;
}

/* next is the timer that is due first; NULL: there is none. */
static struct timer *next (struct timers *t)
{
	struct timer *first = NULL;
	for (int i = 0; i < t->count; i++)
		if (!first || t->all[i].due < first->due || (t->all[i].due == first->due && t->all[i].id < first->id))
			first = &t->all[i];
	return first;
}

API long zmq_timers_timeout (void *timers)
{
	struct timers *t = as_timers (timers);
	struct timer *first = t ? next (t) : NULL;
	if (!first)
		return -1;
	int64_t in = first->due - now ();
	return in < 0 ? 0 : in;
}

API int zmq_timers_execute (void *timers)
{
	struct timers *t = as_timers (timers);
	if (!t)
		return -1;
	int64_t until = now ();
	for (struct timer *at; (at = next (t)) && at->due <= until;) {
		at->due = now () + (int64_t) (at->interval ? at->interval : 1); /* an interval of 0 runs once a call */
		at->handler (at->id, at->arg);
	}
	return 0;
}
