package main

import (
	"fmt"
	"os"
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

// selectOptions are the flags that say what is judged.
type selectOptions struct {
	target     string
	only, skip []string
	failOn     string
	timeout    time.Duration
}

func (o *selectOptions) addTo(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.target, "target", "", "judge for this release, as 2509 or cm=2509 (default: the newest that the site may update to)")
	f.StringSliceVar(&o.only, "only", nil, "run only these checks: ids, or globs such as drivers.*")
	f.StringSliceVar(&o.skip, "skip", nil, "do not run these checks: ids or globs")
	f.StringVar(&o.failOn, "fail-on", report.FailOnWarning, "lowest verdict that is not exit code 0: warning, unknown or failed")
	f.DurationVar(&o.timeout, "timeout", runLimit, "limit of the whole run")
}

// selected checks what the flags say, before anything is asked.
func (o *selectOptions) selected(catalog checks.Catalog) (selection checks.Selection, target *requirement.Release, err error) {
	switch o.failOn {
	case report.FailOnWarning, report.FailOnUnknown, report.FailOnFailed:
	default:
		return selection, nil, fmt.Errorf("--fail-on is warning, unknown or failed, not %q", o.failOn)
	}
	if o.timeout <= 0 {
		return selection, nil, fmt.Errorf("--timeout must be more than 0, not %v", o.timeout)
	}
	if o.target != "" {
		release, err := requirement.Target(o.target)
		if err != nil {
			return selection, nil, fmt.Errorf("--target: %w", err)
		}
		target = &release
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

func (o *sqlOptions) reader() (*sqlserver.Reader, error) {
	encryption, err := sqlserver.ParseEncryption(o.encrypt)
	if err != nil {
		return nil, fmt.Errorf("--sql-encrypt: %w", err)
	}
	options := sqlserver.Options{
		User: o.user, Encryption: encryption, CAFile: o.caFile, TrustServerCertificate: o.trust,
	}
	if o.user != "" {
		password, set := os.LookupEnv(passwordVariable)
		if !set {
			return nil, fmt.Errorf("--sql-user needs the password in the environment variable %s", passwordVariable)
		}
		options.Password = password
	}
	return sqlserver.New(options)
}
