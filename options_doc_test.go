package zmq

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/glassmq/zmq/internal/socket"
	"github.com/glassmq/zmq/monitor"
)

// libzmqOptions are the options of zmq_setsockopt(3), then what zmq_getsockopt(3) has besides: libzmq 4.3, drafts and deprecated names included.
const libzmqOptions = `
	AFFINITY BACKLOG BINDTODEVICE BUSY_POLL CONNECT_RID CONNECT_ROUTING_ID CONFLATE CONNECT_TIMEOUT CURVE_PUBLICKEY CURVE_SECRETKEY CURVE_SERVER
	CURVE_SERVERKEY DISCONNECT_MSG HICCUP_MSG GSSAPI_PLAINTEXT GSSAPI_PRINCIPAL GSSAPI_SERVER GSSAPI_SERVICE_PRINCIPAL
	GSSAPI_SERVICE_PRINCIPAL_NAMETYPE GSSAPI_PRINCIPAL_NAMETYPE HANDSHAKE_IVL HELLO_MSG HEARTBEAT_IVL HEARTBEAT_TIMEOUT HEARTBEAT_TTL IDENTITY
	IMMEDIATE INVERT_MATCHING IPV6 LINGER MAXMSGSIZE METADATA MULTICAST_HOPS MULTICAST_MAXTPDU PLAIN_PASSWORD PLAIN_SERVER PLAIN_USERNAME USE_FD
	PRIORITY PROBE_ROUTER RATE RCVBUF RCVHWM RCVTIMEO RECONNECT_IVL RECONNECT_IVL_MAX RECONNECT_STOP RECOVERY_IVL REQ_CORRELATE REQ_RELAXED
	ROUTER_HANDOVER ROUTER_MANDATORY ROUTER_RAW ROUTING_ID SNDBUF SNDHWM SNDTIMEO SOCKS_PROXY SOCKS_USERNAME SOCKS_PASSWORD STREAM_NOTIFY SUBSCRIBE
	TCP_KEEPALIVE TCP_KEEPALIVE_CNT TCP_KEEPALIVE_IDLE TCP_KEEPALIVE_INTVL TCP_MAXRT TOS UNSUBSCRIBE XPUB_VERBOSE XPUB_VERBOSER XPUB_MANUAL
	XPUB_MANUAL_LAST_VALUE XPUB_NODROP XPUB_WELCOME_MSG XSUB_VERBOSE_UNSUBSCRIBE ONLY_FIRST_SUBSCRIBE ZAP_DOMAIN ZAP_ENFORCE_DOMAIN
	TCP_ACCEPT_FILTER IPC_FILTER_GID IPC_FILTER_PID IPC_FILTER_UID IPV4ONLY VMCI_BUFFER_SIZE VMCI_BUFFER_MIN_SIZE VMCI_BUFFER_MAX_SIZE
	VMCI_CONNECT_TIMEOUT MULTICAST_LOOP ROUTER_NOTIFY IN_BATCH_SIZE OUT_BATCH_SIZE NORM_MODE NORM_UNICAST_NACK NORM_BUFFER_SIZE NORM_SEGMENT_SIZE
	NORM_BLOCK_SIZE NORM_NUM_PARITY NORM_NUM_AUTOPARITY NORM_PUSH
	EVENTS FD LAST_ENDPOINT MECHANISM RCVMORE THREAD_SAFE TOPICS_COUNT TYPE`

const optionsDoc = "docs/options.md"

// table is the rows of a table of docs/options.md that stands between <!-- name --> and <!-- end name -->, without its head.
func table(t *testing.T, name string, columns int) (rows [][]string) {
	t.Helper()
	b, err := os.ReadFile(optionsDoc)
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(b), "<!-- "+name+" -->\n")
	section, _, ended := strings.Cut(section, "<!-- end "+name+" -->")
	if !found || !ended {
		t.Fatalf("%s has no table %q", optionsDoc, name)
	}
	for line := range strings.Lines(section) {
		line = strings.ReplaceAll(strings.Trim(line, "\n"), `\|`, "\x00")
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), "\x00", "|")
		}
		if len(cells) != columns {
			t.Fatalf("%s, table %q: %q has %d cells, want %d", optionsDoc, name, line, len(cells), columns)
		}
		rows = append(rows, cells)
	}
	return rows[2:]
}

// Each field of Config has its row, in order, with the default and the types that are the code's, and tells truly whether Update takes it.
func TestOptionsDoc(t *testing.T) {
	rows := table(t, "options", 7)
	defaults := defaultTexts(t)
	for i, s := range samples {
		if i >= len(rows) || rows[i][0] != s.field {
			t.Fatalf("row %d of %s is not about %s", i+1, optionsDoc, s.field)
		}
		if row := rows[i]; row[2] != defaults[s.field] {
			t.Errorf("%s: the default is %q in %s, %q in the code", s.field, row[2], optionsDoc, defaults[s.field])
		}
		if want := typesText(s.types); rows[i][5] != want {
			t.Errorf("%s applies to %q in %s, to %q in the code", s.field, rows[i][5], optionsDoc, want)
		}
		when := rows[i][6]
		if !slices.Contains([]string{"now", "next", "fixed"}, when) {
			t.Errorf("%s takes effect %q", s.field, when)
		}
		if fixed := isFixed(t, s); fixed != (when == "fixed") {
			t.Errorf("%s takes effect %q in %s; Update refuses it: %t", s.field, when, optionsDoc, fixed)
		}
	}
	if len(rows) > len(samples) {
		t.Errorf("%s has %q, which Config has not", optionsDoc, rows[len(samples)][0])
	}
}

func isFixed(t *testing.T, s sample) bool {
	t.Helper()
	typ := PUSH
	if s.types != nil {
		typ = s.types[0]
	}
	made, err := New(typ, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	return made.Update(s.set) != nil
}

func typesText(types []Type) string {
	if types == nil {
		return "all"
	}
	if others := but(types...); len(others) <= 2 {
		return "all but " + list(others)
	}
	return list(types)
}

// defaultTexts are what an empty Config gives, as the table writes it.
func defaultTexts(t *testing.T) map[string]string {
	t.Helper()
	o, err := Config{}.options(PAIR)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{
		"Context": "DefaultContext()", "EventMask": "lifecycle|flow",
		"SendHWM": fmt.Sprint(o.SendHWM), "RecvHWM": fmt.Sprint(o.RecvHWM), "Linger": o.Linger.String(),
		"ReconnectMin": o.ReconnectMin.String(), "ReconnectMax": o.ReconnectMax.String(),
		"ConnectTimeout": o.ConnectTimeout.String(), "HandshakeTimeout": o.HandshakeTimeout.String(), "HeartbeatTimeout": "HeartbeatInterval",
		"MaxHandshakes": fmt.Sprint(o.MaxHandshakes), "MaxHandshakesPerHost": fmt.Sprint(o.MaxHandshakesPerHost),
		"MaxProperties": fmt.Sprint(o.MaxProperties), "MaxPropertyBytes": fmt.Sprint(o.MaxPropertyBytes), "MaxPongs": fmt.Sprint(o.MaxPongs),
		"MaxHandshakeBytes": fmt.Sprint(o.MaxHandshakeBytes), "Mechanism": o.Mechanism.Name(),
		"MaxSubscriptions": fmt.Sprint(o.MaxSubscriptions), "MaxSubscriptionBytes": fmt.Sprint(o.MaxSubscriptionBytes),
		"MaxMessageSize": "no limit",
	}
	if m, err := monitor.ParseMask(texts["EventMask"]); err != nil || m != new(Config).eventMask() {
		t.Errorf("EventMask is %v by default, %v; want %s", new(Config).eventMask(), err, texts["EventMask"])
	}
	if beat, err := (Config{HeartbeatInterval: 7}).options(PAIR); err != nil || beat.HeartbeatTimeout != 7 {
		t.Errorf("HeartbeatTimeout is %v by default, %v; want HeartbeatInterval", beat.HeartbeatTimeout, err)
	}
	said := maps.Clone(texts)
	for i, typ := 0, reflect.TypeFor[Config](); i < typ.NumField(); i++ {
		f := typ.Field(i)
		if said[f.Name] == "" {
			texts[f.Name] = noneText(f)
		}
		if said[f.Name] == "" || said[f.Name] == "no limit" {
			wantZero(t, &o, f.Name)
		}
	}
	return texts
}

// system are the options that the operating system has a default for.
var system = []string{"Backlog", "SendBuffer", "RecvBuffer", "TOS", "Priority", "KeepAlive", "TCPMaxRetransmit"}

func noneText(f reflect.StructField) string {
	switch {
	case f.Type.Kind() == reflect.Bool:
		return "off"
	case slices.Contains(system, f.Name):
		return "the system's"
	}
	return "none"
}

// wantZero: an option with no default is nothing to the engine, wherever it has it.
func wantZero(t *testing.T, o *socket.Options, name string) {
	t.Helper()
	for _, of := range []reflect.Value{reflect.ValueOf(*o), reflect.ValueOf(o.Transport)} {
		if v := of.FieldByName(name); v.IsValid() && !v.IsZero() {
			t.Errorf("%s is %v by default, and the table has no text for that", name, v)
		}
	}
}

// Each option of libzmq is in one table, once, and no other is.
func TestOptionsDocKnowsLibzmq(t *testing.T) {
	seen := map[string]int{}
	name := regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)
	for _, column := range []struct {
		table       string
		columns, at int
	}{{"options", 7, 1}, {"elsewhere", 3, 0}, {"absent", 2, 0}} {
		for _, row := range table(t, column.table, column.columns) {
			if row[column.at] == "–" {
				continue
			}
			for _, option := range strings.Split(row[column.at], ", ") {
				if !name.MatchString(option) {
					t.Errorf("%q is no name of libzmq's", option)
				}
				seen[option]++
			}
			if column.table != "options" && strings.Join(row[1:], "") == "" {
				t.Errorf("%s: where is it, or why not?", row[0])
			}
		}
	}
	known := strings.Fields(libzmqOptions)
	for _, option := range known {
		if seen[option] != 1 {
			t.Errorf("ZMQ_%s is in %s %d times", option, optionsDoc, seen[option])
		}
		delete(seen, option)
	}
	for option := range seen {
		t.Errorf("%s has ZMQ_%s, which libzmq's manual pages have not", optionsDoc, option)
	}
}
