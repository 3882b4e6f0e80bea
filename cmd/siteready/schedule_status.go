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

	"github.com/spf13/cobra"

	"siteready/cmd/siteready/schedule"
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
			name, starts(task), account(task), task.Command, task.Arguments, task.Folder, orNever(task.StopAfter))
		if err != nil {
			fmt.Fprintf(w, "Last run  could not be read: %v\n", err)
		} else {
			fmt.Fprintf(w, "Next run  %s\nLast run  %s\n", orNone(last.Next), ended(last))
		}
		for _, text := range wrong {
			fmt.Fprintf(w, "- %s\n", text)
		}
		return nil
	})
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
		schedule.Running: "it is running", schedule.NeverRan: "it has not run yet", schedule.Ended: "it was ended before its end",
	}
}

// wrongEnd says of a code of the last run that it made no report; empty where it did.
func wrongEnd(code uint32) string {
	switch {
	case code <= 3, code == schedule.Running, code == schedule.NeverRan:
		return ""
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
	case last.Code > exitFailure && meaning != "":
		return orNone(last.Last) + ", " + meaning
	case meaning != "":
		return fmt.Sprintf("%s, exit code %d: %s", orNone(last.Last), last.Code, meaning)
	default:
		return fmt.Sprintf("%s, 0x%08X", orNone(last.Last), last.Code)
	}
}
