package main

import "testing"

func TestSizes(t *testing.T) {
	for text, want := range map[string]struct {
		bytes int64
		text  string
	}{
		"1": {1, "1"}, "100": {100, "100"}, "1k": {1024, "1KiB"}, "1KB": {1024, "1KiB"}, "500MiB": {500 << 20, "500MiB"}, "1.5g": {3 << 29, "1536MiB"},
		" 2GiB ": {2 << 30, "2GiB"}, "1t": {1 << 40, "1TiB"}, "1048577": {1<<20 + 1, "1048577"},
	} {
		var s size
		if err := s.Set(text); err != nil || int64(s) != want.bytes || s.String() != want.text {
			t.Errorf("%q is %d, written %q, %v; want %+v", text, int64(s), s.String(), err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "k", "much", "1x", "NaN", "inf", "9e30", "9000000t"} {
		if s := size(7); s.Set(text) == nil || s != 7 {
			t.Errorf("%q was read as %d", text, s)
		}
	}
}

func FuzzSize(f *testing.F) {
	for _, text := range []string{"1", "500MiB", "1.5g", "1tb", "k", "1e3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s, again size
		if s.Set(text) != nil {
			return
		}
		if err := again.Set(s.String()); err != nil || s <= 0 || again != s && s < 1<<53 { // beyond that a float64 has not every number
			t.Errorf("%q is %d, and written %q, which is %d, %v", text, int64(s), s.String(), int64(again), err)
		}
	})
}
