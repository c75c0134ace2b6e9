package history

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"strings"
)

// Query asks the file itself, in SQL, and yields the rows of the answer: int64, float64, string, []byte or nil under each column.
// Nothing can be changed this way. An error is the last thing that it yields; one of SQLite's about the question comes as it is.
func (h *History) Query(ctx context.Context, question string) (columns []string, rows iter.Seq2[[]any, error], err error) {
	found, err := h.read.QueryContext(ctx, question)
	if err != nil {
		return nil, nil, h.questioned(err)
	}
	if columns, err = found.Columns(); err == nil && len(columns) == 0 {
		err = errors.New("the question has no answer: it is no SELECT")
	}
	if err != nil {
		found.Close()
		return nil, nil, h.questioned(err)
	}
	return columns, func(yield func([]any, error) bool) {
		defer found.Close()
		for found.Next() {
			row, err := scanned(found, len(columns))
			if err != nil {
				yield(nil, h.questioned(err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := found.Err(); err != nil {
			yield(nil, h.questioned(err))
		}
	}, nil
}

func scanned(rows *sql.Rows, n int) ([]any, error) {
	row, at := make([]any, n), make([]any, n)
	for i := range row {
		at[i] = &row[i]
	}
	return row, rows.Scan(at...)
}

// ErrQuestion is an error in what Query was asked, and not in the file.
var ErrQuestion = errors.New("the question cannot be answered")

// codeError is what SQLite says of a question that it does not understand.
const codeError = 1

func (h *History) questioned(err error) error {
	if code := codeOf(err); code != 0 && code != codeError && code != codeReadOnly {
		return explain(h.path, err)
	}
	words := strings.TrimPrefix(err.Error(), "SQL logic error: ")
	return &Failure{Path: h.path, Err: ErrQuestion, Words: words, Cure: "the tables are events, samples and outbox; the view readable has the words: ask SELECT sql FROM sqlite_schema"}
}
