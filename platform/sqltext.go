package platform

import "strings"

// quotedEnd is where what is quoted at i ends, a text, a [name] or a "name"; 0 when nothing is
// quoted there. A doubled closing mark stands for itself; where nothing else closes, its first
// half does. What is a quotation mark inside of one kind is none outside.
func quotedEnd(text string, i int) int {
	start := i
	if text[i] == 'N' && i+1 < len(text) && text[i+1] == '\'' {
		start = i + 1
	}
	end := text[start]
	switch end {
	case '\'', '"':
	case '[':
		end = ']'
	default:
		return 0
	}
	doubled := 0
	for j := start + 1; j < len(text); j++ {
		if text[j] != end {
			continue
		}
		if j+1 < len(text) && text[j+1] == end {
			doubled = j + 1
			j++
			continue
		}
		return j + 1
	}
	return doubled
}

// withoutQuoted puts a word of one letter in the place of all that is quoted.
func withoutQuoted(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); i++ {
		if end := quotedEnd(text, i); end > 0 {
			b.WriteString(" x ")
			i = end - 1
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// onOneLine makes one blank of all white space between words; that in a literal is its own.
func onOneLine(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	blank := false
	for i := 0; i < len(text); i++ {
		if isSpace(text[i]) {
			if !blank {
				b.WriteByte(' ')
			}
			blank = true
			continue
		}
		blank = false
		if end := quotedEnd(text, i); end > 0 {
			b.WriteString(text[i:end])
			i = end - 1
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// sqlWords are the words and the parentheses of a text without quotes. A word begins with the
// first letter, also right behind a digit.
func sqlWords(text string) []string {
	words := make([]string, 0, len(text)/5)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '(' || c == ')':
			words = append(words, text[i:i+1])
		case isLetter(c):
			end := i + 1
			for end < len(text) && (isLetter(text[end]) || isDigit(text[end])) {
				end++
			}
			words = append(words, text[i:end])
			i = end - 1
		}
	}
	return words
}

// digitRuns are the runs that begin with a digit at the beginning of a word, but for those of
// digits alone.
func digitRuns(text string) []string {
	var runs []string
	for i := 0; i < len(text); i++ {
		if !isDigit(text[i]) || i > 0 && isWord(text[i-1]) {
			continue
		}
		end, plain := i+1, true
		for end < len(text) && (isLetter(text[end]) || isDigit(text[end]) || text[end] == '.') {
			plain = plain && isDigit(text[end])
			end++
		}
		if !plain {
			runs = append(runs, text[i:end])
		}
		i = end - 1
	}
	return runs
}

// starForColumns reports whether a star in a text in upper case stands for columns: it is not
// that of COUNT(*), and nothing follows that it could multiply.
func starForColumns(text string) bool {
	for i := range len(text) {
		if text[i] != '*' {
			continue
		}
		rest := strings.TrimLeft(text[i+1:], space)
		if strings.HasPrefix(rest, ")") && counts(text[:i]) {
			continue
		}
		if rest == "" || rest[0] == ',' || rest[0] == ')' {
			return true
		}
		word := rest
		if end := strings.IndexFunc(rest, func(c rune) bool { return c > 127 || !isWord(byte(c)) }); end >= 0 {
			word = rest[:end]
		}
		if word == "FROM" || word == "WHERE" || word == "ORDER" {
			return true
		}
	}
	return false
}

// counts reports whether text ends in COUNT( or COUNT_BIG(.
func counts(text string) bool {
	text, called := strings.CutSuffix(strings.TrimRight(text, space), "(")
	text = strings.TrimRight(text, space)
	for _, name := range []string{"COUNT", "COUNT_BIG"} {
		if before, ok := strings.CutSuffix(text, name); called && ok && (before == "" || !isWord(before[len(before)-1])) {
			return true
		}
	}
	return false
}

// namesElsewhere reports whether a name of four parts is in the text, which is an object of
// another server. The two parts in the middle may be empty.
func namesElsewhere(text string) bool {
	skip := func(i int, is func(byte) bool) int {
		for i < len(text) && is(text[i]) {
			i++
		}
		return i
	}
	for i := range text {
		if text[i] != '.' {
			continue
		}
		before := i
		for before > 0 && isSpace(text[before-1]) {
			before--
		}
		if before == 0 || !isWord(text[before-1]) {
			continue
		}
		at, dots := i+1, 1
		for dots < 3 {
			at = skip(skip(skip(at, isSpace), isWord), isSpace)
			if at == len(text) || text[at] != '.' {
				break
			}
			at, dots = at+1, dots+1
		}
		if at = skip(at, isSpace); dots == 3 && at < len(text) && isWord(text[at]) {
			return true
		}
	}
	return false
}

const space = " \t\n\f\r"

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isLetter reports whether a name may begin with c.
func isLetter(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_' || c == '#' || c == '@'
}

func isWord(c byte) bool { return isDigit(c) || isLetter(c) && c != '#' && c != '@' }
