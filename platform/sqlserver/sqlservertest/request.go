package sqlservertest

import (
	"errors"
	"fmt"
	"strings"
)

// request is a batch, or a statement with parameters.
type request struct {
	rpc        bool   // the answer has the form of a procedure's
	procedure  string // called instead of a statement
	text       string
	parameters []Parameter
}

// parseRequest reads a batch or RPC message. Both begin with headers whose total length comes first.
func parseRequest(m message) (request, error) {
	c := &cursor{rest: m.body}
	c.take(int(c.u32()) - 4)
	if c.err != nil {
		return request{}, fmt.Errorf("the headers of the request: %w", c.err)
	}
	switch m.kind {
	case packetBatch:
		return request{text: decodeText(c.rest)}, nil
	case packetRPC:
		return parseRPC(c)
	default:
		return request{}, fmt.Errorf("requests of type %#02x are not served", byte(m.kind))
	}
}

// parseRPC reads a call by number or name. sp_executesql has the statement and the declarations as its first two parameters.
func parseRPC(c *cursor) (request, error) {
	const (
		byNumber      = 0xFFFF
		spExecuteSQL  = 10
		executeByName = "sp_executesql"
	)
	r := request{rpc: true}
	if n := c.u16(); n == byNumber {
		if id := c.u16(); id == spExecuteSQL {
			r.procedure = executeByName
		} else {
			r.procedure = fmt.Sprintf("procedure number %d", id)
		}
	} else {
		r.procedure = c.text(int(n))
	}
	c.u16() // flags
	if c.err != nil {
		return request{}, fmt.Errorf("the head of the call: %w", c.err)
	}
	for len(c.rest) > 0 {
		p, err := parseParameter(c)
		if err != nil {
			return request{}, fmt.Errorf("parameter %d of %s: %w", len(r.parameters)+1, cut(r.procedure, 128), err)
		}
		r.parameters = append(r.parameters, p)
	}
	if !strings.EqualFold(r.procedure, executeByName) {
		return r, nil
	}
	r.procedure = ""
	if len(r.parameters) == 0 {
		return request{}, errors.New("sp_executesql without a statement")
	}
	text, ok := r.parameters[0].Value.(string)
	if !ok {
		return request{}, errors.New("sp_executesql: the statement is no text")
	}
	r.text = text
	r.parameters = r.parameters[min(2, len(r.parameters)):]
	return r, nil
}

// piece is one statement of a batch.
type piece struct {
	name string // empty: no comment names it
	text string
}

const (
	nameBegin = "/* siteready: "
	nameEnd   = " */"
	maxName   = 256 // in bytes; what is longer is no name
)

// splitBatch cuts a text in front of each naming comment. What stands before the first is a piece without name.
func splitBatch(text string) []piece {
	var pieces []piece
	name, start := "", 0
	add := func(end int) {
		if part := text[start:end]; name != "" || strings.TrimSpace(part) != "" {
			pieces = append(pieces, piece{name: name, text: part})
		}
	}
	for at := 0; ; {
		begin := strings.Index(text[at:], nameBegin)
		if begin < 0 {
			break
		}
		begin += at
		at = begin + len(nameBegin)
		found, _, closed := strings.Cut(text[at:min(len(text), at+maxName)], nameEnd)
		if found = strings.TrimSpace(found); !closed || found == "" {
			continue
		}
		add(begin)
		name, start = found, begin
	}
	add(len(text))
	return pieces
}

// onlySets reports whether a text holds SET statements alone: words and numbers, and no word that does more.
func onlySets(text string) bool {
	found := false
	for part := range strings.SplitSeq(text, ";") {
		words := strings.Fields(strings.ToUpper(part))
		if len(words) == 0 {
			continue
		}
		if words[0] != "SET" || len(words) < 3 || strings.ContainsAny(part, "@(/'\"") {
			return false
		}
		for _, w := range words {
			switch w {
			case "SELECT", "EXEC", "EXECUTE", "INSERT", "UPDATE", "DELETE", "MERGE", "DROP", "ALTER", "CREATE", "USE", "WITH":
				return false
			}
		}
		found = true
	}
	return found
}

// isPing recognizes what drivers send to see whether a connection is alive.
func isPing(text string) bool {
	text = strings.TrimSuffix(strings.TrimSpace(text), ";")
	return strings.EqualFold(strings.TrimSpace(text), "SELECT 1")
}

// firstWords is what an error says in place of a name: at most four words.
func firstWords(text string) string {
	var words []string
	for w := range strings.FieldsSeq(text) {
		if words = append(words, w); len(words) == 4 {
			break
		}
	}
	return cut(strings.Join(words, " "), 128)
}
