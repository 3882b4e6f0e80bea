package platform

import "time"

// The digests of logs.
const (
	LogPrerequisites = "prerequisite check" // of ConfigMgrPrereq.log, the log of Microsoft's own prerequisite checker
	LogSiteBackup    = "site backup"        // of smsbkup.log, the log of the site's backup task
)

// The encodings of logs.
const (
	EncodingUTF8    = "utf-8"    // with its mark
	EncodingUTF16LE = "utf-16le" // with its mark, or known by its zeros
	EncodingUTF16BE = "utf-16be"
	EncodingBytes   = "8-bit" // without a mark: each line is UTF-8, or of the machine's code page
)

// PrereqLog is the digest of ConfigMgrPrereq.log. Runs are appended to the file, and the last
// one that came to its end is told.
type PrereqLog struct {
	Size     int64      `json:"size"`     // bytes
	Encoding string     `json:"encoding"` // one of the constants above
	Run      *PrereqRun `json:"run"`      // null when no run in the file has a begin and an end
	// Begun says that a later run has begun, and has no end; BegunAt is when, UTC, null when it
	// is not known.
	Begun   bool       `json:"begun"`
	BegunAt *time.Time `json:"begun_at"`
}

// PrereqRun is one run of the checker, from its first banner to its last.
type PrereqRun struct {
	Began *time.Time `json:"began"` // UTC; null when the line says no time
	Ended *time.Time `json:"ended"` // UTC; null when the line says no time
	// Zoned says that the lines tell how far the clock is from UTC. Those of old releases do not,
	// and their times are taken for UTC.
	Zoned         bool    `json:"zoned"`
	Update        bool    `json:"update"`         // it belongs to an update from the console
	Package       *string `json:"package"`        // GUID, in capitals, of the update whose staged checker ran; null when it is not told
	Lines         int64   `json:"lines"`          // of the run
	NotUnderstood int64   `json:"not_understood"` // of them, those that may hold a result and could not be read
	Complaints    int64   `json:"complaints"`     // of them, errors of the checker itself, as when SQL Server did not answer
	Unanswered    int64   `json:"unanswered"`     // rules that were said to run, and have no result
	// How many results there are, each rule on each server once, with the worst that was said.
	Errors   int64 `json:"errors"`
	Warnings int64 `json:"warnings"`
	Passed   int64 `json:"passed"`
	NotRun   int64 `json:"not_run"`
	// Results are those with an error first, then warnings, what passed and what was not run, each
	// in the order of the log.
	Results []PrereqResult `json:"results"`
	More    bool           `json:"more"` // there are more results than are listed
}

// The results of a rule.
const (
	PrereqError   = "error"
	PrereqWarning = "warning"
	PrereqPassed  = "passed"
	PrereqNotRun  = "not_run" // marked as no part of an update
)

// PrereqResult is what the checker said of one rule on one server.
type PrereqResult struct {
	Rule    string `json:"rule"`   // as the log names it
	Server  string `json:"server"` // empty when the line names none
	Result  string `json:"result"` // one of the constants above
	Message string `json:"message"`
}

// ReadPrereqLog asks for the digest of ConfigMgrPrereq.log. A missing file is ErrAbsent. The
// file is opened for reading, and shared with whoever writes it.
func ReadPrereqLog(path string) Query[PrereqLog] {
	return Query[PrereqLog]{Question{Kind: KindLog, Where: path, What: LogPrerequisites}}
}

// What the last telling line of smsbkup.log says of a run.
const (
	BackupBegun     = "begun"
	BackupSucceeded = "succeeded"
	BackupFailed    = "failed"
)

// BackupLog is the digest of smsbkup.log: how far its last run has come.
type BackupLog struct {
	Size     int64      `json:"size"`     // bytes
	Encoding string     `json:"encoding"` // see PrereqLog
	Outcome  string     `json:"outcome"`  // one of the constants above; empty when no line tells
	At       *time.Time `json:"at"`       // of that line, UTC; null when it says no time
	Message  int64      `json:"message"`  // number of the status message in it; 0 without one
}

// ReadBackupLog asks for the digest of smsbkup.log. A missing file is ErrAbsent. The file is
// opened for reading, and shared with whoever writes it.
func ReadBackupLog(path string) Query[BackupLog] {
	return Query[BackupLog]{Question{Kind: KindLog, Where: path, What: LogSiteBackup}}
}

// HideSecrets takes what looks like a secret out of a foreign text.
func HideSecrets(text string) string { return hideSecrets(text) }
