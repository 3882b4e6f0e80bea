package recording

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"siteready/platform"
)

// Anonymize replaces the names of hosts, domains, users, instances, databases, sites, shares and
// certificates, the addresses and what in SIDs is somebody's own by pseudonyms, which are the same wherever the same name
// stands: alike in questions and answers. Forms are all questions that can be asked: what is
// constant in them is kept, so that a check finds its question again.
//
// The originals are gathered from the places where a name must stand, and from all texts by
// their form (server.domain, \\server, DOMAIN\user, user@domain). Then they are replaced
// everywhere, without regard to case. A name that is also a common word of the product is
// replaced only where a name must stand. What stands in a field that is not known here is hidden
// as a whole.
func Anonymize(h Header, outcomes map[platform.Question]platform.Outcome, forms []platform.Form) (Header, map[platform.Question]platform.Outcome, error) {
	n := &names{
		known: map[string]string{}, sorts: map[string]sort{}, others: map[string]string{}, counts: map[sort]int{}, everyones: map[string]bool{},
		makers: makers(forms), vocabulary: vocabulary(forms), coded: map[string]string{}, corpus: corpus(h, outcomes),
	}
	ordered := slices.SortedFunc(maps.Keys(outcomes), compare)
	if err := n.gather(h, outcomes, ordered); err != nil {
		return Header{}, nil, err
	}
	n.seal()
	out := make(map[platform.Question]platform.Outcome, len(outcomes))
	for _, q := range ordered {
		renamed := n.question(q, forms)
		if _, taken := out[renamed]; taken {
			continue // two spellings of one name: either answer is about the same thing
		}
		o := outcomes[q]
		var err error
		if len(o.Answer) > 0 {
			if o.Answer, err = n.answer(q, o.Answer); err != nil {
				return Header{}, nil, err
			}
		}
		if o.Err != nil {
			no := *o.Err
			no.Cause, no.Help = n.text(no.Cause), n.text(no.Help)
			o.Err = &no
		}
		out[renamed] = o
	}
	h.About, h.SQLServer, h.Database = n.text(h.About), n.instance(h.SQLServer), n.whole(h.Database)
	return h, out, nil
}

func compare(a, b platform.Question) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.On, b.On), cmp.Compare(a.Where, b.Where),
		cmp.Compare(a.What, b.What), cmp.Compare(a.Text, b.Text))
}

// corpus is all that may hold names, in lower case.
func corpus(h Header, outcomes map[platform.Question]platform.Outcome) string {
	var b strings.Builder
	b.WriteString(h.About + "\n" + h.SQLServer + "\n" + h.Database + "\n")
	for q, o := range outcomes {
		b.WriteString(q.On + "\n" + q.Where + "\n")
		b.Write(o.Answer)
		if o.Err != nil {
			b.WriteString(o.Err.Cause + "\n" + o.Err.Help + "\n")
		}
	}
	return strings.ToLower(b.String())
}

// vocabulary are the words that are constant in questions, and those that are common in
// answers.
func vocabulary(forms []platform.Form) map[string]bool {
	words := set(commonWords...)
	for _, f := range forms {
		for _, text := range []string{f.On, f.Where, f.What, f.Text} {
			for _, constant := range platform.Constants(text) {
				for word := range strings.FieldsFuncSeq(constant, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsNumber(c) }) {
					words[strings.ToLower(word)] = true
				}
			}
		}
	}
	return words
}

// makers are the hosts that questions name word for word: they are those of a maker.
func makers(forms []platform.Form) map[string]bool {
	hosts := map[string]bool{}
	for _, f := range forms {
		if host := hostAsked(platform.Question(f)); host != "" && len(platform.Constants(host)) == 1 {
			hosts[strings.ToLower(host)] = true
		}
	}
	return hosts
}

// gather finds all names: first where one must stand, so that each gets its right sort, then
// in texts.
func (n *names) gather(h Header, outcomes map[platform.Question]platform.Outcome, ordered []platform.Question) error {
	trees := make([]any, len(ordered))
	for i, q := range ordered {
		if len(outcomes[q].Answer) == 0 {
			continue
		}
		if err := decodeTree(outcomes[q].Answer, &trees[i]); err != nil {
			return fmt.Errorf("the answer to %s cannot be made anonymous: %w", q, err)
		}
	}
	n.everyone(ordered, trees)
	for _, field := range []sort{hostName, siteCode, domainName, databaseName, instanceName, userName, distinguishedName, otherName} {
		if field == hostName {
			n.take(hostName, h.SQLServer)
		}
		if field == databaseName {
			n.take(databaseName, h.Database)
		}
		for i, q := range ordered {
			if field == hostName {
				n.take(hostName, q.On)
			}
			if q.Kind == platform.KindSQL && field == databaseName {
				n.take(databaseName, q.Where)
			}
			if q.Kind == platform.KindAccount && slices.Contains([]string{platform.AccountOfName, platform.StateOfAccount, platform.InDirectory, platform.GroupsInDirectory}, q.What) && field == userName {
				n.take(userName, q.Where)
			}
			if field == hostName {
				n.take(hostName, hostAsked(q))
			}
			walk(trees[i], "", func(key, text string) string {
				if sortOf(q, key) == field {
					n.take(field, text)
				}
				return text
			})
		}
	}
	n.thumbprints(ordered, trees)
	for _, search := range []func(string){n.search, n.searchByNames} { // the second knows what the first found
		search(h.About)
		for i, q := range ordered {
			if slices.Contains([]platform.Kind{platform.KindShare, platform.KindLog, platform.KindFile, platform.KindDigest, platform.KindFolder, platform.KindAccess, platform.KindVolume}, q.Kind) {
				n.wholePath(q.Where)
			}
			search(q.On)
			search(q.Where)
			walk(trees[i], "", func(field, text string) string {
				s := sortOf(q, field)
				if s == freeText && (q.Kind == platform.KindRegistry || q.Kind == platform.KindSQL || q.Kind == platform.KindVolume) {
					n.wholePath(text) // which no message ever is
				}
				if s != keptText {
					search(text)
				}
				return text
			})
			if no := outcomes[q].Err; no != nil {
				search(no.Cause)
				search(no.Help)
			}
		}
	}
	return nil
}

// hostAsked is the host that a question about the network names; empty for other questions.
func hostAsked(q platform.Question) string {
	switch q.Kind {
	case platform.KindName:
		return q.Where
	case platform.KindTCP:
		if host, _, err := net.SplitHostPort(q.Where); err == nil {
			return host
		}
	}
	return ""
}

// everyone takes over the names that the machine's language has for what is on every Windows,
// such as VORDEFINIERT\Administratoren: they are nobody's.
func (n *names) everyone(ordered []platform.Question, trees []any) {
	for i, q := range ordered {
		if q.Kind != platform.KindAccount {
			continue
		}
		walk(trees[i], "", func(field, text string) string {
			if field == everyonesField {
				n.everyones[strings.ToLower(text)] = true
				if q.What == platform.AccountOfName {
					n.everyones[strings.ToLower(q.Where)] = true
				}
			}
			return text
		})
	}
}

// thumbprints numbers certificates in the order of their thumbprints, in which they are listed.
func (n *names) thumbprints(ordered []platform.Question, trees []any) {
	var all []string
	for i, q := range ordered {
		walk(trees[i], "", func(field, text string) string {
			if sortOf(q, field) == thumbprint {
				all = append(all, strings.ToLower(text))
			}
			return text
		})
	}
	slices.Sort(all)
	for _, text := range all {
		if pseudonym := n.thumbprint(text); wholeThumbprint().MatchString(text) {
			n.compound(text, pseudonym)
		}
	}
}

// wholeThumbprint is one that can be taken for nothing else.
var wholeThumbprint = lazily(`^[0-9a-f]{40}$`)

func (n *names) thumbprint(text string) string {
	if text == "" { // no certificate was chosen
		return ""
	}
	return n.numbered("thumbprint "+strings.ToLower(text), "%040X")
}

// question replaces the names in a question, but in what its form says word for word.
func (n *names) question(q platform.Question, forms []platform.Form) platform.Question {
	at := slices.IndexFunc(forms, func(f platform.Form) bool { return f.Matches(q) })
	if at < 0 {
		q.On, q.Where = n.instance(q.On), n.whole(q.Where)
		if q.Kind != platform.KindSQL {
			q.What = n.text(q.What)
		}
		return q
	}
	q.On = n.filled(forms[at].On, q.On, n.instance)
	q.Where = n.filled(forms[at].Where, q.Where, n.whole)
	return q
}

// filled replaces the names in what fills the holes of a pattern.
func (n *names) filled(pattern, text string, rename func(string) string) string {
	constant := platform.Constants(pattern)
	if len(constant) == 1 {
		return text
	}
	for i := range constant {
		constant[i] = regexp.QuoteMeta(constant[i])
	}
	match := regexp.MustCompile(`^(?s:` + strings.Join(constant, `(.+?)`) + `)$`).FindStringSubmatchIndex(text)
	if match == nil {
		return rename(text)
	}
	var b strings.Builder
	at := 0
	for i := 2; i < len(match); i += 2 {
		b.WriteString(text[at:match[i]] + rename(text[match[i]:match[i+1]]))
		at = match[i+1]
	}
	return b.String() + text[at:]
}

// instance replaces the names in SERVER\INSTANCE,PORT.
func (n *names) instance(text string) string {
	address, port, hasPort := strings.Cut(text, ",")
	host, instance, named := strings.Cut(address, `\`)
	out := n.whole(host)
	if named {
		out += `\` + n.whole(instance)
	}
	if hasPort {
		out += "," + port
	}
	return out
}

// answer replaces the names in the texts of an answer. The names of its fields are constant.
func (n *names) answer(q platform.Question, raw json.RawMessage) (json.RawMessage, error) {
	var tree any
	if err := decodeTree(raw, &tree); err != nil {
		return nil, fmt.Errorf("the answer to %s cannot be made anonymous: %w", q, err)
	}
	tree = walk(tree, "", func(field, text string) string {
		switch s := sortOf(q, field); s {
		case keptText:
			return text
		case freeText, everyonesName:
			return n.text(text)
		case hostName:
			return n.instance(text)
		case databaseName:
			return n.databaseText(text)
		case distinguishedName:
			return n.distinguished(text)
		case thumbprint:
			return n.thumbprint(text)
		case usageOID:
			return n.usage(text)
		case unclassified:
			return n.hidden(text)
		default:
			return n.whole(text)
		}
	})
	text, err := encode(tree)
	return json.RawMessage(text), err
}

// hidden replaces a text of which it is not known what it is: as a name that was found, or else
// as a whole.
func (n *names) hidden(text string) string {
	key := strings.ToLower(strings.TrimSpace(text))
	switch {
	case key == "" || wellKnown[key]:
		return text
	case n.known[key] != "":
		return n.whole(text)
	}
	return n.numbered("unclassified "+key, string(unclassified)+"%02d")
}

// databaseText replaces the names in DATABASE or INSTANCE\DATABASE.
func (n *names) databaseText(text string) string {
	if cut := strings.LastIndex(text, `\`); cut >= 0 {
		return n.whole(text[:cut]) + `\` + n.whole(text[cut+1:])
	}
	return n.whole(text)
}

func decodeTree(raw json.RawMessage, tree *any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // no number may change
	return d.Decode(tree)
}
