package roles

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// accessAccounts counts the network access accounts. How the site calls what an account is
// for is known from public tools and from what the SMS Provider answered in a lab.
var accessAccounts = platform.SQL[accountsRow]("network-access-accounts", `
	SELECT COUNT(DISTINCT CASE WHEN a.UsageName = N'Software Distribution' AND a.UserName <> N'' THEN a.UserName END) AS accounts,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_AccountUsage', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.vSMS_SC_AccountUsage a`)

type accountsRow struct {
	Accounts int `json:"accounts"`
}

func networkAccessAccount() checks.Check {
	return checks.Check{
		ID:          "roles.network-access-account",
		Title:       "Does the site do without a network access account?",
		Why:         "Clients get its password with their policy, and with HTTPS or Enhanced HTTP hardly anything needs it. The product wants it reviewed before an update.",
		Consequence: "The product's own prerequisite check warns; an update that is not told to ignore warnings does not go on.",
		Remedy: "Where nothing needs the account, remove it: Administration, Site Configuration, Sites, Configure Site Components, Software Distribution, Network Access Account. " +
			"Where a task sequence needs it, give it no more than the right to read content, and never an administrator's.",
		Command: "SELECT UserName FROM dbo.vSMS_SC_AccountUsage WHERE UsageName = N'Software Distribution'",
		Rules:   []string{"Network Access Account (NAA) account usage alert"},
		Sources: []string{
			pageRules + "#network-access-account-naa-account-usage-alert",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/hierarchy/accounts",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/changes/whats-new-in-version-2603",
		},
		Rights: []string{"SQL Server: SELECT on vSMS_SC_AccountUsage in the site database"},
		Reads:  append(discovery.DatabaseReads(), accessAccounts.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabase(runNetworkAccessAccount),
	}
}

func runNetworkAccessAccount(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	row, reason, err := feature(ctx, c, d, accessAccounts)
	if err != nil {
		return checks.Finding{}, err
	}
	if reason != "" {
		return checks.DoesNotApply(reason), nil
	}
	const none = "no account"
	item := checks.Item{Key: "network access account", Found: none, Wanted: none, Where: "vSMS_SC_AccountUsage, UsageName Software Distribution", Status: checks.Passed}
	if row.Accounts == 0 {
		return checks.Items("The site has no network access account.", item), nil
	}
	item.Found, item.Status = fmt.Sprintf("accounts: %d", row.Accounts), checks.Warning
	if row.Accounts < 0 {
		item = checks.UnknownItem(item.Key, none, platform.Refuse(platform.ErrMalformed, "SQL Server %s counts %d network access accounts", d.Instance, row.Accounts))
	}
	finding := checks.Items("The site has a network access account.", item)
	if item.Status == checks.Unknown {
		finding.Summary = "Whether the site has a network access account is not known."
	}
	if c.Target.Version == "2603" {
		finding.Notes = []string{"2603 uses the account only where the deployment of operating systems needs it; its own check may say nothing then."}
	}
	return finding, nil
}

// storeConnectors counts the connections to the Microsoft Store for Business. Its class is
// Microsoft's own, its view is known from a public tool.
var storeConnectors = platform.SQL[connectorsRow]("store-connectors", `
	SELECT COUNT(*) AS connectors,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vWSfBConfigurationData', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.vWSfBConfigurationData`)

type connectorsRow struct {
	Connectors int `json:"connectors"`
}

func storeForBusiness() checks.Check {
	return checks.Check{
		ID:          "roles.store-for-business",
		Title:       "Is the site not connected to the Microsoft Store for Business?",
		Why:         "The Microsoft Store for Business has been retired. A connector for it is of no use any more.",
		Consequence: "The product's own prerequisite check warns; an update that is not told to ignore warnings does not go on.",
		Remedy:      "Remove the connection in Administration, Cloud Services, Azure Services (Microsoft Store for Business).",
		Command:     "SELECT TenantID, LastSuccessfulSyncTime FROM dbo.vWSfBConfigurationData",
		Rules:       []string{"Microsoft Store for Business deprecation alert"},
		Sources: []string{
			pageRules + "#microsoft-store-for-business-deprecation-alert",
			"https://learn.microsoft.com/intune/configmgr/develop/reference/compliance/sms_wsfbconfigurationdata-server-wmi-class",
			pageRetired,
		},
		Rights: []string{"SQL Server: SELECT on vWSfBConfigurationData in the site database"},
		Reads:  append(discovery.DatabaseReads(), storeConnectors.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabase(runStoreForBusiness),
	}
}

func runStoreForBusiness(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	row, reason, err := feature(ctx, c, d, storeConnectors)
	if err != nil {
		return checks.Finding{}, err
	}
	if reason != "" {
		return checks.DoesNotApply(reason), nil
	}
	const none = "no connector"
	item := checks.Item{Key: "Microsoft Store for Business", Found: none, Wanted: none, Where: "vWSfBConfigurationData", Status: checks.Passed}
	switch {
	case row.Connectors == 0:
		return checks.Items("The site has no connector for the Microsoft Store for Business.", item), nil
	case row.Connectors < 0:
		return checks.Items("Whether the site has a connector for the Microsoft Store for Business is not known.", checks.UnknownItem(item.Key, none,
			platform.Refuse(platform.ErrMalformed, "SQL Server %s counts %d connectors", d.Instance, row.Connectors))), nil
	}
	item.Found, item.Status = fmt.Sprintf("connectors: %d", row.Connectors), checks.Warning
	finding := checks.Items("The site has a connector for the Microsoft Store for Business.", item)
	finding.Notes = []string{"Microsoft's list disagrees with itself on this rule: it stands among the errors, and its text calls it a warning, which is what it is taken for here."}
	return finding, nil
}

// feature is the only row of a statement about a feature, or why that feature is not judged.
func feature[Row any](ctx context.Context, c *checks.Case, d discovery.Database, s platform.Statement[Row]) (row Row, reason string, err error) {
	if d.OfType == discovery.Secondary {
		return row, "the rule looks at central administration and primary sites only", nil
	}
	row, err = platform.AskOne(ctx, c, s.In(d.Instance, d.Name))
	return row, "", err
}
