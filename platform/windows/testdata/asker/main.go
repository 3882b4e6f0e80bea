//go:build windows

// Command asker reads questions from standard input, a JSON array, puts them to the live
// reader of Windows, and prints the outcomes in their order, a JSON array. With the argument
// conform it reads two arrays, of what the reader answers and of what is absent, runs the
// suite for all readers, and fails with what it finds.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/platform/windows"
)

type outcome struct {
	Answer json.RawMessage    `json:"answer,omitempty"`
	Err    *platform.NoAnswer `json:"error,omitempty"`
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "conform" {
		conform()
		return
	}
	var questions []platform.Question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		fail(err)
	}
	outcomes := make([]outcome, len(questions))
	for i, q := range questions {
		raw, err := windows.New().Read(context.Background(), q)
		outcomes[i].Answer = raw
		if err != nil && !errors.As(err, &outcomes[i].Err) {
			fail(fmt.Errorf("%s: a %T: %w", q, err, err))
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(outcomes); err != nil {
		fail(err)
	}
}

func conform() {
	var lists [2][]platform.Question
	if err := json.NewDecoder(os.Stdin).Decode(&lists); err != nil {
		fail(err)
	}
	if err := platformtest.TestReader(context.Background(), windows.New(), lists[0], lists[1]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}
