// Schtasks stands in for Windows' own under Wine. It keeps its tasks in C:\fake\tasks. Called
// with argv and a file, it prints how Windows takes the file's command lines apart.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/windows"

	"siteready/cmd/siteready/schedule/scheduletest"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "argv" {
		argv(os.Args[2])
		return
	}
	os.Exit(int(int32(scheduletest.Schtasks(`C:\fake\tasks`, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))))
}

func argv(file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	encoder := json.NewEncoder(os.Stdout)
	for line := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n") {
		args, err := windows.DecomposeCommandLine(line)
		if err == nil {
			err = encoder.Encode(args)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
