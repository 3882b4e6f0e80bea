package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"siteready/report"
)

func (p *program) verifyCommand() *cobra.Command {
	o := outputOptions{}
	want := ""
	cmd := &cobra.Command{
		Use:   "verify REPORT.json",
		Short: "Say whether a JSON report is intact and still valid, and end with its exit code",
		Long: "siteready verify finds damage and staleness of a report that --format json or -o FILE.json has\n" +
			"written. It ends with the report's own exit code when the report is intact and valid, with 3\n" +
			"when it is not, and with 64 when it cannot be read. It cannot find forgery: compare with a\n" +
			"hash that came by another way, --sha256. FILE may be -, which is standard input.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return errors.New("siteready verify takes one JSON report")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if sum, err := hex.DecodeString(want); cmd.Flags().Changed("sha256") && (err != nil || len(sum) != 32) {
				return fmt.Errorf("--sha256 is 64 hexadecimal digits, not %q", want)
			}
			if err := o.validateColor(); err != nil {
				return err
			}
			data, err := p.readInput(args[0])
			if err != nil {
				return &inputError{fmt.Errorf("the report %s cannot be read: %w", args[0], bare(err))}
			}
			verified, err := report.Verify(data, time.Now(), want)
			if err != nil {
				return &inputError{fmt.Errorf("the report %s cannot be read: %w\nsiteready verify takes what `siteready -o FILE.json` has written", args[0], err)}
			}
			if err := p.print(func(w io.Writer) error { return report.Verification(w, verified, want, o.terminal(p.stdout)) }); err != nil {
				return failure("what was verified could not be written: %w", err)
			}
			p.exit = verified.ExitCode()
			return nil
		},
	}
	cmd.Flags().StringVar(&want, "sha256", "", "hash of the whole file, brought by another way")
	o.addColorTo(cmd)
	return cmd
}
