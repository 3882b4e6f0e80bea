package logscan_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"siteready/platform"
	"siteready/platform/logscan"
	"siteready/platform/logscan/signatures"
)

// readAt is when the logs of these tests are read.
var readAt = time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)

// writtenBefore is a line of a server's log, some minutes before the reading.
func writtenBefore(message string, before time.Duration) string {
	return message + "  $$<SMS_X><" + readAt.Add(-before).Format("01-02-2006 15:04:05.000") + "+00><thread=1 (0x1)>\r\n"
}

// inFolder is a log of files by their names.
func inFolder(t *testing.T, newest string, files map[string]string) logscan.Log {
	t.Helper()
	var paths []string
	for name := range files {
		paths = append(paths, `D:\Logs\`+name)
	}
	log, err := logscan.LogOf(`D:\Logs\`+newest, paths, func(path string) logscan.File {
		return logscan.File{Name: path, Open: func(context.Context) (logscan.Opened, error) {
			text := files[path[len(`D:\Logs\`):]]
			if text == "denied" {
				return logscan.Opened{}, errors.New("access is denied")
			}
			return logscan.Opened{Source: logscan.Source{Name: path, Data: strings.NewReader(text), Size: int64(len(text))}}, nil
		}}
	})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func failuresOf(t *testing.T, log logscan.Log) platform.FailureLog {
	t.Helper()
	known, err := signatures.Known()
	if err != nil {
		t.Fatal(err)
	}
	d, err := logscan.Failures(t.Context(), log, logscan.Options{Catalogue: known, Now: readAt})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(d)
	if err != nil || len(raw) > platform.MaxAnswer {
		t.Fatalf("%d bytes: %v", len(raw), err)
	}
	return d
}

// The generations of a log are one, in their order; other logs in the folder are not read.
func TestFailuresInGenerations(t *testing.T) {
	const failed = "Failed to find folder that stores msi file"
	d := failuresOf(t, inFolder(t, "CMUpdate.log", map[string]string{
		"CMUpdate-20261101-120000.log": writtenBefore(failed+" a", 19*24*time.Hour),
		"CMUpdate.lo_":                 writtenBefore("nothing", 50*time.Hour) + writtenBefore(failed+" b", 49*time.Hour),
		"cmupdate.log":                 writtenBefore("INFO: 196612.ESC file was found.", 30*time.Hour) + writtenBefore("nothing", time.Hour),
		"hman.log":                     writtenBefore(failed+" other", time.Hour),
	}))
	if len(d.Files) != 3 || d.Files[0].Name != "cmupdate.log" || d.Files[2].Name != "CMUpdate-20261101-120000.log" || d.Lines != 5 || d.Read != d.Bytes || d.FilesLeft != 0 {
		t.Errorf("%+v", d)
	}
	if len(d.Known) != 1 || d.Known[0].ID != "inst-msi-folder" || d.Known[0].Count != 2 || d.Known[0].Severity != platform.SeverityFailure || d.Known[0].Over || d.Known[0].Meaning == "" {
		t.Fatalf("%+v", d.Known)
	}
	k := d.Known[0]
	if !k.First.Equal(readAt.Add(-19*24*time.Hour)) || !k.Last.Equal(readAt.Add(-49*time.Hour)) || k.Lines[1].Number != 2 || k.Lines[1].File != "CMUpdate.lo_" {
		t.Errorf("%+v", k)
	}
	if len(d.Endings) != 1 || d.Endings[0].ID != platform.EndingUpdate || !d.Endings[0].At.Equal(readAt.Add(-30*time.Hour)) {
		t.Errorf("%+v", d.Endings)
	}
	if !d.First.Equal(*k.First) || !d.Last.Equal(readAt.Add(-time.Hour)) {
		t.Errorf("%v to %v", d.First, d.Last)
	}
}

// What stands behind a success did not end by it, though the clock was set back between them.
func TestFailuresBehindASuccess(t *testing.T) {
	const failed, succeeded = "SMS site backup failed. Please see previous errors.", "STATMSG: ID=5035 SEV=I"
	filler := strings.Repeat(writtenBefore(strings.Repeat("x", 900), 9*time.Hour), 20<<10)
	for name, tc := range map[string]struct {
		text  string
		ended bool
	}{
		"succeeded since":           {writtenBefore(failed, 9*time.Hour) + writtenBefore(succeeded, 5*time.Hour), true},
		"set back":                  {writtenBefore(succeeded, 5*time.Hour) + writtenBefore(failed, 9*time.Hour), false},
		"succeeded since, far away": {writtenBefore(failed, 9*time.Hour) + filler + writtenBefore(succeeded, 5*time.Hour), true},
		"again since, far away":     {writtenBefore(succeeded, 11*time.Hour) + writtenBefore(failed, 9*time.Hour) + filler + writtenBefore(succeeded, 5*time.Hour), true},
		"set back, far away":        {writtenBefore(succeeded, 5*time.Hour) + filler + writtenBefore(failed, 9*time.Hour), false},
	} {
		d := failuresOf(t, inFolder(t, "smsbkup.log", map[string]string{"smsbkup.log": tc.text}))
		if len(d.Known) != 1 || slices.Contains(d.Known[0].EndedBy, "over-backup") != tc.ended || len(d.Endings) != 1 {
			t.Errorf("%s: %+v, endings %+v", name, d.Known, d.Endings)
		}
	}
}

// What cannot be opened is told, and the rest is read.
func TestFailuresUnreadable(t *testing.T) {
	d := failuresOf(t, inFolder(t, "hman.log", map[string]string{"hman.log": "denied", "hman.lo_": writtenBefore("nothing", time.Hour)}))
	if len(d.Files) != 2 || !strings.Contains(d.Files[0].Problem, "denied") || d.Files[1].Problem != "" || d.Lines != 1 {
		t.Errorf("%+v", d)
	}
	if log := inFolder(t, "hman.log", map[string]string{"sender.log": ""}); len(log.Files) != 0 {
		t.Errorf("%+v", log)
	}
}

// A large file is read from its end, in parts that begin with a line, in each encoding; what is
// older than the limit is told not to be read.
func TestFailuresOfLargeFiles(t *testing.T) {
	filler := writtenBefore(strings.Repeat("x", 900), time.Hour)
	text := writtenBefore("Failed to find folder that stores msi file first", 3*time.Hour) + strings.Repeat(filler, 20<<20/len(filler)) +
		writtenBefore("Failed to find folder that stores msi file last", time.Hour)
	wide := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(text)) {
		wide = append(wide, byte(unit), byte(unit>>8))
	}
	for name, data := range map[string]string{"8-bit": text, "utf-16": string(wide), "with a mark": "\xEF\xBB\xBF" + text} {
		t.Run(name, func(t *testing.T) {
			d := failuresOf(t, inFolder(t, "hman.log", map[string]string{"hman.log": data}))
			if d.Read != int64(len(data)) || d.Bytes != d.Read || len(d.Known) != 1 || d.Known[0].Count != 2 || d.Lines != int64(strings.Count(text, "\n")) {
				t.Errorf("%d of %d bytes, %d lines, %+v", d.Read, len(data), d.Lines, d.Known)
			}
			if first, last := d.Known[0].Lines[0], d.Known[0].Lines[1]; first.Number != 1 || last.Number != 0 || first.File != "hman.log" || last.File != "hman.log" {
				t.Errorf("%+v, %+v", first, last)
			}
		})
	}
	t.Run("beyond the limit", func(t *testing.T) {
		data := strings.Repeat(text, 4)
		d := failuresOf(t, inFolder(t, "hman.log", map[string]string{"hman.log": data, "hman.lo_": text}))
		if d.FilesLeft != 1 || d.Read > platform.MaxFailureBytes || d.Read < platform.MaxFailureBytes-1<<20 || d.Bytes != int64(len(data)) || d.Known[0].Count != 7 {
			t.Errorf("%d files left, %d bytes read, %+v", d.FilesLeft, d.Read, d.Known[0])
		}
	})
}

// An answer holds what it can: the worst first, and what is left off is counted.
func TestFailuresFit(t *testing.T) {
	known, err := signatures.Known()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, s := range known.All {
		if s.Event == 0 {
			for range 6 {
				text.WriteString(writtenBefore(s.Literal+" "+s.And+strings.Repeat(" long", 300), time.Hour))
			}
		}
	}
	d := failuresOf(t, inFolder(t, "hman.log", map[string]string{"hman.log": text.String()}))
	if len(d.Known) < 60 || d.LeftOff < 100 {
		t.Errorf("%d told, %d left off", len(d.Known), d.LeftOff)
	}
	if d.Known[0].Severity != platform.SeverityFailure || len(d.Known[0].Lines) == 0 {
		t.Errorf("%+v", d.Known[0])
	}
	few := failuresOf(t, inFolder(t, "hman.log", map[string]string{"hman.log": fmt.Sprint(text.String()[:20_000])}))
	if few.LeftOff != 0 || len(few.Known[0].Lines) != logscan.MaxLines {
		t.Errorf("%+v", few.Known[0])
	}
}

// Secrets in a line are hidden.
func TestFailuresHideSecrets(t *testing.T) {
	d := failuresOf(t, inFolder(t, "hman.log", map[string]string{
		"hman.log": writtenBefore("Failed to find folder that stores msi file; Server=sql01;UID=sa;PWD=geheim7;", time.Hour),
	}))
	if len(d.Known) != 1 || strings.Contains(d.Known[0].Lines[0].Text, "geheim7") || !strings.Contains(d.Known[0].Lines[0].Text, "Server=sql01") {
		t.Errorf("%+v", d.Known)
	}
}

// What is only information is not told, and a rule over several lines is.
func TestFailuresByRule(t *testing.T) {
	d := failuresOf(t, inFolder(t, "CMUpdate.log", map[string]string{
		"CMUpdate.log": writtenBefore("WARN: Function sequence error", 3*time.Hour) + writtenBefore("Creating reporting views", 2*time.Hour),
	}))
	if len(d.Known) != 1 || d.Known[0].ID != "ctx-db-stuck" {
		t.Errorf("%+v", d.Known)
	}
}

// What the last message of a log is, nobody knows when its newest file could not be read.
func TestFailuresByRuleNeedTheNewest(t *testing.T) {
	d := failuresOf(t, inFolder(t, "CMUpdate.log", map[string]string{
		"CMUpdate.log": "denied", "CMUpdate.lo_": writtenBefore("Creating reporting views", 2*time.Hour),
	}))
	if len(d.Known) != 0 {
		t.Errorf("%+v", d.Known)
	}
}

// Of a log that runs are appended to only the last run counts.
func TestFailuresOfTheLastRun(t *testing.T) {
	const begin, fault = "******* Start Prerequisite checking. *******", "ERROR: SQL is not connected"
	for name, tc := range map[string]struct {
		messages []string
		over     bool
	}{
		"of an earlier run": {[]string{begin, fault, begin}, true},
		"of the last run":   {[]string{begin, begin, fault}, false},
		"of both":           {[]string{begin, fault, begin, fault}, false},
	} {
		var text strings.Builder
		for i, message := range tc.messages {
			text.WriteString(writtenBefore(message, time.Hour-time.Duration(i)*time.Minute))
		}
		d := failuresOf(t, inFolder(t, "ConfigMgrPrereq.log", map[string]string{"ConfigMgrPrereq.log": text.String()}))
		if len(d.Known) != 1 || d.Known[0].Over != tc.over {
			t.Errorf("%s: %+v", name, d.Known)
		}
	}
}

// When the time is up before anything was read, there is no answer.
func TestFailuresOutOfTime(t *testing.T) {
	known, err := signatures.Known()
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithDeadline(t.Context(), readAt.AddDate(-20, 0, 0))
	defer cancelLate()
	for _, ctx := range []context.Context{ended, late} {
		for _, text := range []string{"x", ""} {
			_, err = logscan.Failures(ctx, inFolder(t, "hman.log", map[string]string{"hman.log": text}), logscan.Options{Catalogue: known, Now: readAt})
			if !errors.Is(err, platform.ErrTimeout) {
				t.Error(err)
			}
		}
	}
}

// Reports show the begin of a line, so a long one begins shortly before what was found in it.
func TestFailuresBeginNearTheMatch(t *testing.T) {
	filler := strings.Repeat("many words go before ", 40)
	for _, before := range []string{"", filler[:60], filler[:200], filler, strings.Repeat("漢", 250)} {
		digest := failuresOf(t, logscan.Log{Name: "dmpdownloader.log", Files: []logscan.File{
			inMemory("dmpdownloader.log", []byte(serverLine(before+"Unable to connect to the remote server", "X", when, 1))),
		}})
		text := digest.Known[0].Lines[0].Text
		if at := strings.Index(text, "Unable to connect"); at < 0 || at > 120 || len(before) < 80 && !strings.HasPrefix(text, before) {
			t.Errorf("behind %.20q it begins at %d: %s", before, at, text)
		}
	}
}
