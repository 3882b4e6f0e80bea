package main

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// licence is one that the program may contain, known by words that no other has. Those that ask
// for the source of the whole program are left out, so that a module under one of them cannot come in.
type licence struct {
	id   string // SPDX
	has  []string
	less []string // words that make it another one
}

var licences = [...]licence{
	{id: "Apache-2.0", has: []string{"apache license version 2.0, january 2004"}},
	{id: "BSD-2-Clause", has: []string{"redistribution and use in source and binary forms, with or without modification"}, less: []string{"neither the name", "names of its contributors"}},
	{id: "BSD-3-Clause", has: []string{"redistribution and use in source and binary forms, with or without modification", "neither the name"}},
	{id: "ISC", has: []string{"permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"}},
	{id: "MIT", has: []string{"permission is hereby granted, free of charge, to any person obtaining a copy", "the above copyright notice and this permission notice shall be included in all copies"}},
	{id: "MPL-2.0", has: []string{"mozilla public license version 2.0"}},
}

// space is what parts words in a licence; some put signs of comments between them.
var space = regexp.MustCompile(`(?:[\s*#>]|//)+`)

// licencesOf returns the ids of the licences that stand in texts. A file that is called a licence
// and has none that is known is an error.
func licencesOf(texts []text) ([]string, error) {
	var ids []string
	for _, t := range texts {
		words := space.ReplaceAllString(strings.ToLower(string(t.content)), " ")
		before := len(ids)
		for _, l := range licences {
			lacks := func(word string) bool { return !strings.Contains(words, word) }
			if !slices.ContainsFunc(l.has, lacks) && !slices.ContainsFunc(l.less, func(word string) bool { return !lacks(word) }) {
				ids = append(ids, l.id)
			}
		}
		name := strings.ToLower(path.Base(t.name))
		if len(ids) == before && !strings.HasPrefix(name, "notice") && !strings.HasPrefix(name, "patents") {
			return nil, fmt.Errorf("the licence in %s is none of those that are known here", t.name)
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("it has no licence")
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// notices is the text that goes with every copy: what others made, and their licences in full.
func (r release) notices(all parts) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "siteready %s contains parts that others made. What follows are their licences\nand notices. %s lists the same parts for programs.\n\n", r.version, partsFile)
	for _, m := range all.modules {
		fmt.Fprintf(&b, "  %s %s: %s\n", m.title(), m.version, strings.Join(m.ids, ", "))
	}
	for _, m := range all.modules {
		for _, t := range m.texts {
			line := strings.Repeat("=", 80)
			fmt.Fprintf(&b, "\n%s\n%s %s: %s\n%s\n\n%s\n", line, m.title(), m.version, t.name, line, bytes.Trim(t.content, "\r\n"))
		}
	}
	return b.Bytes()
}

// title is a module's name for people.
func (m module) title() string {
	if m.path == standardLibrary {
		return "Go's standard library"
	}
	return m.path
}
