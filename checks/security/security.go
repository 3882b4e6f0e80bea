// Package security checks what guards and hardening of the servers can do to an update: virus
// scanners, TLS, certificates, proxies, and what an update overwrites.
package security

import (
	"context"
	"errors"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// Area is the section of the report.
func Area() checks.Area {
	return checks.Area{ID: "security", Title: "Hardening and certificates", Checks: []checks.Check{
		antivirus(),
		attackSurface(),
		installerService(),
		tls12(),
		tls12Servers(),
		cipherSuites(),
		rootCertificate(),
		connectionProxy(),
		downloadEndpoints(),
		machineCertificates(),
		sqlCertificate(),
		customisedFiles(),
		passiveNode(),
	}}
}

// policyKey is where group policies of Microsoft Defender are kept, and defenderKey where
// Microsoft Defender keeps its own settings.
const (
	policyKey   = `HKLM\SOFTWARE\Policies\Microsoft\Windows Defender`
	defenderKey = `HKLM\SOFTWARE\Microsoft\Windows Defender`
)

// setting is a number in the registry that may rightly be absent.
type setting struct {
	value platform.Number
	set   bool
}

// is reports whether the number is there and is n.
func (s setting) is(n platform.Number) bool { return s.set && s.value == n }

func lookup(ctx context.Context, c *checks.Case, query platform.Query[platform.Number]) (setting, error) {
	value, set, err := platform.Lookup(ctx, c, query)
	return setting{value, set}, err
}

// withSite are the questions that OnSite asks, and further ones.
func withSite(forms ...platform.Form) []platform.Form { return append(discovery.SiteReads(), forms...) }

// withDatabase are the questions that OnDatabase asks, and further ones.
func withDatabase(forms ...platform.Form) []platform.Form {
	return append(discovery.DatabaseReads(), forms...)
}

func isAbsent(err error) bool { return errors.Is(err, platform.ErrAbsent) }
