package curve

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
)

// digits are Z85's, by value (RFC 32).
const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

// EncodeZ85 is the text of b in Z85 (RFC 32, zmq_z85_encode(3)): five characters
// for four bytes. The length of b must be a multiple of 4.
func EncodeZ85(b []byte) (string, error) {
	if len(b)%4 != 0 {
		return "", fmt.Errorf("curve: Z85 takes bytes by the four, not %d: pad them", len(b))
	}
	return encodeZ85(b), nil
}

// encodeZ85 is EncodeZ85 of a length that is known to be right.
func encodeZ85(b []byte) string {
	text := make([]byte, 0, len(b)/4*5)
	for ; len(b) > 0; b = b[4:] {
		var group [5]byte
		for i, v := 4, binary.BigEndian.Uint32(b); i >= 0; i, v = i-1, v/85 {
			group[i] = digits[v%85]
		}
		text = append(text, group[:]...)
	}
	return string(text)
}

// DecodeZ85 is the bytes of a text in Z85 (RFC 32, zmq_z85_decode(3)). The length
// of s must be a multiple of 5, and a group of five must be no more than 32 bits:
// "#####" is refused, where the RFC is silent, or two texts would be one key. The
// error names the place and never the text, which may be secret.
func DecodeZ85(s string) ([]byte, error) {
	if len(s)%5 != 0 {
		return nil, fmt.Errorf("curve: Z85 has characters by the five, not %d: some are missing, or there are too many", len(s))
	}
	b := make([]byte, 0, len(s)/5*4)
	for at := 0; at < len(s); at += 5 {
		v := uint64(0)
		for i := range 5 {
			digit := strings.IndexByte(digits, s[at+i])
			if digit < 0 {
				return nil, fmt.Errorf("curve: character %d is none of Z85's", at+i+1)
			}
			v = 85*v + uint64(digit)
		}
		if v > math.MaxUint32 {
			return nil, errors.New("curve: five characters of this Z85 are more than 32 bits: it was changed")
		}
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return b, nil
}
