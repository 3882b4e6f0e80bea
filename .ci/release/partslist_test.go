package main

import "testing"

func TestPackageURL(t *testing.T) {
	for _, c := range [][3]string{
		{"golang.org/x/sys", "v0.49.0", "pkg:golang/golang.org/x/sys@v0.49.0"},
		{"github.com/Masterminds/semver", "v1.5.0+incompatible", "pkg:golang/github.com/masterminds/semver@v1.5.0%2Bincompatible"},
		{standardLibrary, "1.26.8", "pkg:golang/std@1.26.8"},
	} {
		if got := packageURL(c[0], c[1]); got != c[2] {
			t.Errorf("%s %s is %s, wanted %s", c[0], c[1], got, c[2])
		}
	}
}
