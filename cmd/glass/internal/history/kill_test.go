package history

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/glassmq/zmq/observe/fact"
)

// asWriter in the environment makes the test binary the process that is killed: it appends to the file of this name, and
// says on its standard output what has been acknowledged.
const asWriter = "GLASS_HISTORY_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(asWriter); path != "" {
		write(path)
	}
	os.Exit(m.Run())
}

// write appends for ever, in batches, beginning with the last one that may not have been acknowledged.
func write(path string) {
	h, err := Open(path, Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	first := uint64(h.Stats().Last)
	if first > batch {
		first -= batch
	}
	for seq := first + 1; ; seq += batch {
		if err := h.Append(facts(nil, seq, seq+batch-1)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Printf("%d\n", seq+batch-1)
	}
}

const batch = 16

// facts are the gateway's events of these numbers, one a second.
func facts(t testing.TB, from, to uint64) (all []fact.Fact) {
	for seq := from; seq <= to; seq++ {
		e := event(testingOr(t), seq, float64(seq), nil)
		all = append(all, e)
	}
	return all
}

// testingOr is for the writer's process, which has no test: event fails there with a panic.
func testingOr(t testing.TB) testing.TB {
	if t == nil {
		return new(testing.T)
	}
	return t
}

// Twenty times a process is killed in the middle of its writing. Whatever it had said to be kept is there, once; what it had
// not said, whole batches of it or nothing.
func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.db")
	acknowledged := uint64(0)
	for round := range 20 {
		acknowledged = killed(t, path, 3+round%5)
		r, err := Read(path)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		seen := uint64(0)
		for f, err := range r.Events(context.Background(), Filter{}) {
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			if seen++; f.Seq != seen {
				t.Fatalf("round %d: number %d comes after %d", round, f.Seq, seen-1)
			}
		}
		if seen < acknowledged || seen%batch != 0 {
			t.Fatalf("round %d: %d facts are there, %d were acknowledged, in batches of %d", round, seen, acknowledged, batch)
		}
		r.Close()
	}
	if acknowledged < 20*batch {
		t.Errorf("only %d facts were acknowledged: the writers hardly wrote", acknowledged)
	}
}

// killed runs a writer, kills it after so many acknowledgements while it goes on, and returns the last one that it had made.
func killed(t *testing.T, path string, after int) (acknowledged uint64) {
	t.Helper()
	writer := exec.Command(os.Args[0])
	writer.Env = append(os.Environ(), asWriter+"="+path)
	out, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if n == after {
			writer.Process.Kill()
		}
		if _, err := fmt.Sscan(lines.Text(), &acknowledged); err != nil {
			t.Fatalf("the writer says %q", lines.Text())
		}
	}
	writer.Wait()
	if acknowledged == 0 {
		t.Fatal("the writer ended before it was killed")
	}
	return acknowledged
}
