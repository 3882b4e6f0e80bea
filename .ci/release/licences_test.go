package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	mit = "Permission is hereby granted, free of charge, to any person\n// obtaining a copy ...\nThe above copyright notice and this permission notice shall be\nincluded in all copies ..."
	bsd = "Redistribution and use in source and binary forms, with or without\nmodification, are permitted ..."
)

func TestLicencesOf(t *testing.T) {
	gpl := text{"COPYING", []byte("GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007")}
	for _, c := range []struct {
		name  string
		texts []text
		want  string
		says  string
	}{
		{"MIT", []text{{"LICENSE", []byte(mit)}}, "MIT", ""},
		{"two clauses", []text{{"LICENSE", []byte(bsd)}}, "BSD-2-Clause", ""},
		{"three clauses", []text{{"LICENSE", []byte(bsd + "\n * Neither the name of ...")}}, "BSD-3-Clause", ""},
		{"both in one file", []text{{"LICENSE.md", []byte(mit + bsd)}}, "BSD-2-Clause MIT", ""},
		{"in two files", []text{{"LICENSE", []byte(mit)}, {"inner/LICENSE", []byte("Apache License\n   Version 2.0, January 2004")}}, "Apache-2.0 MIT", ""},
		{"twice", []text{{"LICENSE", []byte(mit)}, {"inner/LICENSE", []byte(mit)}}, "MIT", ""},
		{"with patents", []text{{"LICENSE", []byte(mit)}, {"PATENTS", []byte("Additional grant")}}, "MIT", ""},
		{"none", nil, "", "it has no licence"},
		{"patents alone", []text{{"PATENTS", []byte("Additional grant")}}, "", "it has no licence"},
		{"not known", []text{gpl}, "", "the licence in COPYING is none of those"},
		{"one known, one not", []text{{"LICENSE", []byte(mit)}, gpl}, "", "the licence in COPYING is none of those"},
	} {
		got, err := licencesOf(c.texts)
		if strings.Join(got, " ") != c.want || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}

func TestAddTexts(t *testing.T) {
	top := t.TempDir()
	for _, name := range []string{"LICENSE", "NOTICE.txt", "license.go", "licensing.md", "README.md", "a/b/COPYING", "a/x.go", "other/LICENSE"} {
		write(t, filepath.Join(top, name), "x")
	}
	var m module
	for _, folder := range []string{"a/b", "a", "."} {
		if err := m.addTexts(top, filepath.Join(top, folder)); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for _, found := range m.texts {
		names = append(names, found.name)
	}
	if diff := cmp.Diff([]string{"LICENSE", "NOTICE.txt", "a/b/COPYING"}, names); diff != "" {
		t.Errorf("the files about licences (-want +got):\n%s", diff)
	}
	if err := m.addTexts(filepath.Join(top, "a"), filepath.Join(top, "other")); err == nil {
		t.Error("a package outside of its module is taken")
	}
}
