package schedule

import "strings"

// CommandLine is arguments as one text that Windows takes apart into the same arguments.
// https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
func CommandLine(args []string) string {
	var line strings.Builder
	for i, arg := range args {
		if i > 0 {
			line.WriteByte(' ')
		}
		quote(&line, arg)
	}
	return line.String()
}

// quote writes one argument. Quotation marks are needed around blanks and around nothing.
// Within the text a backslash is itself, but before a quotation mark it stands twice.
func quote(line *strings.Builder, arg string) {
	if arg != "" && !strings.ContainsAny(arg, " \t\"") {
		line.WriteString(arg)
		return
	}
	line.WriteByte('"')
	backslashes := 0
	for i := range len(arg) {
		switch arg[i] {
		case '\\':
			backslashes++
		case '"':
			line.WriteString(strings.Repeat(`\`, backslashes+1))
			backslashes = 0
		default:
			backslashes = 0
		}
		line.WriteByte(arg[i])
	}
	line.WriteString(strings.Repeat(`\`, backslashes) + `"`)
}
