#include "peer.h"

/* --- messages: as in the manual's performance programs ------------------ */

void send_one (void *socket)
{
    static char body[1 << 21]; /* the caller's buffer, which stays its own */
    zmq_msg_t m;
    if (zmq_msg_init_size (&m, set.size))
        die ("zmq_msg_init_size");
    memcpy (zmq_msg_data (&m), body, set.size);
    if (zmq_msg_send (&m, socket, 0) < 0)
        die ("zmq_msg_send");
}

void send_burst (void *socket, long n)
{
    while (n-- > 0)
        send_one (socket);
}

void recv_burst (void *socket, long n)
{
    zmq_msg_t m;
    zmq_msg_init (&m);
    while (n-- > 0) {
        if (zmq_msg_recv (&m, socket, 0) < 0)
            die ("zmq_msg_recv");
        if (zmq_msg_size (&m) != set.size) {
            fprintf (stderr, "a message of %zu bytes came, not of %zu\n",
                     zmq_msg_size (&m), set.size);
            exit (1);
        }
    }
    zmq_msg_close (&m);
}

void turn (void *socket)
{
    send_one (socket);
    recv_burst (socket, 1);
}

/* Sends back what comes, all its frames. */
void answer (void *socket)
{
    zmq_msg_t m;
    int more;
    zmq_msg_init (&m);
    do {
        if (zmq_msg_recv (&m, socket, 0) < 0)
            die ("zmq_msg_recv");
        more = zmq_msg_more (&m);
        if (zmq_msg_send (&m, socket, more ? ZMQ_SNDMORE : 0) < 0)
            die ("zmq_msg_send");
    } while (more);
    zmq_msg_close (&m);
}

/* --- sockets ------------------------------------------------------------- */

static void set_option (void *s, int option, const void *value, size_t size)
{
    if (zmq_setsockopt (s, option, value, size))
        die ("CURVE, which this libzmq may have been built without");
}

/* Who binds is the server, and lets everybody in: there is no ZAP handler. */
static void secure_server (void *s)
{
    int yes = 1;
    if (!set.public[0])
        return;
    set_option (s, ZMQ_CURVE_SERVER, &yes, sizeof yes);
    set_option (s, ZMQ_CURVE_SECRETKEY, set.secret, 41);
}

/* Who connects has one pair of keys for all its sockets. */
static void secure_client (void *s)
{
    static char public[41], secret[41];
    if (!set.public[0])
        return;
    if (!public[0] && zmq_curve_keypair (public, secret))
        die ("zmq_curve_keypair");
    set_option (s, ZMQ_CURVE_SERVERKEY, set.public, 41);
    set_option (s, ZMQ_CURVE_PUBLICKEY, public, 41);
    set_option (s, ZMQ_CURVE_SECRETKEY, secret, 41);
}

void *bind_new (int type, const char *endpoint)
{
    void *s = zmq_socket (context, type);
    secure_server (s);
    if (!s || zmq_bind (s, endpoint))
        die (endpoint);
    return s;
}

void *connect_new (int type, const char *endpoint)
{
    void *s = zmq_socket (context, type);
    secure_client (s);
    if (type == ZMQ_SUB && zmq_setsockopt (s, ZMQ_SUBSCRIBE, "", 0))
        die ("ZMQ_SUBSCRIBE");
    if (!s || zmq_connect (s, endpoint))
        die (endpoint);
    return s;
}

void announce (void *socket)
{
    char bound[256];
    size_t length = sizeof bound;
    if (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, bound, &length))
        die ("ZMQ_LAST_ENDPOINT");
    printf ("%s\n", bound);
    fflush (stdout);
}

void *bind_and_announce (int type)
{
    void *s = bind_new (type, set.endpoint);
    announce (s);
    return s;
}
