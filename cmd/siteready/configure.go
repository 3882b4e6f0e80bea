package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/configuration"
	"siteready/platform/sqlserver"
	"siteready/report"
)

// configOptions say which configuration is in force, and hold it.
type configOptions struct {
	path string
	none bool

	setupAccount string
	online       bool
	keyBackups   []string
	validFor     limit

	configuration.Configuration
	file   string            // as messages call it; empty when there is none
	absent string            // where a file could lie that is not there
	origin map[string]string // by flag: where its value stands, for flags that the file has set
}

// addFileTo adds the flags that say which file is in force.
func (o *configOptions) addFileTo(cmd *cobra.Command, byDefault string) {
	f := cmd.Flags()
	f.StringVar(&o.path, "config", "", "configuration file; - is standard input (default: "+byDefault+")")
	f.BoolVar(&o.none, "no-config", false, "use no configuration file")
}

func (o *configOptions) addTo(cmd *cobra.Command, byDefault string) {
	o.addFileTo(cmd, byDefault)
	f := cmd.Flags()
	f.StringVar(&o.setupAccount, "setup-account", "", `who will install the update, DOMAIN\name (default: the account of the update service, or the site server itself)`)
	f.BoolVar(&o.online, "online", false, "connect to the servers on the internet that the update is downloaded from; without it nothing leaves the network")
	f.StringArrayVar(&o.keyBackups, "key-backup", nil, "[SERVER=]PATH, where the backup of a server's encryption key lies; may be repeated")
	o.validFor = limit(report.ValidFor)
	f.Var(&o.validFor, "valid-for", "how long after the facts were read a report is valid")
}

// stated judges what only a person can say, given with flags.
func (o *configOptions) stated() error {
	if o.setupAccount != "" && !configuration.IsAccount(o.setupAccount) {
		return fmt.Errorf(`%s: %q is no account as DOMAIN\name`, o.said("setup-account"), o.setupAccount)
	}
	if len(o.keyBackups) == 0 {
		return nil
	}
	o.KeyBackups = nil // the flags stand for all of them
	for _, text := range o.keyBackups {
		server, path, found := strings.Cut(text, "=")
		if !found || strings.ContainsAny(server, `\/:`) { // the = is a part of the path
			server, path = "", text
		}
		if path == "" {
			return fmt.Errorf("--key-backup %s: a path is missing; write it as [SERVER=]PATH", text)
		}
		o.KeyBackups = append(o.KeyBackups, checks.KeyBackup{Server: server, Path: path})
	}
	return nil
}

// beside is what the help says of a command that looks for a file by itself.
const beside = configuration.FileName + " beside the program, where there is one"

// said names a flag, or the place in the file that has set it instead.
func (o *configOptions) said(flag string) string {
	if where := o.origin[flag]; where != "" {
		return where
	}
	return "--" + flag
}

// inForce names the configuration for a report.
func (o *configOptions) inForce() report.Configuration {
	if o.file == "" {
		return report.Configuration{}
	}
	return report.Configuration{File: filepath.Base(o.file), SHA256: o.SHA256}
}

// configure reads the configuration, the one beside the program only if look is set, and
// gives its values to the flags of cmd that were not given.
func (p *program) configure(cmd *cobra.Command, o *configOptions, look bool) error {
	if err := noneEmpty(cmd.Flags()); err != nil {
		return err
	}
	if err := p.findConfiguration(cmd, o, look); err != nil {
		return err
	}
	if err := o.configured(cmd); err != nil {
		return err
	}
	return o.stated()
}

// noneEmpty refuses a flag that was given without a value, where that would mean its default: a
// script may have lost the release or the time that a site is to be judged for.
func noneEmpty(flags *pflag.FlagSet) error {
	empty := ""
	flags.Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "at", "database", "only", "setup-account", "skip", "sql-ca", "sql-server", "sql-user", "target":
			if text := f.Value.String(); empty == "" && (text == "" || text == "[]") {
				empty = f.Name
			}
		}
	})
	if empty == "" {
		return nil
	}
	return fmt.Errorf("--%s is empty; leave it out for the default", empty)
}

// configured gives the values of the file to the flags that were not given.
func (o *configOptions) configured(cmd *cobra.Command) error {
	for _, key := range configuration.FlagKeys() {
		flag, given := cmd.Flags().Lookup(key.Flag), o.Given[key.Name]
		if flag == nil || flag.Changed || len(given.Words) == 0 {
			continue
		}
		words := given.Words
		if (key.Name == "sql.ca" || key.Name == "history.folder") && !filepath.IsAbs(words[0]) && o.path != "-" {
			// A scheduled task begins in a folder of Windows: the file's own folder is meant.
			words = []string{filepath.Join(filepath.Dir(o.file), words[0])}
		}
		if err := give(flag, words); err != nil {
			return fmt.Errorf("%s:%d:%d: %s: %w", o.file, given.At.Line, given.At.Column, key.Name, err)
		}
		o.origin[key.Flag] = fmt.Sprintf("%s (%s:%d)", key.Name, o.file, given.At.Line)
	}
	return nil
}

// give sets a flag as if it had this default.
func give(flag *pflag.Flag, words []string) error {
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		return list.Replace(words)
	}
	return flag.Value.Set(words[0])
}

func (p *program) findConfiguration(cmd *cobra.Command, o *configOptions, look bool) error {
	o.origin = map[string]string{}
	named := cmd.Flags().Changed("config")
	switch {
	case named && o.none:
		return errors.New("--config and --no-config do not go together")
	case named && o.path == "": // not none instead: a script may have lost a name
		return errors.New("--config names no file; --no-config uses none")
	case o.none || !named && !look:
		return nil
	}
	path := o.path
	if !named {
		program, err := os.Executable()
		if err != nil {
			return fmt.Errorf("where the program lies is not known (%w), nor whether there is a configuration beside it: say --config FILE or --no-config", err)
		}
		path = filepath.Join(filepath.Dir(program), configuration.FileName)
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			o.absent = path
			p.misnamed(filepath.Dir(program))
			return nil
		}
	}
	name := path
	if path == "-" {
		name = "standard input"
	}
	data, err := p.readConfiguration(path)
	if err != nil {
		return &inputError{fmt.Errorf("the configuration %s cannot be read: %w", name, bare(err))}
	}
	parsed, err := configuration.Parse(name, data, rules())
	if err != nil {
		return &inputError{fmt.Errorf("%w\nnothing was asked; `siteready config --example` prints a file with every key", err)}
	}
	o.Configuration, o.file = parsed, name
	return nil
}

// misnamed says of a file beside the program that somebody may believe to be in force.
func (p *program) misnamed(folder string) {
	for _, name := range []string{"siteready.yml", configuration.FileName + ".txt"} {
		if _, err := os.Lstat(filepath.Join(folder, name)); err == nil {
			say(p.stderr, fmt.Sprintf("%s is not read: a configuration beside the program is called %s", filepath.Join(folder, name), configuration.FileName))
		}
	}
}

// readConfiguration reads one byte more than a configuration may have, so that its parser sees
// that it is too large.
func (p *program) readConfiguration(path string) ([]byte, error) {
	in := p.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // it was only read
		in = f
	}
	return io.ReadAll(io.LimitReader(in, configuration.MaxSize+1))
}

// rules are what the values of a configuration are judged by.
func rules() configuration.Rules {
	return configuration.Rules{
		Catalog:    catalog.All(),
		Verbs:      verbsWithThresholds(),
		FailOn:     []string{report.FailOnWarning, report.FailOnUnknown, report.FailOnFailed},
		Encryption: []string{string(sqlserver.Strict), string(sqlserver.Mandatory), string(sqlserver.Optional), string(sqlserver.Disable)},
		Instance:   sqlserver.CheckInstance,
		Password:   passwordVariable,
		Notify:     notifyRules(),
		Now:        time.Now(),
	}
}

// furthest is how far ahead a site may be judged, in years. Ages are kept in nanoseconds.
const furthest = 10

// judgedFor is the time that at names, or readAt. Said names the flag or the place in the file
// that says so. A day is judged for its last minute.
func judgedFor(said, at string, readAt time.Time, zone *time.Location) (time.Time, error) {
	if at == "" {
		return readAt, nil
	}
	when, err := configuration.Time(at, zone)
	const clock = "2006-01-02 15:04 UTC"
	switch {
	case err != nil:
		return when, fmt.Errorf(`%s: %q is no time; write 2026-11-28, "2026-11-28 22:00" in local time, or 2026-11-28T22:00:00+01:00`, said, at)
	case when.Before(readAt):
		return when, fmt.Errorf("%s: %s is %s, before the facts were read (%s): what was then cannot be judged", said, at, when.UTC().Format(clock), readAt.UTC().Format(clock))
	case when.After(readAt.AddDate(furthest, 0, 0)):
		return when, fmt.Errorf("%s: %s is more than %d years after the facts were read (%s)", said, at, furthest, readAt.UTC().Format(clock))
	}
	return when.UTC(), nil
}
