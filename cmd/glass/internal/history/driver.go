package history

import (
	"errors"

	"modernc.org/sqlite"
)

// driverName is what the driver calls itself to database/sql.
const driverName = "sqlite"

// codeOf is SQLite's primary result code (sqlite.org/rescode.html), 0 if err is not SQLite's.
func codeOf(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff // the rest is detail
}
