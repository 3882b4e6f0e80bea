package report

import "bytes"

// HTMLPage is the template of the HTML report.
func HTMLPage() string { return htmlParts + htmlPage }

// HTMLView is what the template is filled with.
func HTMLView(r Report) any { return newHTMLView(r) }

// Fill fills a template.
func Fill(text string, data any) (string, error) {
	var b bytes.Buffer
	err := fill(&b, text, data)
	return b.String(), err
}
