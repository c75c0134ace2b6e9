package pattern

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/glassmq/zmq/internal/pipe"
)

func TestRouterNamesItsPeers(t *testing.T) {
	r := NewRouter(7)
	said, unsaid, late := &pipe.Pipe{}, &pipe.Pipe{}, &pipe.Pipe{}
	r.Name(said, "alice")
	r.Name(unsaid, "")
	if r.Find([]byte("alice")) != said || r.Find([]byte(unsaid.ID)) != unsaid {
		t.Fatal("a peer is not found by its name")
	}
	if len(unsaid.ID) != 5 || unsaid.ID[0] != 0 {
		t.Errorf("a made-up name is %q: want five bytes, the first of them zero", unsaid.ID)
	}
	made := unsaid.ID
	if r.Name(unsaid, ""); unsaid.ID != made {
		t.Errorf("a pipe whose peer came back has another made-up name: %q, then %q", made, unsaid.ID)
	}
	r.Name(late, "alice") // handed over
	if r.Find([]byte("alice")) != late {
		t.Error("who took a name over is not found by it")
	}
	if r.Detach(said); r.Find([]byte("alice")) != late {
		t.Error("the leave of who had a name before takes it from who has it now")
	}
	if r.Detach(late); r.Find([]byte("alice")) != nil {
		t.Error("a peer that has left is found")
	}
}

// Made-up names are never those of a live peer, also when their number comes round.
func TestRouterMakesUpFreshNames(t *testing.T) {
	r := NewRouter(1<<32 - 3)
	names := map[string]bool{}
	for range 10 {
		p := &pipe.Pipe{}
		r.Name(p, "")
		if names[p.ID] {
			t.Fatalf("%q was made up twice", p.ID)
		}
		names[p.ID] = true
	}
}

// A Fan is held against a naive twin: for each pipe the set of its prefixes.
func TestFanAgainstATwin(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 2))
		f := NewFan()
		wants := map[*pipe.Pipe]map[string]bool{}
		var pipes []*pipe.Pipe
		word := func() string {
			b := make([]byte, r.IntN(4))
			for i := range b {
				b[i] = "ab\x00"[r.IntN(3)]
			}
			return string(b)
		}
		for range 600 {
			switch r.IntN(6) {
			case 0:
				p := &pipe.Pipe{}
				f.Attach(p)
				pipes, wants[p] = append(pipes, p), map[string]bool{}
			case 1:
				if len(pipes) > 0 {
					p := pipes[r.IntN(len(pipes))]
					prefix, on := word(), r.IntN(2) == 0
					if on {
						f.Topics.Add([]byte(prefix), p)
						wants[p][prefix] = true
					} else {
						f.Topics.Remove([]byte(prefix), p)
						delete(wants[p], prefix)
					}
				}
			case 2:
				if len(pipes) > 20 {
					p := pipes[0]
					f.Topics.RemoveAll(p, nil)
					f.Detach(p)
					pipes = pipes[1:]
					delete(wants, p)
				}
			default:
				f.Invert = r.IntN(4) == 0
				head := word()
				got := slices.Clone(f.Audience([]byte(head)))
				for _, p := range pipes {
					matches := false
					for prefix := range wants[p] {
						matches = matches || strings.HasPrefix(head, prefix)
					}
					if want := matches != f.Invert; slices.Contains(got, p) != want {
						t.Fatalf("seed %d: %q, inverted %v: a pipe with %v gets it: %v", seed, head, f.Invert, wants[p], !want)
					}
				}
				for i, p := range got {
					if slices.Contains(got[i+1:], p) {
						t.Fatalf("seed %d: a pipe gets %q twice", seed, head)
					}
				}
			}
		}
	}
}

// A dialled peer that has no id when it comes back does not take its old one from whoever has that by now.
func TestRouterLeavesANameToWhoHasIt(t *testing.T) {
	r := NewRouter(1)
	back, now := &pipe.Pipe{}, &pipe.Pipe{}
	r.Name(back, "alice")
	r.Name(now, "alice") // while the other was away
	r.Name(back, "")
	if r.Find([]byte("alice")) != now || back.ID == "alice" || r.Find([]byte(back.ID)) != back {
		t.Errorf("alice is %p, want %p; who came back is called %q", r.Find([]byte("alice")), now, back.ID)
	}
}
