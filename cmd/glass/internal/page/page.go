// Package page is the agent's web page: HTML, CSS and modules of JavaScript as they are, in the binary. It loads nothing from
// anywhere else, and there is no build: what is in static is what a browser gets.
//
// The order of reading:
//
//	static/app.js        the address, the side, keys
//	static/stream.js     what comes from the agent
//	static/store.js      what is true now
//	static/overview.js … a view each; parts.js, table.js, chart.js: what they are made of
//	static/words.js      numbers, times and events as people say them
//	static/vendor        uPlot 1.6.32 and dagre 3.1.3 (MIT), Inter and JetBrains Mono (OFL), as their authors publish them
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var embedded embed.FS

// types are the content types: a system's own table may say otherwise, and browsers are strict about modules.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8", ".LICENSE": "text/plain; charset=utf-8",
}

// A file is what is answered for one path.
type file struct {
	text []byte
	kind string
	tag  string // changes with the text, so that a browser asks, and is told that nothing has
}

// Handler serves the page.
func Handler() http.Handler {
	files := make(map[string]file)
	err := fs.WalkDir(embedded, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := embedded.ReadFile(name)
		sum := sha256.Sum256(text)
		files[strings.TrimPrefix(name, "static")] = file{text, types[path.Ext(name)], `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
		return err
	})
	if err != nil {
		panic(err) // cannot happen: the files are in this binary
	}
	files["/"] = files["/index.html"]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", f.kind)
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", f.tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.text)) // answers If-None-Match
	})
}
