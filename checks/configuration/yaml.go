package configuration

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	uni "unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// MaxSize is how many bytes a file may have.
const MaxSize = 64 << 10

// Bounds of what is given to the parser, whose time grows with the square of both. Four levels
// of lists and maps within each other are needed.
const (
	maxLines = 5000
	maxDepth = 8
)

// reader gathers what a file sets and what is wrong with it.
type reader struct {
	Configuration
	rules    Rules
	problems []Problem
}

func (r *reader) complain(at Position, format string, args ...any) {
	r.problems = append(r.problems, Problem{at, fmt.Sprintf(format, args...)})
}

// parse turns the bytes of a file into its one document; found is false when it is empty, or
// when it is not YAML and that has been said.
func (r *reader) parse(data []byte) (root ast.Node, found bool) {
	start := Position{1, 1}
	if len(data) > MaxSize {
		r.complain(start, "the file has more than %d KiB, and so is no configuration", MaxSize>>10)
		return nil, false
	}
	text, at, err := decode(data)
	if err != nil {
		r.complain(at, "%v", err)
		return nil, false
	}
	if strings.Count(text, "\n") > maxLines {
		r.complain(start, "the file has more than %d lines, and so is no configuration", maxLines)
		return nil, false
	}
	if !r.plain(text) {
		return nil, false
	}
	// The parser is not ours, and what it is given may be anything.
	defer func() {
		if p := recover(); p != nil {
			r.complain(start, "the file cannot be read as YAML (%v)", p)
			root, found = nil, false
		}
	}()
	tokens := lexer.Tokenize(text)
	if !r.simple(tokens) {
		return nil, false
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		at, text := start, err.Error()
		var syntax yaml.Error
		if errors.As(err, &syntax) { // without the line itself, which may hold what is secret
			text = syntax.GetMessage()
			if tk := syntax.GetToken(); tk != nil && tk.Position != nil {
				at = place(tk)
			}
		}
		r.complain(at, "this is not YAML: %s%s", text, hint(text))
		return nil, false
	}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if found { // a second one needs ---, which is refused
			r.complain(position(doc.Body), "the file holds a second document; only one is read")
			return nil, false
		}
		root, found = doc.Body, true
	}
	return root, found
}

// hint says what is usually behind a message of the parser.
func hint(text string) string {
	switch {
	case strings.Contains(text, "escape"):
		return `; in double quotes \ begins an escape: use single quotes, or none`
	case strings.Contains(text, "mapping value is not allowed"):
		return "; a text with a colon and a blank in it stands in quotes"
	case strings.Contains(text, `'\t'`), strings.Contains(text, "\t"):
		return "; indent with blanks, not with tabs"
	default:
		return ""
	}
}

// decode makes UTF-8 of a file, with \n at the end of each line. An error stands at a position.
func decode(data []byte) (string, Position, error) {
	start := Position{1, 1}
	text, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), data)
	switch {
	case err != nil:
		return "", start, fmt.Errorf("the file cannot be read as text: %w; save it as UTF-8", err)
	case !utf8.Valid(text):
		return "", after(text[:invalid(text)]), errors.New("this character is not UTF-8; save the file as UTF-8, with or without a byte order mark")
	case bytes.IndexByte(text, 0) >= 0:
		return "", start, errors.New("the file holds characters with the number 0, as UTF-16 without a byte order mark does; save it as UTF-8")
	case utf16(data) && bytes.ContainsRune(text, utf8.RuneError):
		return "", start, errors.New("the file is damaged UTF-16; save it as UTF-8")
	}
	return oneBreak(string(text)), start, nil
}

// oneBreak has \n at the end of each line, whichever system wrote it.
func oneBreak(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// after is the position behind a text from the begin of a file.
func after(text []byte) Position {
	lines := strings.Split(oneBreak(string(text)), "\n")
	return Position{len(lines), 1 + utf8.RuneCountInString(lines[len(lines)-1])}
}

func utf16(data []byte) bool {
	return bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF})
}

// invalid is where text stops being UTF-8.
func invalid(text []byte) int {
	at := 0
	for at < len(text) {
		c, size := utf8.DecodeRune(text[at:])
		if c == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// plain refuses characters that nobody sees, and that would make two keys look alike.
func (r *reader) plain(text string) bool {
	at := Position{1, 1}
	for _, c := range text {
		switch {
		case c == '\n':
			at = Position{at.Line + 1, 1}
			continue
		case c != '\t' && hidden(c):
			r.complain(at, "the character %U cannot be seen, and does not belong here", c)
			return false
		}
		at.Column++
	}
	return true
}

// hidden reports whether a character is a control character or invisible.
func hidden(c rune) bool {
	return uni.IsControl(c) || uni.Is(uni.Cf, c) || c == '\u2028' || c == '\u2029'
}

// simple refuses the parts of YAML that a configuration does not need, and depth without end.
func (r *reader) simple(tokens token.Tokens) bool {
	depth, entries, pairs, line := 0, 0, 0, 0
	content := false // something has been said before
	for _, tk := range tokens {
		at := place(tk)
		behind := at.Line == line // something stands before it on its line
		if !behind {
			line, entries, pairs = at.Line, 0, 0
		}
		refused := ""
		switch tk.Type {
		case token.AliasType:
			refused = "a text that begins with * must stand in quotes"
		case token.AnchorType:
			refused = "a text that begins with & must stand in quotes"
		case token.TagType:
			refused = "a text that begins with ! must stand in quotes"
		case token.DirectiveType:
			refused = "a text that begins with % must stand in quotes"
		case token.MergeKeyType:
			refused = "<< is not understood here"
		case token.MappingKeyType:
			refused = "a text that begins with ? must stand in quotes"
		case token.DocumentHeaderType:
			if content {
				refused = "--- begins a second document; only one is read"
			}
		case token.DocumentEndType:
			refused = "... ends the document here; remove it"
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType:
			entries++
		case token.MappingValueType:
			pairs++
		case token.CommentType: // "ticket: see #4711" would lose its number without a word
			if behind && tk.Value != "" && tk.Value[0] != ' ' {
				refused = "a text with a blank and # in it stands in quotes; a comment has a blank behind its #"
			}
		}
		if depth > maxDepth || entries > maxDepth || depth <= 0 && pairs > maxDepth {
			refused = fmt.Sprintf("lists and maps stand more than %d deep within each other", maxDepth)
		}
		if refused != "" {
			r.complain(at, "%s", refused)
			return false
		}
		content = content || tk.Type != token.CommentType
	}
	return true
}

func place(tk *token.Token) Position { return Position{tk.Position.Line, tk.Position.Column} }

// position is where a node begins.
func position(n ast.Node) Position {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return position(n.Values[0])
		}
	case *ast.MappingValueNode:
		return place(n.Key.GetToken())
	}
	return place(n.GetToken())
}

// kind is what a node is in words.
func kind(n ast.Node) string {
	switch n := n.(type) {
	case *ast.NullNode:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a map"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return n.GetToken().Value
	case *ast.StringNode:
		return short(n.Value)
	case *ast.LiteralNode:
		return short(n.Value.Value)
	default:
		return short(n.GetToken().Value)
	}
}

// short is a value in quotes, cut where it is long.
func short(text string) string {
	const most = 40
	if cut := []rune(text); len(cut) > most {
		text = string(cut[:most]) + "..."
	}
	return fmt.Sprintf("%q", text)
}

// entry is one key of a map and its value.
type entry struct {
	key   string
	at    Position // of the key
	value ast.Node
}

// entries are those of a map, each key once. A section without anything in it is empty.
func (r *reader) entries(n ast.Node, path, expected string) []entry {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		r.wrong(n, path, expected)
	}
	var all []entry
	lines := map[string]int{}
	for _, pair := range pairs {
		e := entry{at: place(pair.Key.GetToken()), value: pair.Value}
		switch key := pair.Key.(type) {
		case *ast.StringNode:
			e.key = key.Value
		default:
			e.key = key.GetToken().Value
		}
		if first, twice := lines[e.key]; twice {
			r.complain(e.at, "the key %s stands here a second time; the first is on line %d", short(e.key), first)
			continue
		}
		lines[e.key] = e.at.Line
		all = append(all, e)
	}
	return all
}

// elements are those of a list; a section without anything in it is empty.
func (r *reader) elements(n ast.Node, path, expected string) []ast.Node {
	switch n := n.(type) {
	case *ast.NullNode:
		return nil
	case *ast.SequenceNode:
		return n.Values
	default:
		r.wrong(n, path, expected)
		return nil
	}
}

// wrong complains of a value of another kind.
func (r *reader) wrong(n ast.Node, path, expected string) {
	if path != "" {
		path += ": "
	}
	r.complain(position(n), "%sexpected %s, not %s", path, expected, kind(n))
}
