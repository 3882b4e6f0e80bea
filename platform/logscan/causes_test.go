package logscan_test

import (
	"testing"

	"siteready/platform/logscan"
)

func TestCauses(t *testing.T) {
	log := server("SMS_DMP_DOWNLOADER",
		at{0, 1, "ERROR: Failed to download easy setup payload with exception: The request was aborted."},
		at{1, 1, "EasySetupDownloadSinglePackage Failed with exception: The remote name could not be resolved: 'x'"},
		at{2, 1, "something gave 0x80072EE2"},
		at{3, 1, "SMS site backup failed. Please see previous errors."},
		at{4, 1, `File E:\X.cab has been extracted with 13~~`},
	) + "MSI (s) (54:A0) [02:14:07:310]: MainEngineThread is returning 3010\r\n"
	found, err := logscan.Scan(t.Context(), []logscan.Log{{Name: "dmpdownloader.log", Files: []logscan.File{inMemory("x", []byte(log))}}},
		logscan.Options{Catalogue: catalogue(t)})
	if err != nil {
		t.Fatal(err)
	}
	causes := logscan.Causes(found, catalogue(t))
	want := []struct {
		group, lead, severity string
		count                 int64
		others                int
	}{
		{"content", "ctx-extract-code", "failure", 1, 0},
		{"backup", "bak-failed", "failure", 1, 0},
		{"download-endpoint", "dl-name-not-resolved", "failure", 3, 2},
		{"msi", "msi-3010", "information", 1, 0}, // it tells no time
	}
	if len(causes) != len(want) {
		t.Fatalf("%d causes, want %d: %+v", len(causes), len(want), causes)
	}
	for i, w := range want {
		c := causes[i]
		if c.Group != w.group || c.Lead.ID != w.lead || c.Severity != w.severity || c.Count != w.count || len(c.Others) != w.others {
			t.Errorf("%d: got %s, %s, %s, %d times, %d others; want %+v", i, c.Group, c.Lead.ID, c.Severity, c.Count, len(c.Others), w)
		}
		if c.Lead.Meaning == "" || c.Lead.Source == "" || len(c.Lead.Lines) == 0 {
			t.Errorf("%s: %+v", c.Group, c.Lead)
		}
	}
	if last := causes[2]; last.Others[1].ID != "dl-code-12002" || last.Last.Sub(*last.First).Minutes() != 2 {
		t.Errorf("%+v", last)
	}
}
