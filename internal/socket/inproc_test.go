package socket

import (
	"testing"

	"github.com/glassmq/zmq/internal/peer"
	"github.com/glassmq/zmq/monitor"
)

// Who seeks is told why it is refused, and who has ceased to seek meanwhile is not: its endpoint's last event has been told.
func TestNobodyIsRefusedWhoHasEnded(t *testing.T) {
	x := NewContext(0)
	defer end(x)
	same := plain()
	same.RoutingID = "the same"
	here, there, router := New(x, "ROUTER", same), New(x, "ROUTER", same), New(x, "ROUTER", plain())
	_, err := here.Bind("inproc://here")
	must(t, err)
	must(t, router.Connect("inproc://here"))  // and the name is its
	must(t, router.Connect("inproc://there")) // which is not bound yet
	d := router.dials[1]
	l := &link{id: peer.NextID(), owner: router, at: d.at, dial: d, pipe: d.pipe}
	l.know(there)
	for what, refuse := range map[string]func(){
		"another type": func() {
			router.refused(l, peer.Cause{Who: monitor.ByLocal, Reason: monitor.ReasonIncompatibleSocketType})
		},
		"a name that is had": func() { router.conflicts(l) },
	} {
		for _, ended := range []bool{true, false} {
			d.ending = ended
			before := router.hub.Seq()
			refuse()
			if told := router.hub.Seq() > before; told == ended {
				t.Errorf("%s: the endpoint has ended is %v, something is told is %v", what, ended, told)
			}
		}
	}
}
