package roles

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// azureServices counts the connections to Azure services, which Microsoft's reference of the
// cmdlets reads from this table. Where there is none, no connector hangs on one.
var azureServices = platform.SQL[connectorsRow]("azure-services", `
	SELECT COUNT(*) AS connectors,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.Azure_CloudService', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.Azure_CloudService`)

// The classes of these connectors are known from Microsoft support's scripts. That the views
// have the names of the classes is concluded from other classes, and nobody has seen them: where
// one is missing, it is could not check.
var (
	analyticsConnectors = platform.SQL[connectorsRow]("log-analytics-connectors", `
	SELECT COUNT(*) AS connectors,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_OMSConfigurationData', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.vSMS_OMSConfigurationData`)
	readinessConnectors = platform.SQL[connectorsRow]("upgrade-readiness-connectors", `
	SELECT COUNT(*) AS connectors,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_ReadinessDashboardConfigurationData', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.vSMS_ReadinessDashboardConfigurationData`)
)

const (
	pageAzureServices = "https://learn.microsoft.com/intune/configmgr/core/servers/deploy/configure/azure-services-wizard"
	pageCmdlets       = "https://learn.microsoft.com/powershell/module/configurationmanager/get-cmazureservice"
	listServices      = "SELECT ID, Name FROM dbo.Azure_CloudService"
)

func logAnalytics() checks.Check {
	return checks.Check{
		ID:          "roles.log-analytics",
		Title:       "Is the site not connected to Log Analytics?",
		Why:         "The connector for Log Analytics, called OMS Connector in the console, is retired. Each release since 2103 warns about it.",
		Consequence: "The product's own prerequisite check warns; an update that is not told to ignore warnings does not go on.",
		Remedy:      "Remove the connection in Administration, Cloud Services, Azure Services (OMS Connector).",
		Command:     listServices,
		Rules:       []string{"Check if the site uses Microsoft Operations Management Suite (OMS) Connector"},
		Sources: []string{
			pageRules + "#check-if-the-site-uses-microsoft-operations-management-suite-oms-connector", pageAzureServices, pageCmdlets, pageRetired,
		},
		Rights: []string{"SQL Server: SELECT on Azure_CloudService in the site database, and where that has rows on vSMS_OMSConfigurationData"},
		Reads:  readsConnector(analyticsConnectors),
		Run:    onConnector("Log Analytics", analyticsConnectors, "vSMS_OMSConfigurationData", nil),
	}
}

func upgradeReadiness() checks.Check {
	return checks.Check{
		ID:          "roles.upgrade-readiness",
		Title:       "Is the site not connected to Upgrade Readiness?",
		Why:         "Upgrade Readiness was retired in January 2020. A connector for it is of no use any more.",
		Consequence: "The product's own prerequisite check warns; an update that is told to ignore warnings removes the connector.",
		Remedy:      "Remove the connection in Administration, Cloud Services, Azure Services (Upgrade Readiness), and take its settings from the clients.",
		Command:     listServices,
		Rules:       []string{"Check if the site uses Upgrade Readiness cloud service connector"},
		Sources: []string{
			pageRules + "#check-if-the-site-uses-upgrade-readiness-cloud-service-connector", pageAzureServices, pageCmdlets, pageRetired,
		},
		Rights: []string{"SQL Server: SELECT on Azure_CloudService in the site database, and where that has rows on vSMS_ReadinessDashboardConfigurationData"},
		Reads:  readsConnector(readinessConnectors),
		Run: onConnector("Upgrade Readiness", readinessConnectors, "vSMS_ReadinessDashboardConfigurationData",
			[]string{"Set-up removes this connector by itself when the warning is ignored."}),
	}
}

func readsConnector(s platform.Statement[connectorsRow]) []platform.Form {
	return append(discovery.DatabaseReads(), azureServices.In("{SQL Server}", "{site database}").Form(), s.In("{SQL Server}", "{site database}").Form())
}

// onConnector is the Run of a check for the connector of a retired service. Its view is asked
// only where the site has connections to Azure at all.
func onConnector(service string, s platform.Statement[connectorsRow], view string, found []string) func(context.Context, *checks.Case) (checks.Finding, error) {
	return discovery.OnDatabase(func(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
		all, reason, err := feature(ctx, c, d, azureServices)
		if err != nil {
			return checks.Finding{}, err
		}
		if reason != "" {
			return checks.DoesNotApply(reason), nil
		}
		const none = "no connector"
		item := checks.Item{Key: service, Found: none, Wanted: none, Where: "Azure_CloudService", Status: checks.Passed}
		negative := func(where string, n int) (checks.Finding, error) {
			return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "%s of database %s on SQL Server %s is said to have %d rows", where, d.Name, d.Instance, n)
		}
		switch {
		case all.Connectors < 0:
			return negative("Azure_CloudService", all.Connectors)
		case all.Connectors == 0:
			item.Found = "no connection to an Azure service"
			return checks.Items("The site has no connector for "+service+".", item), nil
		}
		row, err := platform.AskOne(ctx, c, s.In(d.Instance, d.Name))
		if err != nil {
			finding := checks.Items("Whether the site has a connector for "+service+" is not known.", checks.UnknownItem(service, none, err))
			finding.Notes = []string{fmt.Sprintf("Connections to Azure services: %d. Look in Administration, Cloud Services, Azure Services whether one of them is for %s.", all.Connectors, service)}
			return finding, nil
		}
		item.Where = view
		switch {
		case row.Connectors < 0:
			return negative(view, row.Connectors)
		case row.Connectors == 0:
			return checks.Items("The site has no connector for "+service+".", item), nil
		}
		item.Found, item.Status = fmt.Sprintf("connectors: %d", row.Connectors), checks.Warning
		finding := checks.Items("The site has a connector for "+service+".", item)
		finding.Notes = found
		return finding, nil
	})
}
