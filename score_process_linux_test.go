package zmq_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Some rows of the scorecard need processes: to be killed, to be stopped, to have few descriptors, to be weighed alone. They
// are this test binary again, which then plays one part, and does what it is told over a pipe: one order, one answer.
var parts = map[string]func(p *part){
	"server": playServer, "crowd": playCrowd, "dialler": playDialler,
	"sender": playSender, "receiver": playReceiver, "checker": playChecker,
}

// TestScorePart is where such a process begins.
func TestScorePart(t *testing.T) {
	name := os.Getenv("SCORE_PART")
	if name == "" {
		t.Skip("the scorecard's tests start it, in a process of its own")
	}
	p := &part{t: t, orders: json.NewDecoder(os.Stdin), answers: json.NewEncoder(os.NewFile(3, "answers"))}
	parts[name](p)
}

// A part is what a process of its own has of the test that started it.
type part struct {
	t       *testing.T
	orders  *json.Decoder
	answers *json.Encoder
}

// An order is what a part is told: a word of its own vocabulary, and what belongs to it.
type order struct {
	Do   string
	With json.RawMessage
}

// cast is the first order: what the part is about.
func (p *part) cast(role any) {
	p.obey(func(o order) (any, bool) {
		p.read(o, role)
		return nil, false
	})
}

// read takes what belongs to an order.
func (p *part) read(o order, into any) {
	p.t.Helper()
	must(p.t, json.Unmarshal(o.With, into))
}

// obey answers orders until do says that it was the last. Who gives them has gone when there are no more: then so does the
// process.
func (p *part) obey(do func(o order) (answer any, more bool)) {
	for more := true; more; {
		var o order
		if p.orders.Decode(&o) != nil {
			os.Exit(1)
		}
		var answer any
		if o.Do == "vitals" {
			answer = vitalsNow()
		} else {
			answer, more = do(o)
		}
		must(p.t, p.answers.Encode(answer))
	}
}

// vitals are what a process knows of itself.
type vitals struct {
	Heap                    int64 // in use, after a collection, with stacks
	Goroutines, Descriptors int
}

func vitalsNow() vitals { return vitals{inUse(), runtime.NumGoroutine(), descriptors()} }

// A process plays a part, and is the test's to torment.
type process struct {
	t       *testing.T
	cmd     *exec.Cmd
	orders  io.WriteCloser
	answers *os.File
	decoder *json.Decoder
	said    *bytes.Buffer // what it printed
	reaped  bool
}

// spawn starts one. files are its descriptors from 4 on.
func spawn(t *testing.T, name string, role any, files ...*os.File) *process {
	t.Helper()
	return spawnBy(t, nil, name, role, files...)
}

// spawnBy is spawn by a command that becomes the process that it is told to start, such as ip netns exec.
func spawnBy(t *testing.T, command []string, name string, role any, files ...*os.File) *process {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	words := append(command[:len(command):len(command)], self, "-test.run=^TestScorePart$", "-test.timeout=0")
	r, w, err := os.Pipe()
	must(t, err)
	p := &process{t: t, cmd: exec.Command(words[0], words[1:]...), answers: r, decoder: json.NewDecoder(r), said: &bytes.Buffer{}}
	p.cmd.Env = append(os.Environ(), "SCORE_PART="+name)
	p.cmd.ExtraFiles = append([]*os.File{w}, files...)
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	p.orders, err = p.cmd.StdinPipe()
	must(t, err)
	must(t, p.cmd.Start())
	w.Close()
	t.Cleanup(p.kill)
	p.ask("play", role, nil)
	return p
}

// ask gives an order and waits for the answer, as long as the answer may take.
func (p *process) ask(do string, with, answer any) {
	p.t.Helper()
	if err := p.request(do, with, answer); err != nil {
		p.kill()
		p.t.Fatalf("the process that was asked to %s: %v\n%s", do, err, p.said)
	}
}

func (p *process) request(do string, with, answer any) error {
	words, err := json.Marshal(with)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(p.orders).Encode(order{do, words}); err != nil {
		return err
	}
	if answer == nil {
		answer = new(any)
	}
	return p.decoder.Decode(answer)
}

func (p *process) vitals() (v vitals) {
	p.t.Helper()
	p.ask("vitals", nil, &v)
	return v
}

// signal sends one that the process cannot answer.
func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(s))
}

// kill is kill -9, and waits for the end. Again: nothing.
func (p *process) kill() {
	if p.reaped {
		return
	}
	p.reaped = true
	p.cmd.Process.Kill()
	p.cmd.Wait()
	p.orders.Close()
	p.answers.Close()
}

// limit sets how many descriptors it may have.
func (p *process) limit(descriptors uint64) {
	p.t.Helper()
	var now unix.Rlimit
	must(p.t, unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_NOFILE, nil, &now))
	now.Cur = descriptors
	must(p.t, unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_NOFILE, &now, nil))
}

// resident is the memory that the kernel counts for it, in bytes.
func (p *process) resident() int64 {
	p.t.Helper()
	return p.number("statm", 1) * int64(os.Getpagesize())
}

// cpu is the processor time that it has had.
func (p *process) cpu() time.Duration {
	p.t.Helper()
	const tick = time.Second / 100 // USER_HZ, on every Linux that there is
	return time.Duration(p.number("stat", 13)+p.number("stat", 14)) * tick
}

// number is a field of a file in /proc, the process's name taken as one.
func (p *process) number(file string, field int) int64 {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, file))
	must(p.t, err)
	n, err := strconv.ParseInt(strings.Fields(string(text))[field], 10, 64)
	must(p.t, err)
	return n
}

// capMemory puts the process into a group of its own, which the kernel kills when it has more; where that is not allowed it
// says so and goes on.
func (p *process) capMemory(most int64) {
	p.t.Helper()
	group := fmt.Sprintf("/sys/fs/cgroup/memory/glassmq-%d", p.cmd.Process.Pid)
	err := os.Mkdir(group, 0o755)
	if err == nil {
		p.t.Cleanup(func() {
			p.kill()
			os.Remove(group)
		})
		err = errors.Join(
			os.WriteFile(group+"/memory.limit_in_bytes", []byte(strconv.FormatInt(most, 10)), 0),
			os.WriteFile(group+"/cgroup.procs", []byte(strconv.Itoa(p.cmd.Process.Pid)), 0))
	}
	if err != nil {
		p.t.Logf("without a hard limit of memory: %v", err)
		return
	}
	p.t.Logf("under a hard limit of %d MiB", most>>20)
}
