package monitor

import (
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestCodesAreTheTables(t *testing.T) {
	byClass := map[Class][]string{}
	for c := range Codes() {
		byClass[c.Class] = append(byClass[c.Class], c.Name)
		if c.Reason != "" && !slices.Contains(slices.Collect(Reasons()), c.Reason) {
			t.Errorf("%s %s stands for %q, which is no reason", c.Class, c.Name, c.Reason)
		}
	}
	if got, want := len(byClass[ClassEvent]), len(slices.Collect(Kinds())); got != want {
		t.Errorf("%d kinds, want %d", got, want)
	}
	if got, want := byClass[ClassReason], slices.Collect(Reasons()); len(got) != len(want) || Reason(got[0]) != want[0] {
		t.Errorf("the reasons are %v, want %v", got, want)
	}
	if got, want := len(byClass[ClassProtocol]), len(protocolCodes); got != want {
		t.Errorf("%d protocol errors, want %d", got, want)
	}
	if got := byClass[ClassZAP]; !slices.Equal(got, []string{"300", "400", "500"}) {
		t.Errorf("the ZAP statuses are %v", got)
	}
	if got := byClass[ClassErrno]; len(got) != len(errnoNames) || !slices.Contains(got, "ECONNREFUSED") {
		t.Errorf("the errnos are %v", got)
	}
}

func TestCodesCanBeLeft(t *testing.T) {
	total := len(slices.Collect(Codes()))
	for stop := range total {
		n := 0
		for range Codes() {
			if n++; n > stop {
				break
			}
		}
		if n != stop+1 {
			t.Fatalf("%d codes before the break, want %d", n, stop+1)
		}
	}
}

// What a code says is what an event with it says.
func TestCodesHaveTheirWords(t *testing.T) {
	for _, c := range []struct {
		class  Class
		name   string
		side   Side
		by     Who
		reason Reason
		why    string // begins
	}{
		{ClassReason, "refused", SideConnect, "", ReasonRefused, "nothing listens on the endpoint"},
		{ClassReason, "other", SideConnect, "", ReasonOther, "something failed or ended"},
		{ClassReason, "timeout", SideConnect, "", ReasonTimeout, "the endpoint does not answer"},
		{ClassReason, "timeout", SideBind, "", ReasonTimeout, "the peer stopped answering"},
		{ClassReason, "auth_denied", SideBind, "", ReasonAuthDenied, "our authenticator does not let the peer in"},
		{ClassZAP, "400", SideBind, "", ReasonAuthDenied, "our authenticator does not let the peer in"},
		{ClassZAP, "400", SideConnect, ByPeer, ReasonAuthDenied, "the endpoint does not let us in"},
		{ClassProtocol, "ZMTP_MECHANISM_MISMATCH", SideConnect, "", ReasonMechanismMismatch, "the two sides do not use the same security"},
		{ClassProtocol, "ZMTP_KEY_EXCHANGE", SideConnect, "", ReasonWrongServerKey, "the CURVE key exchange did not verify"},
		{ClassErrno, "ECONNREFUSED", SideConnect, "", ReasonRefused, "nothing listens on the endpoint"},
		{ClassErrno, "EADDRINUSE", SideBind, "", ReasonAddressInUse, "the endpoint is taken already"},
	} {
		i := slices.IndexFunc(slices.Collect(Codes()), func(have Code) bool { return have.Class == c.class && have.Name == c.name })
		if i < 0 {
			t.Errorf("no %s %s", c.class, c.name)
			continue
		}
		have := slices.Collect(Codes())[i]
		e := have.Event(c.side, c.by)
		if have.Reason != c.reason || !strings.HasPrefix(e.Why(), c.why) || e.Hint() == "" {
			t.Errorf("%s %s: reason %s, %q, %q; want %s, %q…", c.class, c.name, have.Reason, e.Why(), e.Hint(), c.reason, c.why)
		}
	}
	if e := (Code{ClassErrno, "ENOTCONN", uint64(syscall.ENOTCONN), ""}).Event(SideConnect, ""); e.Errno() != int(syscall.ENOTCONN) {
		t.Errorf("the event of an errno has %d", e.Errno())
	}
}
