package sheet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
)

// An Unclear is a name that means nothing, or several things.
type Unclear struct {
	What  string // "socket"
	Name  string
	Among []string // what it can mean; empty: nothing
}

func (u *Unclear) Error() string {
	if len(u.Among) == 0 {
		return fmt.Sprintf("no %s is called %q", u.What, u.Name)
	}
	return fmt.Sprintf("%q can be %d %ss", u.Name, len(u.Among), u.What)
}

// Hint is what to write instead.
func (u *Unclear) Hint() string {
	const most = 8
	if len(u.Among) == 0 {
		return fmt.Sprintf("glass ls %ss has their names", strings.Replace(u.What, "connection", "conn", 1))
	}
	text := "write one of " + strings.Join(u.Among[:min(len(u.Among), most)], ", ")
	if more := len(u.Among) - most; more > 0 {
		text += fmt.Sprintf(" or of %d more", more)
	}
	return text
}

// FindSocket is the socket that is called so: by its key, whose instance may be cut short, or by its name, with its application
// or without.
func FindSocket(s model.Snapshot, name string) (model.Socket, error) {
	return find(s.Sockets, "socket", name, func(x model.Socket) []string {
		full := SocketName(x.App, x.Name, x.Type, x.Key)
		return []string{x.Key, full, strings.TrimPrefix(full, x.App+"/")}
	})
}

// FindConn is the connection that is called so: by its key, whose instance may be cut short, or by its peer's address.
func FindConn(s model.Snapshot, name string) (model.Connection, error) {
	return find(s.Connections, "connection", name, func(c model.Connection) []string {
		return []string{c.Key, c.Remote, bare(c.Remote)}
	})
}

// FindPeer is the peer that is called so, or that is at this address.
func FindPeer(s model.Snapshot, name string) (Peer, error) {
	return find(peersOf(s), "peer", name, func(p Peer) []string {
		return append([]string{p.Name}, p.Places...)
	})
}

// find is the one thing that has this name. The first name of each is its own, and is what a user is told to write.
func find[T any](all []T, what, name string, names func(T) []string) (found T, err error) {
	var same []T
	u := &Unclear{What: what, Name: name}
	for _, one := range all {
		called := names(one)
		if called[0] == name {
			return one, nil
		}
		if slices.Contains(called, name) || shortens(called[0], name) {
			same = append(same, one)
			u.Among = append(u.Among, called[0])
		}
	}
	if len(same) != 1 {
		return found, u
	}
	return same[0], nil
}

// shortens says whether short is a key whose instance is cut short.
func shortens(key, short string) bool {
	inst, number, ok := strings.Cut(short, "/")
	whole, of, is := strings.Cut(key, "/")
	return ok && is && inst != "" && number == of && strings.HasPrefix(whole, inst)
}

// Names are what things of a kind (socket, conn, peer) are called, for a shell to complete.
func Names(s model.Snapshot, kind string) (names []string) {
	switch kind {
	case "socket":
		for _, x := range s.Sockets {
			names = append(names, SocketName(x.App, x.Name, x.Type, x.Key))
		}
	case "conn":
		for _, c := range s.Connections {
			names = append(names, ShortKey(c.Key))
		}
	case "peer":
		for _, p := range peersOf(s) {
			names = append(names, p.Name)
		}
	}
	return names
}
