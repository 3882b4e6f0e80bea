package recording

import (
	"regexp"
	"sync"
)

// lazily is an expression that is compiled when it is first used: only --anonymize needs the
// ones of this package, and a start of the program should not pay for them.
func lazily(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
