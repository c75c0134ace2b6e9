package main

import (
	"cmp"
	"slices"
	"strings"
)

// A row is what a picture needs of one of the benchmark's.
type row struct {
	Unit   string            `json:"unit"`
	Ours   *float64          `json:"ours"`
	Libzmq *float64          `json:"libzmq"`
	Raw    *float64          `json:"raw"`
	Spread spread            `json:"spread"`
	Others map[string]figure `json:"others"`
	Before *figure           `json:"before"`
	Plot   *struct {
		Name string  `json:"name"`
		Axis string  `json:"axis"`
		X    float64 `json:"x"`
	} `json:"plot"`
}

type spread struct {
	Ours   []float64 `json:"ours"`
	Libzmq []float64 `json:"libzmq"`
	Raw    []float64 `json:"raw"`
}

type figure struct {
	Median *float64  `json:"median"`
	Spread []float64 `json:"spread"`
}

// A picture is the curves of one plot, one for each side.
type picture struct {
	title, axis, unit string
	curves            []curve // in order of sides, without those that have no point
}

type curve struct {
	side   string
	points []point // by x
}

// A point is a median, and the least and the greatest of the rounds.
type point struct{ x, y, least, most float64 }

// sides is the order of curves, and so of colours.
var sides = [...]string{"ours", "before", "libzmq", "raw", "pebbe", "gozeromq", "mangos"}

// picturesOf joins the rows to curves, in the order in which their plots come
// up first. A plot with one point only is none.
func picturesOf(rows []row) []picture {
	var pictures []picture
	points := map[string]map[string][]point{} // by title, then side
	for _, r := range rows {
		if r.Plot == nil {
			continue
		}
		title := r.Plot.Name
		if points[title] == nil {
			points[title] = map[string][]point{}
			pictures = append(pictures, picture{title: title, axis: r.Plot.Axis, unit: r.Unit})
		}
		for _, side := range sides {
			if p, there := r.point(side); there {
				points[title][side] = append(points[title][side], p)
			}
		}
	}
	for i := range pictures {
		pictures[i].join(points[pictures[i].title])
	}
	return slices.DeleteFunc(pictures, func(p picture) bool { return len(p.curves) == 0 || len(p.ticks()) < 2 })
}

func (p *picture) join(points map[string][]point) {
	for _, side := range sides {
		if all := points[side]; len(all) > 0 {
			slices.SortFunc(all, func(a, b point) int { return cmp.Compare(a.x, b.x) })
			p.curves = append(p.curves, curve{side, all})
		}
	}
}

func (r row) point(side string) (point, bool) {
	f := figure{}
	switch side {
	case "ours":
		f = figure{r.Ours, r.Spread.Ours}
	case "libzmq":
		f = figure{r.Libzmq, r.Spread.Libzmq}
	case "raw":
		f = figure{r.Raw, r.Spread.Raw}
	case "before":
		if r.Before != nil {
			f = *r.Before
		}
	default:
		f = r.Others[side]
	}
	if f.Median == nil {
		return point{}, false
	}
	p := point{r.Plot.X, *f.Median, *f.Median, *f.Median}
	if len(f.Spread) == 2 {
		p.least, p.most = f.Spread[0], f.Spread[1]
	}
	return p, true
}

// ticks are all places on the x axis where something was measured.
func (p picture) ticks() []float64 {
	var all []float64
	for _, c := range p.curves {
		for _, at := range c.points {
			all = append(all, at.x)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// positive says whether a logarithm can be taken of all values.
func (p picture) positive() bool {
	for _, c := range p.curves {
		for _, at := range c.points {
			if at.least <= 0 {
				return false
			}
		}
	}
	return true
}

// slug is the title as a part of a file's name.
func (p picture) slug() string {
	words := strings.FieldsFunc(strings.ToLower(p.title), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
	return strings.Join(words, "-")
}
