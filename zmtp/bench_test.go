package zmtp

import "testing"

// frames is what a PUSH of small messages puts on the wire, with a long frame
// and a command now and then.
func frames() []byte {
	var b []byte
	for i := range 64 {
		h := Header{More: i%4 == 1, Size: 64}
		switch i {
		case 20:
			h = Header{Size: 1024}
		case 40:
			h = Header{Command: true, Size: 9}
		}
		b = append(AppendHeader(b, h), make([]byte, h.Size)...)
	}
	return b
}

func BenchmarkParseHeader(b *testing.B) {
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"short", AppendHeader(nil, Header{Size: 64})},
		{"short,more", AppendHeader(nil, Header{More: true, Size: 64})},
		{"long", AppendHeader(nil, Header{Size: 1024})},
		{"command", AppendHeader(nil, Header{Command: true, Size: 9})},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, n, err := ParseHeader(c.b, 0); n == 0 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}

// BenchmarkFrames walks a read buffer as the receiving side does: the cost per
// frame with the branches of real traffic.
func BenchmarkFrames(b *testing.B) {
	stream := frames()
	b.ReportAllocs()
	for b.Loop() {
		for rest := stream; len(rest) > 0; {
			h, n, err := ParseHeader(rest, 1<<20)
			if n == 0 || err != nil {
				b.Fatal(n, err)
			}
			rest = rest[n+int(h.Size):]
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*64), "ns/frame")
}

func BenchmarkAppendHeader(b *testing.B) {
	for _, c := range []struct {
		name string
		h    Header
	}{
		{"short", Header{Size: 64}},
		{"short,more", Header{More: true, Size: 64}},
		{"long", Header{Size: 1024}},
		{"command", Header{Command: true, Size: 9}},
	} {
		b.Run(c.name, func(b *testing.B) {
			buf := make([]byte, 0, longHeader)
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendHeader(buf[:0], c.h)
			}
		})
	}
}
