package configuration

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// NotifyRules are what the values of the section notify are judged by.
type NotifyRules struct {
	On, Encryption []string           // what on and mail_encrypt may be
	Address        func(string) error // whether a text is a mail address
	Server         func(string) error // whether a text names a mail server
	Webhook        func(string) error // whether a text is a web address; its error does not quote it
	MailUser       string             // the environment variables that hold what never stands in a file
	MailPassword   string
	WebhookSecret  string
}

// notify reads who is told.
func (r *reader) notify(n ast.Node) {
	const section = "notify"
	for _, e := range r.entries(n, section, "a map with "+strings.Join(below(section), ", ")) {
		path := section + "." + e.key
		rules := r.rules.Notify
		text := func(expected string, check func(string) error) {
			if text, ok := r.text(e.value, path, expected); ok {
				r.flag(path, e.value, check(text), text)
			}
		}
		switch e.key {
		case "on":
			if word, ok := r.word(e.value, path, rules.On); ok {
				r.flag(path, e.value, nil, word)
			}
		case "mail_encrypt":
			if word, ok := r.word(e.value, path, rules.Encryption); ok {
				r.flag(path, e.value, nil, word)
			}
		case "mail_from":
			text("a mail address", rules.Address)
		case "mail_server":
			text("HOST or HOST:PORT", rules.Server)
		case "webhook":
			text("a web address", rules.Webhook)
		case "mail_to":
			r.addresses(e, path)
		default:
			r.unknownKey(e, section)
		}
	}
}

// addresses reads a list of mail addresses.
func (r *reader) addresses(e entry, path string) {
	var words []string
	var broken bool
	for _, n := range r.elements(e.value, path, "a list of mail addresses") {
		text, ok := r.text(n, path, "a mail address")
		if ok {
			if err := r.rules.Notify.Address(text); err != nil {
				r.complain(position(n), "%s: %v", path, err)
				ok = false
			}
		}
		broken = broken || !ok
		words = append(words, text)
	}
	if !broken && len(words) > 0 {
		r.flag(path, e.value, nil, words...)
	}
}

// secretOfNotify complains of a key for what never stands in a file, and reports whether it did.
func (r *reader) secretOfNotify(e entry, name string) bool {
	variable := ""
	switch {
	case strings.Contains(name, "password"):
		variable = r.rules.Notify.MailPassword
	case strings.Contains(name, "user"):
		variable = r.rules.Notify.MailUser
	case strings.Contains(name, "secret"), strings.Contains(name, "token"), strings.Contains(name, "key"):
		variable = r.rules.Notify.WebhookSecret
	default:
		return false
	}
	r.complain(e.at, "%s: a secret never stands in a file; it is read from the environment variable %s", short(e.key), variable)
	return true
}
