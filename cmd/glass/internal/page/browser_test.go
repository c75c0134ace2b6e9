package page_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// A browser is a real Chromium, driven over a pipe by the DevTools protocol: JSON messages that end with a zero byte, on file
// descriptors 3 and 4 of its process. It needs neither a driver program nor a port.
type browser struct {
	t       *testing.T
	to      io.WriteCloser
	session string

	mu      sync.Mutex // guards what follows
	last    int
	waiting map[int]chan answer
	events  []event // what the page told unasked: errors, requests
	ended   error
}

type answer struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

type event struct {
	method string
	params string
}

// chromium is its program; the test is skipped without it, unless it is required.
func chromium(t *testing.T) string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("ZMQ_INTEROP") == "required" {
		t.Fatal("there is no chromium, and it is required")
	}
	t.Skip("there is no chromium here")
	return ""
}

// open starts a browser with a profile of its own, and a page of a size. The browser asks for nothing but what the page asks for.
func open(t *testing.T, width, height int) *browser {
	t.Helper()
	cmd := exec.Command(chromium(t), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--disable-quic", "--no-first-run", "--no-default-browser-check", "--disable-default-apps", "--disable-extensions",
		"--disable-dev-shm-usage", "--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--hide-scrollbars", "--mute-audio",
		"--remote-debugging-pipe", "--user-data-dir="+profile(t), "about:blank")
	in, toBrowser, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fromBrowser, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{in, out}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	out.Close()
	b := &browser{t: t, to: toBrowser, waiting: make(map[int]chan answer)}
	var reading sync.WaitGroup
	reading.Go(func() { b.read(fromBrowser) })
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		toBrowser.Close()
		fromBrowser.Close()
		reading.Wait()
	})
	b.attach(width, height)
	return b
}

// profile is a folder for one browser. Its processes end a moment after the first one, and write to the last.
func profile(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "glass-page")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 50 {
			if err = os.RemoveAll(folder); err == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Log(err)
	})
	return folder
}

func (b *browser) attach(width, height int) {
	b.t.Helper()
	var target struct {
		ID string `json:"targetId"`
	}
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct {
		ID string `json:"sessionId"`
	}
	b.call("Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &attached)
	b.session = attached.ID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil, nil)
	}
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
}

func (b *browser) read(r io.Reader) {
	in := bufio.NewReaderSize(r, 1<<20)
	for {
		text, err := in.ReadBytes(0)
		if err != nil {
			b.end(err)
			return
		}
		var a answer
		if json.Unmarshal(text[:len(text)-1], &a) != nil {
			continue
		}
		b.mu.Lock()
		if a.ID != 0 {
			if c := b.waiting[a.ID]; c != nil {
				c <- a
				delete(b.waiting, a.ID)
			}
		} else {
			b.events = append(b.events, event{a.Method, string(a.Params)})
		}
		b.mu.Unlock()
	}
}

func (b *browser) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = err
	for _, c := range b.waiting {
		close(c)
	}
	b.waiting = nil
}

// call asks the browser for something.
func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	if err := b.try(method, params, result); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
}

func (b *browser) try(method string, params, result any) error {
	if params == nil {
		params = struct{}{}
	}
	c := make(chan answer, 1)
	b.mu.Lock()
	if b.ended != nil {
		defer b.mu.Unlock()
		return b.ended
	}
	b.last++
	id := b.last
	b.waiting[id] = c
	b.mu.Unlock()
	text, err := json.Marshal(struct {
		ID      int    `json:"id"`
		Session string `json:"sessionId,omitempty"`
		Method  string `json:"method"`
		Params  any    `json:"params"`
	}{id, b.session, method, params})
	if err != nil {
		return err
	}
	if _, err := b.to.Write(append(text, 0)); err != nil {
		return err
	}
	select {
	case a, ok := <-c:
		switch {
		case !ok:
			return errors.New("the browser has ended")
		case a.Error != nil:
			return errors.New(a.Error.Message)
		case result != nil:
			return json.Unmarshal(a.Result, result)
		}
		return nil
	case <-time.After(20 * time.Second):
		return errors.New("no answer in 20 s")
	}
}

// visit opens an address, and waits until the page has what it shows.
func (b *browser) visit(url string) {
	b.t.Helper()
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	b.until(`document.body?.dataset.ready === "true"`)
}

// eval is the value of an expression in the page.
func eval[T any](b *browser, expression string) (v T) {
	b.t.Helper()
	v, err := tryEval[T](b, expression)
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

func tryEval[T any](b *browser, expression string) (v T, err error) {
	var got struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception *struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	err = b.try("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &got)
	switch {
	case err != nil:
		return v, err
	case got.Exception != nil:
		return v, errors.New(got.Exception.Text + " " + got.Exception.Exception.Description)
	case len(got.Result.Value) == 0:
		return v, nil
	}
	return v, json.Unmarshal(got.Result.Value, &v)
}

// until waits until an expression is true in the page: it is looked at with every frame that the page draws.
func (b *browser) until(expression string) {
	b.t.Helper()
	for limit := time.Now().Add(15 * time.Second); ; {
		ok, err := tryEval[bool](b, fmt.Sprintf(`new Promise(done => { const end = performance.now() + 2000;
			const look = () => { let ok = false; try { ok = !!(%s) } catch {} ; ok || performance.now() > end ? done(ok) : setTimeout(look, 15) }; look() })`, expression))
		if ok {
			return
		}
		if time.Now().After(limit) {
			shown, _ := tryEval[string](b, `document.body?.innerText.slice(0, 1500)`)
			b.t.Fatalf("never: %s (%v)\nthe page shows\n%s\n%s", expression, err, shown, strings.Join(b.complaints(), "\n"))
		}
	}
}

// click clicks with the mouse in the middle of the first element that a selector finds.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`document.querySelector(%q)`, selector))
	at := eval[[]float64](b, fmt.Sprintf(`(() => { const el = document.querySelector(%q); el.scrollIntoView({block: "nearest"});
		const r = el.getBoundingClientRect(); return [r.x + Math.min(r.width / 2, 60), r.y + r.height / 2] })()`, selector))
	for _, kind := range []string{"mouseMoved", "mousePressed", "mouseReleased"} {
		b.call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1}, nil)
	}
}

// press presses keys one after the other: "j", "Enter", "Escape".
func (b *browser) press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		down := map[string]any{"type": "keyDown", "key": key, "code": key}
		switch {
		case key == "Enter":
			down["text"] = "\r"
			down["windowsVirtualKeyCode"] = 13
		case key == "Escape":
			down["windowsVirtualKeyCode"] = 27
		case len(key) == 1:
			down["text"] = key
		}
		b.call("Input.dispatchKeyEvent", down, nil)
		b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "code": key}, nil)
	}
}

// write types a text.
func (b *browser) write(text string) {
	b.t.Helper()
	b.call("Input.insertText", map[string]any{"text": text}, nil)
}

// dark has the system prefer a theme.
func (b *browser) prefer(scheme string) {
	b.t.Helper()
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// picture is the page as PNG.
func (b *browser) picture() []byte {
	b.t.Helper()
	var shot struct {
		Data string `json:"data"`
	}
	b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	return png
}

// complaints are exceptions of the page, and what the browser logged: broken rules of its policy are there, too.
func (b *browser) complaints() (all []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.method == "Runtime.exceptionThrown" || e.method == "Log.entryAdded" && strings.Contains(e.params, `"level":"error"`) {
			all = append(all, e.params)
		}
	}
	return all
}

// strangers are the requests for what is not under an address.
func (b *browser) strangers(ours string) (all []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		var sent struct {
			Request struct {
				URL string `json:"url"`
			} `json:"request"`
		}
		if e.method != "Network.requestWillBeSent" || json.Unmarshal([]byte(e.params), &sent) != nil {
			continue
		}
		if u := sent.Request.URL; !strings.HasPrefix(u, ours) && !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "about:") {
			all = append(all, u)
		}
	}
	return all
}
