package listener

import (
	"errors"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   1: 0100007F:C02D 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 16206633 2 000000002a314af9 100 0 0 10 0
   2: 0100007F:8A78 0100007F:C02D 01 00000000:00000000 00:00000000 00000000     0        0 16206634 1 0000000019301253 20 0 0 10 -1
   6: 0100007F:C02D 0100007F:8A78 08 00000000:0000000C 00:00000000 00000000     0        0 0 1 00000000276f3c68 20 0 0 10 -1
`

const table6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 77 1 0000000000000000 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:0050 01 00000000:00000000 00:00000000 00000000  1000        0 78 1 0000000000000000 100 0 0 10 0
`

func TestARow(t *testing.T) {
	var rows []row
	for _, text := range []string{table, table6} {
		if err := readTable(strings.NewReader(text), func(r row) { rows = append(rows, r) }); err != nil {
			t.Fatal(err)
		}
	}
	at := netip.MustParseAddrPort
	want := []row{
		{at("127.0.0.1:49197"), at("0.0.0.0:0"), listening, 2, 16206633},
		{at("127.0.0.1:35448"), at("127.0.0.1:49197"), established, 0, 16206634},
		{at("127.0.0.1:49197"), at("127.0.0.1:35448"), closeWait, 12, 0},
		{at("[::1]:8080"), at("[::]:0"), listening, 0, 77},
		{at("127.0.0.1:8080"), at("127.0.0.1:80"), established, 0, 78},
	}
	if !slices.Equal(rows, want) && isLittleEndian() {
		t.Errorf("the rows are\n%v, want\n%v", rows, want)
	}
}

// isLittleEndian: the tables of this test are such a machine's.
func isLittleEndian() bool {
	return !slices.Contains([]string{"mips", "mips64", "ppc64", "s390x"}, runtime.GOARCH)
}

func TestARowThatIsNone(t *testing.T) {
	good := strings.Split(table, "\n")[1]
	for name, line := range map[string]string{
		"cut short":            good[:60],
		"no address":           strings.Replace(good, "0100007F:C02D", "0100007F", 1),
		"half an address":      strings.Replace(good, "0100007F:C02D", "01007F:C02D", 1),
		"a port out of range":  strings.Replace(good, ":C02D", ":1C02D", 1),
		"a state of two bytes": strings.Replace(good, " 0A ", " 0A0A ", 1),
		"no inode":             strings.Replace(good, "16206633", "-", 1),
		"no queue":             strings.Replace(good, ":00000002", "", 1),
	} {
		if err := readTable(strings.NewReader("heading\n"+line), func(r row) { t.Errorf("%s: %v", name, r) }); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAnAddressThatIsElsewhere(t *testing.T) {
	if _, err := Look(netip.AddrPort{}, netip.MustParseAddrPort("192.0.2.77:5555")); !errors.Is(err, ErrElsewhere) {
		t.Errorf("%v", err)
	}
}

func TestFull(t *testing.T) {
	for _, c := range []struct {
		p    *Process
		want bool
	}{{nil, false}, {&Process{}, false}, {&Process{Descriptors: 7, Limit: 8}, false}, {&Process{Descriptors: 8, Limit: 8}, true},
		{&Process{Descriptors: 9, Limit: 8}, true}, {&Process{Descriptors: 9}, false}} {
		if c.p.Full() != c.want {
			t.Errorf("%+v: %v", c.p, c.p.Full())
		}
	}
}

func FuzzRow(f *testing.F) {
	for line := range strings.Lines(table + table6) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := parseRow(line)
		if err == nil && (r.unread < 0 || !r.local.IsValid() || !r.remote.IsValid()) {
			t.Errorf("%q: %+v", line, r)
		}
	})
}
