//go:build !amd64 || !gc || purego

package curve

// batch is how many bytes of key stream are made at a time. Where x/crypto has no
// assembly, each block costs the same.
const batch = blockSize
