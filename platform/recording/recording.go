// Package recording writes and reads a recorded site: one text file that holds every
// question which was asked of a machine, and what came back. The verdicts of a recording are
// those of the machine at that time.
//
// The first line is a header that counts the lines after it. Each further line is a question, a tab, and its outcome, both
// as compact JSON; the lines are sorted by question and are decoded only when asked.
package recording

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"siteready/platform"
)

// Schema is the version of the file's form. A file of another one is not read.
const Schema = 1

// Header is the first line.
type Header struct {
	Schema    int       `json:"siteready_recording"`
	Version   string    `json:"version"`   // of the siteready that wrote it
	ReadAt    time.Time `json:"read_at"`   // when the facts were read, UTC
	Questions int       `json:"questions"` // lines that follow; Write counts them
	About     string    `json:"about,omitempty"`
	SQLServer string    `json:"sql_server,omitempty"` // what the operator named then
	Database  string    `json:"database,omitempty"`
	SQLLogOn  bool      `json:"sql_log_on,omitempty"` // SQL Server got a log-on with a password, and not Windows authentication
}

// line is the outcome of one question: exactly one of the two is set.
type line struct {
	Answer json.RawMessage    `json:"answer,omitempty"`
	Error  *platform.NoAnswer `json:"error,omitempty"`
}

// Write writes a recording of outcomes. An answer that the door refused is written as the
// answer that it is: whoever reads the recording refuses it again.
func Write(w io.Writer, h Header, outcomes map[platform.Question]platform.Outcome) error {
	h.Schema, h.Questions = Schema, len(outcomes)
	head, err := encode(h)
	if err != nil {
		return err
	}
	lines := make([]string, 0, len(outcomes))
	for q, o := range outcomes {
		question, err := encode(q)
		if err != nil {
			return err
		}
		l := line{Answer: o.Answer}
		switch {
		case len(o.Answer) > 0:
		case o.Err != nil:
			l.Error = o.Err
		default:
			return fmt.Errorf("recording %s: there is neither an answer nor an error", q)
		}
		outcome, err := encode(l)
		if err != nil {
			return fmt.Errorf("recording %s: %w", q, err)
		}
		lines = append(lines, question+"\t"+outcome+"\n")
	}
	slices.Sort(lines)
	for i := 1; i < len(lines); i++ {
		// Two texts that are not Unicode can look alike in JSON.
		if question, _, _ := strings.Cut(lines[i], "\t"); strings.HasPrefix(lines[i-1], question+"\t") {
			return fmt.Errorf("two questions are both written %s", question)
		}
	}
	if _, err := io.WriteString(w, head+"\n"); err != nil {
		return err
	}
	for _, l := range lines {
		if _, err := io.WriteString(w, l); err != nil {
			return err
		}
	}
	return nil
}

// encode writes compact JSON without HTML escapes and without a line end.
func encode(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// Site is a recorded site. It implements platform.Reader.
type Site struct {
	Header Header
	lines  [][]byte // sorted
}

// Read takes over a recording; data must not change afterwards. It finds a form that is not
// known, a file that was cut or has lost lines, and lines that are out of order; what is
// damaged inside a line shows when its question is asked.
func Read(data []byte) (*Site, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	head, rest, whole := bytes.Cut(data, []byte("\n"))
	s := &Site{}
	counted := struct {
		*Header
		Questions *int `json:"questions"`
	}{Header: &s.Header}
	if err := json.Unmarshal(head, &counted); err != nil {
		return nil, fmt.Errorf("this is no recording of siteready: its first line is no header: %w", err)
	}
	if s.Header.Schema != Schema {
		return nil, fmt.Errorf("this recording has schema %d, and this siteready reads schema %d", s.Header.Schema, Schema)
	}
	if s.Header.ReadAt.IsZero() {
		return nil, errors.New("the header of this recording does not say when it was made")
	}
	if counted.Questions == nil { // without the count a lost line would be missed
		return nil, errors.New("the header of this recording does not say how many questions it holds")
	}
	s.Header.Questions = *counted.Questions
	if !whole || len(rest) > 0 && rest[len(rest)-1] != '\n' {
		return nil, errors.New("this recording ends in the middle of a line: it was cut")
	}
	s.lines = make([][]byte, 0, bytes.Count(rest, []byte("\n")))
	for number := 2; len(rest) > 0; number++ {
		var l []byte
		l, rest, _ = bytes.Cut(rest, []byte("\n"))
		l = bytes.TrimSuffix(l, []byte("\r"))
		if !bytes.Contains(l, []byte("\t")) {
			return nil, fmt.Errorf("line %d of this recording is damaged: it has no outcome", number)
		}
		if n := len(s.lines); n > 0 && bytes.Compare(key(s.lines[n-1]), key(l)) >= 0 {
			return nil, fmt.Errorf("line %d of this recording is damaged: it is out of order, or doubled", number)
		}
		s.lines = append(s.lines, l)
	}
	if len(s.lines) != s.Header.Questions {
		return nil, fmt.Errorf("this recording holds %d questions, and its header says %d: lines were lost or added", len(s.lines), s.Header.Questions)
	}
	return s, nil
}

func key(l []byte) []byte {
	k, _, _ := bytes.Cut(l, []byte("\t"))
	return k
}

// Settled implements platform.Settled.
func (s *Site) Settled() {}

// Len is how many questions the recording has an outcome for.
func (s *Site) Len() int { return len(s.lines) }

// Read implements platform.Reader. A question that was not asked then is ErrNotRecorded.
func (s *Site) Read(_ context.Context, q platform.Question) (json.RawMessage, error) {
	question, err := encode(q)
	if err != nil {
		return nil, platform.Refuse(platform.ErrMalformed, "%s cannot be looked up: %v", q, err)
	}
	i, found := slices.BinarySearchFunc(s.lines, []byte(question), func(l, want []byte) int {
		return bytes.Compare(key(l), want)
	})
	if !found {
		no := platform.Refuse(platform.ErrNotRecorded, "the recording has no answer to this question")
		no.Help = "Record the site again with this version of siteready."
		return nil, no
	}
	_, outcome, _ := bytes.Cut(s.lines[i], []byte("\t"))
	var l line
	if err := json.Unmarshal(outcome, &l); err != nil {
		return nil, platform.Refuse(platform.ErrMalformed, "line %d of the recording is damaged: %v", i+2, err)
	}
	switch {
	case l.Error != nil && l.Answer == nil:
		return nil, l.Error
	case l.Error == nil && l.Answer != nil:
		return l.Answer, nil
	default:
		return nil, platform.Refuse(platform.ErrMalformed, "line %d of the recording is damaged: it must have an answer or an error", i+2)
	}
}
