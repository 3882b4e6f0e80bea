package catalog_test

import (
	"encoding/json"
	"strings"
	"testing"

	"siteready/platform/platformtest"
	"siteready/platform/recording"
)

// A whole site whose names are words of the product, a single letter, not ASCII, without a letter or
// already those of pseudonyms is judged the same when they are replaced.
func TestAnonymousOddNames(t *testing.T) {
	for _, site := range []string{"primary-broken", "scsm-2016-warehouse-broken"} {
		raw, err := json.Marshal(loadSite(t, site))
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			domain, dns, server, sqlServer, code string
			gone                                 []string
		}{
			{"sms", "sms.com", "sql", "site", "LOG", []string{"sms.com"}},
			{"server", "server.com", "data", "dp", "SQL", []string{"server.com"}},
			{"müller", "müller.com", "c", "d", "000", []string{"müller"}},
			{"a", "a.at", "cm", "cm1", "CM1", []string{"a.at", "cm1"}},
			{"domain01", "host01.domain01.example", "host02", "host01", "S02", nil},
		} {
			t.Run(site+" of "+test.dns, func(t *testing.T) {
				// In JSON as in a text: what is longer stands first.
				text := strings.NewReplacer("contoso.com", test.dns, "contoso", test.domain, "CONTOSO", strings.ToUpper(test.domain),
					"cm01", test.server, "CM01", strings.ToUpper(test.server), "smdw01", test.server, "SMDW01", strings.ToUpper(test.server),
					"sql01", test.sqlServer, "SQL01", strings.ToUpper(test.sqlServer), "P01", test.code).Replace(string(raw))
				var tree map[string]any
				d := json.NewDecoder(strings.NewReader(text))
				d.UseNumber()
				if err := d.Decode(&tree); err != nil {
					t.Fatal(err)
				}
				renamed, err := platformtest.New(tree)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(text, test.dns) {
					t.Fatal("nothing was renamed")
				}
				h := recording.Header{ReadAt: renamed.ReadAt, About: renamed.About}
				noneLeft(t, everyCheck.anonymized(t, h, recordedSite(t, renamed, h)), test.gone)
			})
		}
	}
}
