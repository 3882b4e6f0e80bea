package logscan_test

import (
	"strings"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/logscan"
)

func TestSiteBackup(t *testing.T) {
	const frame = "  $$<SMS_SITE_BACKUP><11-19-2026 23:10:00.000-60><thread=5432 (0x1538)>"
	status := func(id, severity string) string {
		return "STATMSG: ID=" + id + " SEV=" + severity + ` LEV=M SOURCE="SMS Server" COMP="SMS_SITE_BACKUP" SYS=CM01 SITE=P01` + frame
	}
	at := time.Date(2026, 11, 19, 22, 10, 0, 0, time.UTC)
	for _, test := range []struct {
		name, text string
		outcome    string
		message    int64
	}{
		{"a success", lines(status("5055", "I"), status("5035", "I"), "SMS site backup service is stopping."+frame), platform.BackupSucceeded, 5035},
		{"a success in words", lines("Backup completed" + frame), platform.BackupSucceeded, 0},
		{"an error before the success", lines(status("5043", "E"), status("5035", "I")), platform.BackupSucceeded, 5035},
		{"an error after the success", lines(status("5035", "I"), status("5008", "E")), platform.BackupFailed, 5008},
		{"an error that is not listed", lines(status("5999", "E")), platform.BackupFailed, 5999},
		{"a failure in words", lines("SMS site backup failed. Please see previous errors." + frame), platform.BackupFailed, 0},
		{"stopped by hand", lines(status("5038", "W")), platform.BackupFailed, 5038},
		{"a warning", lines(status("5055", "I"), status("5010", "W")), platform.BackupBegun, 5055},
		{"begun", lines(status("5035", "I"), status("5055", "I")), platform.BackupBegun, 5055},
		{"a message in another one", lines("~~STATMSG: ID=5035 SEV=I" + frame), platform.BackupSucceeded, 5035},
		{"no number", lines("STATMSG: ID=50x5 SEV=E"+frame, "STATMSG: ID= SEV=E"+frame, "STATMSG: ID"+frame), "", 0},
		{"talk of it", lines("Backup completed successfully in a dream"+frame, "The SMS site backup failed last year"+frame), "", 0},
		{"nothing", "", "", 0},
		{"at the begin of a large log", lines(status("5035", "I")) + strings.Repeat("Copying a file"+frame+"\r\n", 100_000), platform.BackupSucceeded, 5035},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := logscan.SiteBackup(t.Context(), source(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if got.Outcome != test.outcome || got.Message != test.message || got.Size != int64(len(test.text)) || got.Encoding != platform.EncodingBytes {
				t.Errorf("%+v", got)
			}
			if test.outcome != "" && (got.At == nil || !got.At.Equal(at)) {
				t.Errorf("at %v", got.At)
			}
		})
	}
	got, err := logscan.SiteBackup(t.Context(), source("Backup completed\r\n"))
	if err != nil || got.Outcome != platform.BackupSucceeded || got.At != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// FuzzSiteBackup gives it any bytes: no panic, and a line that tells is one of three.
func FuzzSiteBackup(f *testing.F) {
	f.Add([]byte("STATMSG: ID=5035 SEV=I LEV=M  $$<SMS_SITE_BACKUP><11-19-2026 23:10:00.000-60><thread=5432 (0x1538)>\r\nBackup completed\n"))
	f.Add([]byte("\xff\xfeS\x00M\x00S\x00"))
	f.Add([]byte("SMS site backup failed. Please\x00 see"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := logscan.SiteBackup(t.Context(), source(string(raw)))
		if err != nil {
			t.Fatal(err)
		}
		switch got.Outcome {
		case "", platform.BackupBegun, platform.BackupFailed, platform.BackupSucceeded:
		default:
			t.Errorf("%+v", got)
		}
	})
}
