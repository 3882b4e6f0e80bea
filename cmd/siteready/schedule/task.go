// Package schedule registers siteready with the Task Scheduler of Windows. It writes the XML of
// a task, and has it taken by Windows' own schtasks.exe: the one process that siteready starts.
package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// DefaultName is what the task is called where no other name is given.
const DefaultName = "siteready"

// Task is what is registered.
type Task struct {
	Name string // in the Task Scheduler's top folder
	// Account is a group managed service account, DOMAIN\name$; empty for SYSTEM.
	Account string
	// Start is the first run, as the clock on the wall shows it; its zone does not count. The others
	// follow each day at its hour and minute.
	Start     time.Time
	Program   string        // the full Windows path of siteready.exe
	Arguments []string      // each as the program is to see it
	StopAfter time.Duration // when Windows ends a run; whole seconds
}

// NextStart is the next time after now at which the clock on the wall shows this hour and minute,
// as a time without a zone (in UTC). It is an hour that may be left out when summer begins: the
// task starts by it in all other nights.
func NextStart(now time.Time, hour, minute int) time.Time {
	wall := time.Date(now.Year(), now.Month(), now.Day(), now.Hour(), now.Minute(), now.Second(), now.Nanosecond(), time.UTC)
	start := time.Date(now.Year(), now.Month(), now.Day(), hour, minute, 0, 0, time.UTC)
	if !start.After(wall) {
		start = start.AddDate(0, 0, 1)
	}
	return start
}

// mostArguments is how many characters Windows takes of a command line, with room for the program.
const mostArguments = 30000

// Validate finds what Windows would refuse, or take for something else than it says.
func (t Task) Validate() error {
	if err := CheckName(t.Name); err != nil {
		return err
	}
	switch {
	case t.Account != "" && !IsManagedAccount(t.Account):
		return errAccount(t.Account)
	case t.StopAfter < time.Minute || t.StopAfter > 24*time.Hour:
		return fmt.Errorf("the task would be stopped after %v: it must be at least a minute and at most a day", t.StopAfter)
	case !IsFullPath(t.Program):
		return fmt.Errorf(`the program %q is no full Windows path, such as C:\Program Files\siteready\siteready.exe`, t.Program)
	case strings.ContainsAny(t.Program, `"%`) || strings.ContainsFunc(t.Program, unicode.IsControl):
		return fmt.Errorf(`the program lies at %s: the Task Scheduler takes no path with " or %% in it`, t.Program)
	}
	for _, arg := range t.Arguments {
		switch {
		case strings.ContainsFunc(arg, unicode.IsControl):
			return fmt.Errorf("the argument %q has a control character in it", arg)
		case !utf8.ValidString(arg) || strings.ContainsAny(arg, "\uFFFE\uFFFF"):
			return fmt.Errorf("the argument %q has something in it that is no character, which XML cannot hold", arg)
		case strings.ContainsRune(arg, '%') || strings.Contains(arg, "$("):
			return fmt.Errorf("the argument %q has %% or $( in it, which the Task Scheduler replaces", arg)
		}
	}
	if line := CommandLine(t.Arguments); len(line) > mostArguments {
		return fmt.Errorf("the arguments take %d characters, and Windows takes %d", len(line), mostArguments)
	}
	return nil
}

// CheckName finds what keeps a text from naming a task.
func CheckName(name string) error {
	switch {
	case name == "" || name != strings.TrimSpace(name) || strings.ContainsAny(name, `\/:*?"<>|%`) || strings.Trim(name, ".") == "" || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf(`%q names no task: no \ / : * ? " < > | %% may be in it, and no blank at its ends`, name)
	case len([]rune(name)) > 200:
		return errors.New("the task's name has more than 200 characters")
	}
	return nil
}

// errAccount says why an account that is no group managed one cannot run the task.
func errAccount(account string) error {
	return fmt.Errorf(`%s is no group managed service account, which is written DOMAIN\name$. An ordinary account would need its password stored here, `+
		"or a log-on without one (S4U), which reaches nothing over the network: SQL Server on another machine, the other servers and shares would all "+
		"look as if access were denied. Use a group managed service account, or SYSTEM", account)
}

// IsManagedAccount reports whether a name has the form of a group managed service account's,
// DOMAIN\name$. Computer accounts have it, too.
func IsManagedAccount(account string) bool {
	domain, name, found := strings.Cut(account, `\`)
	bare, dollar := strings.CutSuffix(name, "$")
	const never = `\/:*?"<>|@[];=,+`
	unusable := func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) || unicode.IsSpace(r) }
	return found && dollar && domain != "" && domain != "." && bare != "" &&
		!strings.ContainsAny(domain+bare, never) && !strings.ContainsFunc(domain+bare, unusable)
}

// IsFullPath reports whether a path has a drive or a share, whatever system this is.
func IsFullPath(text string) bool {
	if len(text) > 3 && text[1] == ':' && text[2] == '\\' {
		return unicode.IsLetter(rune(text[0]))
	}
	return len(text) > 2 && strings.HasPrefix(text, `\\`) && text[2] != '\\'
}

// Folder is where the task starts: where the program lies.
func (t Task) Folder() string {
	folder := t.Program[:max(0, strings.LastIndexByte(t.Program, '\\'))]
	if strings.HasSuffix(folder, ":") {
		folder += `\`
	}
	return folder
}

// errNoXML is an answer that holds no task.
var errNoXML = errors.New("what schtasks.exe printed is no task")
