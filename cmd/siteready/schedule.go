package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"siteready/checks/catalog"
	"siteready/cmd/siteready/schedule"
)

// taskHost is the machine that a task is registered on.
type taskHost struct {
	scheduler func() (schedule.Scheduler, error)
	program   func() (string, error) // where siteready.exe lies
	now       func() time.Time
	// scratch is where the XML lies for a moment. Whoever may write there decides what runs as
	// SYSTEM: so it is the folder of the program, where that is so anyway, and not a person's TEMP.
	scratch func(schedule.Task) string
}

// thisHost is this machine.
func thisHost() taskHost {
	return taskHost{taskScheduler, os.Executable, time.Now, schedule.Task.Folder}
}

// schedulerFor is the Task Scheduler, for a task of a name that it may have.
func (h taskHost) schedulerFor(name string) (schedule.Scheduler, error) {
	scheduler, err := h.scheduler()
	if err != nil {
		return schedule.Scheduler{}, err
	}
	return scheduler, schedule.CheckName(name)
}

// taskOptions are the flags that say what is registered.
type taskOptions struct {
	name      string
	at        string
	user      string
	system    bool
	stopAfter time.Duration
	program   string
}

const (
	defaultTaskAt    = "02:00"
	defaultStopAfter = 30 * time.Minute
	// afterwards is what a run may take beyond its limit: to write reports and to tell somebody.
	afterwards = 3 * time.Minute
	// installed is where siteready.exe is taken to lie when the XML is printed elsewhere.
	installed = `C:\Program Files\siteready\siteready.exe`
)

func (o *taskOptions) addNameTo(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.name, "name", schedule.DefaultName, "name of the task")
}

func (o *taskOptions) addTo(cmd *cobra.Command) {
	o.addNameTo(cmd)
	f := cmd.Flags()
	f.StringVar(&o.at, "at", defaultTaskAt, "when it starts each day, HH:MM in local time")
	f.StringVar(&o.user, "user", "", `run as this group managed service account, DOMAIN\name$`)
	f.BoolVar(&o.system, "system", false, "run as SYSTEM, which is the computer account on other servers")
	f.DurationVar(&o.stopAfter, "stop-after", defaultStopAfter, "when Windows ends a run that has not ended")
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		var unknown *pflag.NotExistError
		if errors.As(err, &unknown) {
			return fmt.Errorf("%w; the flags of check stand behind --, as siteready schedule %s --system -- --history FOLDER", err, cmd.Name())
		}
		return err
	})
}

// task is what the flags and the arguments behind -- say.
func (o *taskOptions) task(program string, now time.Time, args []string) (schedule.Task, error) {
	at, err := time.Parse("15:04", o.at)
	switch {
	case err != nil:
		return schedule.Task{}, fmt.Errorf("--at %q is no time of the day as 02:00", o.at)
	case o.system && o.user != "":
		return schedule.Task{}, errors.New("--user and --system do not go together")
	case !o.system && o.user == "":
		return schedule.Task{}, errors.New(`say as whom the task runs: --system, or --user 'DOMAIN\name$' with a group managed service account`)
	}
	t := schedule.Task{
		Name: o.name, Account: o.user, Start: schedule.NextStart(now, at.Hour(), at.Minute()),
		Program: program, Arguments: append([]string{"check"}, args...), StopAfter: o.stopAfter.Truncate(time.Second),
	}
	return t, t.Validate()
}

func (p *program) scheduleCommand(host taskHost) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schedule",
		Short: "Register a nightly run with the Task Scheduler of Windows, look at it, or remove it",
		Args:  flagsOnly,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("siteready schedule needs one of install, status, remove and print")
		},
	}
	cmd.AddCommand(p.scheduleInstall(host), p.scheduleStatus(host), p.scheduleRemove(host), p.schedulePrint(host))
	return cmd
}

// behindDash takes the arguments of check, which stand behind --.
func behindDash(cmd *cobra.Command, args []string) error {
	if dash := cmd.ArgsLenAtDash(); len(args) > 0 && dash != 0 {
		return fmt.Errorf("siteready schedule %s takes the arguments of check behind --, not %q", cmd.Name(), args[0])
	}
	return nil
}

const scheduleLong = `What stands behind -- are the flags of check. The task starts in the folder of siteready.exe, where
paths begin that are not full, and where siteready.yaml is looked for. No password is stored.`

func (p *program) scheduleInstall(host taskHost) *cobra.Command {
	var o taskOptions
	replace := false
	cmd := &cobra.Command{
		Use:   `install [--system | --user DOMAIN\name$] [-- FLAGS OF CHECK]`,
		Short: "Register the task",
		Long:  "Register a task that checks each night.\n\n" + scheduleLong,
		Args:  behindDash,
		RunE: func(cmd *cobra.Command, args []string) error {
			scheduler, err := host.scheduler()
			if err != nil {
				return err
			}
			program, err := host.program()
			if err != nil {
				return failure("where the program lies is not known: %w", err)
			}
			args = withoutVerb(args)
			task, err := o.task(program, host.now(), args)
			if err != nil {
				return err
			}
			notes, err := p.looksRight(task, args, true)
			if err != nil {
				return err
			}
			if err := install(cmd.Context(), scheduler, task, host.scratch(task), replace); err != nil {
				return err
			}
			return p.print(func(w io.Writer) error { return p.writeInstalled(w, task, notes) })
		},
	}
	o.addTo(cmd)
	cmd.Flags().BoolVar(&replace, "replace", false, "replace a task of this name")
	return cmd
}

// withoutVerb is the arguments without the verb that somebody may write before them.
func withoutVerb(args []string) []string {
	if len(args) > 0 && args[0] == "check" {
		return args[1:]
	}
	return args
}

// install registers a task through a file in scratch, and asks Windows whether it has what it was told.
func install(ctx context.Context, scheduler schedule.Scheduler, task schedule.Task, scratch string, replace bool) error {
	_, found, err := scheduler.Find(ctx, task.Name)
	switch {
	case err != nil:
		return failure("nothing was registered: %w", err)
	case found && !replace:
		return failure("nothing was registered: there is a task %s; --replace replaces it, --name gives another name", task.Name)
	}
	if err := scheduler.Register(ctx, task, scratch); err != nil {
		if task.Account != "" {
			quoted := func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
			err = fmt.Errorf("%w\nIf Windows asks for a password of this account, PowerShell registers the same task without one:\n"+
				"  siteready schedule print -o task.xml --user %s --at %s --stop-after %v -- ...\n  Register-ScheduledTask -TaskName %s -Xml (Get-Content -Raw task.xml)",
				err, quoted(task.Account), task.Start.Format("15:04"), task.StopAfter, quoted(task.Name))
		}
		return failure("%w", err)
	}
	registered, found, err := scheduler.Find(ctx, task.Name)
	switch {
	case err != nil:
		return failure("whether the task was registered is not known: %w", err)
	case !found:
		return failure("the task was not registered: schtasks.exe said it was, and it is not there")
	}
	if differences := task.Differences(registered); len(differences) > 0 {
		return failure("the task was registered, but otherwise than it was asked for: %s\n`siteready schedule remove` removes it", strings.Join(differences, "; "))
	}
	return nil
}

// looksRight finds what would make each night end with wrong usage, and tells what the account of
// the task will lack. Here says that the task runs on this machine.
func (p *program) looksRight(task schedule.Task, args []string, here bool) (notes []string, err error) {
	o := &checkOptions{}
	cmd := &cobra.Command{Use: "check"}
	o.addTo(cmd)
	if err := cmd.ParseFlags(args); err != nil {
		return nil, fmt.Errorf("behind --: %w", err)
	}
	if rest := cmd.Flags().Args(); len(rest) > 0 {
		return nil, fmt.Errorf("behind --: check takes flags only, not %q", rest[0])
	}
	switch {
	case cmd.Flags().Changed("site"):
		return nil, errors.New("behind --: --site judges a recorded site, and the task looks at this machine each night")
	case cmd.Flags().Changed("at"):
		return nil, errors.New("behind --: --at is one day, and the task runs each night: from that day on all would end with wrong usage")
	case o.path == "-":
		return nil, errors.New("behind --: a task has no standard input, so that - is no file")
	}
	output := o.outputOptions
	if !here {
		output.eventLog = false // it is written there, not here
	}
	if err := output.validate(); err != nil {
		return nil, fmt.Errorf("behind --: %w", err)
	}
	if err := errors.Join(o.history.validate(cmd), o.telling.validateValues(&o.configOptions), o.configOptions.stated(), o.sqlOptions.validate(&o.configOptions)); err != nil {
		return nil, fmt.Errorf("behind --: %w", err)
	}
	inTask := o.telling.webhook != ""
	if here {
		if o.path != "" && !filepath.IsAbs(o.path) {
			o.path = filepath.Join(filepath.Dir(task.Program), o.path)
		}
		if err := p.configure(cmd, &o.configOptions, true); err != nil {
			return nil, err
		}
		if err := o.telling.validate(&o.configOptions, o.history.folder); err != nil {
			return nil, fmt.Errorf("behind --: %w", err)
		}
		if err := o.seenFromTask(task); err != nil {
			return nil, fmt.Errorf("behind --: %w", err)
		}
	}
	if _, _, err := o.selected(catalog.All()); err != nil {
		return nil, fmt.Errorf("behind --: %w", err)
	}
	if least := time.Duration(o.timeout) + afterwards; task.StopAfter < least {
		return nil, fmt.Errorf("--stop-after %v ends a run before its own limit (%v) and %v to tell of it: say at least %v", task.StopAfter, &o.timeout, afterwards, least)
	}
	notes = scheduleNotes(task, o)
	if inTask {
		notes = append(notes, "The web address stands in the task, where others can read it. If it is a secret, set "+webhookVariable+" for the machine or write it into siteready.yaml.")
	}
	return notes, nil
}

// seenFromTask finds what a run could not use with the values of flags and configuration together.
// Paths of flags begin where the task starts.
func (o *checkOptions) seenFromTask(task schedule.Task) error {
	if err := o.sqlOptions.validate(&o.configOptions); err != nil {
		return err
	}
	if o.caFile == "" {
		return nil
	}
	file := o.caFile
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(task.Program), file)
	}
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("%s %s: %w", o.said("sql-ca"), file, bare(err))
	}
	return nil
}

// scheduleNotes are what somebody who registers a task should know.
func scheduleNotes(task schedule.Task, o *checkOptions) []string {
	var notes []string
	if task.Account == "" {
		notes = append(notes, "SYSTEM is the computer account on other servers, also for SQL Server on another machine: it needs the rights there.")
	} else {
		notes = append(notes, task.Account+" needs the right to log on as a batch job here, and the rights that `siteready explain` names for each check.")
	}
	if len(o.files) == 0 && !o.eventLog && o.history.folder == "" && !o.telling.enabled() {
		notes = append(notes, "This task keeps no report and tells nobody: say --history, -o, --mail-to or --event-log behind --.")
	}
	if paths := o.besideProgram(); len(paths) > 0 && task.Account != "" {
		notes = append(notes, fmt.Sprintf("What has no full path is written to %s, where %s needs the right to write: %s.", task.Folder(), task.Account, strings.Join(paths, ", ")))
	}
	if o.at != "" {
		notes = append(notes, o.said("at")+" is one day: from then on each night ends with wrong usage, until it is taken out.")
	}
	if variables := o.variables(); len(variables) > 0 {
		notes = append(notes, "The task does not see the variables of this console: set "+strings.Join(variables, ", ")+" for the machine.")
	}
	if strings.HasPrefix(task.Program, `\\`) {
		notes = append(notes, "The program lies on a share, which the task's account must reach at night.")
	}
	notes = append(notes, "Whoever may write to "+task.Folder()+" decides what runs there as this account.")
	return notes
}

// besideProgram are the paths that a run writes to and that begin where the task starts.
func (o *checkOptions) besideProgram() []string {
	paths := []string{o.history.folder}
	for _, file := range o.files {
		if _, path, err := parseOutput(file); err == nil { // else it was refused before
			paths = append(paths, path)
		}
	}
	return slices.DeleteFunc(paths, func(path string) bool { return path == "" || schedule.IsFullPath(path) })
}

// variables are the environment variables that a run reads, if it needs them at all.
func (o *checkOptions) variables() []string {
	var all []string
	if o.user != "" {
		all = append(all, passwordVariable)
	}
	if len(o.telling.mailTo) > 0 && os.Getenv(mailUserVariable) != "" {
		all = append(all, mailUserVariable, mailPasswordVariable)
	}
	if o.telling.address() != "" {
		if o.telling.webhook == "" {
			all = append(all, webhookVariable)
		}
		all = append(all, webhookSecretVariable)
	}
	return all
}

func (p *program) writeInstalled(w io.Writer, t schedule.Task, notes []string) error {
	account := t.Account
	if account == "" {
		account = "SYSTEM"
	}
	fmt.Fprintf(w, "The task %s is registered: each day at %s as %s, first on %s.\n", t.Name, t.Start.Format("15:04"), account, t.Start.Format(time.DateOnly))
	fmt.Fprintf(w, "  Runs      \"%s\" %s\n  In        %s\n  Stopped   after %v; no second one starts beside it\n", t.Program, schedule.CommandLine(t.Arguments), t.Folder(), t.StopAfter)
	fmt.Fprintf(w, "  Try it    schtasks /Run /TN \"%s\", then: siteready schedule status\n", t.Name)
	for _, text := range notes {
		note(w, p.columns(), "- ", text)
	}
	return nil
}

func (p *program) scheduleRemove(host taskHost) *cobra.Command {
	var o taskOptions
	cmd := &cobra.Command{
		Use:   "remove",
		Short: "Remove the task",
		Args:  flagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			scheduler, err := host.schedulerFor(o.name)
			if err != nil {
				return err
			}
			found, err := scheduler.Remove(cmd.Context(), o.name)
			if err != nil {
				return failure("nothing was removed: %w", err)
			}
			return p.print(func(w io.Writer) error {
				if !found {
					fmt.Fprintf(w, "There was no task %s; nothing was removed.\n", o.name)
					return nil
				}
				fmt.Fprintf(w, "The task %s is removed. Its reports stay where they are.\n", o.name)
				return nil
			})
		},
	}
	o.addNameTo(cmd)
	return cmd
}

func (p *program) schedulePrint(host taskHost) *cobra.Command {
	var o taskOptions
	file := ""
	cmd := &cobra.Command{
		Use:   `print [--system | --user DOMAIN\name$] [-- FLAGS OF CHECK]`,
		Short: "Print the task's XML, on every system, and register nothing",
		Long: "Print the XML of the task that install would register.\n\n" + scheduleLong +
			"\n\nA file that -o names is written as schtasks /Create /XML takes it, in UTF-16.",
		Args: behindDash,
		RunE: func(cmd *cobra.Command, args []string) error {
			path := o.program
			if path == "" {
				path = installed
				if here, err := host.program(); err == nil && strings.HasSuffix(strings.ToLower(here), ".exe") {
					path = here
				}
			}
			args = withoutVerb(args)
			task, err := o.task(path, host.now(), args)
			if err != nil {
				return err
			}
			if _, err := p.looksRight(task, args, false); err != nil {
				return err
			}
			if file == "" {
				return p.print(func(w io.Writer) error {
					_, err := io.WriteString(w, task.XML())
					return err
				})
			}
			err = replaceFile(file, func(w io.Writer) error {
				_, err := w.Write(task.File())
				return err
			})
			if err != nil {
				return failure("the task's XML could not be written: %w", err)
			}
			return nil
		},
	}
	o.addTo(cmd)
	cmd.Flags().StringVar(&o.program, "program", "", "where siteready.exe lies on the machine that the task is for (default: this one, or "+installed+")")
	cmd.Flags().StringVarP(&file, "output", "o", "", "write a file for schtasks /Create /XML instead")
	return cmd
}
