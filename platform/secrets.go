package platform

import (
	"regexp"
	"strings"
)

// hidden stands where a secret was.
const hidden = "(hidden)"

// secretForms are how secrets stand in the messages of servers and drivers: behind their
// names in connection strings, statements and JSON, between a user and a host in an address,
// and as the text of a private key. Where it is not clear how far a secret reaches, too much
// is hidden. A text without the sign of a form has none of it: most texts have no sign at all.
var secretForms = []struct {
	sign    string
	form    *regexp.Regexp
	instead string
}{
	{"-----BEGIN", regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`), hidden},
	{"://", regexp.MustCompile(`(://[^/\s:@]*:)\S*@`), "${1}" + hidden + "@"},
	{`"`, regexp.MustCompile(`(?i)("(?:password|passwd|pwd|secret|token)"\s*:\s*)"(?:[^"\\]|\\.)*"?`), "${1}" + hidden},
	{"=", regexp.MustCompile(`(?i)((?:password|passwd|pwd|secret|token|(?:account|access|api|shared)[ _-]?key|signature)\s*=\s*)` +
		`(?:\(hidden\)|N?'(?:[^']|'')*'?|"[^"]*"?|\{[^}]*\}?|[^;'"]+)`), "${1}" + hidden},
}

// hideSecrets takes what looks like a secret out of a foreign message.
func hideSecrets(text string) string {
	for _, s := range secretForms {
		if strings.Contains(text, s.sign) {
			text = s.form.ReplaceAllString(text, s.instead)
		}
	}
	return text
}

// withoutSecrets is a refusal whose texts hold no secret.
func (e *NoAnswer) withoutSecrets() *NoAnswer {
	safe := *e
	safe.Cause, safe.Help = hideSecrets(e.Cause), hideSecrets(e.Help)
	return &safe
}
