package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts are files, so that editors and browsers know them for what they are
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// htmlParts are what all pages have: the head, and the signs of statuses and verdicts.
//
//go:embed html/parts.html
var htmlParts string

//go:embed html/page.html
var htmlPage string

//go:embed html/style.css
var htmlStyle string

//go:embed html/script.js
var htmlScript string

// HTML writes the report as one page for browsers and mail. It loads nothing, its policy
// forbids it to, and it can be read without script and without colours. Foreign text is
// escaped and cut; evidence is shortened as in a table.
func HTML(w io.Writer, r Report) error {
	var page bytes.Buffer
	if err := fill(&page, htmlParts+htmlPage, newHTMLView(r)); err != nil {
		return fmt.Errorf("make the HTML report: %w", err)
	}
	if _, err := w.Write(page.Bytes()); err != nil {
		return fmt.Errorf("write the HTML report: %w", err)
	}
	return nil
}

// policy is the page's Content-Security-Policy: nothing may be loaded or sent, and of style
// and script only those two run that have these hashes.
func policy(style, script string) string {
	return strings.Join([]string{
		"default-src 'none'", "style-src " + hashed(style), "script-src " + hashed(script), "base-uri 'none'", "form-action 'none'",
	}, "; ")
}

// hashed is a text as a policy allows it.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
