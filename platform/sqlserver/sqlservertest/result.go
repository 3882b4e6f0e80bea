package sqlservertest

import (
	"fmt"
	"math"
	"strings"
)

// Tables holds what the statements of one database answer, by the name that their comment gives them.
type Tables map[string]Result

// Result is the answer to one statement: rows, and then an error if there is one. Without columns there are no rows;
// without an error either, the answer is that the statement is done.
type Result struct {
	Columns []Column
	Rows    [][]any // a value for each column; nil is NULL
	Err     *Error
	// Missing is what the statement reads and its database does not have. The statement fails for it as SQL Server says
	// it, unless there is an Err; the look-up of its names, NAME.names, is answered by it, unless that is in Tables.
	Missing []Missing
	// OfServiceManager: the statement is put to a database of Service Manager, and the look-up of its names says so.
	OfServiceManager bool
}

// Column is a name and a type as T-SQL writes it. These types are known, with the Go values that they take:
//
//	tinyint, smallint, int, bigint   whole numbers of any Go type
//	bit                              bool
//	float                            floats and whole numbers
//	nvarchar(1..4000), nvarchar(max) string; sysname is nvarchar(128)
//	datetime, datetime2(0..7)        time.Time: its date and time of the day, whatever its zone
//	uniqueidentifier                 string: "6F9619FF-8B86-D011-B42D-00C04FC964FF"
//	decimal(p,s), numeric(p,s)       string: "-12.50"; or a whole number
//	sql_variant                      string (an nvarchar) or a whole number (an int, or a bigint if it must be)
type Column struct{ Name, Type string }

// Error is an error of SQL Server, with at most 2,047 characters of text. Some that matter, number/state/class:
// 207/1/16 invalid column, 208/1/16 invalid object, 229/5/14 SELECT denied, 297/1/16 and 300/1/14 VIEW SERVER STATE denied.
type Error struct {
	Number       int32
	State, Class uint8
	Message      string
	// Next follows in the same answer. SQL Server often sends two: 300 and then 297 for a view of the server's state,
	// 4060 and then 18456 for a database that cannot be opened. The driver's mssql.Error is the last, and has all in All.
	Next *Error
}

// result is a Result that is known to be well-formed.
type result struct {
	Result
	types []columnType
}

// check finds what is wrong with a result before a client does. It names the row and the column.
func check(r Result) (result, error) {
	if len(r.Missing) > 0 && r.Err == nil {
		r.Err = missingError(r.Missing)
	}
	checked := result{Result: r}
	for _, c := range r.Columns {
		if n := textUnits(c.Name); n > 128 {
			return result{}, fmt.Errorf("a column name of %d characters: at most 128", n)
		}
		t, err := parseType(c.Type)
		if err != nil {
			return result{}, fmt.Errorf("column %s: %w", c.Name, err)
		}
		checked.types = append(checked.types, t)
	}
	var scratch []byte
	for i, row := range r.Rows {
		var err error
		if scratch, err = checked.appendRow(scratch[:0], row); err != nil {
			return result{}, fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	for e := r.Err; e != nil; e = e.Next {
		if n := textUnits(e.Message); n > maxErrorText {
			return result{}, fmt.Errorf("error %d: a text of %d characters: at most %d", e.Number, n, maxErrorText)
		}
	}
	return checked, nil
}

// appendRow appends a ROW token.
func (r result) appendRow(b []byte, row []any) ([]byte, error) {
	if len(r.Columns) == 0 || len(row) != len(r.Columns) {
		return b, fmt.Errorf("%d values for %d columns", len(row), len(r.Columns))
	}
	b = append(b, tokenRow)
	for i, v := range row {
		if v == nil {
			b = append(b, r.types[i].null...)
			continue
		}
		var err error
		if b, err = r.types[i].encode(b, v); err != nil {
			return b, fmt.Errorf("column %s %s: %w", r.Columns[i].Name, r.Columns[i].Type, err)
		}
	}
	return b, nil
}

// database is a database with results that are known to be well-formed.
type database struct {
	name    string
	results map[string]result
}

// checkDatabases puts the databases under their names in lower case, with master always among them.
func checkDatabases(databases map[string]Tables) (map[string]*database, error) {
	checked := map[string]*database{}
	for name, tables := range databases {
		key := strings.ToLower(name)
		if checked[key] != nil {
			return nil, fmt.Errorf("the database %s is there twice: names are compared without case", name)
		}
		if n := textUnits(name); n < 1 || n > 128 {
			return nil, fmt.Errorf("a database name of %d characters: 1 to 128", n)
		}
		d := &database{name: name, results: map[string]result{}}
		for statement, r := range tables {
			c, err := check(r)
			if err != nil {
				return nil, fmt.Errorf("database %s, statement %s: %w", name, statement, err)
			}
			d.results[statement] = c
		}
		checked[key] = d
	}
	if checked["master"] == nil {
		checked["master"] = &database{name: "master"}
	}
	return checked, nil
}

// answer finds what a statement is answered with.
func (d *database) answer(p piece) result {
	if r, known := d.results[p.name]; known && p.name != "" {
		return r
	}
	if statement, found := strings.CutSuffix(p.name, lookUpEnd); found {
		return d.lookUp(statement, p.text)
	}
	switch {
	case p.name != "":
		return invalidObject(p.name)
	case onlySets(p.text):
		return result{}
	case isPing(p.text):
		return result{
			Result: Result{Columns: []Column{{Type: "int"}}, Rows: [][]any{{1}}},
			types:  []columnType{intType(4, math.MinInt32, math.MaxInt32)},
		}
	default:
		return invalidObject(firstWords(p.text))
	}
}

func invalidObject(name string) result {
	return failure(208, 1, 16, "Invalid object name '"+name+"'.")
}

func failure(number int32, state, class uint8, message string) result {
	return result{Result: Result{Err: &Error{Number: number, State: state, Class: class, Message: message}}}
}
