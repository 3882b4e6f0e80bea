//go:build linux

// Command prefix makes a Wine prefix for running Windows programs on Linux. Its
// one argument is the folder, which must not exist yet or be empty.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"siteready/platform/windows/winetest"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: prefix DIR")
		os.Exit(64)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := winetest.Create(ctx, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
