//go:build !pebbe && !gozeromq && !mangos

package main

// otherActor is nil: this program was built without another library.
func otherActor(side, role string) func(settings) error { return nil }
