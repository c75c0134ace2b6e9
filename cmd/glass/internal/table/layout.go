package table

import "strings"

const (
	gap          = 2  // columns between two cells
	elasticEasy  = 20 // most names fit into it: before they are cut shorter, spare columns go
	elasticLeast = 12 // an address cut shorter says nothing any more
)

// A Look is for whom the rows are.
type Look struct {
	Wide   bool
	Width  int // of the terminal, in columns; 0: nothing is cut
	Colour bool
}

// A Layout is a table in a look: which columns are shown, and how wide.
type Layout struct {
	table *Table
	look  Look
	shown []int // indices of columns
	width []int // of those shown
}

// Layout finds what fits: elastic columns give way first, the widest before the others, as long as names can be read; then spare
// ones are left out, the last one first; then elastic ones give way again.
func (t *Table) Layout(look Look) Layout {
	l := Layout{table: t, look: look}
	for i, c := range t.Columns {
		if c.Wide && !look.Wide {
			continue
		}
		width := Width(c.Name)
		for _, r := range t.Rows {
			width = max(width, Width(r.Cells[i].Text))
		}
		l.shown, l.width = append(l.shown, i), append(l.width, width)
	}
	if look.Width == 0 {
		return l
	}
	for l.excess(elasticEasy) > 0 && l.omit() {
	}
	for l.excess(0) > 0 && l.shrink() {
	}
	return l
}

// Bare is the same layout without colours.
func (l Layout) Bare() Layout {
	l.look.Colour = false
	return l
}

// excess is how many columns of the terminal are missing if elastic columns are cut to least; as they are, for 0.
func (l *Layout) excess(least int) int {
	total := -gap
	for i, w := range l.width {
		if least > 0 && l.table.Columns[l.shown[i]].Elastic {
			w = min(w, least)
		}
		total += w + gap
	}
	return total - l.look.Width
}

// shrink takes one column of the terminal from the widest elastic column.
func (l *Layout) shrink() bool {
	widest := -1
	for i, w := range l.width {
		if l.table.Columns[l.shown[i]].Elastic && w > elasticLeast && (widest < 0 || w > l.width[widest]) {
			widest = i
		}
	}
	if widest < 0 {
		return false
	}
	l.width[widest]--
	return true
}

// omit leaves out the last spare column.
func (l *Layout) omit() bool {
	for i := len(l.shown) - 1; i >= 0; i-- {
		if l.table.Columns[l.shown[i]].Spare {
			l.shown = append(l.shown[:i], l.shown[i+1:]...)
			l.width = append(l.width[:i], l.width[i+1:]...)
			return true
		}
	}
	return false
}

// Head is the line of headings.
func (l Layout) Head() string {
	return l.line(func(i int) Cell { return Cell{Text: l.table.Columns[i].Name, Level: Strong} })
}

// Row is the line of row i.
func (l Layout) Row(i int) string {
	return l.line(func(column int) Cell { return l.table.Rows[i].Cells[column] })
}

func (l Layout) line(cell func(column int) Cell) string {
	var b strings.Builder
	used, owed := 0, 0 // columns of the terminal that are written, and that are blank before the next text
	for n, column := range l.shown {
		c, room := cell(column), l.width[n]
		if l.look.Width > 0 {
			room = min(room, l.look.Width-used-owed) // what omit could not help ends with the line
		}
		text := Cut(c.Text, room)
		blank := max(0, room-Width(text))
		if l.table.Columns[column].Right {
			owed, blank = owed+blank, 0
		}
		if text != "" {
			b.WriteString(strings.Repeat(" ", owed))
			used, owed = used+owed+Width(text), 0
			if l.look.Colour {
				text = c.Level.Paint(text)
			}
			b.WriteString(text)
		}
		owed += blank + gap
	}
	return b.String()
}
