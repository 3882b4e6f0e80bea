package security

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// The stores that hold a site server's own certificates: those that an authority issued for the
// machine, and those that the product makes itself.
var (
	machineStore = platform.ReadCertificates(`LocalMachine\MY`)
	productStore = platform.ReadCertificates(`LocalMachine\SMS`)
)

const (
	warnsWithin = "warns_within"
	dateOnly    = "2006-01-02"
)

// soonSetting is how long before its end a certificate is told of.
func soonSetting() checks.Setting {
	return checks.Setting{Name: warnsWithin, Default: 30, Unit: "days", About: "how long a certificate must still be valid when the update starts"}
}

const certificateRight = "Windows: list the certificates of the computer, which every user may"

func machineCertificates() checks.Check {
	return checks.Check{
		ID:          "security.certificates",
		Title:       "Are the certificates of the site server valid beyond the update?",
		Why:         "Site systems, clients and cloud services prove themselves with certificates. One that ends shortly after the update looks as if the update had broken the site.",
		Consequence: "Management points, distribution points or the cloud management gateway stop answering on the day on which the certificate ends.",
		Remedy:      "Renew the certificate, and bind the new one where the old one was in use. Delete the ones that are in use nowhere.",
		Command:     `Get-ChildItem Cert:\LocalMachine\My, Cert:\LocalMachine\SMS | Sort-Object NotAfter | Format-List Subject, NotAfter, Thumbprint`,
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/network/pki-certificate-requirements",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/hierarchy/enhanced-http",
		},
		Rights:   []string{discovery.RegistryRight, certificateRight},
		Reads:    withSite(machineStore.Form(), productStore.Form()),
		Settings: []checks.Setting{soonSetting()},
		Run:      discovery.OnSite(runMachineCertificates),
	}
}

func runMachineCertificates(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	var items []checks.Item
	var notes []string
	for _, query := range []platform.Query[platform.Certificates]{machineStore, productStore} {
		store, _, err := platform.Lookup(ctx, c, query)
		switch {
		case err != nil:
			return checks.Finding{}, err
		case store.More:
			return checks.Finding{}, platform.Refuse(platform.ErrTooLarge, "%s has %d certificates, more than can be listed", query.Where, store.Count)
		}
		found, superseded := judgeStore(c, query, store.Certificates)
		items = append(items, found...)
		if superseded > 0 {
			notes = append(notes, fmt.Sprintf("%s has %d older certificates for the same name and use, which were not judged.", query.Where, superseded))
		}
	}
	if len(items) == 0 {
		no := platform.Refuse(platform.ErrUnsupported, "%s and %s list no certificate with a private key, and a site server has its own", machineStore.Where, productStore.Where)
		no.Help = "Run siteready as an administrator of the site server."
		return checks.Finding{}, no
	}
	finding := checks.Items("The certificates of the site server are valid beyond the update.", items...)
	finding.Notes = notes
	if n := checks.Count(items, checks.Warning); n > 0 {
		finding.Summary = fmt.Sprintf("%d certificates of the site server are not valid long enough.", n)
	}
	return finding, nil
}

// judgeStore judges the certificates with a private key of a store. Of several for one name and
// one use, the one that ends last is in use, or should be.
func judgeStore(c *checks.Case, query platform.Query[platform.Certificates], list []platform.Certificate) (items []checks.Item, superseded int) {
	newest := map[string]time.Time{}
	for _, one := range list {
		if !one.PrivateKey {
			continue
		}
		key := query.Where + " " + one.Subject + uses(one)
		last, twice := newest[key]
		if twice {
			superseded++
		}
		if !twice || one.NotAfter.After(last) {
			newest[key] = one.NotAfter
		}
	}
	for key, ends := range newest {
		item := checks.Item{Key: key, Where: query.String()}
		item.Found, item.Wanted, item.Status = validity(c, ends)
		items = append(items, item)
	}
	slices.SortFunc(items, func(a, b checks.Item) int { return strings.Compare(a.Key, b.Key) })
	return items, superseded
}

// validity judges when a certificate ends.
func validity(c *checks.Case, ends time.Time) (found, wanted string, status checks.Status) {
	until := c.JudgedFor.Add(time.Duration(c.Setting(warnsWithin) * float64(24*time.Hour)))
	found, wanted = "ends on "+ends.Format(dateOnly), fmt.Sprintf("valid for %g days after the update", c.Setting(warnsWithin))
	switch {
	case ends.Before(c.JudgedFor):
		return "ended on " + ends.Format(dateOnly), wanted, checks.Warning
	case ends.Before(until):
		return found, wanted, checks.Warning
	}
	return found, wanted, checks.Passed
}

// uses names what a certificate is for, as far as it is about TLS.
func uses(one platform.Certificate) string {
	if one.Usages == nil {
		return ""
	}
	var said []string
	for _, usage := range []struct{ oid, name string }{{"1.3.6.1.5.5.7.3.1", "server"}, {"1.3.6.1.5.5.7.3.2", "client"}} {
		if slices.Contains(*one.Usages, usage.oid) {
			said = append(said, usage.name)
		}
	}
	if len(said) == 0 {
		said = slices.Sorted(slices.Values(*one.Usages))
	}
	return " (" + strings.Join(said, ", ") + ")"
}
