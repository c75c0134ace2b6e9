//go:build cgo && linux

package main

/*
#include <errno.h>
#include "engine.h"
*/
import "C"

import (
	"unsafe"

	"github.com/glassmq/zmq/zmtp/curve"
)

const z85Size = 40 // of a key, and a NUL behind it

//export glassmqKeypair
func glassmqKeypair(public, secret *C.char) (rc C.int) {
	defer caught(&rc)
	pair := curve.NewKeyPair()
	put(public, pair.Public.String())
	put(secret, pair.Secret.Z85())
	return 0
}

//export glassmqPublicKey
func glassmqPublicKey(public, secret *C.char) (rc C.int) {
	defer caught(&rc)
	key, err := curve.ParseSecretKey(C.GoString(secret))
	if err != nil {
		return -C.EINVAL
	}
	put(public, key.Public().String())
	return 0
}

// put writes a key's text to memory of z85Size + 1 bytes.
func put(to *C.char, text string) {
	out := unsafe.Slice((*byte)(unsafe.Pointer(to)), z85Size+1)
	copy(out, text)
	out[z85Size] = 0
}
