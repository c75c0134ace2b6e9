package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// A size is a flag of so many bytes.
type size int64

// units are the ones that people write; those without i are taken for those with it.
var units = []struct {
	name string
	of   int64
}{{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"t", 1 << 40}}

func (s *size) Type() string { return "size" }

// String is the shortest way to write it: 1GiB, 1536MiB, 100.
func (s *size) String() string {
	n, unit := int64(*s), ""
	for _, u := range units {
		if int64(*s)%u.of == 0 && *s != 0 {
			n, unit = int64(*s)/u.of, strings.ToUpper(u.name)+"iB"
		}
	}
	return strconv.FormatInt(n, 10) + unit
}

// Set reads 500MiB, 500M, 1.5g or a number of bytes.
func (s *size) Set(text string) error {
	number := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(strings.TrimSpace(text)), "b"), "i")
	of := int64(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, of = rest, u.of
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if n *= float64(of); err != nil || !(n >= 1 && n < math.MaxInt64) {
		return errors.New("write a size, as in 500MiB or 2GiB")
	}
	*s = size(n)
	return nil
}
