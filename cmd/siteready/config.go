package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/configuration"
	"siteready/report/notify"
)

// settled is everything that is in force for a run.
type settled struct {
	File      string      `json:"file"`   // empty when there is none
	SHA256    string      `json:"sha256"` // of the file; empty when there is none
	Values    []value     `json:"values"`
	Waivers   []waiver    `json:"waivers"`
	Confirmed []confirmed `json:"confirmed"`

	absent string
}

// value is one key, and where its value comes from.
type value struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Unit    string `json:"unit"` // of thresholds
	From    string `json:"from"` // default, FILE:LINE, --FLAG or environment NAME
}

type waiver struct {
	Check   string `json:"check"`
	Item    string `json:"item"`
	Reason  string `json:"reason"`
	Owner   string `json:"owner"`
	Ticket  string `json:"ticket"`
	Until   string `json:"until"`
	Expired bool   `json:"expired"` // today
	From    string `json:"from"`
}

type confirmed struct {
	Statement string `json:"statement"`
	By        string `json:"by"`
	On        string `json:"on"`
	Note      string `json:"note"`
	From      string `json:"from"`
}

func (p *program) configCommand() *cobra.Command {
	var selected selectOptions
	var sql sqlOptions
	var kept historyOptions
	var telling notifyOptions
	format, example := "text", false
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the configuration that is in force, and where each value comes from",
		Args:  flagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			write := writeText
			switch format {
			case "text":
			case formatJSON:
				write = writeJSON
			default:
				return fmt.Errorf("--format is text or json, not %q", format)
			}
			if example {
				return p.printConfiguration(func(w io.Writer) error {
					_, err := io.WriteString(w, configuration.Example(catalog.All(), verbsWithThresholds()...))
					return err
				})
			}
			if err := p.configure(cmd, &selected.configOptions, true); err != nil {
				return err
			}
			if _, _, err := selected.selected(catalog.All()); err != nil {
				return err
			}
			if _, err := judgedFor(selected.said("at"), selected.at, time.Now(), time.Local); err != nil {
				return err
			}
			if err := sql.validate(&selected.configOptions); err != nil {
				return err
			}
			if err := kept.validate(cmd); err != nil {
				return err
			}
			if err := telling.validate(&selected.configOptions, kept.folder); err != nil {
				return err
			}
			s := settle(cmd.Flags(), &selected.configOptions)
			return p.printConfiguration(func(w io.Writer) error { return write(w, s) })
		},
	}
	selected.addTo(cmd, beside)
	sql.addTo(cmd)
	kept.addTo(cmd)
	telling.addTo(cmd)
	cmd.Flags().StringVar(&format, "format", format, "format on standard output: text or json")
	cmd.Flags().BoolVar(&example, "example", false, "print a file with every key instead, all of it commented out")
	return cmd
}

func (p *program) printConfiguration(write func(io.Writer) error) error {
	if err := p.print(write); err != nil {
		return failure("the configuration could not be written: %w", err)
	}
	return nil
}

// settle gathers what is in force from flags that have been configured.
func settle(flags *pflag.FlagSet, o *configOptions) settled {
	s := settled{File: o.file, SHA256: o.SHA256, absent: o.absent, Values: []value{}, Waivers: []waiver{}, Confirmed: []confirmed{}}
	from := func(key string) string {
		if line := o.Line(key); line > 0 {
			return fmt.Sprintf("%s:%d", o.file, line)
		}
		return "default"
	}
	for _, key := range configuration.FlagKeys() {
		flag := flags.Lookup(key.Flag)
		v := value{Key: key.Name, Value: words(flag), Default: strings.Trim(flag.DefValue, "[]"), From: from(key.Name)}
		if flag.Changed {
			v.From = "--" + key.Flag
			if o.Line(key.Name) > 0 {
				v.From += " instead of " + from(key.Name)
			}
		}
		if key.Name == "notify.webhook" && v.Value != "" {
			v.Value = notify.ShownURL(v.Value)
		}
		s.Values = append(s.Values, v)
		switch key.Name {
		case "sql.user":
			s.Values = append(s.Values, inEnvironment("sql.password", passwordVariable))
		case "notify.mail_server":
			s.Values = append(s.Values, inEnvironment("notify.mail_user", mailUserVariable), inEnvironment("notify.mail_password", mailPasswordVariable))
		case "notify.webhook":
			s.Values = append(s.Values, inEnvironment("notify.webhook_address", webhookVariable), inEnvironment("notify.webhook_secret", webhookSecretVariable))
		}
	}
	for i, k := range o.KeyBackups {
		v := value{Key: "key_backups", Value: k.Path, From: from(fmt.Sprintf("key_backups.%d", i))}
		if k.Server != "" {
			v.Value = k.Server + ": " + k.Path
		}
		if len(o.keyBackups) > 0 {
			v.From = "--key-backup"
		}
		s.Values = append(s.Values, v)
	}
	for _, check := range append(catalog.All().Checks(), verbsWithThresholds()...) {
		for _, setting := range check.Settings {
			key := "thresholds." + check.ID + "." + setting.Name
			s.Values = append(s.Values, value{
				key, configuration.Number(o.Thresholds[check.ID].Value(setting)), configuration.Number(setting.Default), setting.Unit, from(key),
			})
		}
	}
	for i, one := range o.Signatures {
		s.Values = append(s.Values, value{Key: "signatures", Value: one.ID + ": " + one.Literal, From: from(fmt.Sprintf("signatures.%d", i))})
	}
	for i, l := range o.LogRules {
		v := value{Key: "log_rules", Value: fmt.Sprintf("%s: %d lines", l.Rule, l.Times), From: from(fmt.Sprintf("log_rules.%d", i))}
		if l.After > 0 {
			v.Value = fmt.Sprintf("%s: %v", l.Rule, l.After)
		}
		s.Values = append(s.Values, v)
	}
	for i, w := range o.Waivers {
		s.Waivers = append(s.Waivers, waiver{
			w.Check, w.Item, w.Reason, w.Owner, w.Ticket, w.Until.Format(time.DateOnly), w.Expired(time.Now()), from(fmt.Sprintf("waivers.%d", i)),
		})
	}
	for i, c := range o.Confirmed {
		s.Confirmed = append(s.Confirmed, confirmed{c.Statement, c.By, c.On.Format(time.DateOnly), c.Note, from(fmt.Sprintf("confirmed.%d", i))})
	}
	return s
}

// words is the value of a flag; that of a list without brackets.
func words(flag *pflag.Flag) string {
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		return strings.Join(list.GetSlice(), ", ")
	}
	return flag.Value.String()
}

// inEnvironment says whether there is one in the environment, and never which.
func inEnvironment(key, variable string) value {
	v := value{Key: key, Value: "not set", From: "environment " + variable}
	if _, set := os.LookupEnv(variable); set {
		v.Value = "set"
	}
	return v
}

func writeJSON(w io.Writer, s settled) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(s)
}

func writeText(w io.Writer, s settled) error {
	switch {
	case s.File != "":
		fmt.Fprintf(w, "Configuration: %s, SHA-256 %s\n\n", s.File, s.SHA256)
	case s.absent != "":
		fmt.Fprintf(w, "Configuration: none; there is no %s\n\n", s.absent)
	default:
		fmt.Fprint(w, "Configuration: none\n\n")
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "KEY\tVALUE\tFROM\n")
	for i, v := range s.Values {
		if v.Unit != "" && (i == 0 || s.Values[i-1].Unit == "") { // long keys and short values: a table of their own, for a narrow terminal
			if err := table.Flush(); err != nil {
				return err
			}
			fmt.Fprint(table, "\nTHRESHOLD\tVALUE\tFROM\n")
		}
		shown := v.Value
		if shown == "" {
			shown = "-"
		}
		if v.Unit != "" {
			shown += " " + v.Unit
		}
		if v.Unit != "" && v.Value != v.Default {
			shown += " (by default " + v.Default + ")"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", strings.TrimPrefix(v.Key, "thresholds."), shown, v.From)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nWaivers: %d\n", len(s.Waivers))
	for _, one := range s.Waivers {
		about, state := one.Check, ""
		if one.Item != "" {
			about += ", " + one.Item
		}
		if one.Expired {
			state = ", expired"
		}
		if one.Ticket != "" {
			state += ", ticket " + one.Ticket
		}
		fmt.Fprintf(w, "  %s: %s, until %s%s (%s)\n    %s\n", about, one.Owner, one.Until, state, one.From, one.Reason)
	}
	fmt.Fprintf(w, "\nConfirmed: %d of %d\n", len(s.Confirmed), len(catalog.All().Statements()))
	for _, one := range s.Confirmed {
		fmt.Fprintf(w, "  %s: %s, on %s (%s)\n", one.Statement, one.By, one.On, one.From)
		if one.Note != "" {
			fmt.Fprintf(w, "    %s\n", one.Note)
		}
	}
	return nil
}

// conditions are what checks are told, from flags and configuration.
func (o *configOptions) conditions(c checks.Conditions) checks.Conditions {
	c.SetupAccount, c.KeyBackups, c.Thresholds, c.Online = o.setupAccount, o.KeyBackups, o.Thresholds, o.online
	return c
}
