//go:build amd64 && gc && !purego

package curve

// batch is how many bytes of key stream are made at a time. The assembly of
// x/crypto makes four blocks in 240 ns and one in 190, but two in 360: more than
// one are best made as four.
const batch = 4 * blockSize
