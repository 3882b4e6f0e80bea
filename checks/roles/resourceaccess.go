package roles

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/platform"
)

// accessProfiles counts the policies for resource access by the categories with which the
// product's own PowerShell module tells them apart. It is asked only of a site that is older
// than 2403: later ones cannot have any.
var accessProfiles = platform.SQL[profilesRow]("resource-access-profiles", `
	SELECT COUNT(DISTINCT CASE WHEN c.CategoryInstance_UniqueID IN (N'SettingsAndPolicy:SMS_ClientAuthCertificateSettings',
			N'SettingsAndPolicy:SMS_PfxCertificateSettings', N'SettingsAndPolicy:SMS_TrustedRootCertificateSettings') THEN i.CI_ID END) AS certificate,
		COUNT(DISTINCT CASE WHEN c.CategoryInstance_UniqueID = N'SettingsAndPolicy:SMS_VpnConnectionSettings' THEN i.CI_ID END) AS vpn,
		COUNT(DISTINCT CASE WHEN c.CategoryInstance_UniqueID = N'SettingsAndPolicy:SMS_WirelessProfileSettings' THEN i.CI_ID END) AS wifi,
		COUNT(DISTINCT CASE WHEN c.CategoryInstance_UniqueID = N'SettingsAndPolicy:SMS_CommunicationsProvisioningSettings' THEN i.CI_ID END) AS email,
		COUNT(DISTINCT CASE WHEN c.CategoryInstance_UniqueID = N'SettingsAndPolicy:SMS_PassportForWorkProfileSettings' THEN i.CI_ID END) AS hello,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_ConfigurationItems', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_CICategories', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.v_ConfigurationItems i JOIN dbo.v_CICategories c ON c.CI_ID = i.CI_ID
	WHERE i.IsLatest = 1 AND i.IsTombstoned = 0 AND i.IsExpired = 0`)

type profilesRow struct {
	Certificate int `json:"certificate"`
	VPN         int `json:"vpn"`
	WiFi        int `json:"wifi"`
	Email       int `json:"email"`
	Hello       int `json:"hello"`
}

// coManaged counts the devices that Intune manages too, and those of them whose workload for
// resource access is still here. Bit 4 of the workloads is set where Intune has it. What is no
// number belongs to Intune alone.
var coManaged = platform.SQL[coManagedRow]("co-managed-devices", `
	SELECT COUNT(CASE WHEN d.MDMEnrolled = 1 THEN 1 END) AS devices,
		COUNT(CASE WHEN d.MDMEnrolled = 1 AND (TRY_CONVERT(bigint, d.MDMWorkloads) & 4) = 0 THEN 1 END) AS here,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_ClientCoManagementState', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.v_ClientCoManagementState d`)

type coManagedRow struct {
	Devices int `json:"devices"`
	Here    int `json:"here"`
}

func resourceAccess() checks.Check {
	return checks.Check{
		ID:          "roles.resource-access",
		Title:       "Is the site free of policies for resource access?",
		Why:         "From 2403 on there are no certificate, VPN, Wi-Fi, e-mail and Windows Hello for Business profiles, no certificate registration point, and the co-management workload for resource access is Intune's.",
		Consequence: "The product's own prerequisite check stops the update.",
		Remedy: "Remove the certificate registration point; delete the profiles in Assets and Compliance, Compliance Settings, Company Resource Access; " +
			"in the properties of co-management slide resource access to Intune for all devices. Without co-management set it up for that time.",
		Command: "Get-CMSiteRole -RoleName 'SMS Certificate Registration Point' | Select-Object NetworkOSPath, RoleName, SiteCode",
		Rules:   []string{"Resource access policies are no longer supported"},
		Sources: []string{
			pageRules + "#resource-access-policies-are-no-longer-supported",
			"https://learn.microsoft.com/intune/configmgr/protect/plan-design/resource-access-deprecation-faq",
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/understand-troubleshoot-updates-servicing",
			pageRetired, pageRole,
		},
		Rights: []string{rolesRight, "SQL Server, only for a site older than 2403: SELECT on v_ConfigurationItems, v_CICategories and v_ClientCoManagementState"},
		Reads:  append(readsRoles(), accessProfiles.In("{SQL Server}", "{site database}").Form(), coManaged.In("{SQL Server}", "{site database}").Form()),
		Run:    onRoles(runResourceAccess),
	}
}

func runResourceAccess(ctx context.Context, c *checks.Case, r reading) (checks.Finding, error) {
	items := r.absent(checks.Failed, registrationPoint)
	if r.build >= build2403 {
		if items[0].Status == checks.Passed {
			finding := checks.Items("The site has no certificate registration point.", items...)
			finding.Notes = []string{"The site runs 2403 or newer, which has no profiles for resource access any more, and could not be installed over them."}
			return finding, nil
		}
		return checks.Items("The site still has a certificate registration point.", items...), nil
	}
	profiles, err := r.profiles(ctx, c)
	if err != nil {
		return checks.Finding{}, err
	}
	devices, err := r.workload(ctx, c)
	if err != nil {
		return checks.Finding{}, err
	}
	items = append(append(items, profiles...), devices)
	finding := checks.Items("The site has nothing left of resource access.", items...)
	switch finding.Status() {
	case checks.Failed:
		finding.Summary = "The site still has parts of resource access, which 2403 took out of the product."
	case checks.Unknown:
		finding.Summary = "Not all of resource access could be read."
	case checks.Warning:
		finding.Summary = "The workload for resource access is not with Intune on all devices."
	}
	return finding, nil
}

func (r reading) profiles(ctx context.Context, c *checks.Case) ([]checks.Item, error) {
	row, err := platform.AskOne(ctx, c, accessProfiles.In(r.database.Instance, r.database.Name))
	if err != nil {
		return nil, err
	}
	const wanted = "none"
	var items []checks.Item
	for _, kind := range []struct {
		name  string
		count int
	}{
		{"certificate profiles", row.Certificate},
		{"VPN profiles", row.VPN},
		{"Wi-Fi profiles", row.WiFi},
		{"email profiles", row.Email},
		{"Windows Hello for Business profiles", row.Hello},
	} {
		item := checks.Item{Key: kind.name, Found: wanted, Wanted: wanted, Where: "v_ConfigurationItems by v_CICategories", Status: checks.Passed}
		switch {
		case kind.count < 0:
			item = checks.UnknownItem(kind.name, wanted, platform.Refuse(platform.ErrMalformed, "SQL Server %s counts %d %s", r.database.Instance, kind.count, kind.name))
		case kind.count > 0:
			item.Found, item.Status = fmt.Sprint(kind.count), checks.Failed
		}
		items = append(items, item)
	}
	return items, nil
}

// workload judges the devices. The meaning of their bits is known from public tools, and a
// device may be long gone, so it is never more than a warning.
func (r reading) workload(ctx context.Context, c *checks.Case) (checks.Item, error) {
	row, err := platform.AskOne(ctx, c, coManaged.In(r.database.Instance, r.database.Name))
	if err != nil {
		return checks.Item{}, err
	}
	item := checks.Item{
		Key: "co-management workload", Found: fmt.Sprintf("%d of %d co-managed devices have it here", row.Here, row.Devices),
		Wanted: "with Intune on all co-managed devices", Where: "v_ClientCoManagementState, MDMWorkloads", Status: checks.Passed,
	}
	switch {
	case row.Here < 0 || row.Devices < row.Here:
		return checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrMalformed, "SQL Server %s counts %s, which cannot be", r.database.Instance, item.Found)), nil
	case row.Devices == 0:
		item.Found = "no co-managed devices"
	case row.Here > 0:
		item.Status = checks.Warning
	}
	return item, nil
}
