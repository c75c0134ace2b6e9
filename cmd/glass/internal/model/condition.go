package model

import "github.com/glassmq/zmq/observe/fact"

// A conditionKey is what a condition is about.
type conditionKey struct {
	inst, name               string
	sock                     uint64
	conn, endpoint, peer, at string
}

func keyOf(f *fact.Fact) conditionKey {
	c := f.Condition
	return conditionKey{f.ID, c.Name, c.Sock, c.Conn, c.Endpoint, c.Peer, c.Remote}
}

// condition raises or clears one.
func (m *Model) condition(f *fact.Fact) {
	key := keyOf(f)
	if f.Condition.State == fact.Cleared {
		delete(m.conditions, key)
		return
	}
	if _, there := m.conditions[key]; !there && len(m.conditions) >= maxConditions {
		m.overlooked++
		return
	}
	m.conditions[key] = Condition{Condition: *f.Condition, Inst: f.ID, App: f.App}
}
