/* A program that is watched, for the tests: it does what it reads, a command a line, and says when it has been done. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "glass_bridge.h"

int main (int argc, char **argv)
{
    assert (argc == 2);
    void *context = zmq_ctx_new (), *strangers = zmq_ctx_new ();
    void *pull = zmq_socket (context, ZMQ_PULL);
    assert (glass_watch (context, pull, "w\xc3\xb6rker", "jobs; a=b", argv[1]) == 0);
    char endpoint[256], command[32];
    size_t size = sizeof endpoint;
    assert (zmq_bind (pull, "tcp://127.0.0.1:*") == 0);
    assert (zmq_getsockopt (pull, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
    printf ("%s\n", endpoint);
    fflush (stdout);
    int count;
    while (scanf ("%31s %d", command, &count) == 2 && strcmp (command, "quit") != 0) {
        for (int i = 0; i < count; i++) { /* a peer comes, is heard, and goes */
            void *push = zmq_socket (strangers, ZMQ_PUSH);
            char job[3];
            assert (zmq_connect (push, endpoint) == 0);
            assert (zmq_send (push, "job", 3, 0) == 3);
            assert (zmq_recv (pull, job, 3, 0) == 3);
            assert (zmq_close (push) == 0);
        }
        printf ("done\n");
        fflush (stdout);
    }
    zmq_close (pull);
    zmq_ctx_term (context);
    zmq_ctx_term (strangers);
    printf ("ended\n");
    fflush (stdout);
    scanf ("%31s", command); /* the bridge may still say its last words */
    return 0;
}
