package notify

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// letter is a message as mail: text to read, and the report as a page beside it.
func letter(m Message, from mail.Address, to []mail.Address, now time.Time) ([]byte, error) {
	var b bytes.Buffer
	recipients := make([]string, len(to))
	for i := range to {
		recipients[i] = folded(to[i].String())
	}
	parts := multipart.NewWriter(&b)
	for _, h := range [][2]string{
		{"From", folded(from.String())},
		{"To", strings.Join(recipients, ",\r\n ")},
		{"Subject", encodedSubject(m.Subject)},
		{"Date", now.Format(time.RFC1123Z)},
		{"Message-ID", "<" + strings.Map(fileLetter, m.ID) + "@" + from.Address[strings.LastIndexByte(from.Address, '@')+1:] + ">"},
		{"MIME-Version", "1.0"},
		{"Auto-Submitted", "auto-generated"}, // nobody's absence answers it
		{"X-Auto-Response-Suppress", "All"},
		{"Content-Type", "multipart/mixed;\r\n boundary=" + parts.Boundary()},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	text, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Type": {"text/plain; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"},
	})
	if err != nil {
		return nil, err
	}
	quoted := quotedprintable.NewWriter(text)
	if _, err := io.WriteString(quoted, strings.ReplaceAll(body(m), "\n", "\r\n")); err != nil {
		return nil, err
	}
	if err := quoted.Close(); err != nil {
		return nil, err
	}
	if len(m.Page) > 0 {
		page, err := parts.CreatePart(textproto.MIMEHeader{
			"Content-Type": {"text/html; charset=utf-8"}, "Content-Transfer-Encoding": {"base64"},
			"Content-Disposition": {mime.FormatMediaType("attachment", map[string]string{"filename": m.PageName})},
		})
		if err != nil {
			return nil, err
		}
		code := base64.StdEncoding.EncodeToString(m.Page)
		const width = 76
		for len(code) > 0 {
			n := min(width, len(code))
			if _, err := io.WriteString(page, code[:n]+"\r\n"); err != nil {
				return nil, err
			}
			code = code[n:]
		}
	}
	if err := parts.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// encodedSubject folds a subject that is not ASCII or not short into encoded words.
func encodedSubject(text string) string {
	text = line(text, 200) // whoever made the message: no line may end here
	return folded(mime.QEncoding.Encode("utf-8", text))
}

// folded breaks the line behind each encoded word: servers take lines of 998 characters at most.
func folded(words string) string { return strings.ReplaceAll(words, "?= =?", "?=\r\n =?") }

// capital is a phrase as it begins a sentence.
func capital(phrase string) string {
	first, size := utf8.DecodeRuneInString(phrase)
	return string(unicode.ToUpper(first)) + phrase[size:]
}

// body is the text that people read.
func body(m Message) string {
	lines := append([]string{capital(m.Why) + "."}, m.Changes.lines()...)
	if before := m.Changes.Before; before != nil {
		lines[0] = fmt.Sprintf("Since what was told of %s: %s.", before.ReadAt.UTC().Format("2006-01-02 15:04 UTC"), m.Why)
	}
	if len(m.Page) == 0 {
		lines = append(lines, "The report is too large to be sent as a page.")
	}
	return m.Text + "\n" + strings.Join(lines, "\n") + "\n"
}
