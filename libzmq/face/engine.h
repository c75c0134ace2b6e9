/* The door between the face, which is C and waits, and the engine, which is Go and does not.
 *
 * Through it go plain values only. Every function returns 0 or more, or an errno as a negative number; none of them waits
 * for a peer. A socket's functions are for one thread at a time, which may change if a barrier lies between, as zmq.h says;
 * but for closing, which may be followed by released at any time.
 */
#ifndef GLASSMQ_ENGINE_H
#define GLASSMQ_ENGINE_H

#include <stddef.h>
#include <stdint.h>

/* Changes with every change of this file: a face refuses an engine of another version. */
#define ENGINE_VERSION 1

/* A frame on its way out. The engine has copied its bytes when the call returns. */
struct frame {
	const void *data;
	size_t size;
};

/* What a peer said of itself, for zmq_msg_gets: names and values, each with a NUL behind it. The messages that came from
 * the peer share it; refs counts them, and the engine once, atomically, and who drops the last frees it. */
struct facts {
	int32_t refs;
	int32_t fd;
	uint64_t size;
	char text[];
};

/* A received frame as it lies in a batch: this, and the bytes, and zeros up to a multiple of eight. */
struct record {
	struct facts *facts; /* not counted for this record; NULL: nothing is known */
	uint64_t size;
	uint64_t flags;
};
enum {
	RECORD_MORE = 1,  /* another frame of the same message follows */
	RECORD_FAR = 2,   /* a pointer follows, to size bytes from malloc that are the receiver's */
	RECORD_EVENT = 4, /* a zmq_event_t that has its address text behind it, and wants it pointed to */
};

/* Whole messages, as many as were there and fit. */
struct batch {
	char *memory;
	size_t room;
	size_t used;
	size_t need;  /* if used is 0: so much room for the next message */
	int pending;  /* the engine holds a message that did not fit */
};

/* What the engine calls, from threads of its own on which all signals are blocked. */
struct host {
	void (*released) (void *owner); /* the socket has told its last event, and its descriptor is signalled no more */
	void (*event) (void *call, void *owner, int event, char *address, int value);
};

/* CHANGE: signal at the next change on the side of OUT, also if some message could be sent now; for a ROUTER or a PUB
 * that waits for the one peer its message is for. */
enum { READY_IN = 1, READY_OUT = 2, READY_CHANGE = 4 };

/* More than the face itself ever adds to that eventfd. */
#define CLOSED (UINT64_C (1) << 32)

struct engine {
	int version;
	int (*start) (struct host *host);

	int (*context_new) (void **context);
	int (*context_terminate) (void *context);
	int (*context_close) (void *context, int fd); /* adds CLOSED to the eventfd when all has been handed over */

	int (*socket_new) (void *context, int type, void *owner, int ipv6, int blocky, void **socket);
	int (*socket_close) (void *socket);
	int (*signal) (void *socket, int fd); /* the eventfd that ready adds to */
	int (*ready) (void *socket, int wanted); /* which are; the descriptor is signalled once when one that is not has become so */
	int (*await) (void *socket, int *lent);  /* ready for READY_IN, for who will receive; lent: a descriptor to wait for besides, or -1 */

	int (*bind) (void *socket, char *endpoint);
	int (*connect) (void *socket, char *endpoint);
	int (*unbind) (void *socket, char *endpoint, int connected);

	int (*can_send) (void *socket, void *head, size_t size); /* whether a message that begins so would be taken */
	int (*send) (void *socket, struct frame *frames, int n);
	int (*receive) (void *socket, struct batch *batch);

	int (*option_set) (void *socket, int option, void *value, size_t size);
	int (*option_get) (void *socket, int option, void *value, size_t *size);

	int (*monitor) (void *socket, char *endpoint, uint64_t events, int version, int type);
	int (*monitor_structs) (void *socket, char *endpoint, uint64_t events);
	int (*monitor_call) (void *socket, void *call); /* NULL: none */
	int (*pipes_stats) (void *socket);
	int (*peer_state) (void *socket, void *id, size_t size); /* READY_IN, READY_OUT */

	int (*keypair) (char *public_key, char *secret_key);
	int (*public_key) (char *public_key, char *secret_key);
};

#endif
