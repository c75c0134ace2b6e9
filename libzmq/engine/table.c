#include "_cgo_export.h"

/* The table that the face finds by its name, and the calls back. */

static struct host *host;

void glassmq_set_host (struct host *to) { host = to; }
void glassmq_released (void *owner) { host->released (owner); }
void glassmq_event (void *call, void *owner, int event, char *address, int value)
{
	host->event (call, owner, event, address, value);
}

__attribute__ ((visibility ("default"))) const struct engine glassmq_engine = {
	.version = ENGINE_VERSION,
	.start = glassmqStart,
	.context_new = glassmqContextNew,
	.context_terminate = glassmqContextTerminate,
	.context_close = glassmqContextClose,
	.socket_new = glassmqSocketNew,
	.socket_close = glassmqSocketClose,
	.signal = glassmqSignal,
	.ready = glassmqReady,
	.await = glassmqAwait,
	.bind = glassmqBind,
	.connect = glassmqConnect,
	.unbind = glassmqUnbind,
	.can_send = glassmqCanSend,
	.send = glassmqSend,
	.receive = glassmqReceive,
	.option_set = glassmqOptionSet,
	.option_get = glassmqOptionGet,
	.monitor = glassmqMonitor,
	.monitor_structs = glassmqMonitorStructs,
	.monitor_call = glassmqMonitorCall,
	.pipes_stats = glassmqPipesStats,
	.peer_state = glassmqPeerState,
	.keypair = glassmqKeypair,
	.public_key = glassmqPublicKey,
};
