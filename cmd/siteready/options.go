package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"siteready/checks"
	"siteready/checks/requirement"
	"siteready/platform/sqlserver"
	"siteready/report"
)

// passwordVariable holds the password of --sql-user. A flag would show it to everybody who
// can list processes.
const passwordVariable = "SITEREADY_SQL_PASSWORD"

// runLimit is how long a run may take.
const runLimit = 5 * time.Minute

// limit is how long a run may take, as a flag.
type limit time.Duration

func (l *limit) addTo(cmd *cobra.Command) {
	*l = limit(runLimit)
	cmd.Flags().Var(l, "timeout", "limit of the whole run")
}

// String is the limit as the flag takes it.
func (l *limit) String() string { return time.Duration(*l).String() }

// Type is what the help calls the flag's value.
func (l *limit) Type() string { return "duration" }

// Set reads the flag's value.
func (l *limit) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return errors.New("it must be a time above 0 with its unit, such as 90s or 5m")
	}
	*l = limit(d)
	return nil
}

// end gives ctx an end after the limit, with the limit as its cause.
func (l *limit) end(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, time.Duration(*l), fmt.Errorf("the limit of %v was reached; --timeout sets another", l))
}

// targets are releases with commas between them, as a flag that may be repeated.
type targets string

// String is the releases as the flag takes them.
func (t *targets) String() string { return string(*t) }

// Type is what the help calls the flag's value.
func (t *targets) Type() string { return "string" }

// Set adds the flag's value.
func (t *targets) Set(text string) error {
	if *t != "" {
		text = string(*t) + "," + text
	}
	*t = targets(text)
	return nil
}

// selectOptions are the flags that say what is judged.
type selectOptions struct {
	configOptions
	target     targets
	at         string
	only, skip []string
	seen       []string // checks that an earlier run has looked at, beside the selected ones
	failOn     string
	timeout    limit
}

// addTo adds the flags; configured says which configuration is used when none is named.
func (o *selectOptions) addTo(cmd *cobra.Command, configured string) {
	o.configOptions.addTo(cmd, configured)
	f := cmd.Flags()
	f.Var(&o.target, "target", "judge for this release, as 2509 or cm=2509, or scsm=2025 of Service Manager; may be repeated (default: the newest that the site may update to, and the next one of Service Manager)")
	f.StringVar(&o.at, "at", "", "judge for this time, when the update is to start: 2026-11-28, \"2026-11-28 22:00\" or 2026-11-28T22:00:00+01:00 (default: when the facts were read)")
	f.StringSliceVar(&o.only, "only", nil, "run only these checks: ids, or globs such as drivers.*")
	f.StringSliceVar(&o.skip, "skip", nil, "do not run these checks: ids or globs")
	f.StringVar(&o.failOn, "fail-on", report.FailOnWarning, "lowest verdict that is not exit code 0: warning, unknown or failed")
	o.timeout.addTo(cmd)
}

// selected checks what the flags say, before anything is asked.
func (o *selectOptions) selected(catalog checks.Catalog) (selection checks.Selection, target requirement.Targets, err error) {
	switch o.failOn {
	case report.FailOnWarning, report.FailOnUnknown, report.FailOnFailed:
	default:
		return selection, target, fmt.Errorf("--fail-on is warning, unknown or failed, not %q", o.failOn)
	}
	if o.target != "" {
		if target, err = requirement.ParseTargets(string(o.target)); err != nil {
			return selection, target, fmt.Errorf("--target: %w", err)
		}
	}
	selection, err = checks.Select(catalog, o.only, o.skip)
	return selection, target, err
}

// sqlOptions are the flags that say how the site database is reached.
type sqlOptions struct {
	server, database string
	user             string
	encrypt          string
	caFile           string
	trust            bool
}

func (o *sqlOptions) addTo(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.server, "sql-server", "", `SQL Server of the site database, SERVER, SERVER\INSTANCE or SERVER,PORT (default: as the site says)`)
	f.StringVar(&o.database, "database", "", "name of the site database (default: as the site says)")
	f.StringVar(&o.user, "sql-user", "", "SQL Server log-on, its password in "+passwordVariable+" (default: Windows authentication)")
	f.StringVar(&o.encrypt, "sql-encrypt", string(sqlserver.Mandatory), "strict, mandatory, optional (log-on only) or disable")
	f.StringVar(&o.caFile, "sql-ca", "", "PEM file of the authority that signed SQL Server's certificate")
	f.BoolVar(&o.trust, "sql-trust-server-certificate", false, "do not verify SQL Server's certificate")
}

func (o *sqlOptions) stated() checks.Stated {
	return checks.Stated{SQLServer: o.server, Database: o.database}
}

// given reports whether any of the flags was set, which a recording does not allow.
func (o *sqlOptions) given(cmd *cobra.Command) error {
	for _, name := range []string{"sql-server", "database", "sql-user", "sql-encrypt", "sql-ca", "sql-trust-server-certificate"} {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s and --site do not go together: a recording has its answers already", name)
		}
	}
	return nil
}

// validate finds values that do not go together; config names those that a file has set.
func (o *sqlOptions) validate(config *configOptions) error {
	encryption, err := sqlserver.ParseEncryption(o.encrypt)
	if err != nil {
		return fmt.Errorf("--sql-encrypt: %w", err)
	}
	trust := config.said("sql-trust-server-certificate")
	switch {
	case o.trust && o.caFile != "":
		return fmt.Errorf("%s and %s do not go together: the certificate is verified, or it is not", trust, config.said("sql-ca"))
	case o.trust && encryption == sqlserver.Strict:
		return fmt.Errorf("%s and %s strict do not go together: strict always verifies the certificate", trust, config.said("sql-encrypt"))
	}
	if o.server != "" {
		if err := sqlserver.CheckInstance(o.server); err != nil {
			return fmt.Errorf("--sql-server: %w", err)
		}
	}
	return nil
}

func (o *sqlOptions) reader(config *configOptions) (*sqlserver.Reader, error) {
	if err := o.validate(config); err != nil {
		return nil, err
	}
	encryption, err := sqlserver.ParseEncryption(o.encrypt)
	if err != nil {
		return nil, fmt.Errorf("--sql-encrypt: %w", err)
	}
	fullName := machineName()
	options := sqlserver.Options{
		User: o.user, Encryption: encryption, CAFile: o.caFile, TrustServerCertificate: o.trust,
		Local: func(host string) bool { return sqlserver.IsThisMachine(host) || strings.EqualFold(host, fullName) },
	}
	if o.user != "" {
		password, set := os.LookupEnv(passwordVariable)
		if !set {
			return nil, fmt.Errorf("%s needs the password in the environment variable %s", config.said("sql-user"), passwordVariable)
		}
		options.Password = password
	}
	reader, err := sqlserver.New(options)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", config.said("sql-ca"), o.caFile, bare(err)) // all else has been looked at above
	}
	return reader, nil
}
