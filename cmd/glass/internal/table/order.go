package table

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Column is the index of the column of this name, in any case and without its punctuation: tx/s is also txs.
func (t *Table) Column(name string) (int, error) {
	var names []string
	for i, c := range t.Columns {
		if letters(c.Name) == letters(name) {
			return i, nil
		}
		names = append(names, strings.ToLower(c.Name))
	}
	return 0, fmt.Errorf("no column is called %q: there are %s", name, strings.Join(names, ", "))
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("/-_ .", r) {
			return -1
		}
		return r
	}, strings.ToLower(s))
}

// Sort orders the rows by a column: numbers from the largest, text from A; reverse turns that round. Rows that are equal
// there stay in the order of their keys, so that they do not jump from one second to the next.
func (t *Table) Sort(column int, reverse bool) {
	compare := func(a, b Cell) int { return strings.Compare(strings.ToLower(a.Text), strings.ToLower(b.Text)) }
	if t.Columns[column].Right {
		compare = func(a, b Cell) int { return cmp.Compare(b.Order, a.Order) }
	}
	slices.SortFunc(t.Rows, func(a, b Row) int {
		by := compare(a.Cells[column], b.Cells[column])
		if reverse {
			by = -by
		}
		if by == 0 {
			by = strings.Compare(a.Key, b.Key)
		}
		return by
	})
}

// Filter keeps the rows in which every word of text stands in some cell, in any case. A word with ! before it must not.
func (t *Table) Filter(text string) {
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return
	}
	t.Rows = slices.DeleteFunc(t.Rows, func(r Row) bool {
		return slices.ContainsFunc(words, func(word string) bool {
			word, not := strings.CutPrefix(word, "!")
			return word != "" && r.has(word) == not
		})
	})
}

// has says whether word, in small letters, stands in some cell.
func (r Row) has(word string) bool {
	return slices.ContainsFunc(r.Cells, func(c Cell) bool {
		return len(c.Text) >= len(word) && strings.Contains(strings.ToLower(c.Text), word)
	})
}

// Top keeps the first n rows; all of them for 0.
func (t *Table) Top(n int) {
	if n > 0 && n < len(t.Rows) {
		t.Rows = t.Rows[:n]
	}
}
