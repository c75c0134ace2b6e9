// cppzmq: contexts, messages, multi-part messages, polling, options and a monitor.
#include <cassert>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>
#include <zmq_addon.hpp>

class Watch : public zmq::monitor_t
{
public:
	int accepted = 0;
	void on_event_accepted (const zmq_event_t &, const char *) override { accepted++; }
};

int main ()
{
	zmq::context_t ctx;
	zmq::socket_t push (ctx, zmq::socket_type::push), pull (ctx, zmq::socket_type::pull);
	Watch watch;
	watch.init (pull, "inproc://watch", ZMQ_EVENT_ALL);
	pull.set (zmq::sockopt::rcvtimeo, 20000);
	assert (pull.get (zmq::sockopt::rcvtimeo) == 20000);
	pull.bind ("tcp://127.0.0.1:*");
	push.connect (pull.get (zmq::sockopt::last_endpoint));
	std::vector<zmq::const_buffer> parts{zmq::str_buffer ("one"), zmq::str_buffer ("two")};
	assert (*zmq::send_multipart (push, parts) == 2);
	std::vector<zmq::message_t> got;
	assert (*zmq::recv_multipart (pull, std::back_inserter (got)) == 2 && got[1].to_string () == "two");
	assert (std::string (got[0].gets ("Socket-Type")) == "PUSH");
	zmq::message_t copy;
	copy.copy (got[0]);
	push.send (copy, zmq::send_flags::none);
	zmq::pollitem_t item{pull, 0, ZMQ_POLLIN, 0};
	assert (zmq::poll (&item, 1, std::chrono::seconds (20)) == 1);
	assert (pull.recv (copy) && copy.to_string () == "one");
	for (int i = 0; i < 100 && watch.accepted == 0; i++)
		watch.check_event (200);
	assert (watch.accepted == 1);
	std::thread waits ([&] {
		try {
			zmq::message_t never;
			pull.set (zmq::sockopt::rcvtimeo, -1);
			(void) pull.recv (never);
			assert (false);
		} catch (const zmq::error_t &e) {
			assert (e.num () == ETERM);
			pull.close ();
		}
	});
	push.close ();
	watch.abort ();
	ctx.shutdown ();
	waits.join ();
	return 0;
}
