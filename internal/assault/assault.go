// Package assault is a world that means harm, as data: what strangers, broken programs and attackers have sent to ZeroMQ
// sockets or could, and how each of it has to end. It is for tests, and for the command that replays it against any endpoint
// (cmd/assault); no socket imports it.
//
// It knows the wire from RFC 23, 24, 26 and 37 and spells it by itself, cryptography included: an engine that is wrong and an
// attacker that is made of it would agree.
//
// Reading order: input.go, list/*.txt (the inputs), words.go, spell.go, forge.go (bytes), attack.go, hear.go (a connection), told.go
// (what was answered).
package assault

import (
	"embed"
	"fmt"
)

//go:embed list/*.txt
var list embed.FS

// Inputs is the list, which is the caller's. An error is a mistake in the list.
func Inputs() ([]*Input, error) {
	files, err := list.ReadDir("list")
	if err != nil {
		return nil, err
	}
	var all []*Input
	for _, f := range files {
		path := "list/" + f.Name()
		text, err := list.ReadFile(path)
		if err != nil {
			return nil, err
		}
		some, err := read(path, string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	names := map[string]*Input{}
	for _, in := range all {
		if names[in.Name] != nil {
			return nil, fmt.Errorf("%s: %s is on the list already", in.Where, in.Name)
		}
		names[in.Name] = in
	}
	return all, nil
}
