package system

import (
	"context"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/platform"
)

func sqlServerRestart() checks.Check {
	const server = "{machine of SQL Server}"
	return checks.Check{
		ID:          "system.sql-restart",
		Title:       "Is the machine of SQL Server free of pending restarts?",
		Why:         "The product's own prerequisite check looks at a remote SQL Server as it does at the site server, and a SQL Server that is restarted during an update breaks it.",
		Consequence: "The product's own prerequisite check warns, and an unattended update stops at a warning.",
		Remedy:      "Restart the machine of SQL Server, and run this check again. What is still there after a restart was not cleared by it: look at the program that is named here.",
		Rules:       []string{"Pending system restart on the remote SQL Server"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#pending-system-restart-on-the-remote-sql-server",
		},
		Rights: []string{discovery.RegistryRight, servers.RemoteRight},
		Reads: append(discovery.DatabaseReads(), platform.ReadComputer().Form(),
			servicingPending.At(server).Form(), updateRequired.At(server).Form(), fileRenames.At(server).Form(), rebootAttempts.At(server).Form()),
		Run: discovery.OnDatabase(runSQLServerRestart),
	}
}

func runSQLServerRestart(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	server := servers.MachineOf(d.Instance)
	own, err := platform.Ask(ctx, c, platform.ReadComputer())
	if err != nil {
		return checks.Finding{}, err
	}
	if servers.IsLoopback(server) || servers.IsOwn(own, server) {
		return checks.DoesNotApply("SQL Server is on this machine, whose restart is judged by itself"), nil
	}
	return waiting{server: server, status: checks.Warning}.judge(ctx, c), nil
}
