/* Says of every option, for every type of socket, what it is at first and which values it takes. The output of two libraries
 * is compared. */
#include "check.h"
#include <sys/resource.h>

static const char *types[] = {"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB", "STREAM"};

static const char *word (int rc)
{
	if (rc == 0)
		return "ok";
	return errno == EINVAL ? "EINVAL" : errno == ENOTSUP ? "ENOTSUP" : errno == EFSM ? "EFSM" : errno == EAGAIN ? "EAGAIN" : zmq_strerror (errno);
}

static void get (void *s, int option, const char *when)
{
	static const size_t sizes[] = {4, 8, 32, 255}; /* an int, a wide one, a key, a text: libzmq 4.3.4 wants the exact size of numbers */
	unsigned char value[256];
	size_t size = 0;
	int rc = -1;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes && rc < 0; i++) {
		memset (value, 0, sizeof value);
		size = sizes[i];
		rc = zmq_getsockopt (s, option, value, &size);
	}
	printf (" %s ", when);
	if (rc < 0) {
		printf ("%s", word (rc));
		return;
	}
	printf ("[%zu]", size);
	for (size_t i = 0; i < size && i < 12; i++)
		printf ("%02x", value[i]);
}

static void probe (void *ctx, int type, int option)
{
	static const int values[] = {-2, -1, 0, 1, 2, 3, 5, 100, 300, 100000};
	void *s = zmq_socket (ctx, type);
	CHECK (s);
	printf ("%s %d:", types[type], option);
	if (option != ZMQ_FD && option != ZMQ_EVENTS && option != ZMQ_USE_FD)
		get (s, option, "first");
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		printf (" %d=%s", values[i], word (zmq_setsockopt (s, option, &values[i], sizeof values[i])));
	int64_t wide = 77;
	printf (" wide=%s", word (zmq_setsockopt (s, option, &wide, sizeof wide)));
	if (option != ZMQ_FD && option != ZMQ_EVENTS && option != ZMQ_USE_FD)
		get (s, option, "then");
	printf (" text=%s", word (zmq_setsockopt (s, option, "abc", 3)));
	printf (" none=%s", word (zmq_setsockopt (s, option, NULL, 0)));
	char small[2];
	size_t size = sizeof small;
	printf (" small=%s\n", word (zmq_getsockopt (s, option, small, &size)));
	int linger = 0;
	zmq_setsockopt (s, ZMQ_LINGER, &linger, sizeof linger);
	CHECK (zmq_close (s) == 0);
}

int main (void)
{
	struct rlimit most; /* who closes sockets in the background can be some hundreds behind */
	CHECK (getrlimit (RLIMIT_NOFILE, &most) == 0);
	most.rlim_cur = most.rlim_max;
	CHECK (setrlimit (RLIMIT_NOFILE, &most) == 0);
	void *ctx = zmq_ctx_new ();
	CHECK (ctx);
	for (int option = 0; option <= 92; option++)
		for (int type = ZMQ_PAIR; type <= ZMQ_STREAM; type++)
			probe (ctx, type, option);
	CHECK (zmq_ctx_term (ctx) == 0);
	return 0;
}
