package main

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// The size of a picture: two beside each other on a page.
const width, height = 16 * vg.Centimeter, 10 * vg.Centimeter

// draw writes p to path. Both axes are logarithmic: twice as fast is the same
// step everywhere.
func draw(p picture, path string) error {
	drawing := plot.New()
	drawing.Title.Text = p.title
	drawing.X.Label.Text, drawing.Y.Label.Text = p.axis, p.unit
	drawing.X.Scale, drawing.X.Tick.Marker = plot.LogScale{}, ticksAt(p.ticks())
	if p.positive() {
		drawing.Y.Scale, drawing.Y.Tick.Marker = plot.LogScale{}, decades{}
	} else {
		drawing.Y.Min = 0
	}
	drawing.Add(plotter.NewGrid())
	drawing.Legend.Top = true
	drawing.Legend.Left = rises(p)
	for _, c := range p.curves {
		if err := add(drawing, c); err != nil {
			return err
		}
	}
	return drawing.Save(width, height, path)
}

// add draws c in the colour of its side, whoever else is there, with a bar from
// the least to the greatest of the rounds.
func add(drawing *plot.Plot, c curve) error {
	line, points, err := plotter.NewLinePoints(c)
	if err != nil {
		return err
	}
	bars, err := plotter.NewYErrorBars(c)
	if err != nil {
		return err
	}
	nth := slices.Index(sides[:], c.side)
	line.Color, points.Color, bars.Color = plotutil.Color(nth), plotutil.Color(nth), plotutil.Color(nth)
	points.Shape = plotutil.Shape(nth)
	drawing.Add(line, points, bars)
	drawing.Legend.Add(c.side, line, points)
	return nil
}

// A curve is plotter's XYer and YErrorer.

func (c curve) Len() int { return len(c.points) }

func (c curve) XY(i int) (x, y float64) { return c.points[i].x, c.points[i].y }

func (c curve) YError(i int) (below, above float64) {
	p := c.points[i]
	return p.y - p.least, p.most - p.y
}

// rises says whether the curves go up, so that there is room at the top left.
func rises(p picture) bool {
	first := p.curves[0].points
	return first[len(first)-1].y > first[0].y
}

func ticksAt(places []float64) plot.Ticker {
	var ticks plot.ConstantTicks
	for _, x := range places {
		ticks = append(ticks, plot.Tick{Value: x, Label: manyName(x)})
	}
	return ticks
}

// decades are plot.LogTicks with labels that people read: 10M, not 1e+07.
type decades struct{}

func (decades) Ticks(least, most float64) []plot.Tick {
	ticks := plot.LogTicks{Prec: -1}.Ticks(least, most)
	for i, t := range ticks {
		if t.Label != "" && t.Value >= 1000 {
			ticks[i].Label = manyName(t.Value)
		}
	}
	return ticks
}

// manyName is a number as people say it: powers of two from 1024 on are Ki and
// Mi, powers of ten k and M.
func manyName(x float64) string {
	n := int64(x)
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 20, "Mi"}, {1e6, "M"}, {1 << 10, "Ki"}, {1e3, "k"}} {
		if n >= unit.size && n%unit.size == 0 {
			return fmt.Sprintf("%d%s", n/unit.size, unit.name)
		}
	}
	return fmt.Sprint(n)
}
