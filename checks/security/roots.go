package security

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/platform"
)

// digiCertG2 is the SHA-1 thumbprint of the certificate DigiCert Global Root G2, by which Windows
// names its key in the registry.
const digiCertG2 = "DF3C24F9BFD666761B268073FE06D1CC8D4F82A4"

// rootUpdate is the policy that ends the automatic update of root certificates.
var rootUpdate = platform.ReadNumber(`HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates\AuthRoot`, "DisableRootAutoUpdate")

// rootKeys are the places whose certificates the machine trusts as roots: those that were
// installed by hand, those that Windows brings, those of policies and those of the domain.
func rootKeys() []platform.Query[platform.RegistryKey] {
	var all []platform.Query[platform.RegistryKey]
	for _, store := range []string{
		`SOFTWARE\Microsoft\SystemCertificates\ROOT`,
		`SOFTWARE\Microsoft\SystemCertificates\AuthRoot`,
		`SOFTWARE\Policies\Microsoft\SystemCertificates\Root`,
		`SOFTWARE\Microsoft\EnterpriseCertificates\Root`,
	} {
		all = append(all, platform.ReadKey(`HKLM\`+store+`\Certificates\`+digiCertG2))
	}
	return all
}

func rootCertificate() checks.Check {
	const remote = "{service connection point}"
	reads := []platform.Form{rootUpdate.Form(), rootUpdate.At(remote).Form()}
	for _, key := range rootKeys() {
		reads = append(reads, key.Form(), key.At(remote).Form())
	}
	return checks.Check{
		ID:          "security.root-certificate",
		Title:       "Does the service connection point trust the root certificate of the cloud services?",
		Why:         "The servers of the product's cloud services have certificates below DigiCert Global Root G2. Windows fetches that root by itself, unless a policy forbids it.",
		Consequence: "No update is offered or downloaded, and status messages 9605 and 9607 tell of failed connections.",
		Remedy:      "Install DigiCert Global Root G2 among the trusted root certification authorities of the computer, or allow the automatic update of root certificates.",
		Command:     `Get-ChildItem Cert:\LocalMachine\Root\` + digiCertG2,
		Sources: []string{
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/connectivity-issues-digicert-global-root-g2-not-installed",
			"https://learn.microsoft.com/windows-server/identity/ad-cs/configure-trusted-roots-disallowed-certificates",
			"https://learn.microsoft.com/windows/win32/seccrypto/system-store-locations",
		},
		Rights: []string{servers.PointsRight, discovery.RegistryRight, remoteRight},
		Reads:  pointReads(reads...),
		Run:    onPoint(runRootCertificate),
	}
}

func runRootCertificate(ctx context.Context, c *checks.Case, _ discovery.Database, p point) (checks.Finding, error) {
	item := checks.Item{
		Key: "DigiCert Global Root G2 on " + p.Server, Found: "installed", Wanted: "installed, or fetched by Windows",
		Where: "the stores for trusted root certificates in the registry of " + p.where(), Status: checks.Passed,
	}
	for _, key := range rootKeys() {
		_, found, err := platform.Lookup(ctx, c, key.At(p.on))
		if err != nil {
			return checks.Finding{}, err
		}
		if found {
			return checks.Items(fmt.Sprintf("%s trusts DigiCert Global Root G2.", p.Server), item), nil
		}
	}
	disabled, err := lookup(ctx, c, rootUpdate.At(p.on))
	switch {
	case err != nil:
		return checks.Finding{}, err
	case disabled.set && disabled.value != 0:
		item.Found, item.Status = "not installed, and Windows may not fetch it", checks.Warning
		return checks.Items(fmt.Sprintf("%s does not trust DigiCert Global Root G2, and Windows may not fetch it.", p.Server), item), nil
	}
	item.Found = "not installed; Windows fetches it when it is needed"
	finding := checks.Items(fmt.Sprintf("Windows may fetch DigiCert Global Root G2 on %s.", p.Server), item)
	finding.Notes = append(finding.Notes, "Whether Windows Update can be reached for it was not tried.")
	return finding, nil
}
