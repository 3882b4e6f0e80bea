package schedule_test

import (
	"slices"
	"strings"
	"testing"

	"siteready/cmd/siteready/schedule"
)

// apart takes a command line apart by the rules that Microsoft documents for programs in C. Wine's
// own CommandLineToArgvW judges the same lines in the tests of the command.
// https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
func apart(line string) []string {
	var args []string
	var arg strings.Builder
	inArg, quoted := false, false
	for i := 0; i < len(line); {
		n := 0
		for i < len(line) && line[i] == '\\' {
			n++
			i++
		}
		quote := i < len(line) && line[i] == '"'
		switch {
		case quote:
			arg.WriteString(strings.Repeat(`\`, n/2))
			if n%2 == 1 {
				arg.WriteByte('"')
			} else {
				quoted = !quoted
			}
			inArg = true
			i++
		case n > 0:
			arg.WriteString(strings.Repeat(`\`, n))
			inArg = true
		case (line[i] == ' ' || line[i] == '\t') && !quoted:
			if inArg {
				args = append(args, arg.String())
				arg.Reset()
			}
			inArg = false
			i++
		default:
			arg.WriteByte(line[i])
			inArg = true
			i++
		}
	}
	if inArg {
		args = append(args, arg.String())
	}
	return args
}

func TestCommandLine(t *testing.T) {
	for want, args := range map[string][]string{
		`check -o D:\a\b.json`:    {"check", "-o", `D:\a\b.json`},
		`"a b" ""`:                {"a b", ""},
		`"D:\a b\\" c`:            {`D:\a b\`, "c"},
		`D:\a\ \\srv\share$`:      {`D:\a\`, `\\srv\share$`},
		`"a\"b" "\\\"" "\""`:      {`a"b`, `\"`, `"`},
		`CONTOSO\sr$ 'x' space.*`: {`CONTOSO\sr$`, "'x'", "space.*"},
	} {
		if got := schedule.CommandLine(args); got != want {
			t.Errorf("%q became %s, wanted %s", args, got, want)
		}
	}
}

func FuzzCommandLine(f *testing.F) {
	f.Add("a b", `c\`, `"`)
	f.Add("", `\\"`, "\t")
	f.Add(`\`, `a\\ b\\`, `""`)
	f.Fuzz(func(t *testing.T, a, b, c string) {
		args := []string{a, b, c}
		line := schedule.CommandLine(args)
		if got := apart(line); !slices.Equal(got, args) {
			t.Errorf("%q became %s, and that %q", args, line, got)
		}
	})
}
