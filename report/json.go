package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
)

// JSON writes the whole report as one indented JSON object with a newline at its end. < and
// > stand as they are. Control characters are escaped, so that printing the file to a
// terminal is safe. Its last field is the checksum of the rest.
func JSON(w io.Writer, r Report) error {
	r.SHA256 = "" // of this text, when it is there
	text, err := safeJSON(r)
	if err != nil {
		return fmt.Errorf("make the JSON report: %w", err)
	}
	whole, err := seal(text)
	if err != nil {
		return fmt.Errorf("make the JSON report: %w", err)
	}
	if _, err := w.Write(whole); err != nil {
		return fmt.Errorf("write the JSON report: %w", err)
	}
	return nil
}

// safeJSON is a value as indented JSON, with a newline at its end and control characters escaped.
func safeJSON(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	// encoding/json leaves DEL, the controls from U+0080 to U+009F and the characters that
	// turn the writing direction as they are. All of them can only stand within strings.
	var safe bytes.Buffer
	for _, c := range text.String() {
		if c == '\n' || !unicode.IsControl(c) && !unicode.Is(unicode.Cf, c) {
			safe.WriteRune(c)
			continue
		}
		for _, unit := range utf16.Encode([]rune{c}) {
			fmt.Fprintf(&safe, `\u%04x`, unit)
		}
	}
	return safe.Bytes(), nil
}
