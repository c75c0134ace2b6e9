/* ours
 * A program whose loader found the library by a relative path, and that goes elsewhere before its first context. */
#include "check.h"

#include <libgen.h>
#include <unistd.h>

int main (int argc, char **argv)
{
	if (argc == 1) {
		char *at = getenv ("LD_LIBRARY_PATH"), *one = strdup (at), *two = strdup (at);
		CHECK (chdir (dirname (one)) == 0 && setenv ("LD_LIBRARY_PATH", basename (two), 1) == 0);
		CHECK (execl ("/proc/self/exe", argv[0], "again", NULL) == 0);
	}
	CHECK (chdir ("/") == 0);
	void *ctx = zmq_ctx_new ();
	CHECK (ctx && zmq_ctx_term (ctx) == 0);
	return 0;
}
