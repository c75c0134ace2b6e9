package zmq_test

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// A checker that finds nothing wrong proves something only if it would have found it.
func TestR10CheckerSees(t *testing.T) {
	const begin = markBegin
	for name, c := range map[string]struct {
		lines []uint64
		conns []carried
		want  verdict
		wrong int
	}{
		"nothing":                         {[]uint64{begin, 0, 1, 2, 3}, []carried{{Out: 4}}, verdict{OK: 4}, 0},
		"a gap that the counters explain": {[]uint64{begin, 0, begin, 2, 3}, []carried{{Out: 2}, {Out: 2}}, verdict{OK: 3, Lost: 1, Gaps: 1, LongestGap: 1}, 0},
		"a torn message that they explain": {[]uint64{begin, 0, begin, 2, 3}, []carried{{Out: 1, Unsent: 1}, {Out: 2}},
			verdict{OK: 3, Lost: 1, Gaps: 1, LongestGap: 1, Torn: 1}, 0},
		"a gap that they do not":                     {[]uint64{begin, 0, begin, 3}, []carried{{Out: 2}, {Out: 2}}, verdict{OK: 2, Lost: 2, Gaps: 1, LongestGap: 2}, 1},
		"a gap in the middle of a connection":        {[]uint64{begin, 0, 2, 3}, []carried{{Out: 4}}, verdict{OK: 3, Lost: 1, Gaps: 1, LongestGap: 1}, 1},
		"the last is missing":                        {[]uint64{begin, 0, 1, 2}, []carried{{Out: 4}}, verdict{OK: 3, Lost: 1, Gaps: 1, LongestGap: 1}, 0}, // a gap without a break
		"once more":                                  {[]uint64{begin, 0, 1, 1, 2, 3}, []carried{{Out: 4}}, verdict{OK: 4, Duplicated: 1}, 0},
		"once more, by the next receiver":            {[]uint64{begin, 0, 1, begin, 1, 2, 3}, []carried{{Out: 2}, {Out: 2}}, verdict{OK: 4, Duplicated: 1}, 0},
		"two have changed places":                    {[]uint64{begin, 0, 2, 1, 3}, []carried{{Out: 4}}, verdict{OK: 3, Reordered: 1, Gaps: 1, LongestGap: 1}, 1},
		"half a message":                             {[]uint64{begin, 0, 1 | markTorn, 2, 3}, []carried{{Out: 4}}, verdict{OK: 3, Lost: 1, Partial: 1, Gaps: 1, LongestGap: 1}, 1},
		"the counters say more than there was":       {[]uint64{begin, 0, 1, 2, 3}, []carried{{Out: 5}}, verdict{OK: 4}, 2},
		"and less":                                   {[]uint64{begin, 0, 1, 2, 3}, []carried{{Out: 3}}, verdict{OK: 4}, 2},
		"a receiver that has not had the first ones": {[]uint64{begin, 2, 3}, []carried{{Out: 2}, {Out: 2}}, verdict{OK: 2, Lost: 2, Gaps: 1, LongestGap: 2}, 0},
	} {
		var pipe bytes.Buffer
		for _, line := range c.lines {
			binary.Write(&pipe, binary.BigEndian, line)
		}
		var k checker
		k.read(&pipe)
		got := k.judge(sent{Messages: 4, Conns: c.conns})
		w := c.want
		if got.OK != w.OK || got.Lost != w.Lost || got.Duplicated != w.Duplicated || got.Reordered != w.Reordered || got.Partial != w.Partial ||
			got.Gaps != w.Gaps || got.LongestGap != w.LongestGap || got.Torn != w.Torn || len(got.Wrong) != c.wrong {
			t.Errorf("%s: %+v, want %+v and %d that are wrong", name, got, w, c.wrong)
		}
	}
}
