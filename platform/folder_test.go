package platform_test

import (
	"errors"
	"strings"
	"testing"

	"siteready/platform"
)

func TestReadFolder(t *testing.T) {
	q := platform.ReadFolder(`D:\CM\inboxes\x.box`, "*.nil").Question
	if want := `folder D:\CM\inboxes\x.box : *.nil`; q.Kind != platform.KindFolder || q.String() != want {
		t.Errorf("%+v prints as %q; want %q", q, q, want)
	}
}

func TestNamePattern(t *testing.T) {
	tests := []struct {
		pattern string
		fits    []string
		others  []string
	}{
		{"*", []string{"", "a", "a.b", "größe ✓"}, nil},
		{"a", []string{"a", "A"}, []string{"", "b", "aa", "a."}},
		{"*.nil", []string{"x.nil", "x.NIL", ".nil", "a.nil.nil", "nil.nil"}, []string{"nil", "x.nil2", "x.ni", "x.nil.x"}},
		{"*.i??", []string{"x.ist", "X.IST", "x.i", "x.i1", "a.i.ist"}, []string{"x.inst", "x.jst", "ist", "x.ist.x", "x.ins.more"}},
		{"*.sr?|*.i??|*.nil", []string{"x.srq", "x.sr", "x.ist", "x.nil"}, []string{"x.src2", "x.s", "x.n", "x"}},
		{"?a", []string{"xa", "Öa"}, []string{"a", "xxa", "x"}},
		{"a?b*c", []string{"axbc", "axbcc", "axbxxc"}, []string{"abc", "axb", "axc"}},
		{"*ab*ab", []string{"abab", "xabxabxab"}, []string{"ab", "xabab1"}},
		{"größe*", []string{"Größe", "größe.txt"}, []string{"gr", "x"}},
	}
	for _, test := range tests {
		p, err := platform.ParseNamePattern(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range test.fits {
			if !p.Fits(name) {
				t.Errorf("%q does not fit %q", name, test.pattern)
			}
		}
		for _, name := range test.others {
			if p.Fits(name) {
				t.Errorf("%q fits %q", name, test.pattern)
			}
		}
	}
}

func TestNoNamePattern(t *testing.T) {
	for _, text := range []string{"", "|", "a|", "|a", "a||b", `a\b`, "a/*", "a:b", `"`, "<", "*.>", "a\nb", "a\x00"} {
		if p, err := platform.ParseNamePattern(text); !errors.Is(err, platform.ErrMalformed) {
			t.Errorf("%q is read as %v, %v", text, p, err)
		}
	}
}

// FuzzNamePattern holds a pattern against what must fit it and what must not.
func FuzzNamePattern(f *testing.F) {
	for _, seed := range [][2]string{{"*.i??|*.s??", "x.ist"}, {"*ab*ab", "abab"}, {"?", ""}, {"a|b", "B"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		p, err := platform.ParseNamePattern(text)
		if err != nil {
			return
		}
		p.Fits(name)
		for alternative := range strings.SplitSeq(text, "|") {
			if name := strings.NewReplacer("*", "xyz", "?", "q").Replace(alternative); !p.Fits(name) {
				t.Errorf("%q does not fit %q", name, text)
			}
		}
		if all, err := platform.ParseNamePattern(text + "|*"); err != nil || !all.Fits(name) {
			t.Errorf("%q does not fit everything, %v", name, err)
		}
	})
}
