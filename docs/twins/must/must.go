// Package must ends a program at its first error, so that the twins are about sockets and nothing else. Real programs
// handle errors.
package must

import "log"

// Do ends the program if there is an error.
func Do(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Get is v, unless there is an error.
func Get[T any](v T, err error) T {
	Do(err)
	return v
}
