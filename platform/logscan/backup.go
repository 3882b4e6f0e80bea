package logscan

import (
	"context"
	"strconv"
	"strings"

	"siteready/platform"
)

// Numbers of the backup task's status messages in smsbkup.log, from Microsoft's page on backups
// (5035) and from public lists (the others). Every message of severity E is a failure.
const (
	messageBegun     = 5055
	messageSucceeded = 5035
	messageStopped   = 5038 // by hand
)

// SiteBackup makes the digest of smsbkup.log: what the last line says that tells of a begin, a
// success or a failure. A failure behind a success in the same run counts.
func SiteBackup(ctx context.Context, s Source) (platform.BackupLog, error) {
	e, err := s.encoding(ctx)
	if err != nil {
		return platform.BackupLog{}, err
	}
	digest := platform.BackupLog{Size: s.Size, Encoding: e.name}
	err = s.backwards(ctx, e, func() func(line) {
		return func(l line) {
			entry := parse(l.text)
			if outcome, message := backupOutcome(entry.message); outcome != "" {
				digest.Outcome, digest.Message = outcome, message
				digest.At, _ = entry.at()
			}
		}
	}, func() bool { return digest.Outcome != "" })
	if err != nil {
		return platform.BackupLog{}, err
	}
	return digest, nil
}

// backupOutcome is what a message tells of a run; empty when it tells nothing.
func backupOutcome(message string) (outcome string, number int64) {
	switch {
	case strings.EqualFold(strings.TrimRight(message, ". "), "Backup completed"):
		return platform.BackupSucceeded, 0
	case strings.HasPrefix(message, "SMS site backup failed"):
		return platform.BackupFailed, 0
	}
	_, status, found := strings.Cut(message, "STATMSG: ID=")
	if !found {
		return "", 0
	}
	id, rest, _ := strings.Cut(status, " ")
	number, err := strconv.ParseInt(id, 10, 32)
	if err != nil {
		return "", 0
	}
	severity, _, _ := strings.Cut(rest, " ")
	switch {
	case severity == "SEV=E" || number == messageStopped:
		return platform.BackupFailed, number
	case number == messageSucceeded:
		return platform.BackupSucceeded, number
	case number == messageBegun:
		return platform.BackupBegun, number
	}
	return "", 0
}
