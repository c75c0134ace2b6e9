package monitor

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math/bits"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the tables of docs/events.md")

const eventsDoc = "../docs/events.md"

// The tables of docs/events.md stand between <!-- name --> and <!-- end name -->
// and say what the code says; the prose around them is written by hand.
func TestEventsDoc(t *testing.T) {
	b, err := os.ReadFile(eventsDoc)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	for name, table := range map[string]string{
		"kinds": kindsTable(), "masks": masksTable(), "reasons": reasonsTable(), "codes": codesTable(),
		"connection": grammarTable(&connGrammar), "endpoint": grammarTable(&endpointGrammar),
	} {
		section := regexp.MustCompile(`(?s)<!-- ` + name + ` -->\n.*?<!-- end ` + name + ` -->`)
		want := "<!-- " + name + " -->\n" + table + "<!-- end " + name + " -->"
		switch got := section.FindString(doc); {
		case got == "":
			t.Errorf("docs/events.md has no place for the table %q", name)
		case got != want && *update:
			doc = strings.Replace(doc, got, want, 1)
		case got != want:
			t.Errorf("the table %q of docs/events.md is not what the code says: go test ./monitor -run EventsDoc -update, and read the diff", name)
		}
	}
	if *update {
		if err := os.WriteFile(eventsDoc, []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// The meaning of a JSON key is prose, but which keys there are is not.
func TestEventsDocHasTheJSONKeys(t *testing.T) {
	b, err := os.ReadFile(eventsDoc)
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(b), "## JSON")
	section, _, _ = strings.Cut(section, "\n## ")
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(section, -1) {
		for _, key := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(row[1], -1) {
			documented = append(documented, key[1])
		}
	}
	written := allKeys()
	slices.Sort(documented)
	slices.Sort(written)
	if !slices.Equal(documented, written) {
		t.Errorf("docs/events.md has the keys\n %q, events have\n %q", documented, written)
	}
}

func TestEventsDocNamesOnlyWhatExists(t *testing.T) {
	b, err := os.ReadFile(eventsDoc)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`([a-z]+_[a-z_]+)`").FindAllStringSubmatch(string(b), -1) {
		word := m[1]
		_, isReason := reasonIndex[Reason(word)]
		_, err := ParseMask(word)
		if !isReason && err != nil && !slices.Contains(allKeys(), word) && !strings.HasPrefix(word, "zmq_") {
			t.Errorf("docs/events.md speaks of `%s`, which is no kind, reason, mask or key", word)
		}
	}
}

var valueNames = map[valueRule]string{
	noValue: "0", fdValue: "fd", errnoValue: "errno", intervalValue: "ms", codeValue: "code",
	queuesValue: "messages out, messages in", countValue: "count",
}

func kindsTable() string {
	b := &strings.Builder{}
	b.WriteString("| kind | number | sev | value | when | fields of its own | what to do |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for k := range Kinds() {
		bit := bits.TrailingZeros64(uint64(k))
		text := kindTexts[bit]
		number := fmt.Sprintf("0x%04x", uint64(k))
		if k > ClassicV2 {
			number = fmt.Sprintf("1<<%d", bit)
		}
		row(b, "`"+k.String()+"`", number, strings.ToLower(kinds[bit].level.String()), valueNames[kinds[bit].value], text.when, text.fields, text.do)
	}
	return b.String()
}

func masksTable() string {
	b := &strings.Builder{}
	b.WriteString("| mask | kinds |\n| --- | --- |\n")
	for _, g := range groups {
		switch g.name {
		case "none", "inproc", "classic", "classic_v2", "all":
			continue // told in prose
		}
		row(b, "`"+g.name+"`", strings.ReplaceAll((g.mask&^0x8000).String(), "|", ", "))
	}
	return b.String()
}

func reasonsTable() string {
	b := &strings.Builder{}
	b.WriteString("| reason | who | errno | code | why | hint |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, r := range reasons {
		code := ""
		if r.code != 0 {
			code = fmt.Sprintf("%#x", r.code)
			if r.code < 1000 {
				code = fmt.Sprint(r.code)
			}
		}
		row(b, "`"+string(r.reason)+"`", string(r.who), errnoNames[r.errno], code, r.why, r.hint)
		if r.onBind.why != "" {
			row(b, "– on the bound side", "", "", "", r.onBind.why, r.onBind.hint)
		}
		if r.onIPC.why != "" {
			row(b, "– over ipc", "", "", "", r.onIPC.why, r.onIPC.hint)
		}
		if r.byPeer.why != "" {
			row(b, "– on the refused side", "", "", "", r.byPeer.why, r.byPeer.hint)
		}
	}
	return b.String()
}

func codesTable() string {
	b := &strings.Builder{}
	b.WriteString("| number | ZMQ_PROTOCOL_ERROR_ | reason | why, where it says more |\n| --- | --- | --- | --- |\n")
	for _, code := range slices.Sorted(maps.Keys(protocolCodes)) {
		c := protocolCodes[code]
		row(b, fmt.Sprintf("%#x", code), c.name, "`"+string(c.reason)+"`", c.why)
	}
	return b.String()
}

func grammarTable(g *grammar) string {
	b := &strings.Builder{}
	b.WriteString("| from | by | to |\n| --- | --- | --- |\n")
	for _, s := range g.steps {
		row(b, g.name(s.from), "`"+strings.ReplaceAll(s.kinds.String(), "|", "`, `")+"`", g.name(s.to))
	}
	return b.String()
}

func row(b *strings.Builder, cells ...string) {
	for _, c := range cells {
		c = cmp.Or(strings.ReplaceAll(c, "|", `\|`), " ")
		b.WriteString("| " + c + " ")
	}
	b.WriteString("|\n")
}
