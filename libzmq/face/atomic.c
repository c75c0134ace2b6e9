/* zmq_atomic_counter_new(3) and its like: counters that threads share. */
#include "face.h"

API void *zmq_atomic_counter_new (void) { return calloc (1, sizeof (int)); }
API void zmq_atomic_counter_set (void *counter, int value) { __atomic_store_n ((int *) counter, value, __ATOMIC_SEQ_CST); }

/* The value before. */
API int zmq_atomic_counter_inc (void *counter) { return __atomic_fetch_add ((int *) counter, 1, __ATOMIC_SEQ_CST); }

/* Whether the counter is still above zero. */
API int zmq_atomic_counter_dec (void *counter) { return __atomic_sub_fetch ((int *) counter, 1, __ATOMIC_SEQ_CST) != 0; }
API int zmq_atomic_counter_value (void *counter) { return __atomic_load_n ((int *) counter, __ATOMIC_SEQ_CST); }

API void zmq_atomic_counter_destroy (void **counter_p)
{
	free (*counter_p);
	*counter_p = NULL;
}
