/* Shows a glass agent what happens on the ZeroMQ sockets of a C or C++ program (libzmq 4.0 or newer, POSIX threads):
 *
 *     void *sub = zmq_socket (context, ZMQ_SUB);
 *     glass_watch (context, sub, "pricing", "ticks", "tcp://127.0.0.1:5580");
 *     zmq_connect (sub, "tcp://feed:5556");
 *
 * Nothing here waits for the agent. While it is away, or slow, a thousand events are kept for each socket; then they are dropped and
 * counted, and the agent is told how many they were as soon as it listens again. */
#ifndef GLASS_BRIDGE_H
#define GLASS_BRIDGE_H

#ifdef __cplusplus
extern "C" {
#endif

/* Forwards what happens to socket, of this context, from now on until it is closed: call it before zmq_bind and zmq_connect, on the
 * socket's thread. app and name, of which 30 bytes count, are what the agent shows. Returns 0, or -1 with errno as
 * zmq_socket_monitor(3), zmq_connect(3) and pthread_create(3) have it: then nothing is watched. */
int glass_watch (void *context, void *socket, const char *app, const char *name, const char *agent);

#ifdef __cplusplus
}
#endif
#endif
