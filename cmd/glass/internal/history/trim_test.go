package history

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

func bytesOf(t *testing.T, h *History) int64 {
	t.Helper()
	if _, err := h.write.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(h.path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// trim goes on until there is no more to do.
func trim(t *testing.T, h *History, now time.Time) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for more := true; more; {
		var err error
		if more, err = h.trim(now); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatIsTooOldGoesAndItsBytesToo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.db")
	h := opened(t, path, Options{})
	appended(t, h, facts(t, 1, 2400)...) // forty minutes, one a second, as of 12:00
	if err := h.AppendSamples([]fact.State{state(3, 1, 5, true), state(3, 100, 6, true)}); err != nil {
		t.Fatal(err)
	}
	before := bytesOf(t, h)
	h.Close()
	h = opened(t, path, Options{Retain: 10 * time.Minute})
	trim(t, h, at(2400))
	got := seqs(t, h, Filter{})
	if len(got) != 601 || got[0] != 1800 || got[600] != 2400 {
		t.Errorf("%d facts are left, from %d on", len(got), got[0])
	}
	if after := bytesOf(t, h); after > before/2 {
		t.Errorf("the file had %d bytes, and has %d with a quarter of its facts", before, after)
	}
	if rows := sampled(t, h, SampleFilter{}); len(rows) != 0 {
		t.Errorf("samples of then are left: %v", rows)
	}
	// However old it is, the newest one stays: its number must not be given to another.
	trim(t, h, at(1e6))
	if got := seqs(t, h, Filter{}); len(got) != 1 || got[0] != 2400 {
		t.Errorf("left: %v", got)
	}
	ids, err := h.Number(facts(t, 2500, 2500))
	if err != nil || ids[0] != 2401 {
		t.Errorf("the next fact has number %v, %v", ids, err)
	}
}

// However much comes, the file stays within its bound, and holds the newest without a hole.
func TestTheFileStaysWithinItsBytes(t *testing.T) {
	const most = leastBytes
	h := opened(t, filepath.Join(t.TempDir(), "h.db"), Options{RetainBytes: most})
	largest := int64(0)
	seq := uint64(0)
	for range 80 {
		appended(t, h, facts(t, seq+1, seq+128)...)
		seq += 128
		largest = max(largest, bytesOf(t, h))
	}
	if largest > most*11/10 || largest < most/2 {
		t.Errorf("the file had up to %d bytes, its bound is %d", largest, most)
	}
	got := seqs(t, h, Filter{})
	if len(got) < 500 || got[len(got)-1] != seq || got[0] != seq-uint64(len(got))+1 {
		t.Errorf("%d facts are left, from %d to %d of %d", len(got), got[0], got[len(got)-1], seq)
	}
}

// A line as long as one may be does not break the bound for long, and does not stop what comes after it.
func TestLongLinesGoAsWell(t *testing.T) {
	const most = 4 << 20
	h := opened(t, filepath.Join(t.TempDir(), "h.db"), Options{RetainBytes: most})
	for seq := range uint64(12) {
		appended(t, h, event(t, seq+1, float64(seq), func(e *monitor.Event) { e.PeerType = strings.Repeat("x", 1<<20) }))
	}
	appended(t, h, facts(t, 100, 200)...)
	trim(t, h, time.Now())
	if n := bytesOf(t, h); n > most {
		t.Errorf("the file has %d bytes, its bound is %d", n, most)
	}
	if got := seqs(t, h, Filter{N: 1}); got[0] != 200 {
		t.Errorf("the newest is %v", got)
	}
}

func TestBoundsThatCannotBeMeantAreRefused(t *testing.T) {
	for _, o := range []Options{{Retain: -1}, {RetainBytes: -1}, {RetainBytes: leastBytes - 1}} {
		if h, err := Open(filepath.Join(t.TempDir(), "h.db"), o); err == nil {
			h.Close()
			t.Errorf("%+v was taken", o)
		}
	}
}

// Samples are most of what there is: the file stays within its bound all the same, and what it loses is the oldest of both.
func TestSamplesCountAsWell(t *testing.T) {
	const most, sockets = leastBytes, 50
	h := opened(t, filepath.Join(t.TempDir(), "h.db"), Options{RetainBytes: most})
	largest, seq := int64(0), uint64(0)
	var states []fact.State
	for second := 0; second < 5000; second += 10 { // 25 000 rows, of some 150 bytes each
		for sock := range uint64(sockets) {
			states = append(states, state(sock+1, float64(second), uint64(second), false))
		}
		if second%100 == 0 {
			if err := h.AppendSamples(states); err != nil {
				t.Fatal(err)
			}
			states = nil
			seq++
			appended(t, h, event(t, seq, float64(second), nil))
			largest = max(largest, bytesOf(t, h))
		}
	}
	if largest > most*11/10 || largest < most/2 {
		t.Errorf("the file had up to %d bytes, its bound is %d", largest, most)
	}
	oldest := sampled(t, h, SampleFilter{Sock: "k7q2m4/1"})[0].At
	kept := seqs(t, h, Filter{})
	if n := len(kept); n < 5 || kept[n-1] != seq || kept[0] != seq-uint64(n)+1 {
		t.Fatalf("of %d facts are left %v", seq, kept)
	}
	if first := at(float64(kept[0]-1) * 100); first.Sub(oldest).Abs() > 3*time.Minute {
		t.Errorf("facts are left since %v, and samples since %v", first, oldest)
	}
}

// Where only samples are left to go, they go.
func TestSamplesGoWithoutFacts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.db")
	h := opened(t, path, Options{})
	var states []fact.State
	for second := 0; second < 4000; second += 10 {
		for sock := range uint64(100) {
			states = append(states, state(sock+1, float64(second), uint64(second), false))
		}
	}
	if err := h.AppendSamples(states); err != nil {
		t.Fatal(err)
	}
	appended(t, h, event(t, 1, 1, nil)) // older than nearly all, and the newest fact
	h.Close()
	h = opened(t, path, Options{RetainBytes: leastBytes})
	if n := bytesOf(t, h); n < 2*leastBytes {
		t.Fatalf("%d bytes are too few for this", n)
	}
	trim(t, h, december)
	if n := bytesOf(t, h); n > leastBytes || n < leastBytes/2 {
		t.Errorf("the file has %d bytes, its bound is %d", n, leastBytes)
	}
	all := sampled(t, h, SampleFilter{Sock: "k7q2m4/7"})
	if last := all[len(all)-1].At; !last.Equal(at(3990)) {
		t.Errorf("the newest sample left is of %v", last)
	}
	if got := seqs(t, h, Filter{}); len(got) != 1 {
		t.Errorf("the newest fact is gone: %v", got)
	}
}

// To whom nothing comes any more, what is too old goes all the same.
func TestWhatIsTooOldGoesFromAQuietHistory(t *testing.T) {
	h := opened(t, filepath.Join(t.TempDir(), "h.db"), Options{Retain: 21 * 24 * time.Hour})
	appended(t, h, facts(t, 1, 100)...)
	if err := h.AppendSamples([]fact.State{state(3, 1, 5, true), state(3, 100, 6, true)}); err != nil {
		t.Fatal(err)
	}
	h.now = func() time.Time { return december.AddDate(0, 0, 2) }
	if err := h.AppendSamples(nil); err != nil {
		t.Fatal(err)
	}
	if got, rows := seqs(t, h, Filter{}), sampled(t, h, SampleFilter{}); len(got) != 1 || len(rows) != 0 {
		t.Errorf("left: %v and %v", got, rows)
	}
}

// A stranger's clock may say anything.
func TestTimesThatCannotBe(t *testing.T) {
	for _, tm := range []time.Time{{}, time.Unix(0, 0), time.Unix(-1, 0), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if got := stamp(tm, noon); got != noon.UnixNano() {
			t.Errorf("%v is kept at %d", tm, got)
		}
	}
	soon, latest := at(200), noon.Add(ahead)
	for tm, want := range map[time.Time]time.Time{
		noon: noon, soon: soon, at(-1e6): at(-1e6), at(1e6): latest, time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC): latest,
	} {
		if got := stamp(tm, noon); got != want.UnixNano() {
			t.Errorf("%v is kept at %d, want %d", tm, got, want.UnixNano())
		}
	}
	if got := bound(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)); got != math.MaxInt64 {
		t.Errorf("a question until the year 9999 ends at %d", got)
	}
}

// Whose clock is years ahead is neither the newest for years nor kept for them, and its line stays what it was.
func TestAClockThatIsAhead(t *testing.T) {
	h := opened(t, filepath.Join(t.TempDir(), "h.db"), Options{Retain: 24 * time.Hour})
	h.now = func() time.Time { return at(100) }
	years := event(t, 1, 5e8, nil)
	early := state(3, 5e8, 7, true)
	appended(t, h, years)
	if err := h.AppendSamples([]fact.State{early, state(3, 100, 8, true)}); err != nil {
		t.Fatal(err)
	}
	appended(t, h, facts(t, 401, 402)...) // five minutes and a second later
	h.now = func() time.Time { return at(600) }
	appended(t, h, facts(t, 500, 500)...)
	if err := h.AppendSamples([]fact.State{state(3, 590, 9, true), state(3, 600, 10, true)}); err != nil {
		t.Fatal(err)
	}
	if got := seqs(t, h, Filter{}); len(got) != 4 || got[0] != 1 || got[3] != 500 {
		t.Errorf("their order is %v", got)
	}
	if newest := h.Stats().Newest; !newest.Equal(at(500)) {
		t.Errorf("the newest is of %v", newest)
	}
	for f, err := range h.Events(t.Context(), Filter{N: 1, Until: at(450), Descending: true}) {
		if err != nil || string(f.Line) != string(event(t, 402, 402, nil).Line) && string(f.Line) != string(years.Line) {
			t.Errorf("%s, %v", f.Line, err)
		}
	}
	if all := sampled(t, h, SampleFilter{}); len(all) != 2 || !all[0].At.Equal(at(400)) || !all[1].At.Equal(at(590)) {
		t.Errorf("after a state of the future the samples are %+v", all)
	}
	trim(t, h, at(500+24*3600))
	if got := seqs(t, h, Filter{}); len(got) != 1 || got[0] != 500 {
		t.Errorf("a day later are left %v", got)
	}
}
