package sqlserver

import (
	"errors"
	"testing"

	mssql "github.com/microsoft/go-mssqldb"
)

// What the driver leaves behind for an answer that it cannot read is an error with a text.
func TestCatch(t *testing.T) {
	plain := errors.New("plain")
	for name, test := range map[string]struct {
		work func() error
		want string
	}{
		"all is well":           {func() error { return nil }, ""},
		"an error":              {func() error { return plain }, "plain"},
		"a panic":               {func() error { panic("invalid size of INTNTYPE") }, "the driver cannot read it: invalid size of INTNTYPE"},
		"a panic with an error": {func() error { panic(plain) }, "the driver cannot read it: plain"},
		"a bug":                 {func() error { var none *mssql.Rows; return none.Close() }, "the driver cannot read it: runtime error: invalid memory address or nil pointer dereference"},
		"an error without text": {func() error { return mssql.StreamError{} }, "the driver cannot read it, and does not say why"},
	} {
		t.Run(name, func(t *testing.T) {
			err := func() (err error) {
				defer catch(&err)
				return test.work()
			}()
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %q; want %q", got, test.want)
			}
		})
	}
}
