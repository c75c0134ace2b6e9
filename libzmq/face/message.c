/* Messages: zmq_msg_init(3) and its like. Nothing here enters the engine. */
#include "face.h"

static inline struct message *as_message (const zmq_msg_t *msg) { return (struct message *) msg; }

static bool alive (struct message *m) { return m->check == 0x5a && m->kind >= MESSAGE_SMALL && m->kind <= MESSAGE_CONST; }

static void make (struct message *m, int kind)
{
	m->facts = NULL;
	m->size = 0;
	m->more = m->shared = 0;
	m->kind = kind;
	m->check = 0x5a;
}

static void drop_facts (struct facts *f)
{
	if (f && __atomic_sub_fetch (&f->refs, 1, __ATOMIC_ACQ_REL) == 0)
		free (f);
}

static void drop_content (struct content *c)
{
	/* Whoever finds a 1 is alone: only who has a copy could make another. */
	if (__atomic_load_n (&c->refs, __ATOMIC_ACQUIRE) != 1 && __atomic_sub_fetch (&c->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	if (c->free)
		c->free (c->data, c->hint);
	free (c);
}

API int zmq_msg_init (zmq_msg_t *msg)
{
	make (as_message (msg), MESSAGE_SMALL);
	return 0;
}

/* large gives m a content; with no data its bytes stand behind it. */
static int large (struct message *m, void *data, size_t size, zmq_free_fn *ffn, void *hint)
{
	size_t own = data ? 0 : size;
	struct content *c = own > SIZE_MAX - sizeof *c ? NULL : malloc (sizeof *c + own);
	if (!c)
		return fail (ENOMEM);
	*c = (struct content){1, data ? data : c + 1, size, ffn, hint};
	make (m, MESSAGE_LARGE);
	m->content = c;
	return 0;
}

API int zmq_msg_init_size (zmq_msg_t *msg, size_t size)
{
	struct message *m = as_message (msg);
	if (size > MESSAGE_ROOM)
		return large (m, NULL, size, NULL, NULL);
	make (m, MESSAGE_SMALL);
	m->size = size;
	return 0;
}

API int zmq_msg_init_data (zmq_msg_t *msg, void *data, size_t size, zmq_free_fn *ffn, void *hint)
{
	struct message *m = as_message (msg);
	if (ffn && data)
		return large (m, data, size, ffn, hint);
	if (ffn) { /* a function to be called with NULL: the content must not take it for bytes of its own */
		if (large (m, NULL, 0, ffn, hint) < 0)
			return -1;
		m->content->data = NULL;
		return 0;
	}
	make (m, MESSAGE_CONST);
	m->constant.data = data;
	m->constant.size = size;
	return 0;
}

API int zmq_msg_close (zmq_msg_t *msg)
{
	struct message *m = as_message (msg);
	if (!alive (m))
		return fail (EFAULT);
	if (m->kind == MESSAGE_LARGE)
		drop_content (m->content);
	drop_facts (m->facts);
	m->kind = MESSAGE_DEAD;
	return 0;
}

API int zmq_msg_move (zmq_msg_t *dest, zmq_msg_t *src)
{
	if (!alive (as_message (src)))
		return fail (EFAULT);
	if (dest == src)
		return 0;
	if (zmq_msg_close (dest) < 0)
		return -1;
	*dest = *src;
	return zmq_msg_init (src);
}

API int zmq_msg_copy (zmq_msg_t *dest, zmq_msg_t *src)
{
	struct message *m = as_message (src);
	if (!alive (m))
		return fail (EFAULT);
	if (dest == src)
		return 0;
	if (zmq_msg_close (dest) < 0)
		return -1;
	if (m->kind == MESSAGE_LARGE) {
		__atomic_add_fetch (&m->content->refs, 1, __ATOMIC_RELAXED);
		m->shared = 1;
	}
	if (m->facts)
		__atomic_add_fetch (&m->facts->refs, 1, __ATOMIC_RELAXED);
	*dest = *src;
	return 0;
}

API void *zmq_msg_data (zmq_msg_t *msg)
{
	struct message *m = as_message (msg);
	switch (m->kind) {
	case MESSAGE_SMALL:
		return m->small;
	case MESSAGE_LARGE:
		return m->content->data;
	case MESSAGE_CONST:
		return (void *) m->constant.data;
	}
	return fail (EFAULT), NULL;
}

API size_t zmq_msg_size (const zmq_msg_t *msg)
{
	struct message *m = as_message (msg);
	switch (m->kind) {
	case MESSAGE_LARGE:
		return m->content->size;
	case MESSAGE_CONST:
		return m->constant.size;
	}
	return m->size;
}

API int zmq_msg_more (const zmq_msg_t *msg) { return as_message (msg)->more; }

API int zmq_msg_get (const zmq_msg_t *msg, int property)
{
	struct message *m = as_message (msg);
	switch (property) {
	case ZMQ_MORE:
		return m->more;
	case ZMQ_SHARED:
		return m->shared || m->kind == MESSAGE_CONST;
	case ZMQ_SRCFD:
		return m->facts ? m->facts->fd : -1;
	}
	return fail (EINVAL);
}

/* There is no property that could be set. */
API int zmq_msg_set (zmq_msg_t *msg, int property, int optval)
{
	(void) msg, (void) property, (void) optval;
	return fail (EINVAL);
}

API const char *zmq_msg_gets (const zmq_msg_t *msg, const char *property)
{
	struct facts *f = as_message (msg)->facts;
	const char *at = f ? f->text : NULL, *end = f ? f->text + f->size : NULL;
	while (at < end) {
		const char *value = at + strlen (at) + 1;
		if (!strcmp (at, property))
			return value;
		at = value + strlen (value) + 1;
	}
	return fail (EINVAL), NULL;
}

static void free_far (void *data, void *hint)
{
	(void) hint;
	free (data);
}

/* point sets the address in a zmq_event_t that has come with its text behind it (zmq.h, ZMQ_EVENT_STRUCT). */
static void point (char *event, size_t size)
{
	char *address = event + 3 * sizeof (char *);
	if (size > 3 * sizeof (char *))
		memcpy (event + sizeof (char *), &address, sizeof address);
}

int message_take (struct message *m, struct record *r, void *bytes)
{
	if (r->flags & RECORD_FAR) {
		if (large (m, bytes, r->size, NULL, NULL) < 0)
			return -1;
		m->content->free = free_far;
	} else if (r->size <= MESSAGE_ROOM && !(r->flags & RECORD_EVENT)) {
		make (m, MESSAGE_SMALL);
		m->size = r->size;
		memcpy (m->small, bytes, r->size);
	} else {
		if (large (m, NULL, r->size, NULL, NULL) < 0)
			return -1;
		memcpy (m->content->data, bytes, r->size);
		if (r->flags & RECORD_EVENT)
			point (m->content->data, r->size);
	}
	m->more = r->flags & RECORD_MORE ? 1 : 0;
	if ((m->facts = r->facts))
		__atomic_add_fetch (&m->facts->refs, 1, __ATOMIC_RELAXED);
	return 0;
}
