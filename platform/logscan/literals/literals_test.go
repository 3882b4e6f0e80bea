package literals_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"siteready/platform/logscan/literals"
)

// naive is what Append must find.
func naive(all []string, text []byte) []literals.Found {
	var found []literals.Found
	folded := foldASCII(text)
	for at := range text {
		for i, l := range all {
			if bytes.HasPrefix(folded[at:], foldASCII([]byte(l))) {
				found = append(found, literals.Found{Literal: i, At: at})
			}
		}
	}
	return found
}

func foldASCII(text []byte) []byte {
	out := slices.Clone(text)
	for i, c := range out {
		if 'A' <= c && c <= 'Z' {
			out[i] += 'a' - 'A'
		}
	}
	return out
}

func TestAppendFindsWhatANaiveSearchFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 4000 {
		all := make([]string, 1+random.IntN(12))
		for i := range all {
			l := make([]byte, literals.MinLength+random.IntN(12))
			for j := range l {
				l[j] = "abAB_0"[random.IntN(2+round%5)]
			}
			all[i] = string(l)
		}
		text := make([]byte, random.IntN(300))
		for i := range text {
			text[i] = "abAB_0\x00\xff\n"[random.IntN(2+round%8)]
		}
		for range random.IntN(4) { // plant some
			l := all[random.IntN(len(all))]
			if at := len(text) - len(l); at >= 0 {
				copy(text[random.IntN(at+1):], l)
			}
		}
		set, err := literals.Compile(all)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := set.Append(nil, text), naive(all, text); !slices.Equal(got, want) {
			t.Fatalf("in %q for %q: got %v, want %v", text, all, got, want)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	for name, all := range map[string][]string{
		"nothing":   nil,
		"too short": {"a common algorithm", "error"},
		"a letter":  {"für immer und ewig"},
		"a break":   {"two\nlines of text"},
	} {
		if _, err := literals.Compile(all); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAppendKeepsWhatWasFoundBefore(t *testing.T) {
	set, err := literals.Compile([]string{"Access is denied"})
	if err != nil {
		t.Fatal(err)
	}
	before := []literals.Found{{Literal: 9, At: 99}}
	got := set.Append(before, []byte(strings.Repeat("x", 50)+"ACCESS IS DENIED"))
	if want := []literals.Found{{Literal: 9, At: 99}, {Literal: 0, At: 50}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzAppend(f *testing.F) {
	f.Add("abcabc", "bcabcabc", []byte("xxabcabcabcABCabcyy"))
	f.Fuzz(func(t *testing.T, one, two string, text []byte) {
		if len(text) > 4096 || len(one) > 100 || len(two) > 100 {
			return
		}
		all := []string{one, two}
		set, err := literals.Compile(all)
		if err != nil {
			return
		}
		if got, want := set.Append(nil, text), naive(all, text); !slices.Equal(got, want) {
			t.Fatalf("in %q for %q: got %v, want %v", text, all, got, want)
		}
	})
}
