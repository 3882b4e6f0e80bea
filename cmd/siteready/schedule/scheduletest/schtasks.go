// Package scheduletest stands in for Windows' schtasks.exe: the calls that siteready makes, with
// the exit codes that /HRESULT gives, and with messages in a language that is not English.
package scheduletest

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The exit codes that it can end with, beside those of Files.
const (
	NotFound  = 0x80070002
	Denied    = 0x80070005
	LogOn     = 0x8007052E
	Malformed = 0x8004131A
	Argument  = 0x80070057
)

// Files in the state's folder that change how it answers.
const (
	FailFile   = "fail.txt"   // lines as "/Create 0x80070005": calls that end with this code
	LastFile   = "last.txt"   // the exit code of the last run in decimal; 267011 where there is no file
	SilentFile = "silent.txt" // a query prints nothing and ends with 0, as Wine's does
	OldFile    = "old.txt"    // /HRESULT is not known, and each failure ends with 1
	S4UFile    = "s4u.txt"    // it registers another log-on than it was told
	EmptyFile  = "empty.txt"  // an empty password is a wrong one, and none is right for a managed account
	UTF8File   = "utf8.txt"   // the console's code page is 65001
)

// message is what it says when it fails, in code page 850 as a German Windows prints it.
var message = []byte("FEHLER: Zugriff verweigert oder ung\x81ltig.\r\n")

// Schtasks is one call. State is a folder that keeps the tasks; the exit code is returned.
func Schtasks(state string, args []string, stdin io.Reader, stdout, stderr io.Writer) uint32 {
	flags, err := parse(args)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	has := func(file string) bool {
		_, err := os.Stat(filepath.Join(state, file))
		return err == nil
	}
	fail := func(code uint32) uint32 {
		_, _ = stderr.Write(message)
		if has(OldFile) {
			return 1
		}
		return code
	}
	if has(OldFile) && flags.hresult {
		return fail(1)
	}
	if code := failure(state, flags.verb); code != 0 {
		return fail(code)
	}
	task := filepath.Join(state, strings.ToLower(strings.TrimPrefix(flags.name, `\`))+".task") // names are the same in capital letters
	switch flags.verb {
	case "/Create":
		return create(flags, task, stdin, fail, has)
	case "/Query":
		text, err := os.ReadFile(task)
		switch {
		case has(SilentFile):
		case errors.Is(err, fs.ErrNotExist):
			return fail(NotFound)
		case err != nil:
			fmt.Fprintln(stderr, err)
			return 1
		case flags.xml && has(UTF8File):
			_, _ = stdout.Write(text)
		case flags.xml:
			// Redirected, it prints in the console's code page, whatever the declaration says.
			_, _ = stdout.Write(narrow(text))
		default:
			last := "267011"
			if text, err := os.ReadFile(filepath.Join(state, LastFile)); err == nil {
				last = strings.TrimSpace(string(text))
			}
			row := []string{"CM01", unescaped(nameForm, text), "22.11.2026 02:00:00", "Bereit", "Interaktiv/Hintergrund", "21.11.2026 02:00:00", last}
			for len(row) < 28 {
				row = append(row, "Nicht zutreffend")
			}
			// The quotation marks of the command line stand as they are.
			row[8] = unescaped(commandForm, text) + " " + unescaped(argumentsForm, text)
			_, _ = stdout.Write(narrow([]byte(`"` + strings.Join(row, `","`) + "\"\r\n")))
		}
		return 0
	default:
		if err := os.Remove(task); err != nil {
			return fail(NotFound)
		}
		return 0
	}
}

// flags are the arguments of a call.
type flags struct {
	verb, name, file string
	user             *string
	password         *string
	force, hresult   bool
	xml, csv         bool
}

// parse reads arguments as strictly as schtasks.exe does.
func parse(args []string) (f flags, err error) {
	if len(args) == 0 {
		return f, errors.New("no verb")
	}
	f.verb = args[0]
	value := func(i int) (string, error) {
		if i+1 >= len(args) {
			return "", fmt.Errorf("%s has no value", args[i])
		}
		return args[i+1], nil
	}
	for i := 1; i < len(args) && err == nil; i++ {
		switch flag := args[i]; {
		case flag == "/TN":
			f.name, err = value(i)
			i++
		case flag == "/XML" && f.verb == "/Create":
			f.file, err = value(i)
			i++
		case flag == "/XML":
			f.xml = true
		case flag == "/RU" || flag == "/RP":
			var text string
			text, err = value(i)
			if flag == "/RU" {
				f.user = &text
			} else {
				f.password = &text
			}
			i++
		case flag == "/F":
			f.force = true
		case flag == "/HRESULT":
			f.hresult = true
		case f.verb == "/Query" && (flag == "/V" || flag == "/NH"):
		case f.verb == "/Query" && flag == "/FO" && i+1 < len(args) && args[i+1] == "CSV":
			f.csv = true
			i++
		default:
			return f, fmt.Errorf("the argument %q is not known", flag)
		}
	}
	if f.name == "" {
		return f, errors.New("/TN is missing")
	}
	return f, err
}

func failure(state, verb string) uint32 {
	text, err := os.ReadFile(filepath.Join(state, FailFile))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == verb {
			code, err := strconv.ParseUint(fields[1], 0, 32)
			if err == nil {
				return uint32(code)
			}
		}
	}
	return 0
}

var (
	userForm  = regexp.MustCompile(`<UserId>([^<]*)</UserId>`)
	logOnForm = regexp.MustCompile(`<LogonType>([^<]*)</LogonType>`)

	reference     = regexp.MustCompile(`&#x[0-9A-F]+;`)
	nameForm      = regexp.MustCompile(`<URI>([^<]*)</URI>`)
	commandForm   = regexp.MustCompile(`<Command>([^<]*)</Command>`)
	argumentsForm = regexp.MustCompile(`<Arguments>([^<]*)</Arguments>`)
)

// unescaped is the text of an element.
func unescaped(element *regexp.Regexp, text []byte) string {
	found := element.FindSubmatch(text)
	if found == nil {
		return ""
	}
	return html.UnescapeString(string(found[1]))
}

// create takes a task as the Task Scheduler does: from UTF-16 with a mark, one that is there only
// by force, an account with the password that was given, or that is asked for.
func create(f flags, task string, stdin io.Reader, fail func(uint32) uint32, has func(string) bool) uint32 {
	if _, err := os.Stat(task); err == nil && !f.force {
		_, _ = io.ReadAll(stdin) // it asks whether to replace it
		return fail(1)
	}
	file, err := os.ReadFile(f.file)
	if err != nil || !bytes.HasPrefix(file, []byte{0xFF, 0xFE}) || len(file)%2 != 0 {
		return fail(Malformed)
	}
	units := make([]uint16, len(file)/2-1)
	for i := range units {
		units[i] = uint16(file[2*i+2]) | uint16(file[2*i+3])<<8
	}
	// Windows writes the XML anew: letters stand in it as themselves.
	text := reference.ReplaceAllStringFunc(string(utf16.Decode(units)), func(found string) string {
		if letter := html.UnescapeString(found); letter[0] >= utf8.RuneSelf {
			return letter
		}
		return found
	})
	user := userForm.FindStringSubmatch(text)
	if user == nil || !strings.Contains(text, "\r\n") || !strings.HasPrefix(text, `<?xml version="1.0" encoding="UTF-16"?>`) {
		return fail(Malformed)
	}
	if logOn := logOnForm.FindStringSubmatch(text); logOn != nil && logOn[1] == "Password" {
		name := html.UnescapeString(user[1])
		switch {
		case has(EmptyFile) && f.password == nil:
		case has(EmptyFile) && *f.password == "":
			return fail(LogOn)
		case f.user == nil || *f.user != name:
			return fail(Argument)
		case f.password == nil:
			return fail(LogOn) // it asks, and nobody answers
		}
		if !strings.HasSuffix(user[1], "$") {
			return fail(LogOn)
		}
		text = strings.Replace(text, user[0], "<UserId>S-1-5-21-1004336348-1177238915-682003330-1607</UserId>", 1)
	} else if user[1] != "S-1-5-18" {
		return fail(LogOn)
	}
	if has(S4UFile) {
		text = logOnForm.ReplaceAllString(text, "<LogonType>S4U</LogonType>")
	}
	if err := os.WriteFile(task, []byte(text), 0o600); err != nil {
		return fail(Denied)
	}
	return 0
}

// narrow is text in code page 850, of which a few letters will do. What it lacks is a question mark.
func narrow(text []byte) []byte {
	var out []byte
	for _, r := range string(text) {
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r == 'ü':
			out = append(out, 0x81)
		case r == 'ä':
			out = append(out, 0x84)
		default:
			out = append(out, '?')
		}
	}
	return out
}
