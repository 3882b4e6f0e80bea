package platform

import "time"

// LogFailures is the digest of any log with all its generations: which known failures stand in it.
const LogFailures = "known failures"

// Limits of a FailureLog.
const (
	MaxFailureFiles = 24       // generations of a log that are read, the newest ones
	MaxFailureBytes = 64 << 20 // bytes of a log that are read, the newest ones
)

// FailureLog is the digest of a log in which known failures were looked for. Its files are those
// of the log itself and its older generations in the same folder: NAME.lo_, NAME-DATE-TIME.log,
// ERRORLOG.n.
type FailureLog struct {
	Catalogue string `json:"catalogue"` // version of the failures that were looked for
	// Revision counts the changes of that catalogue: what came with a later one was not looked for.
	Revision  int64         `json:"revision"`
	Files     []FailureFile `json:"files"`      // the newest first
	FilesLeft int64         `json:"files_left"` // older ones, of which nothing was read
	Bytes     int64         `json:"bytes"`      // of Files
	Read      int64         `json:"read"`       // of them, the newest ones
	Lines     int64         `json:"lines"`      // that were read
	First     *time.Time    `json:"first"`      // UTC, of the first line that was read; null when it is not known
	Last      *time.Time    `json:"last"`       // UTC, of the last line; null when it is not known
	// English says that the begin of the newest file has lines that SQL Server writes in English. It
	// is false of the logs of other programs, which are always written in it.
	English bool `json:"english"`
	// Known are the failures that were seen; the worst first, then the newest. What is only
	// information is not told.
	Known   []KnownFailure `json:"known"`
	LeftOff int64          `json:"left_off"` // further failures that were seen and had no room
	// Endings are lines that say that something came to a good end, each thing once.
	Endings []LogEnding `json:"endings"`
}

// FailureFile is one file of a log.
type FailureFile struct {
	Name     string `json:"name"`     // without its folder
	Size     int64  `json:"size"`     // bytes, when it was opened
	Read     int64  `json:"read"`     // bytes, of them, from the end
	Encoding string `json:"encoding"` // one of the constants of encodings; empty when it was not read
	Problem  string `json:"problem"`  // why what was to be read was not; empty when it was
}

// The severities of a known failure.
const (
	SeverityFailure = "failure"
	SeverityWarning = "warning"
)

// KnownFailure is a known failure that was seen in a log, with what the catalogue says of it.
type KnownFailure struct {
	ID       string     `json:"id"`
	Severity string     `json:"severity"` // one of the constants above
	Stage    string     `json:"stage"`    // of an update, in which it matters, as signatures have it; empty of a rule over several lines
	Rank     int64      `json:"rank"`     // 3 names the cause, 2 the step that failed, 1 is a bare code or a summary
	Single   bool       `json:"single"`   // it is also seen without a fault
	Group    string     `json:"group"`    // of failures with the same cause
	Meaning  string     `json:"meaning"`
	Remedy   string     `json:"remedy"`   // may be empty
	EndedBy  []string   `json:"ended_by"` // ids of the endings behind which it is over
	Over     bool       `json:"over"`     // a later run was begun in this log, and it did not come again
	Count    int64      `json:"count"`    // messages
	Undated  int64      `json:"undated"`
	First    *time.Time `json:"first"` // UTC; null when no time is known
	Last     *time.Time `json:"last"`
	Lines    []LogLine  `json:"lines"` // the first and the last ones; fewer where there was no room
}

// LogLine is a message of a log as evidence, without secrets.
type LogLine struct {
	File   string     `json:"file"`   // without its folder
	Number int64      `json:"number"` // of the line, from 1; 0 when the file was not read from its begin
	At     *time.Time `json:"at"`     // UTC; null when it is not known
	Text   string     `json:"text"`   // at most 1 KiB of the message; of a long one from shortly before what was found
}

// LogEnding is what a log says to have come to a good end.
type LogEnding struct {
	ID      string     `json:"id"`
	Meaning string     `json:"meaning"` // what was done, e.g. an update was installed
	At      *time.Time `json:"at"`      // UTC, the newest; null when no time is known
}

// EndingUpdate is the id of the ending that says that an update was installed.
const EndingUpdate = "over-update"

// ReadFailureLog asks which known failures stand in a log and its older generations. path is the
// newest file, which need not be there when an older one is; without any it is ErrAbsent. The
// files are opened for reading, and shared with whoever writes, renames or removes them.
func ReadFailureLog(path string) Query[FailureLog] {
	return Query[FailureLog]{Question{Kind: KindLog, Where: path, What: LogFailures}}
}
