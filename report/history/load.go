package history

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"siteready/report"
)

// The endings of what is kept of a run.
const (
	reportEnding    = ".json.gz"
	recordingEnding = ".siteready.gz"
)

// largestFile is how many bytes a report or a recording may unfold to.
const largestFile = 256 << 20

// Run is what was kept of a run.
type Run struct {
	Report report.Report
	// Recording is the text of a recorded site, with the answers that the run got; nil when none
	// was kept, or when it was lost. recording.Read takes it.
	Recording []byte
	// RecordingProblem says why there is no recording though one was kept; empty otherwise.
	RecordingProblem string
}

// ReportPath is where the report of a run lies, as JSON compressed by gzip.
func (s *Series) ReportPath(e Entry) string { return filepath.Join(s.dir, e.name()+reportEnding) }

// RecordingPath is where the recording of a run lies, compressed by gzip.
func (s *Series) RecordingPath(e Entry) string { return filepath.Join(s.dir, e.name()+recordingEnding) }

// Load reads what was kept of a run. A report that is damaged, or not the one that the index
// means, is an error: nothing of it is believed.
func (s *Series) Load(e Entry) (Run, error) {
	path := s.ReportPath(e)
	r, err := readReport(path)
	if err != nil {
		return Run{}, fmt.Errorf("the report %s is not used: %w", path, err)
	}
	if r.RunID != e.RunID || r.SHA256 != e.ReportSHA256 {
		return Run{}, fmt.Errorf("the report %s is not the one that the index means", path)
	}
	run := Run{Report: r}
	if e.RecordingSHA256 == "" {
		return run, nil
	}
	if run.Recording, err = s.LoadRecording(e); err != nil {
		run.RecordingProblem = err.Error()
	}
	return run, nil
}

// LoadRecording reads the recording of a run alone. That none was kept is an error, too.
func (s *Series) LoadRecording(e Entry) ([]byte, error) {
	path := s.RecordingPath(e)
	if e.RecordingSHA256 == "" {
		return nil, fmt.Errorf("no recording was kept of the run %s", e.RunID)
	}
	text, err := unfold(path)
	if err == nil {
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != e.RecordingSHA256 {
			err = errors.New("it does not fit the checksum in the index")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the recording %s cannot be used: %w", path, err)
	}
	return text, nil
}

// readReport reads a report that is intact.
func readReport(path string) (report.Report, error) {
	text, err := unfold(path)
	if err != nil {
		return report.Report{}, err
	}
	r, err := report.Read(text)
	if err != nil {
		return report.Report{}, err
	}
	return r, nil
}

// errRemoved is that there is no such file.
var errRemoved = errors.New("it is not there; it was removed, or never written")

// unfold reads a file that was compressed by gzip, to its end, where its own checksum stands.
func unfold(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errRemoved
	}
	if err != nil {
		return nil, bare(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, damage(err)
	}
	text, err := io.ReadAll(io.LimitReader(z, largestFile+1))
	if err != nil {
		return nil, damage(err)
	}
	if len(text) > largestFile {
		return nil, fmt.Errorf("it unfolds to more than %d MiB", largestFile>>20)
	}
	return text, nil
}

// damage says what is amiss with a compressed file.
func damage(err error) error {
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it was cut")
	case errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader):
		return errors.New("it is damaged")
	default:
		return bare(err)
	}
}

// fold compresses text.
func fold(text []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
