package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"siteready/platform/sqlserver/sqlservertest"
)

// The certificate that SQL Server makes for itself is taken from this machine, also one with a
// number below zero, and refused from elsewhere. The program must say so when it is built.
func TestCertificateThatSQLServerMakes(t *testing.T) {
	clock := sqlservertest.Result{Columns: []sqlservertest.Column{{Name: "may_see", Type: "int"}}, Rows: [][]any{{1}}}
	server := sqlservertest.Start(t, sqlservertest.Config{
		User: "reader", Password: "Planted-5ecret", Encryption: sqlservertest.Required, Certificate: sqlservertest.OwnMade,
		Databases: map[string]sqlservertest.Tables{"CM_P01": {"server-clock": clock}},
	})
	t.Setenv(passwordVariable, "Planted-5ecret")
	_, port := server.Addr()
	for host, logOns := range map[string]int{"127.0.0.1": 1, "0.0.0.0": 0} { // a dialer takes the second for this machine
		before := server.Counts().LogOns
		var stdout, stderr bytes.Buffer
		run(t.Context(), []string{
			"check", "--sql-server", fmt.Sprintf("%s,%d", host, port), "--database", "CM_P01", "--sql-user", "reader", "--only", "window.clock",
		}, strings.NewReader(""), &stdout, &stderr)
		if stderr.Len() > 0 || server.Counts().LogOns-before != logOns {
			t.Errorf("%s: %d log-ons; want %d\n%s%s", host, server.Counts().LogOns-before, logOns, &stdout, &stderr)
		}
	}
}
