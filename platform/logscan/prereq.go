package logscan

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"siteready/platform"
)

// Limits of the digest of ConfigMgrPrereq.log.
const (
	maxResults    = 4000     // rules times servers that are remembered, of errors and warnings and of the others
	resultsBytes  = 40 << 10 // of them in an answer
	maxName       = 250      // bytes of a rule's or a server's name
	maxMessage    = 400      // bytes of a message
	updateStaging = `\CMUSTAGING\`
	guidLength    = 36
)

// Prerequisites makes the digest of ConfigMgrPrereq.log: of the last run that has come to its
// end, and whether another one has begun since then.
func Prerequisites(ctx context.Context, s Source) (platform.PrereqLog, error) {
	e, err := s.encoding(ctx)
	if err != nil {
		return platform.PrereqLog{}, err
	}
	var scan *prereqScan
	err = s.backwards(ctx, e, func() func(line) {
		scan = &prereqScan{}
		return scan.line
	}, func() bool { return scan.last != nil })
	if err != nil {
		return platform.PrereqLog{}, err
	}
	digest := platform.PrereqLog{Size: s.Size, Encoding: e.name}
	if scan.last != nil {
		digest.Run = scan.last.told()
	}
	if scan.open != nil {
		digest.Begun, digest.BegunAt = true, scan.open.run.Began
	}
	return digest, nil
}

// prereqScan goes through a log from top to bottom.
type prereqScan struct {
	open *prereqBlock // begun, and not yet ended
	last *prereqBlock // the last one that has ended
}

// prereqBlock is one run.
type prereqBlock struct {
	run     platform.PrereqRun
	results []platform.PrereqResult
	at      map[[2]string]int // index in results by rule and server, in lower case
	said    map[string]bool   // rules that were said to run, in lower case
	kept    map[bool]int      // how many of results were errors and warnings when they came, and how many not
}

// line takes one line of the log.
func (p *prereqScan) line(l line) {
	e := parse(l.text)
	switch banner(e.message) {
	case "start prerequisite checking":
		p.open = &prereqBlock{at: map[[2]string]int{}, said: map[string]bool{}, kept: map[bool]int{}}
		p.open.run.Began, p.open.run.Zoned = e.at()
		return
	case "prerequisite checking is completed":
		if p.open != nil {
			at, zoned := e.at()
			p.open.run.Ended, p.open.run.Zoned = at, p.open.run.Zoned && zoned
			p.last, p.open = p.open, nil
		}
		return
	}
	if p.open != nil {
		p.open.line(l, e.message)
	}
}

// banner is a message between asterisks, in lower case; empty when it is none. A short message is
// enough to know.
func banner(message string) string {
	text, found := strings.CutPrefix(message, "**")
	if !found || len(message) > 200 {
		return ""
	}
	return strings.ToLower(strings.Trim(text, "* ."))
}

// line takes one line of the run.
func (b *prereqBlock) line(l line, message string) {
	b.run.Lines++
	result, looksLike := parseResult(message)
	switch {
	case result.Result != "":
		b.add(result)
		if l.damaged { // its rule may be another one
			b.run.NotUnderstood++
		}
	case l.open: // the end of the log, which may be on its way
	case looksLike || l.damaged:
		b.run.NotUnderstood++
	case strings.HasPrefix(message, "ERROR:") || strings.HasPrefix(message, "***"):
		if strings.Trim(message, "* ") != "" {
			b.run.Complaints++
		}
	default:
		b.talk(message)
	}
}

// talk takes what is no result. Most of it says nothing that is looked for.
func (b *prereqBlock) talk(message string) {
	if strings.HasPrefix(message, "Check Type: Easy Update") || strings.HasPrefix(message, "Check Type: Configuration Manager Update") {
		b.run.Update = true
	}
	if id := stagedPackage(message); id != "" {
		b.run.Package = &id
	}
	if rule := ruleIn(message, "is marked to not run for easysetup"); rule != "" {
		b.add(platform.PrereqResult{Rule: rule, Result: platform.PrereqNotRun})
	}
	if rule := ruleIn(message, "will run for easysetup"); rule != "" && len(b.said) < maxResults {
		b.said[strings.ToLower(rule)] = true
	}
}

// stagedPackage is the GUID of the update from whose staged files the checker ran.
func stagedPackage(message string) string {
	upper := strings.ToUpper(message)
	cut := strings.Index(upper, updateStaging)
	if cut < 0 {
		return ""
	}
	id := upper[cut+len(updateStaging):]
	if len(id) < guidLength {
		return ""
	}
	id = id[:guidLength]
	for i, c := range []byte(id) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c >= 'A' && c <= 'F'
		if dash != (c == '-') || !dash && !hex {
			return ""
		}
	}
	return id
}

// ruleIn is the rule in a message of the form: rule 'NAME' PHRASE.
func ruleIn(message, phrase string) string {
	before, _, found := strings.Cut(message, "' "+phrase)
	if !found {
		return ""
	}
	_, name, found := strings.Cut(before, "rule '")
	if !found {
		return ""
	}
	return cut(name, maxName)
}

// resultWords are the words for a result, in lower case. The log has the first of each; the
// console and the database have others for the same.
func resultWord(word string) string {
	switch strings.ToLower(word) {
	case "error", "failed":
		return platform.PrereqError
	case "warning":
		return platform.PrereqWarning
	case "passed":
		return platform.PrereqPassed
	}
	return ""
}

// parseResult reads a line with a result: server, rule, result and message, parted by a semicolon
// and four blanks. What passed has no message, and some lines have no server. The message may hold
// semicolons. Copies have fewer blanks. looksLike says that a line which is no result has its
// form.
func parseResult(message string) (result platform.PrereqResult, looksLike bool) {
	if strings.HasPrefix(message, "INFO:") || strings.HasPrefix(message, "<<<") || strings.HasPrefix(message, "=====") {
		return result, false
	}
	var fields [2]string
	rest := message
	for i := 0; ; i++ {
		field, after, more := strings.Cut(rest, ";")
		if word := resultWord(strings.TrimSpace(field)); word != "" && i > 0 {
			result = platform.PrereqResult{
				Rule: cut(fields[i-1], maxName), Result: word, Message: platform.HideSecrets(cut(strings.TrimSpace(after), maxMessage)),
			}
			if i == 2 {
				result.Server = cut(fields[0], maxName)
			}
			if result.Rule == "" {
				return platform.PrereqResult{}, true
			}
			return result, true
		}
		if !more || i == len(fields) {
			return result, strings.Count(message, ";    ") >= 2
		}
		if after != "" && after[0] != ' ' && after[0] != '\t' {
			return result, strings.Count(message, ";    ") >= 2
		}
		fields[i], rest = strings.TrimSpace(field), after
	}
}

// cut is text of at most limit bytes.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// weight orders results, the worst first.
func weight(r platform.PrereqResult) int {
	return slices.Index([]string{platform.PrereqError, platform.PrereqWarning, platform.PrereqPassed, platform.PrereqNotRun}, r.Result)
}

// add remembers a result. Said twice of the same rule and server, the worse counts.
func (b *prereqBlock) add(r platform.PrereqResult) {
	key := [2]string{strings.ToLower(r.Rule), strings.ToLower(r.Server)}
	i, known := b.at[key]
	trouble := r.Result == platform.PrereqError || r.Result == platform.PrereqWarning
	switch {
	case known && weight(r) < weight(b.results[i]):
		b.results[i] = r
	case known:
	case b.kept[trouble] >= maxResults:
		b.run.More = true
		b.count(r)
	default:
		b.kept[trouble]++
		b.at[key] = len(b.results)
		b.results = append(b.results, r)
	}
}

func (b *prereqBlock) count(r platform.PrereqResult) {
	switch r.Result {
	case platform.PrereqError:
		b.run.Errors++
	case platform.PrereqWarning:
		b.run.Warnings++
	case platform.PrereqPassed:
		b.run.Passed++
	default:
		b.run.NotRun++
	}
}

// told is the run as it stands in an answer.
func (b *prereqBlock) told() *platform.PrereqRun {
	for _, r := range b.results {
		b.count(r)
		delete(b.said, strings.ToLower(r.Rule))
	}
	b.run.Unanswered = int64(len(b.said))
	slices.SortStableFunc(b.results, func(x, y platform.PrereqResult) int { return cmp.Compare(weight(x), weight(y)) })
	b.run.Results = []platform.PrereqResult{}
	left := resultsBytes
	for _, r := range b.results {
		if left -= bytesOf(r); left < 0 {
			b.run.More = true
			break
		}
		b.run.Results = append(b.run.Results, r)
	}
	return &b.run
}
