//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/sys/unix"
)

// onTerminal is what the program shows on a terminal of so many columns.
func onTerminal(t *testing.T, columns uint16, args ...string) string {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: columns}); err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	shown := make(chan string)
	go func() {
		text, _ := io.ReadAll(master) // ends with EIO when the other side is closed
		shown <- strings.ReplaceAll(string(text), "\r\n", "\n")
	}()
	var stderr bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(""), terminal, &stderr)
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	if code != 2 || stderr.Len() > 0 {
		t.Errorf("exit code %d, wanted 2: %s", code, &stderr)
	}
	return <-shown
}

// On a terminal the report has box lines, its width, and colour unless somebody said no.
func TestTerminal(t *testing.T) {
	for _, test := range []struct {
		name          string
		noColor, term string
		args          []string
		colored       bool
	}{
		{"as it is", "", "xterm-256color", nil, true},
		{"NO_COLOR", "1", "xterm-256color", nil, false},
		{"a terminal without colour", "", "dumb", nil, false},
		{"--color never", "", "xterm-256color", []string{"--color", "never"}, false},
		{"--color always", "1", "dumb", []string{"--color", "always"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", test.noColor)
			t.Setenv("TERM", test.term)
			shown := onTerminal(t, 100, append([]string{"demo"}, test.args...)...)
			if colored := strings.Contains(shown, "\x1b["); colored != test.colored {
				t.Errorf("coloured %t, wanted %t", colored, test.colored)
			}
			plain := ansi.Strip(shown)
			for _, want := range []string{"BLOCKED   ", "│", "× Failed", "√ Passed"} {
				if !strings.Contains(plain, want) {
					t.Errorf("the report has no %q: %.500s", want, plain)
				}
			}
			if !strings.HasSuffix(plain, "blocked.\n") {
				t.Errorf("the report ends before its end: %q", plain[max(0, len(plain)-100):])
			}
			widest := 0
			for line := range strings.Lines(plain) {
				if strings.HasPrefix(line, "│") || strings.HasPrefix(line, "├") {
					widest = max(widest, ansi.StringWidth(strings.TrimSuffix(line, "\n")))
				}
			}
			if widest != 99 {
				t.Errorf("the table is %d columns wide, wanted 99, one less than the terminal", widest)
			}
		})
	}
}

// What is no terminal gets plain ASCII of one width, whatever the environment says.
func TestNoTerminal(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("COLUMNS", "40")
	var stdout, stderr bytes.Buffer
	run(t.Context(), []string{"demo"}, strings.NewReader(""), &stdout, &stderr)
	if i := strings.IndexFunc(stdout.String(), func(c rune) bool { return c > unicode.MaxASCII || c != '\n' && unicode.IsControl(c) }); i >= 0 {
		t.Errorf("not ASCII: %.100q", stdout.String()[i:])
	}
	if first, _, _ := strings.Cut(stdout.String(), "\n"); !strings.HasPrefix(first, "BLOCKED   ") {
		t.Errorf("the first line is %q", first)
	}
}
