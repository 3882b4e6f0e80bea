package platform_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"siteready/platform"
)

// FuzzDecode gives the door any answer. No panic; and what is decoded was in the answer: each
// field of the type, not null unless it may be.
func FuzzDecode(f *testing.F) {
	for _, answer := range []string{
		`{"state":"running","start":"automatic","account":"LocalSystem"}`,
		`{"size":1,"modified":"2026-11-20T02:00:00Z","version":null}`,
		`{"size":1,"encoding":"8-bit","run":{"began":null,"ended":null,"zoned":true,"update":true,"package":null,"lines":1,"not_understood":0,"complaints":0,"unanswered":0,"errors":1,"warnings":0,"passed":0,"not_run":0,"results":[{"rule":"a","server":"","result":"error","message":""}],"more":false},"begun":false,"begun_at":null}`,
		`{"size":1,"encoding":"utf-8","outcome":"failed","at":"2026-11-20T02:00:00Z","message":5043}`,
		`{"owner":"S-1-5-18","open":false,"count":1,"entries":[{"sid":"S-1-5-32-544","type":"allow","mask":2032127,"flags":3}],"more":false}`,
		`{"sid":"S-1-5-21-1-2-3-1001","disabled":false,"locked":true,"must_change":false,"ends":true,"end":"2026-11-20T02:00:00Z"}`,
		`{"sid":"S-1-5-21-1-2-3-1105","controller":"dc01.contoso.com","managed":true,"disabled":false,"locked":false,"must_change":false,"ends":false,"end":"0001-01-01T00:00:00Z"}`,
		`{"mount":"D:\\","total":322122547200,"free":85899345920,"file_system":"NTFS"}`,
		`{"major":10,"minor":0,"build":20348,"product":"Windows Server 2022 Standard","installation":"Server","workstation":false}`,
		`{"subkeys":["a","b"],"values":[],"more":false,"written":"2026-01-02T03:04:05Z"}`,
		`{"type":"sz","number":null,"text":"12a","list":null}`,
		`{"type":"dword","number":4294967295,"text":null,"list":null}`,
		`{"type":"multi_sz","number":null,"text":null,"list":["a",null]}`,
		`[{"may_see":1,"total":null},{"may_see":1,"total":2}]`,
		`{"Total":1}`, `{"total":1,"total":null}`, `{"total":-1}`, `{"total":1e3}`, `{"total":18446744073709551616}`,
		`null`, `[]`, `{}`, `""`, `0`, `[null]`, "{\"total\":\u20281}", `{"total":1}x`, "\xff", ``,
	} {
		f.Add([]byte(answer))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		strictly[platform.Service](t, answer)
		strictly[platform.AccessList](t, answer)
		strictly[platform.AccountState](t, answer)
		strictly[platform.DirectoryAccount](t, answer)
		strictly[platform.DirectoryGroups](t, answer)
		strictly[platform.File](t, answer)
		strictly[platform.Volume](t, answer)
		strictly[platform.OSVersion](t, answer)
		strictly[platform.Computer](t, answer)
		strictly[platform.Boot](t, answer)
		strictly[platform.Memory](t, answer)
		strictly[platform.RegistryKey](t, answer)
		strictly[platform.PrereqLog](t, answer)
		strictly[platform.BackupLog](t, answer)
		strictly[platform.RegistryValue](t, answer)
		// The two that decode themselves agree with the value that they decode.
		value, valueErr := as[platform.RegistryValue](t, string(answer))
		number, numberErr := as[platform.Number](t, string(answer))
		text, textErr := as[platform.Text](t, string(answer))
		if valueErr != nil && (numberErr == nil || textErr == nil) {
			t.Errorf("%q is no value, but the number %v and the text %q", answer, number, text)
		}
		if v := value.(platform.RegistryValue); valueErr == nil && v.Number == nil && v.Text == nil && (numberErr == nil || textErr == nil) {
			t.Errorf("%q holds neither, but is the number %v and the text %q", answer, number, text)
		}
	})
}

func strictly[A any](t *testing.T, answer []byte) {
	t.Helper()
	value, err := as[A](t, string(answer))
	if err != nil {
		no := refusedFor(t, err)
		if v := reflect.ValueOf(value); !v.IsZero() {
			t.Errorf("%q: beside %q there is %+v", answer, no.Cause, value)
		}
		return
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(answer, &fields); err != nil {
		t.Fatalf("%q is no object, but became %+v", answer, value)
	}
	for field := range reflect.TypeFor[A]().Fields() {
		name := field.Tag.Get("json")
		raw, ok := fields[name]
		if !ok || string(raw) == "null" && field.Type.Kind() != reflect.Pointer {
			t.Errorf("%q became %+v, without a value for %s", answer, value, name)
		}
	}
	// What was decoded says the same when it is written and read again.
	written, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	again, err := as[A](t, string(written))
	if err != nil || !reflect.DeepEqual(again, value) {
		t.Errorf("%q became %+v, then %s, then %+v: %v", answer, value, written, again, err)
	}
}

// refusedFor asserts that err is a *platform.NoAnswer with a reason and a cause.
func refusedFor(t *testing.T, err error) *platform.NoAnswer {
	t.Helper()
	var no *platform.NoAnswer
	if !errors.As(err, &no) || no.Cause == "" || no.Reason == nil {
		t.Fatalf("the error is %#v", err)
	}
	return no
}

// FuzzCheckSQL: what is accepted begins with SELECT or WITH, has one statement, and holds no
// word that does more than read, as this test's own reading of T-SQL finds its words.
func FuzzCheckSQL(f *testing.F) {
	for _, text := range []string{
		`SELECT 1 AS may_see`,
		`WITH c AS (SELECT a FROM t) SELECT COUNT(*) AS n, 1 AS may_see FROM c`,
		`SELECT [a;b] AS [c--d], [e]]f'g] AS [/*], 'it''s; [x' AS h, "i;""j" AS k, 1 AS may_see FROM t`,
		`SELECT a * 8192 AS b, 0x1F AS c, 1.5E+3 AS d, .5 AS e, 1 AS may_see FROM a.b.c`,
		`SELECT 1 AS may_see EXEC[sp_who]`, `SELECT 1 AS may_see, 1e5EXEC('x')`, `SELECT 1 AS may_see) SELECT (2`,
		`SELECT 1 AS may_see, 1 AS [a'] ; DROP TABLE t ; SELECT 'b'`,
		`SELECT 1 AS may_see -- ' `, `SELECT 'x AS may_see`, "SELECT 1 AS may_\u017fee", "SELECT\u00a01 AS may_see",
		`SELECT 1 -0- may_see`, `SELECT * FROM t WHERE may_see = 1`, `SELECT TOP (5) * FROM t WHERE may_see = 1`,
	} {
		f.Add(text)
	}
	forbidden := regexp.MustCompile(`(?i)^(?:exec|execute|insert|update|delete|merge|truncate|drop|alter|create|into|set|use|kill|grant|revoke|` +
		`deny|backup|restore|waitfor|shutdown|dbcc|declare|openrowset|openquery|opendatasource|receive|checkpoint|tablockx)$`)
	f.Fuzz(func(t *testing.T, text string) {
		if platform.CheckSQL(text) != nil {
			return
		}
		words, marks, closed := readSQL(text)
		switch {
		case !closed:
			t.Errorf("%q is accepted, but a mark is never closed", text)
		case len(words) == 0 || words[0] != "SELECT" && words[0] != "WITH" || !strings.HasPrefix(strings.ToUpper(strings.TrimSpace(text)), words[0]):
			t.Errorf("%q is accepted, but begins otherwise", text)
		case strings.Contains(marks, ";") || strings.Contains(marks, "--") || strings.Contains(marks, "/*"):
			t.Errorf("%q is accepted, but has a comment or two statements", text)
		}
		proof, depth, selects := false, 0, 0
		for _, word := range words {
			switch word {
			case "(":
				depth++
			case ")":
				depth--
			case "MAY_SEE":
				proof = true
			case "SELECT":
				if depth == 0 {
					selects++
				}
			}
			if forbidden.MatchString(word) || depth < 0 {
				t.Errorf("%q is accepted, with %s", text, word)
			}
		}
		if !proof || depth != 0 || selects != 1 {
			t.Errorf("%q is accepted: proof %v, %d parentheses open, %d statements", text, proof, depth, selects)
		}
		// A statement may be made of it, and it stays the same when that is done again.
		once := platform.SQL[struct{}]("x", text).In("", "").Text
		if twice := platform.SQL[struct{}]("x", once).In("", "").Text; once != twice {
			t.Errorf("%q became %q, then %q", text, once, twice)
		}
	})
}

// readSQL reads a text as SQL Server does: its words in upper case, with parentheses among
// them; and its marks outside of quotation, words and space. A number ends where its digits do.
func readSQL(text string) (words []string, marks string, closed bool) {
	isWord := func(c byte) bool {
		return c == '_' || c == '#' || c == '@' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80
	}
	number := regexp.MustCompile(`^(?:0[xX][0-9a-fA-F]*|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?)`)
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\'' || c == '"' || c == '[':
			end := c
			if c == '[' {
				end = ']'
			}
			for i++; ; i++ {
				if i >= len(text) {
					return words, marks, false
				}
				if text[i] == end {
					if i++; i >= len(text) || text[i] != end {
						break
					}
				}
			}
			marks += " "
		case c >= '0' && c <= '9':
			i += len(number.FindString(text[i:]))
			marks += " "
		case isWord(c):
			start := i
			for i < len(text) && isWord(text[i]) {
				i++
			}
			words = append(words, strings.ToUpper(text[start:i]))
			marks += " "
		default:
			if c == '(' || c == ')' {
				words = append(words, string(c))
			}
			marks += string(c)
			i++
		}
	}
	return words, marks, true
}

// FuzzForm compares Matches with a regular expression that is made of the same form.
func FuzzForm(f *testing.F) {
	for _, seed := range [][2]string{
		{`HKLM\{product}\Y`, `HKLM\{90160000-008C}\Y`},
		{`{a}-{b}c`, `x-y-c`},
		{`{a}{b}`, `x`},
		{`aa{x}aa`, `aaaa`},
		{`{SQL Server}`, `SQL01\X,1433`},
		{`{`, `{`},
		{`}{x}{`, `}a{`},
		{`{}`, `{}`},
		{`{x}{y}{z}`, "a\nb"},
		{"\xff{x}", "\xff\xfe"},
	} {
		f.Add(seed[0], seed[1])
	}
	hole := regexp.MustCompile(`\{[A-Za-z_ ]+\}`)
	f.Fuzz(func(t *testing.T, pattern, text string) {
		var expression strings.Builder
		expression.WriteString(`(?s)^`)
		for i, part := range hole.Split(bytewise(pattern), -1) {
			if i > 0 {
				expression.WriteString(`.+`)
			}
			expression.WriteString(regexp.QuoteMeta(part))
		}
		want := regexp.MustCompile(expression.String() + `$`).MatchString(bytewise(text))
		form := platform.Form{Kind: platform.KindVolume, Where: pattern}
		if got := form.Matches(platform.ReadVolume(text).Question); got != want {
			t.Errorf("%q matches %q: %v", pattern, text, got)
		}
	})
}

// bytewise has a character for each byte, so that a regular expression sees bytes.
func bytewise(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// FuzzRegistry: a value is a number if it is stored as one, or if its text is one in decimal
// digits; and a number is a text, too.
func FuzzRegistry(f *testing.F) {
	for _, text := range []string{"", "0", " 12 ", "007", "+1", "-1", "1e3", "0x10", "1_000", "18446744073709551615", "18446744073709551616", "\u00a01\u2003", "\u0661", "a\x00", "\xff"} {
		f.Add(text, uint64(1)<<32, true)
		f.Add(text, uint64(len(text)), false)
	}
	f.Fuzz(func(t *testing.T, text string, n uint64, stored bool) {
		text = strings.ToValidUTF8(text, "?") // JSON has no other
		value := platform.RegistryValue{Type: "sz", Text: &text}
		wantText := strings.TrimSpace(text)
		if stored {
			value = platform.RegistryValue{Type: "qword", Number: &n}
			wantText = fmt.Sprint(n)
		}
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := as[platform.Text](t, string(raw)); err != nil || got != platform.Text(wantText) {
			t.Errorf("%s is the text %q, %v", raw, got, err)
		}
		got, err := as[platform.Number](t, string(raw))
		want, decimal := new(big.Int).SetString(wantText, 10)
		decimal = decimal && strings.Trim(wantText, "0123456789") == "" && want.IsUint64()
		switch {
		case decimal != (err == nil):
			t.Errorf("%s is the number %v, %v", raw, got, err)
		case decimal && got != platform.Number(want.Uint64()):
			t.Errorf("%s is the number %v", raw, got)
		case !decimal:
			refusedFor(t, err)
		}
	})
}
