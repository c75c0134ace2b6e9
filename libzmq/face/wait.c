/* Waiting happens here and nowhere else, in poll(2), so that a signal ends it.
 *
 * A call tries; if it would block it asks the engine to signal the socket's eventfd when that may have changed, tries
 * again, and waits for the descriptor. ZMQ_FD is the same descriptor: readable from a change until somebody looks.
 */
#include "face.h"

#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int64_t now (void)
{
	struct timespec t;
	clock_gettime (CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C (1000) + t.tv_nsec / 1000000;
}

int64_t deadline_of (long timeout)
{
	if (timeout <= 0)
		return timeout < 0 ? -1 : 0;
	return now () + timeout;
}

int left (int64_t deadline)
{
	if (deadline <= 0)
		return (int) deadline;
	int64_t ms = deadline - now ();
	return ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : (int) ms;
}

int need_fd (struct socket *s)
{
	if (s->fd >= 0)
		return 0;
	int fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -1;
	s->fd = fd;
	return done (engine->signal (s->handle, fd));
}

int ask (struct socket *s, int wanted)
{
	int rc = done (engine->ready (s->handle, wanted));
	if (rc >= 0 && s->fd >= 0)
		s->armed = (s->armed & ~wanted) | (wanted & ~rc & (READY_IN | READY_OUT));
	return rc;
}

void drain (struct socket *s)
{
	uint64_t count;
	if (s->fd >= 0 && read (s->fd, &count, sizeof count) < 0)
		return; /* nothing was signalled */
	s->armed = 0;
}

/* spin looks for a while before the thread sleeps: to be woken costs 10 to 50 µs where the processor has gone to sleep
 * meanwhile. It is done only while it pays, as the engine does it (internal/socket/lend.go, whose numbers these are). */
static int spin (struct socket *s, struct pollfd at[2])
{
	enum { TRIES = 100, LUCK = 4, AGAIN = 64 };
	s->waits++;
	if ((s->luck <= 0 && s->waits % AGAIN) || one_processor)
		return 0;
	for (int i = 0; i < TRIES; i++) {
		int rc = poll (at, 2, 0);
		if (rc != 0) {
			if (s->luck < LUCK)
				s->luck++;
			return rc;
		}
	}
	s->luck--;
	return 0;
}

int pause_for (struct socket *s, int other, int64_t deadline)
{
	struct pollfd at[] = {{s->fd, POLLIN, 0}, {other, POLLIN, 0}};
	int rc = other < 0 ? 0 : spin (s, at);
	if (rc == 0)
		rc = poll (at, other < 0 ? 1 : 2, left (deadline));
	if (rc < 0)
		return -1;
	if (rc == 0)
		return fail (EAGAIN);
	if (at[0].revents)
		drain (s);
	return 0;
}

int local (struct socket *s)
{
	return s->at < s->batch.used || s->batch.pending ? READY_IN : 0;
}

bool would_block (struct socket *s, int bit)
{
	int both = (s->receives ? READY_IN : 0) | (s->sends ? READY_OUT : 0);
	if (s->asked) {
		drain (s);
		int rc = ask (s, both);
		if (rc < 0 || rc & bit)
			return true;
		if (rc & ~s->shown) { /* ZMQ_EVENTS has not shown it, and its signal was drained */
			uint64_t one = 1;
			if (write (s->fd, &one, sizeof one) < 0)
				return false; /* signalled as it is */
		}
	}
	errno = EAGAIN;
	return false;
}
