/* What goes wrong, what this is, and what it can do. */
#include "face.h"

API int zmq_errno (void) { return errno; }

API const char *zmq_strerror (int errnum)
{
	switch (errnum) {
	case EFSM:
		return "Operation cannot be accomplished in current state";
	case ENOCOMPATPROTO:
		return "The protocol is not compatible with the socket type";
	case ETERM:
		return "Context was terminated";
	case EHOSTUNREACH:
		return "Host unreachable";
	case EMTHREAD:
		return "No thread available";
	}
	return strerror (errnum);
}

API void zmq_version (int *major, int *minor, int *patch)
{
	*major = ZMQ_VERSION_MAJOR;
	*minor = ZMQ_VERSION_MINOR;
	*patch = ZMQ_VERSION_PATCH;
}

/* zmq_has(3). Drafts are not among them: the draft functions that are here need no asking. */
API int zmq_has (const char *capability)
{
	return !strcmp (capability, "ipc") || !strcmp (capability, "curve");
}
