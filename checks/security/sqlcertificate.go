package security

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/platform"
)

// instanceKey asks SQL Server where in the registry of its machine it keeps its settings for the
// network; empty when it does not say.
var instanceKey = platform.SQL[keyRow]("instance-key", `
	SELECT ISNULL(MIN(r.registry_key), N'') AS address,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER SECURITY STATE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.dm_server_registry r
	WHERE r.registry_key LIKE N'%\MSSQLServer\SuperSocketNetLib\Tcp'`)

type keyRow struct {
	Address string `json:"address"`
}

// What stands before and behind the name of an instance's key.
const (
	beforeInstance = `\Microsoft SQL Server\`
	behindInstance = `\MSSQLServer\SuperSocketNetLib`
)

// chosenCertificate is the thumbprint of the certificate that was chosen for an instance, by the
// name of its key. Without one SQL Server makes a certificate at each start.
func chosenCertificate(instance string) platform.Query[platform.Text] {
	return platform.ReadText(`HKLM\SOFTWARE\Microsoft`+beforeInstance+instance+behindInstance, "Certificate")
}

func sqlCertificate() checks.Check {
	return checks.Check{
		ID:          "security.sql-certificate",
		Title:       "Is the certificate of the site's SQL Server in order beyond the update?",
		Why:         "A certificate that was chosen for SQL Server must be in the computer's store, with its private key, and valid. SQL Server loads it when it starts.",
		Consequence: "After its next start SQL Server cannot be reached, and the site stops with it.",
		Remedy:      "Renew the certificate, let the account of SQL Server read its private key, choose it in SQL Server Configuration Manager, and restart SQL Server before the update.",
		Command:     `reg query "HKLM\SOFTWARE\Microsoft\Microsoft SQL Server" /s /v Certificate`,
		Sources: []string{
			"https://learn.microsoft.com/sql/database-engine/configure-windows/certificate-requirements",
			"https://learn.microsoft.com/sql/database-engine/configure-windows/configure-sql-server-encryption",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-server-registry-transact-sql",
		},
		Rights: []string{
			"SQL Server: VIEW SERVER STATE; from 2022 on VIEW SERVER SECURITY STATE is enough",
			discovery.RegistryRight, certificateRight, servers.RemoteRight,
		},
		Reads: withDatabase(platform.ReadComputer().Form(), instanceKey.In("{SQL Server}", "{site database}").Form(),
			chosenCertificate("{instance}").Form(), chosenCertificate("{instance}").At("{machine of SQL Server}").Form(), machineStore.Form()),
		Settings: []checks.Setting{soonSetting()},
		Run:      discovery.OnDatabase(runSQLCertificate),
	}
}

func runSQLCertificate(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	own, err := platform.Ask(ctx, c, platform.ReadComputer())
	if err != nil {
		return checks.Finding{}, err
	}
	rows, err := platform.Ask(ctx, c, instanceKey.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	_, rest, _ := strings.Cut(rows[0].Address, beforeInstance)
	instance, _, found := strings.Cut(rest, behindInstance)
	if len(rows) != 1 || !found || instance == "" || strings.Contains(instance, `\`) {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "SQL Server %s keeps its settings for the network in %q, which names no instance", d.Instance, rows[0].Address)
	}
	query := chosenCertificate(instance)
	machine := servers.MachineOf(d.Instance)
	local := servers.IsLoopback(machine) || servers.IsOwn(own, machine)
	if !local {
		query = query.At(machine)
	}
	item := checks.Item{Key: d.Instance, Where: query.String(), Wanted: "none, or one that is in order", Found: "none was chosen", Status: checks.Passed}
	thumbprint, chosen, err := platform.Lookup(ctx, c, query)
	switch {
	case err != nil:
		return checks.Finding{}, err
	case !chosen || thumbprint == "":
		return checks.Items("No certificate was chosen for SQL Server: it makes its own.", item), nil
	case !local:
		no := platform.Refuse(platform.ErrUnsupported, "a certificate was chosen for SQL Server %s, and the certificates of %s cannot be read from here", d.Instance, machine)
		no.Help = "Look at its end on " + machine + ": certlm.msc, Personal, Certificates; its thumbprint is the value Certificate in the key of the instance."
		return checks.Items("Until when the certificate of SQL Server is valid could not be read.", checks.UnknownItem(item.Key, item.Wanted, no)), nil
	}
	item, err = judgeChosen(ctx, c, item, string(thumbprint))
	if err != nil {
		return checks.Finding{}, err
	}
	summary := "The certificate of SQL Server is in order."
	if item.Status != checks.Passed {
		summary = fmt.Sprintf("The certificate of SQL Server %s is not in order beyond the update.", d.Instance)
	}
	return checks.Items(summary, item), nil
}

// judgeChosen looks the certificate up that was chosen for a SQL Server on this machine.
func judgeChosen(ctx context.Context, c *checks.Case, item checks.Item, thumbprint string) (checks.Item, error) {
	store, err := platform.Ask(ctx, c, machineStore)
	if err != nil {
		return item, err
	}
	at := slices.IndexFunc(store.Certificates, func(one platform.Certificate) bool { return strings.EqualFold(one.Thumbprint, thumbprint) })
	switch {
	case at < 0 && store.More:
		return item, platform.Refuse(platform.ErrTooLarge, "%s has %d certificates, more than can be listed", machineStore.Where, store.Count)
	case at < 0:
		item.Found, item.Status = "the chosen certificate is not in "+machineStore.Where, checks.Failed
		return item, nil
	case !store.Certificates[at].PrivateKey:
		item.Found, item.Status = "the chosen certificate has no private key", checks.Failed
		return item, nil
	}
	ends := store.Certificates[at].NotAfter
	item.Found, item.Wanted, item.Status = validity(c, ends)
	if ends.Before(c.JudgedFor) {
		item.Status = checks.Failed
	}
	return item, nil
}
