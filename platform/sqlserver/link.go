package sqlserver

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	mssql "github.com/microsoft/go-mssqldb"
)

// errGone says that a connection failed before an answer began.
var errGone = errors.New("the connection is gone")

// link is one connection to a target, used by one question at a time. It stands on the
// driver's own connection and not on database/sql, whose pool would reset the session before
// each use and would close a connection while the driver still reads from it.
type link struct {
	target target
	wire   *wire
	conn   *mssql.Conn
}

// ask sends text and reads the answer to its end. sound says that it was read to its end in
// time; if not, the connection has been cut: after a cancelled or failed read, the driver could
// give the rest of this answer to the next question. An error may be sound too; over such a
// connection no further question is put, but names may be looked up.
func (l *link) ask(ctx context.Context, text string) (raw json.RawMessage, sound bool, err error) {
	l.wire.allow()
	stop := context.AfterFunc(ctx, l.wire.cut)
	raw, sound, err = l.read(context.WithoutCancel(ctx), text)
	if err != nil && l.wire.overflowed() { // the driver does not pass on what ended its reading
		err = errTooMuch
	}
	if inTime := stop(); !inTime || !sound || errors.Is(err, errTooMuch) {
		l.cut()
		sound = false
	}
	return raw, sound, err
}

// read runs one statement. Its context must not end: the driver would ask the server to stop,
// and wait up to ten seconds for its word. whole says that the answer was rows, or an error in
// place of rows, and has been read.
func (l *link) read(endless context.Context, text string) (raw json.RawMessage, whole bool, err error) {
	rows, err := l.query(endless, text)
	if err != nil {
		_, said := serverError(err)
		return nil, said, err
	}
	raw, err = takeRows(rows)
	if err != nil {
		l.cut()
		drain(rows)
		return nil, false, err
	}
	return raw, true, nil
}

// query sends a statement and waits until its answer has begun.
func (l *link) query(endless context.Context, text string) (_ *mssql.Rows, err error) {
	defer catch(&err)
	statement, err := l.conn.PrepareContext(endless, text)
	if err != nil {
		return nil, gone(err)
	}
	rows, err := statement.(driver.StmtQueryContext).QueryContext(endless, nil)
	if err != nil {
		return nil, gone(err)
	}
	return rows.(*mssql.Rows), nil
}

// takeRows makes the answer of all rows, and ends them.
func takeRows(rows *mssql.Rows) (raw json.RawMessage, err error) {
	defer catch(&err)
	if raw, err = encodeRows(rows); err != nil {
		return nil, err
	}
	return raw, rows.Close()
}

// catch is deferred where the driver works, and makes an error of its panic: some answers that
// are not well-formed, such as a type of a size that there is not, lead to one. Errors that it
// has panic when they are asked for their text are replaced.
func catch(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the driver cannot read it: %v", p)
	} else if *err != nil && !speaks(*err) {
		*err = errors.New("the driver cannot read it, and does not say why")
	}
}

// speaks reports whether an error has a text.
func speaks(err error) (can bool) {
	defer func() { can = recover() == nil }()
	_ = err.Error()
	return true
}

// gone marks an error that is not the server's word but the connection's.
func gone(err error) error {
	if _, said := serverError(err); said {
		return err
	}
	return fmt.Errorf("%w: %w", errGone, err)
}

// drain takes what the driver has already read from a connection that has been cut, so that
// the goroutine that reads can end.
func drain(rows *mssql.Rows) {
	var gaveUp error
	defer catch(&gaveUp)
	for {
		err := rows.Next(nil)
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			if rows.NextResultSet() != nil {
				return
			}
		default:
			if _, said := serverError(err); !said {
				return
			}
		}
	}
}

// cut ends the connection without a word to the server. The driver's Close is not called: it
// would give away a buffer that the driver may still read into.
func (l *link) cut() { l.wire.cut() }

// close ends a connection that is not in use.
func (l *link) close() error { return l.conn.Close() }
