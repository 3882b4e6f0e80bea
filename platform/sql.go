package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Proof is the column that every statement must have: 1 when SQL Server says that this
// account may see what the statement counts. Without rights, metadata views return no rows
// instead of an error, so no rows, or a proof that is not 1, is could not check.
const Proof = "may_see"

// Statement is one named SELECT whose rows decode into Rows.
type Statement[Row any] struct{ name, text string }

// SQL makes a statement; how much space stands between its words does not count. It panics,
// at program start, on what CheckSQL refuses: statements are constants of this program.
func SQL[Row any](name, text string) Statement[Row] {
	text = strings.TrimSpace(onOneLine(text))
	if err := CheckSQL(text); err != nil {
		panic(fmt.Sprintf("statement %s: %v", name, err))
	}
	return Statement[Row]{name, text}
}

// In is the statement put to a database of an instance. The instance is SERVER,
// SERVER\INSTANCE, SERVER,PORT or SERVER\INSTANCE,PORT.
func (s Statement[Row]) In(instance, database string) Query[[]Row] {
	return Query[[]Row]{Question{Kind: KindSQL, On: instance, Where: database, What: s.name, Text: s.text}}
}

// sqlNumber is what of a run that begins with a digit is a number. SQL Server reads 1EXEC as
// 1 and EXEC.
var sqlNumber = regexp.MustCompile(`^(?:[0-9]+(?:\.[0-9]*)?(?:[eE][0-9]*)?|0[xX][0-9A-Fa-f]*)$`)

// forbiddenSQL reports whether a word, in upper case, changes something, runs something, locks
// something or reaches elsewhere.
func forbiddenSQL(word string) bool {
	switch word {
	case "ALTER", "BACKUP", "BEGIN", "BULK", "CALL", "CHECKPOINT", "COMMIT", "CONVERSATION", "CREATE", "DBCC",
		"DECLARE", "DELETE", "DENY", "DISABLE", "DROP", "DUMP", "ENABLE", "EXEC", "EXECUTE", "GOTO", "GRANT", "HOLDLOCK",
		"IF", "INSERT", "INTO", "KILL", "LOAD", "MERGE", "MOVE", "NEXT", "OPENDATASOURCE", "OPENQUERY", "OPENROWSET",
		"PAGLOCK", "PRINT", "RAISERROR", "RECEIVE", "RECONFIGURE", "REPEATABLEREAD", "RESTORE", "RETURN", "REVERT",
		"REVOKE", "ROLLBACK", "ROWLOCK", "SAVE", "SEND", "SERIALIZABLE", "SET", "SETUSER", "SHUTDOWN", "TABLOCK",
		"TABLOCKX", "THROW", "TRUNCATE", "UPDATE", "UPDATETEXT", "UPDLOCK", "USE", "WAITFOR", "WHILE", "WRITETEXT", "XLOCK":
		return true
	}
	return false
}

// CheckSQL refuses anything but a single SELECT, or WITH ... SELECT, that names its columns
// and has the Proof column. All statements pass it when the program starts, so it reads a text
// by hand where that is faster than a pattern.
func CheckSQL(text string) error {
	bare := strings.TrimSpace(withoutQuoted(text))
	if strings.ContainsFunc(bare, func(c rune) bool { return c > unicode.MaxASCII }) {
		return fmt.Errorf("only ASCII is allowed outside of literals and [names]: %s", text)
	}
	upper := strings.ToUpper(bare)
	words := sqlWords(upper)
	selects, depth := 0, 0 // SELECTs outside of parentheses
	for _, word := range words {
		switch {
		case word == "(":
			depth++
		case word == ")":
			if depth--; depth < 0 {
				return fmt.Errorf("a parenthesis is closed that was not opened: %s", text)
			}
		case word == "SELECT" && depth == 0:
			selects++
		case forbiddenSQL(word):
			return fmt.Errorf("%s is not allowed: %s", word, text)
		}
	}
	switch {
	case strings.ContainsAny(bare, `'"[];`) || strings.Contains(bare, "--") || strings.Contains(bare, "/*"):
		return fmt.Errorf("only one statement, without comments and open quotation marks, is allowed: %s", text)
	case len(words) == 0 || words[0] != "SELECT" && words[0] != "WITH" || selects != 1 || depth != 0 ||
		!strings.HasPrefix(upper, words[0]):
		return fmt.Errorf("only a single SELECT is allowed: %s", text)
	case starForColumns(upper):
		return fmt.Errorf("columns must be named, not *: %s", text)
	case namesElsewhere(bare):
		return fmt.Errorf("a name of four parts reaches another server: %s", text)
	case slices.ContainsFunc(digitRuns(bare), func(d string) bool { return !sqlNumber.MatchString(d) }):
		return fmt.Errorf("a number runs into a word: %s", text)
	case !slices.Contains(words, strings.ToUpper(Proof)):
		return fmt.Errorf("the column %s is missing: %s", Proof, text)
	}
	return nil
}

// AskOne is Ask for a statement that always has one row. Another number is ErrMalformed.
func AskOne[Row any](ctx context.Context, a Asker, q Query[[]Row]) (Row, error) {
	var none Row
	rows, err := Ask(ctx, a, q)
	if err != nil {
		return none, err
	}
	if len(rows) != 1 {
		return none, Refuse(ErrMalformed, "SQL Server %s returned %d rows for %s, and not one", q.On, len(rows), q.What)
	}
	return rows[0], nil
}

// grantRights helps against statements that do not see all that they ask for.
const grantRights = "Grant the rights that `siteready questions` lists for this statement, or run siteready with an account that has them."

// checkRows refuses an answer without rows, or with a row whose proof is not 1.
func checkRows(q Question, raw json.RawMessage) *NoAnswer {
	var rows []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &rows); err != nil {
		return Refuse(ErrMalformed, "the answer to %s is not a list of rows: %v", q, err)
	}
	if len(rows) == 0 {
		no := Refuse(ErrDenied, "SQL Server %s returned no rows for %s, so it is not known whether this account may see them", q.On, q.What)
		no.Help = grantRights
		return no
	}
	for _, row := range rows {
		proof, ok := row[Proof]
		if !ok {
			return Refuse(ErrNotRecorded, "the answer to %s has no column %s", q, Proof)
		}
		if string(proof) != "1" {
			no := Refuse(ErrDenied, "this account may not see all of %s on SQL Server %s", q.What, q.On)
			no.Help = grantRights
			return no
		}
	}
	return nil
}
