package sqlserver

import (
	"regexp"
	"slices"
	"strings"
)

// name is an object that a statement reads, or a column of one.
type name struct {
	object string // as T-SQL writes it: dbo.v_Site, msdb.dbo.backupset, dbo.[Odd name]
	column string // empty for the object itself
}

// inSystem reports whether every database has the object, whatever it is for.
func (n name) inSystem() bool {
	parts := partsOf(n.object)
	return len(parts) > 1 && strings.EqualFold(parts[len(parts)-2], "sys")
}

// database is the part of the object's name that says where it is; empty for the database that
// the statement is put to.
func (n name) database() string {
	parts := partsOf(n.object)
	if len(parts) < 3 {
		return ""
	}
	return parts[0]
}

// inDatabase reports whether the object is one that somebody made in the database that the
// statement is put to.
func (n name) inDatabase() bool { return !n.inSystem() && n.database() == "" }

var (
	sqlTokens  = regexp.MustCompile(`N?'(?:[^']|'')*'|` + sqlPart + `|[0-9][0-9A-Za-z.]*|\S`)
	sqlParts   = regexp.MustCompile(sqlPart)
	plainPart  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_@#$]*$`)
	endOfFrom  = []string{"WHERE", "GROUP", "ORDER", "HAVING", "UNION", "EXCEPT", "INTERSECT", "OPTION", "SELECT"}
	afterTable = slices.Concat(endOfFrom, []string{
		"ON", "CROSS", "OUTER", "INNER", "LEFT", "RIGHT", "FULL", "JOIN", "APPLY", "WITH", "FOR", "PIVOT", "UNPIVOT", "TABLESAMPLE",
	})
)

const sqlPart = `\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*"|[A-Za-z_#@][A-Za-z0-9_#@$]*`

// partsOf is the parts of an object's name; one that is left out is empty.
func partsOf(object string) []string {
	parts := []string{""}
	for _, token := range sqlTokens.FindAllString(object, -1) {
		if token == "." {
			parts = append(parts, "")
			continue
		}
		parts[len(parts)-1] = token
	}
	return parts
}

// namesIn finds the objects and columns that a statement names: what stands behind FROM, JOIN
// and APPLY, functions with a schema, and columns behind the alias of an object. It knows the
// forms of a SELECT that platform.CheckSQL lets pass, and leaves out what it cannot be sure of:
// what WITH names, derived tables, columns without an alias, and an alias that stands for two
// things. The objects come in the order of the text, each before its columns.
func namesIn(text string) []name {
	p := &nameParser{tokens: sqlTokens.FindAllString(text, -1), levels: []level{{query: true}}, aliases: map[string]string{}}
	p.findWith()
	for p.at < len(p.tokens) {
		p.step()
	}
	return p.names()
}

// Name is an object that a statement reads, or a column of one.
type Name struct {
	Object string // as T-SQL writes it: dbo.v_Site, msdb.dbo.backupset
	Column string // without marks around it; empty for the object itself
}

// Names are what a look-up asks for when SQL Server says that the statement names what is not
// there: the objects in the order of the text, each before its columns. Columns without the
// alias of an object, and those behind an alias that stands for two things, are left out.
func Names(text string) []Name {
	var all []Name
	for _, n := range namesIn(text) {
		all = append(all, Name{n.object, n.column})
	}
	return all
}

// nameParser goes through the tokens of a statement once.
type nameParser struct {
	tokens  []string
	at      int
	levels  []level // of parentheses; the last is the innermost
	wanted  bool    // the next thing is a table
	with    []string
	aliases map[string]string // in lower case, to the object; empty for what is none, or more than one
	objects []mention
	columns []mention // behind an alias, or behind the name of an object
}

type level struct {
	query  bool // a SELECT, and not the arguments of a function
	from   bool // in its list of tables
	source bool // it stands where a table is wanted
}

// mention is a name of several parts.
type mention struct {
	parts []string // as T-SQL writes them, without needless marks; a part may be empty
	call  bool     // it is called, and is no table
}

func (m mention) object() string { return strings.Join(m.parts, ".") }

// token is the token at an index, and nothing behind the end.
func (p *nameParser) token(at int) string {
	if at < 0 || at >= len(p.tokens) {
		return ""
	}
	return p.tokens[at]
}

// word is the token at an index in capital letters: a quoted name is no word.
func (p *nameParser) word(at int) string { return strings.ToUpper(p.token(at)) }

// isName reports whether the token at an index can be a part of a name.
func (p *nameParser) isName(at int) bool {
	token := p.token(at)
	return sqlParts.FindString(token) == token && token != "" && token[0] != '@' && token[0] != '#'
}

// findWith finds what WITH names: NAME AS (SELECT, with or without a list of columns.
func (p *nameParser) findWith() {
	for i := range p.tokens {
		if p.word(i) != "AS" || p.token(i+1) != "(" || p.word(i+2) != "SELECT" {
			continue
		}
		at := i - 1
		if p.token(at) == ")" {
			for at > 0 && p.token(at) != "(" {
				at--
			}
			at--
		}
		if p.isName(at) {
			p.with = append(p.with, strings.ToLower(marked(p.token(at))))
		}
	}
}

// step takes one token, or one name.
func (p *nameParser) step() {
	here := &p.levels[len(p.levels)-1]
	switch word := p.word(p.at); {
	case word == "(":
		first := p.word(p.at + 1)
		inner := level{query: first == "SELECT" || first == "WITH", source: p.wanted}
		if p.wanted && !inner.query && first != "VALUES" { // FROM (a JOIN b ...)
			inner.query, inner.from = true, true
		} else {
			p.wanted = false
		}
		p.levels = append(p.levels, inner)
	case word == ")" && len(p.levels) > 1:
		p.levels = p.levels[:len(p.levels)-1]
		if here.source {
			p.at++
			p.alias("")
			return
		}
	case word == "FROM":
		if here.query && p.word(p.at-1) != "DISTINCT" {
			here.from, p.wanted = true, true
		}
	case word == "JOIN", word == "APPLY", word == ",":
		p.wanted = here.query && here.from
	case slices.Contains(endOfFrom, word):
		here.from = false
	case p.isName(p.at):
		p.name()
		return
	case p.wanted: // a variable or a temporary table
		p.wanted = false
		p.at++
		p.alias("")
		return
	}
	p.at++
}

// name takes a name of one part or more, and the alias behind a table.
func (p *nameParser) name() {
	m := mention{parts: []string{marked(p.token(p.at))}}
	for p.at++; p.token(p.at) == "."; p.at++ {
		part := ""
		if p.isName(p.at + 1) {
			p.at++
			part = marked(p.token(p.at))
		}
		m.parts = append(m.parts, part)
	}
	m.call = p.token(p.at) == "("
	switch {
	case !p.wanted && len(m.parts) == 1:
		return // a keyword, a function of SQL Server's own, or a column that nobody can place
	case !p.wanted && m.call:
		p.objects = append(p.objects, m)
		return
	case !p.wanted:
		p.columns = append(p.columns, m)
		return
	}
	p.wanted = false
	p.objects = append(p.objects, m)
	object := m.object()
	if len(m.parts) == 1 && slices.Contains(p.with, strings.ToLower(object)) {
		object = ""
	}
	if !m.call {
		if !p.alias(object) {
			p.stands(m.parts[len(m.parts)-1], object)
		}
		return
	}
	// The alias of a function stands behind its arguments, which are still to be read.
	back, depth := p.at, 0
	for ; p.at < len(p.tokens); p.at++ {
		if p.token(p.at) == "(" {
			depth++
		} else if p.token(p.at) == ")" {
			if depth--; depth == 0 {
				break
			}
		}
	}
	p.at++
	p.alias(object)
	p.at = back
}

// alias takes [AS] ALIAS, if that stands here, for what stands before it.
func (p *nameParser) alias(object string) bool {
	at := p.at
	if p.word(at) == "AS" {
		at++
	}
	if !p.isName(at) || slices.Contains(afterTable, p.word(at)) {
		return false
	}
	p.stands(marked(p.token(at)), object)
	p.at = at + 1
	return true
}

// stands notes what an alias stands for.
func (p *nameParser) stands(alias, object string) {
	alias = strings.ToLower(alias)
	if other, known := p.aliases[alias]; known && !strings.EqualFold(other, object) {
		object = ""
	}
	p.aliases[alias] = object
}

// names puts what was found together.
func (p *nameParser) names() []name {
	var objects []string
	columns := map[string][]string{} // by object
	for _, m := range p.objects {
		first := strings.ToLower(m.parts[0])
		if _, isAlias := p.aliases[first]; len(m.parts) > 1 && isAlias {
			continue // a method of a column
		}
		if len(m.parts) == 1 && (m.call || slices.Contains(p.with, first)) {
			continue
		}
		objects = appendNew(objects, m.object())
	}
	for _, m := range p.columns {
		last := len(m.parts) - 1
		object, known := p.aliases[strings.ToLower(m.parts[0])]
		column := m.parts[1]
		if !known {
			object, column = mention{parts: m.parts[:last]}.object(), m.parts[last]
		}
		if column == "" {
			continue
		}
		at := slices.IndexFunc(objects, func(o string) bool { return strings.EqualFold(o, object) })
		if at >= 0 {
			columns[objects[at]] = appendNew(columns[objects[at]], column)
		}
	}
	var all []name
	for _, object := range objects {
		all = append(all, name{object: object})
		for _, column := range columns[object] {
			all = append(all, name{object, bare(column)})
		}
	}
	return all
}

// appendNew appends a name that is not there yet; names have no case.
func appendNew(all []string, one string) []string {
	if slices.ContainsFunc(all, func(other string) bool { return strings.EqualFold(other, one) }) {
		return all
	}
	return append(all, one)
}

// bare is one part of a name without the marks around it.
func bare(part string) string {
	switch part[0] {
	case '[':
		return strings.ReplaceAll(part[1:len(part)-1], "]]", "]")
	case '"':
		return strings.ReplaceAll(part[1:len(part)-1], `""`, `"`)
	}
	return part
}

// marked is one part of a name in brackets, if it needs them.
func marked(part string) string {
	text := bare(part)
	if plainPart.MatchString(text) {
		return text
	}
	return "[" + strings.ReplaceAll(text, "]", "]]") + "]"
}
