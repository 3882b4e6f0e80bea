package sqlservertest

import (
	"regexp"
	"slices"
	"strings"
)

// Missing is a name that a statement reads and that its database does not have: an object, or a column of one that is
// there. It is compared without case.
type Missing struct {
	Object, Column string // without a column it is the object itself
	// Hidden: it may be there, but the account may not see whether it is.
	Hidden bool
}

// missingError is what SQL Server says of what is missing: of objects the first alone, else all columns.
func missingError(missing []Missing) *Error {
	for _, m := range missing {
		if m.Column == "" {
			return &Error{Number: 208, State: 1, Class: 16, Message: "Invalid object name '" + m.Object + "'."}
		}
	}
	var first *Error
	for _, m := range slices.Backward(missing) {
		first = &Error{Number: 207, State: 1, Class: 16, Message: "Invalid column name '" + m.Column + "'.", Next: first}
	}
	return first
}

// lookUpEnd is the end of the name of a look-up, behind the name of the statement that failed.
const lookUpEnd = ".names"

// lookedUp is one line of a look-up: a name of the statement (0), one that any site's database has (1), or one of
// Service Manager's databases (2).
var lookedUp = regexp.MustCompile(`\(([012]), N'((?:[^']|'')*)', N'((?:[^']|'')*)', `)

// lookUp answers which of the names in a look-up are there. Of a statement that nobody knows all names are missing but
// those of the system; in a database without any tables, and in master, there is nothing else. Another database is a
// site's, unless a result says that it is Service Manager's.
func (d *database) lookUp(statement, text string) result {
	known, there := d.results[statement]
	var rows [][]any
	for _, found := range lookedUp.FindAllStringSubmatch(text, -1) {
		about, object, column := found[1], strings.ReplaceAll(found[2], "''", "'"), strings.ReplaceAll(found[3], "''", "'")
		objectThere, columnThere, maySee := 1, 1, 1
		switch {
		case about == "0" && !there && !strings.Contains("."+object, ".sys."),
			about == "1" && (len(d.results) == 0 || strings.EqualFold(d.name, "master") || known.OfServiceManager),
			about == "2" && !known.OfServiceManager:
			objectThere = 0
		}
		for _, m := range known.Missing {
			if !strings.EqualFold(m.Object, object) || m.Column != "" && !strings.EqualFold(m.Column, column) {
				continue
			}
			if m.Column == "" {
				objectThere = 0
			} else {
				columnThere = 0
			}
			if m.Hidden {
				maySee = 0
			}
		}
		if objectThere == 0 && column != "" {
			columnThere = 0
		}
		rows = append(rows, []any{int(about[0] - '0'), object, column, objectThere, columnThere, maySee})
	}
	answer, err := check(Result{
		Columns: []Column{
			{"about", "int"},
			{"object_name", "nvarchar(4000)"},
			{"column_name", "nvarchar(4000)"},
			{"object_there", "int"},
			{"column_there", "int"},
			{"may_see", "int"},
		},
		Rows: rows,
	})
	if err != nil {
		return failure(50000, 1, 16, err.Error())
	}
	return answer
}
