package schedule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	letters "unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Codes of schtasks.exe, which it gives in place of 1 when it is told /HRESULT.
const (
	codeNotFound   = 0x80070002
	codeNoFolder   = 0x80070003
	codeDenied     = 0x80070005
	codeLogOn      = 0x8007052E // the user name or the password is wrong
	codeNoAccount  = 0x80070534 // no SID for the name
	codeNotRunning = 0x800706BA // the service does not answer
	codeStopped    = 0x80041315 // the Task Scheduler service is not running
)

// Limits of one call of schtasks.exe.
const (
	DefaultLimit = 30 * time.Second
	mostOutput   = 4 << 20 // bytes
)

// Scheduler is the Task Scheduler of this machine.
type Scheduler struct {
	Schtasks string              // the full path of schtasks.exe
	Text     func([]byte) string // text in the code page that programs print in; nil for UTF-8
	Limit    time.Duration       // of one call; 0 is DefaultLimit
	// Execute runs a command to its end and returns its exit code; nil starts the process.
	Execute func(*exec.Cmd) (uint32, error)
}

// Error is a call of schtasks.exe that failed.
type Error struct {
	Doing string // what was tried, as a phrase
	Code  uint32 // its exit code
	Said  string // what it printed, in the language of Windows
	Help  string // what to do next; may be empty
}

// Error says all of it in one text.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s: schtasks.exe ended with %s", e.Doing, codeText(e.Code))
	if e.Said != "" {
		text += ", and said: " + e.Said
	}
	if e.Help != "" {
		text += "\n" + e.Help
	}
	return text
}

func codeText(code uint32) string {
	if code > 0xFFFF {
		return fmt.Sprintf("0x%08X", code)
	}
	return strconv.FormatUint(uint64(code), 10)
}

// help is what to do about a code.
func help(code uint32) string {
	switch code {
	case codeDenied:
		return "Access is denied: run it in a console that was started with \"Run as administrator\"."
	case codeLogOn, codeNoAccount:
		return "Windows does not take this account. Of a group managed service account look with Test-ADServiceAccount whether this server may use it, and whether it may log on as a batch job."
	case codeNotRunning, codeStopped:
		return "The service Task Scheduler (Schedule) does not answer: start it."
	default:
		return ""
	}
}

// call runs schtasks.exe to its end, and returns what it printed to standard output.
func (s Scheduler) call(ctx context.Context, doing string, args ...string) ([]byte, error) {
	limit := s.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	why := fmt.Errorf("schtasks.exe did not end within %v, and was ended", limit)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, why)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.Schtasks, args...)
	cmd.Dir = filepath.Dir(s.Schtasks)
	// Where it asks for a password after all, it gets an empty one, and does not wait for a person.
	cmd.Stdin = strings.NewReader("\r\n")
	cmd.WaitDelay = time.Second
	var stdout, stderr limited
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	run := s.Execute
	if run == nil {
		run = start
	}
	code, err := run(cmd)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	case err != nil:
		return nil, fmt.Errorf("%s: schtasks.exe cannot be run: %w", doing, err)
	case code != 0:
		said := line(s.text(append(stderr.Bytes(), stdout.Bytes()...)), 500)
		return nil, &Error{Doing: doing, Code: code, Said: said, Help: help(code)}
	}
	return stdout.Bytes(), nil
}

// start runs a command as a process.
func start(cmd *exec.Cmd) (uint32, error) {
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return uint32(exit.ExitCode()), nil
	case errors.Is(err, exec.ErrWaitDelay):
		// It ended well, and something that it began still holds its output. All that it printed has come.
		return 0, nil
	}
	return 0, err
}

// line is foreign text on one line of at most so many characters, without what could change a
// terminal.
func line(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if letters.IsControl(r) || letters.Is(letters.Cf, r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return string(runes)
}

// text is what a program printed. Redirected, schtasks.exe prints in the code page that the console
// has at the time, its XML too, which declares UTF-16 all the same. Somebody may have set that to
// UTF-8, which no text in another one looks like.
func (s Scheduler) text(output []byte) string {
	if bytes.HasPrefix(output, []byte{0xFF, 0xFE}) || bytes.HasPrefix(output, []byte{0xFE, 0xFF}) || bytes.HasPrefix(output, []byte{0xEF, 0xBB, 0xBF}) {
		if decoded, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), output); err == nil {
			return string(decoded)
		}
	}
	if s.Text == nil || utf8.Valid(output) {
		return strings.ToValidUTF8(string(output), "?")
	}
	return s.Text(output)
}

// limited keeps what fits, and takes the rest without keeping it.
type limited struct{ bytes.Buffer }

// Write keeps p, or what of it fits.
func (l *limited) Write(p []byte) (int, error) {
	if room := mostOutput - l.Len(); room > 0 {
		l.Buffer.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

// Find is the task of this name as Windows has it; found is false when there is none.
func (s Scheduler) Find(ctx context.Context, name string) (r Registered, found bool, err error) {
	output, err := s.call(ctx, "look for the task "+name, "/Query", "/TN", `\`+name, "/XML", "/HRESULT")
	var failed *Error
	if errors.As(err, &failed) && (failed.Code == codeNotFound || failed.Code == codeNoFolder) {
		return Registered{}, false, nil
	}
	if err != nil {
		return Registered{}, false, err
	}
	if len(bytes.TrimSpace(output)) == 0 {
		return Registered{}, false, fmt.Errorf("look for the task %s: schtasks.exe printed nothing, so that nobody knows whether there is one", name)
	}
	if r, err = ParseXML(s.text(output)); err != nil {
		return Registered{}, false, fmt.Errorf("look for the task %s: %w", name, err)
	}
	return r, true, nil
}

// Register registers a task, in place of one of this name, from a file that it makes in folder.
func (s Scheduler) Register(ctx context.Context, t Task, folder string) (err error) {
	f, err := os.CreateTemp(folder, "siteready-*.xml")
	if err != nil {
		return fmt.Errorf("write the task's XML beside the program: %w\nAn administrator may write there: run it in a console that was started with \"Run as administrator\"", err)
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(t.File())
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the task's XML: %w", err)
	}
	doing := "register the task " + t.Name
	args := []string{"/Create", "/TN", `\` + t.Name, "/XML", f.Name(), "/F", "/HRESULT"}
	if t.Account == "" {
		_, err = s.call(ctx, doing, args...)
		return err
	}
	// Named, and with an empty password, so that none is asked for.
	_, err = s.call(ctx, doing, append(slices.Clip(args), "/RU", t.Account, "/RP", "")...)
	var failed *Error
	if errors.As(err, &failed) && failed.Code == codeLogOn {
		// The Task Scheduler may take an empty password for a wrong one. Then the account of the XML
		// alone, with no password at all, is what it takes for a managed one.
		if _, again := s.call(ctx, doing, args...); again == nil {
			return nil
		}
	}
	return err
}

// Remove removes a task; found is false when there was none.
func (s Scheduler) Remove(ctx context.Context, name string) (found bool, err error) {
	_, err = s.call(ctx, "remove the task "+name, "/Delete", "/TN", `\`+name, "/F", "/HRESULT")
	var failed *Error
	if errors.As(err, &failed) && (failed.Code == codeNotFound || failed.Code == codeNoFolder) {
		return false, nil
	}
	return err == nil, err
}

// LastRun is how the last run of a task ended.
type LastRun struct {
	Next, Last string // times as Windows writes them in its language
	Code       uint32
}

// What Windows has in place of an exit code. https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-error-and-success-constants
const (
	Running  = 0x00041301
	Queued   = 0x00041325
	NeverRan = 0x00041303
	Ended    = 0x00041306 // by Windows or by a person
)

// Columns of schtasks.exe's verbose list. Their order is the same in every language.
const (
	columnName, columnNext, columnLast, columnCode = 1, 2, 5, 6
	leastColumns                                   = 25
)

// LastRun asks how the last run of a task ended.
func (s Scheduler) LastRun(ctx context.Context, name string) (LastRun, error) {
	doing := "ask for the last run of the task " + name
	output, err := s.call(ctx, doing, "/Query", "/TN", `\`+name, "/V", "/FO", "CSV", "/NH", "/HRESULT")
	if err != nil {
		return LastRun{}, err
	}
	for text := range strings.Lines(s.text(output)) {
		// It does not double the quotation marks of a column, and that with the command line always
		// has some. All that is read here stands before it.
		row := strings.Split(strings.TrimPrefix(text, `"`), `","`)
		if len(row) < leastColumns || !alike(strings.ToLower(strings.TrimPrefix(row[columnName], `\`)), strings.ToLower(name)) {
			continue
		}
		code, err := strconv.ParseInt(strings.TrimSpace(row[columnCode]), 10, 64)
		if err != nil || code < -1<<31 || code > 1<<32-1 {
			return LastRun{}, fmt.Errorf("%s: %q is no exit code", doing, row[columnCode])
		}
		const longest = 60
		return LastRun{line(row[columnNext], longest), line(row[columnLast], longest), uint32(code)}, nil
	}
	return LastRun{}, fmt.Errorf("%s: schtasks.exe printed no line about it", doing)
}
