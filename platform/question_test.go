package platform_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"siteready/platform"
)

func TestQuestionString(t *testing.T) {
	statement := platform.SQL[struct{}]("log-space", "SELECT 1 AS may_see")
	tests := []struct {
		question platform.Question
		want     string
	}{
		{platform.ReadText(`HKLM\SOFTWARE\X`, "Full Version").Question, `registry HKLM\SOFTWARE\X : Full Version`},
		{platform.ReadNumber(`HKLM\SOFTWARE\X`, "Type").Question, `registry HKLM\SOFTWARE\X : Type`},
		{platform.ReadKey(`HKLM\SOFTWARE\X`).Question, `registry HKLM\SOFTWARE\X`},
		{platform.ReadService("SMS_EXECUTIVE").Question, `service : SMS_EXECUTIVE`},
		{platform.ReadFile(`C:\a b`).Question, `file C:\a b`},
		{platform.ReadVolume(`D:\`).Question, `volume D:\`},
		{platform.ReadOSVersion().Question, `os : version`},
		{platform.ReadComputer().Question, `os : name`},
		{platform.ReadBoot().Question, `os : boot`},
		{platform.ReadMemory().Question, `os : memory`},
		{statement.In(`SQL01\X,1433`, "CM_P01").Question, `sql on SQL01\X,1433 CM_P01 : log-space`},
		{platform.Question{}, ""},
	}
	for _, test := range tests {
		if got := test.question.String(); got != test.want {
			t.Errorf("%+v prints as %q; want %q", test.question, got, test.want)
		}
		if got := platform.Form(test.question).String(); got != test.want {
			t.Errorf("the form of %+v prints as %q; want %q", test.question, got, test.want)
		}
	}
}

func TestFormMatches(t *testing.T) {
	tests := []struct {
		name, pattern, text string
		want                bool
	}{
		{"no hole", `HKLM\A`, `HKLM\A`, true},
		{"no hole, other text", `HKLM\A`, `HKLM\B`, false},
		{"no hole, longer", `HKLM\A`, `HKLM\AB`, false},
		{"no hole, other case", `HKLM\A`, `hklm\a`, false},
		{"no hole, empty", ``, ``, true},
		{"no hole, empty pattern", ``, `a`, false},
		{"whole", `{server}`, `SQL01`, true},
		{"name with spaces", `{SQL Server}`, `SQL01\X`, true},
		{"name with _", `{site_code}`, `P01`, true},
		{"whole, empty", `{server}`, ``, false},
		{"at the end", `HKLM\{name}`, `HKLM\a\b`, true},
		{"at the end, empty", `HKLM\{name}`, `HKLM\`, false},
		{"at the end, too short", `HKLM\{name}`, `HKLM`, false},
		{"at the beginning", `{drive}\pagefile.sys`, `C:\pagefile.sys`, true},
		{"at the beginning, empty", `{drive}\pagefile.sys`, `\pagefile.sys`, false},
		{"at the beginning, other end", `{drive}\pagefile.sys`, `C:\pagefile.sys.old`, false},
		{"in the middle", `a{x}b`, `a-b`, true},
		{"in the middle, empty", `a{x}b`, `ab`, false},
		{"in the middle, end twice", `a{x}b`, `abb`, true},
		{"in the middle, end three times", `a{x}b`, `abbb`, true},
		{"in the middle, overlapping", `aa{x}aa`, `aaaa`, false},
		{"in the middle, just not overlapping", `aa{x}aa`, `aaaaa`, true},
		{"two", `{drive}\logs\{file}.log`, `D:\x\logs\y\z.log`, true},
		{"two, first empty", `{drive}\logs\{file}.log`, `\logs\z.log`, false},
		{"two, second empty", `{drive}\logs\{file}.log`, `D:\logs\.log`, false},
		{"two, text between missing", `{drive}\logs\{file}.log`, `D:\log\z.log`, false},
		{"two, second choice of the text between", `{a}-{b}c`, `x-y-c`, true},
		{"two, the end is not the text between", `{a}ab{b}b`, `xabab`, true},
		{"two, nothing left for the second", `{a}ab{b}b`, `xabb`, false},
		{"two, the text between is used twice", `{a}--{b}`, `x---`, true},
		{"two, side by side", `{a}{b}`, `xy`, true},
		{"two, side by side, one empty", `{a}{b}`, `x`, false},
		{"three", `{a}.{b}.{c}`, `1.2.3.4`, true},
		{"three, the text ends early", `a{x}b{y}c{z}`, `a-b`, false},
		{"three, one too few", `{a}.{b}.{c}`, `1.2`, false},
		{"a text with braces", `HKLM\{product}\Y`, `HKLM\{90160000-008C}\Y`, true},
		{"the pattern itself", `HKLM\{product}\Y`, `HKLM\{product}\Y`, true},
		{"a GUID is no hole", `HKLM\{90160000-008C}`, `HKLM\{90160000-008C}`, true},
		{"a GUID stands for nothing else", `HKLM\{90160000-008C}`, `HKLM\x`, false},
		{"a brace alone is no hole", `a{`, `ab`, false},
		{"a brace alone is itself", `a{x`, `a{x`, true},
		{"empty braces are no hole", `a{}`, `ab`, false},
		{"beyond ASCII", `{a}ß{b}`, `größe`, true},
		{"a line end", `a{x}b`, "a\nb", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			where := platform.Form{Kind: platform.KindFile, Where: test.pattern}
			if got := where.Matches(platform.Question{Kind: platform.KindFile, Where: test.text}); got != test.want {
				t.Errorf("%q matches %q: %v", test.pattern, test.text, got)
			}
			on := platform.Form{Kind: platform.KindSQL, On: test.pattern, What: "x"}
			if got := on.Matches(platform.Question{Kind: platform.KindSQL, On: test.text, What: "x"}); got != test.want {
				t.Errorf("as a server %q matches %q: %v", test.pattern, test.text, got)
			}
		})
	}
}

func TestFormMatchesNothingElse(t *testing.T) {
	statement := platform.SQL[struct{}]("log-space", "SELECT 1 AS may_see")
	form := statement.In("{SQL Server}", "{site database}").Form()
	same := statement.In("SQL01", "CM_P01").Question
	if !form.Matches(same) {
		t.Fatalf("%s does not match %s", form, same)
	}
	for name, change := range map[string]func(*platform.Question){
		"kind":     func(q *platform.Question) { q.Kind = platform.KindFile },
		"what":     func(q *platform.Question) { q.What = "disk-space" },
		"text":     func(q *platform.Question) { q.Text += " " },
		"no on":    func(q *platform.Question) { q.On = "" },
		"no where": func(q *platform.Question) { q.Where = "" },
	} {
		other := same
		if change(&other); form.Matches(other) {
			t.Errorf("with another %s it still matches: %+v", name, other)
		}
	}
	if (platform.Form{Kind: platform.KindRegistry, What: "{value}"}).Matches(platform.ReadText("", "x").Question) {
		t.Error("there is a hole in What")
	}
}

// Matching takes no time to speak of, however many holes there are.
func TestFormWithManyHoles(t *testing.T) {
	form, text := platform.Form{}, platform.Question{}
	for range 60 {
		form.Where += "{x}a"
		text.Where += "aaa"
	}
	if !form.Matches(text) {
		t.Error("60 holes do not match")
	}
	form.Where += "b"
	if form.Matches(text) {
		t.Error("60 holes match what ends otherwise")
	}
}

func TestByKind(t *testing.T) {
	file := always(`"file"`)
	var asked context.Context
	sql := reader(func(ctx context.Context, q platform.Question) (json.RawMessage, error) {
		asked = ctx
		return nil, platform.Refuse(platform.ErrUnreachable, "%s", q)
	})
	by := platform.ByKind{
		Readers:   map[platform.Kind]platform.Reader{platform.KindFile: file, platform.KindSQL: sql},
		Elsewhere: "this is not Windows",
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if answer, err := by.Read(ctx, platform.ReadFile("x").Question); string(answer) != `"file"` || err != nil {
		t.Errorf("a file is answered with %s, %v", answer, err)
	}
	_, err := by.Read(ctx, sqlQuestion("SQL01", "x"))
	refused(t, err, platform.ErrUnreachable, "SQL01")
	if asked != ctx {
		t.Error("the context did not reach the reader")
	}
	for _, q := range []platform.Question{{}, {Kind: "weather"}, platform.ReadMemory().Question} {
		_, err := by.Read(ctx, q)
		refused(t, err, platform.ErrUnsupported, "this is not Windows")
	}
	_, err = platform.ByKind{}.Read(ctx, platform.ReadMemory().Question)
	refused(t, err, platform.ErrUnsupported, `"os"`)
}
