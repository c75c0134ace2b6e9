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

func TestWhatIsTooOldGoesAndItsBytesToo(t *testing.T) {
	h := opened(t, filepath.Join(t.TempDir(), "h.db"), Options{Retain: 10 * time.Minute})
	appended(t, h, facts(t, 1, 2400)...) // forty minutes, one a second, as of 12:00
	if err := h.AppendSamples([]fact.State{state(3, 1, 5, true), state(3, 100, 6, true)}); err != nil {
		t.Fatal(err)
	}
	before := bytesOf(t, h)
	if err := h.Trim(at(2400)); err != nil {
		t.Fatal(err)
	}
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
	if err := h.Trim(at(1e6)); err != nil {
		t.Fatal(err)
	}
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
	if err := h.Trim(time.Now()); err != nil {
		t.Fatal(err)
	}
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

// A stranger's clock may say anything.
func TestTimesThatCannotBe(t *testing.T) {
	now := time.Now().UnixNano()
	for _, tm := range []time.Time{{}, time.Unix(0, 0), time.Unix(-1, 0), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if got := stamp(tm); got < now {
			t.Errorf("%v is kept at %d", tm, got)
		}
	}
	if got := stamp(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)); got != math.MaxInt64 {
		t.Errorf("the year 9999 is kept at %d", got)
	}
	if got := stamp(noon); got != noon.UnixNano() {
		t.Errorf("noon is kept at %d", got)
	}
}
