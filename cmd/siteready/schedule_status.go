package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"siteready/cmd/siteready/schedule"
	"siteready/report"
)

// Exit codes of `schedule status`, beside 70 for a Task Scheduler that does not answer.
const (
	exitTaskWantsALook = 1 // there is none, it does not run, or its last run made no report
	exitTaskNotKnown   = 3 // it is there, and how its last run ended could not be read
)

func (p *program) scheduleStatus(host taskHost) *cobra.Command {
	var o taskOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the task, and how its last run ended; the exit code is 1 when it wants a look",
		Args:  flagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			scheduler, err := host.schedulerFor(o.name)
			if err != nil {
				return err
			}
			return p.status(cmd.Context(), scheduler, o.name)
		},
	}
	o.addNameTo(cmd)
	return cmd
}

// status prints a task, and what is wrong with it.
func (p *program) status(ctx context.Context, scheduler schedule.Scheduler, name string) error {
	task, found, err := scheduler.Find(ctx, name)
	if err != nil {
		return failure("%w", err)
	}
	if !found {
		p.exit = exitTaskWantsALook
		return p.print(func(w io.Writer) error {
			fmt.Fprintf(w, "There is no task %s. `siteready schedule install` registers it.\n", name)
			return nil
		})
	}
	wrong := wrongWith(task)
	last, err := scheduler.LastRun(ctx, name)
	if err == nil {
		if text := wrongEnd(last.Code); text != "" {
			wrong = append(wrong, text)
		}
	}
	switch {
	case len(wrong) > 0:
		p.exit = exitTaskWantsALook
	case err != nil:
		p.exit = exitTaskNotKnown
	}
	return p.print(func(w io.Writer) error {
		fmt.Fprintf(w, "Task      %s\nStarts    %s\nAs        %s\nRuns      %s %s\nIn        %s\nStopped   after %s\n",
			name, visible(starts(task)), visible(account(task)), visible(task.Command), visible(task.Arguments), visible(task.Folder), visible(orNever(task.StopAfter)))
		if err != nil {
			note(w, p.columns(), "Last run  ", fmt.Sprintf("could not be read: %v", err))
		} else {
			fmt.Fprintf(w, "Next run  %s\n", orNone(last.Next))
			note(w, p.columns(), "Last run  ", ended(last))
		}
		for _, text := range wrong {
			note(w, p.columns(), "- ", text)
		}
		return nil
	})
}

// columns is how wide a line on standard output may be.
func (p *program) columns() int {
	return max(new(outputOptions).terminal(p.stdout).Width, report.MinWidth) - 1
}

// note writes a text behind a label, in lines of so many columns. What has no blank, such as a path,
// stays whole.
func note(w io.Writer, most int, label, text string) {
	line := label
	for i, word := range strings.Fields(visible(text)) {
		switch {
		case i == 0:
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= most:
			line += " "
		default:
			fmt.Fprintln(w, line)
			line = strings.Repeat(" ", len(label))
		}
		line += word
	}
	fmt.Fprintln(w, line)
}

// visible is text that somebody else has registered, without what could change a terminal.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf) {
			return ' '
		}
		return r
	}, text)
}

func starts(task schedule.Registered) string {
	day, clock, found := strings.Cut(task.Start, "T")
	switch {
	case found && task.Daily && len(clock) >= len("15:04"):
		return "each day at " + clock[:len("15:04")] + ", first on " + day
	case task.Start == "":
		return "never by itself"
	default:
		return "at " + task.Start + ", not each day"
	}
}

func account(task schedule.Registered) string {
	if task.Account == "S-1-5-18" {
		return "SYSTEM"
	}
	return task.Account
}

func orNever(limit string) string {
	if limit == "" || limit == "PT0S" {
		return "never"
	}
	return strings.ToLower(strings.TrimPrefix(limit, "PT"))
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// wrongWith is what keeps a task from doing its work.
func wrongWith(task schedule.Registered) []string {
	var wrong []string
	if task.Disabled {
		wrong = append(wrong, "It is disabled, and does not run.")
	}
	switch task.LogOn {
	case "S4U":
		wrong = append(wrong, "It logs on without a password (S4U), and so reaches nothing over the network: what lies on other servers looks as if access were denied.")
	case "InteractiveToken":
		wrong = append(wrong, "It runs only while its account is logged on.")
	}
	if !task.Daily {
		wrong = append(wrong, "It does not start each day.")
	}
	if runtime.GOOS == "windows" {
		path := strings.Trim(task.Command, `"`)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			wrong = append(wrong, "There is no "+path+".")
		}
	}
	return wrong
}

// meanings are how a run ends.
func meanings() map[uint32]string {
	return map[uint32]string{
		0: "ready", 1: "warnings", 2: "blocked", 3: "could not complete",
		exitUsage: "wrong usage, or a file that cannot be used: nothing was checked", exitFailure: "the report could not be made or written",
		schedule.Running: "it is running", schedule.Queued: "it waits for its start", schedule.NeverRan: "it has not run yet", schedule.Ended: "it was ended before its end",
	}
}

// windowsMeanings are what keeps a run from its start or its end.
// https://learn.microsoft.com/windows/win32/debug/system-error-codes
func windowsMeanings() map[uint32]string {
	return map[uint32]string{
		0x80070002: "the program is not there",
		0x80070003: "the program's folder is not there",
		0x80070005: "the account may not start the program",
		0x8007010B: "the folder that it starts in is not there",
		0x8007052E: "the account could not log on",
		0x80070569: "the account has no right to log on as a batch job",
		0x800710E0: "its start was refused, such as when another run was under way",
		0xC000013A: "it was ended from outside, or with its console",
	}
}

// wrongEnd says of a code of the last run that it made no report; empty where it did.
func wrongEnd(code uint32) string {
	switch {
	case code <= 3, code == schedule.Running, code == schedule.Queued, code == schedule.NeverRan:
		return ""
	case windowsMeanings()[code] != "":
		return fmt.Sprintf("The last run made no whole report: Windows gives the code 0x%08X: %s.", code, windowsMeanings()[code])
	case meanings()[code] != "":
		return "The last run made no whole report: " + meanings()[code] + "."
	default:
		return fmt.Sprintf("The last run made no whole report: Windows gives the code 0x%08X.", code)
	}
}

func ended(last schedule.LastRun) string {
	meaning := meanings()[last.Code]
	switch {
	case last.Code == schedule.NeverRan:
		return meaning
	case last.Code == schedule.Running || last.Code == schedule.Queued || last.Code == schedule.Ended:
		return orNone(last.Last) + ", " + meaning
	case meaning != "":
		return fmt.Sprintf("%s, exit code %d: %s", orNone(last.Last), last.Code, meaning)
	default:
		return fmt.Sprintf("%s, 0x%08X", orNone(last.Last), last.Code) // what it means stands below
	}
}
