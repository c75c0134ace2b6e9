/* What the test programs share: a check that says where it failed. */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#define CHECK(what) \
	do { \
		if (!(what)) { \
			fprintf (stderr, "%s:%d: %s: errno %d, %s\n", __FILE__, __LINE__, #what, errno, zmq_strerror (errno)); \
			exit (1); \
		} \
	} while (0)

/* FAILS: what returns -1 or NULL, and errno is why. */
#define FAILS(why, what) \
	do { \
		errno = 0; \
		long rc_ = (long) (what); \
		if ((rc_ != -1 && rc_ != 0) || errno != (why)) { \
			fprintf (stderr, "%s:%d: %s: %ld, errno %d, %s, and not %s\n", __FILE__, __LINE__, #what, rc_, errno, zmq_strerror (errno), #why); \
			exit (1); \
		} \
	} while (0)

enum { LIMIT = 20000 }; /* ms that anything may take */

static inline void *socket_of (void *context, int type)
{
	int limit = LIMIT, linger = 0;
	void *s = zmq_socket (context, type);
	CHECK (s);
	CHECK (zmq_setsockopt (s, ZMQ_RCVTIMEO, &limit, sizeof limit) == 0);
	CHECK (zmq_setsockopt (s, ZMQ_SNDTIMEO, &limit, sizeof limit) == 0);
	CHECK (zmq_setsockopt (s, ZMQ_LINGER, &linger, sizeof linger) == 0);
	return s;
}

/* abstract is a name over ipc that is this process's alone, and no file. */
static inline const char *abstract (const char *name, char text[64])
{
	snprintf (text, 64, "ipc://@%s-%d", name, (int) getpid ());
	return text;
}

/* bound binds s to a port of the system's choice and says where. */
static inline const char *bound (void *s, char text[256])
{
	size_t size = 256;
	CHECK (zmq_bind (s, "tcp://127.0.0.1:*") == 0);
	CHECK (zmq_getsockopt (s, ZMQ_LAST_ENDPOINT, text, &size) == 0);
	return text;
}

static inline int int_of (void *s, int option)
{
	int value;
	size_t size = sizeof value;
	CHECK (zmq_getsockopt (s, option, &value, &size) == 0 && size == sizeof value);
	return value;
}

static inline void set_int (void *s, int option, int value) { CHECK (zmq_setsockopt (s, option, &value, sizeof value) == 0); }

#endif
