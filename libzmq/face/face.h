/* What the files of the face share. Reading order: load.c (the engine), context.c, socket.c, wait.c, message.c, send.c,
 * receive.c, poll.c, poller.c, proxy.c, options.c, monitor.c; the rest stands alone: keys.c, timers.c, clock.c, atomic.c,
 * errors.c.
 */
#ifndef GLASSMQ_FACE_H
#define GLASSMQ_FACE_H

#define _GNU_SOURCE
#define ZMQ_BUILD_DRAFT_API
#include "zmq.h"
#include "engine.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* load.c */

/* The engine, once open_engine has succeeded; never NULL where there is a context. */
extern const struct engine *engine;

/* Opens the engine; 0, or -1 and errno: ENOTSUP in a Go program or after fork, ENOENT without its file. */
int open_engine (void);

/* True in the child of a process that had opened the engine: threads do not survive fork(2), so nothing can be done. */
extern bool forked;
extern __thread bool in_callback; /* this thread is in a ZMQ_MONITOR callback */

/* One processor must not spin: nobody else would run. */
extern bool one_processor;

/* fail sets errno and returns -1. */
static inline int fail (int errnum)
{
	errno = errnum;
	return -1;
}

/* done makes of the engine's result what C functions return. */
static inline int done (int rc) { return rc < 0 ? fail (-rc) : rc; }

/* context.c */

enum { CONTEXT_TAG = 0x7a637478, SOCKET_TAG = 0x7a736f63, DEAD_TAG = 0x64656164 };

struct context
{
	uint32_t tag;
	void *handle;         /* the engine's */
	pthread_mutex_t lock; /* guards what follows */
	int open;             /* sockets that their owners have not closed */
	bool ended;           /* no new ones; zmq_poll and options look at it without lock */
	bool closing;         /* the engine has been told to hand over what is left, and signals fd then */
	int fd;               /* the eventfd of whoever waits for the end; -1: nobody does */
	int max_sockets, io_threads, max_msgsz, ipv6, blocky, zero_copy, priority, policy, prefix;
	char prefix_text[16];
};

/* as_context is the context behind a handle, or NULL and errno. */
struct context *as_context (void *handle);

/* context_leave notes that a socket was closed. */
void context_leave (struct context *c);

/* socket.c */

struct socket
{
	uint32_t tag;
	int type;
	struct context *context;
	void *handle;         /* the engine's */
	bool sends, receives; /* what the type does */

	int fd;          /* the eventfd that the engine signals; -1: nobody has waited yet */
	int armed;       /* READY_ bits that were not ready, and of which the engine will signal the first */
	int shown;       /* READY_ bits that ZMQ_EVENTS last showed */
	bool asked;      /* for ZMQ_FD: somebody may wait for fd elsewhere */
	int rcvtimeo, sndtimeo; /* ms, -1: for ever */
	unsigned waits;  /* on a lent connection … */
	int luck;        /* … and whether it paid to spin in the last ones */

	struct batch batch; /* received messages, of which … */
	size_t at;          /* … those from here on were not taken yet */
	bool more;          /* the frame taken last has another behind it */

	struct frame *parts; /* of the message that is being sent, SNDMORE by SNDMORE; their data are offsets into bytes */
	int part_count, part_room;
	char *bytes;
	size_t bytes_used, bytes_room;

	zmq_monitor_fn *call; /* ZMQ_MONITOR */
};

/* as_socket is the socket behind a handle, or NULL and errno. */
struct socket *as_socket (void *handle);

/* What the engine calls when a socket has ended. */
void socket_released (void *owner);

/* wait.c */

/* now is a monotonic time in milliseconds. deadline_of is when a timeout ends; -1 never does. left is what remains, in the
 * form of poll(2). */
int64_t now (void);
int64_t deadline_of (long timeout);
int left (int64_t deadline);

/* ask reports which of the READY_ bits are, and has the engine signal the socket's descriptor when another one is. */
int ask (struct socket *s, int wanted);

/* drain takes back all signals. */
void drain (struct socket *s);

/* need_fd makes the socket's descriptor. */
int need_fd (struct socket *s);

/* pause_for waits until the descriptor is signalled, or the other one, unless that is -1, can be read; -1 and EAGAIN at the
 * deadline, EINTR at a signal. */
int pause_for (struct socket *s, int other, int64_t deadline);

/* would_block is what a call returns that must not wait: EAGAIN, after it has seen to those who wait for ZMQ_FD. Its result
 * is true if the call should try once more. */
bool would_block (struct socket *s, int bit);

/* local is READY_IN if a message waits in the face. */
int local (struct socket *s);

/* message.c */

/* Received bytes, or a user's, with their free function. */
struct content
{
	int32_t refs;
	void *data;
	size_t size;
	zmq_free_fn *free;
	void *hint;
};

enum { MESSAGE_SMALL = 100, MESSAGE_LARGE, MESSAGE_CONST, MESSAGE_DEAD = 0 };
enum { MESSAGE_ROOM = 48 };

/* A zmq_msg_t. Its first word is its peer's facts; its last bytes say what it is. */
struct message
{
	struct facts *facts;
	union
	{
		unsigned char small[MESSAGE_ROOM];
		struct content *content; /* MESSAGE_LARGE; shared by copies */
		struct
		{
			const void *data;
			size_t size;
		} constant;
	};
	uint8_t size; /* of small */
	uint8_t more, shared, kind, check;
};
_Static_assert (sizeof (struct message) == sizeof (zmq_msg_t), "a zmq_msg_t is 64 bytes");

/* message_take makes msg, whose former content is closed, of a received frame. */
int message_take (struct message *m, struct record *r, void *bytes);

/* send.c, receive.c */
enum { KEPT = 1 << 20 }; /* memory beyond this is freed when it is empty */
int send_frame (struct socket *s, const void *data, size_t size, int flags);
void sent (struct socket *s);
int next_record (struct socket *s, int flags, struct record **r, void **bytes);
void taken (struct socket *s, struct record *r);
void discard_batch (struct socket *s);

/* monitor.c */
void monitor_event (void *call, void *owner, int event, char *address, int value);
int monitor_call (struct socket *s, const void *value, size_t size);

/* poll.c */
int poll_items (zmq_pollitem_t *items, int n, int64_t deadline, const sigset_t *mask);

#define API __attribute__ ((visibility ("default")))

#endif
