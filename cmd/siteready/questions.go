package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"siteready/checks/catalog"
	"siteready/platform"
	"siteready/platform/sqlserver"
)

func (p *program) questionsCommand() *cobra.Command {
	format := "text"
	cmd := &cobra.Command{
		Use:   "questions",
		Short: "Print everything that siteready can ever ask, for a security review",
		Args:  flagsOnly,
		RunE: func(*cobra.Command, []string) error {
			write := questionsText
			switch format {
			case "text":
			case formatJSON:
				write = questionsJSON
			default:
				return fmt.Errorf("--format is text or json, not %q", format)
			}
			if err := p.print(func(w io.Writer) error { return write(w, catalog.Questions()) }); err != nil {
				return failure("the questions could not be written: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", format, "format on standard output: text or json")
	return cmd
}

// about says what a kind of question is answered with.
var about = map[platform.Kind]string{
	platform.KindAccount:     "what an account is, who is in a local group, which groups of its domain an account is in, whether one right is held, or whether an account is disabled, locked or expired, for which a controller of its domain is asked; no log-on is tried",
	platform.KindCertificate: "subject, issuer, end and uses of the certificates in a store; a private key is never opened",
	platform.KindEvents:      "how many events of a log fit, the oldest and the newest time; their texts are never read, their data only to find the name of a service that is asked about",
	platform.KindFile:        "size, time and version of one file, never its content",
	platform.KindDigest:      "size and SHA-256 of one file, or which .NET a program may run on by its configuration file; nothing else of their content is told",
	platform.KindFolder:      "how many files of one folder have such names, their size and times; no name is told, no file is opened",
	platform.KindAccess:      "who may do what with one folder: its owner and its access list, as SIDs; nothing is opened for writing",
	platform.KindOS:          "facts about Windows",
	platform.KindRegistry:    "one value, or the names below one key; the data of a binary value is never read",
	platform.KindService:     "state, start type and account of one service; its command line is never read",
	platform.KindLog:         "a digest of one log: what its last run said, or which known failures stand in it, with at most five lines of each; no other line is told",
	platform.KindShare:       "whether a shared folder can be opened; nothing in it is listed",
	platform.KindName:        "the addresses of a host's name as this machine resolves it",
	platform.KindTCP:         "whether a connection to a port can be made; nothing is sent over it",
	platform.KindSQL:         "the rows of one SELECT",
	platform.KindVolume:      "size, free space and file system of the volume that holds a path",
}

func questionsText(w io.Writer, all []catalog.Asked) error {
	var b strings.Builder
	fmt.Fprintf(&b, "siteready can ask %d questions, and no others. What stands in {braces} is filled in when it runs.\n", len(all))
	fmt.Fprintf(&b, "None changes anything. Beside them `siteready logs` reads the logs that it is given or finds, and `siteready schedule` starts schtasks.exe.\nA connection to SQL Server is first sent: %s\n", sqlserver.SessionSetup)
	fmt.Fprintf(&b, "When SQL Server says that a statement names what is not there, all its names are looked up, as NAME.names: %s\n", sqlserver.LookUp)
	fmt.Fprintf(&b, "Each statement is sent with its name before it, as /* siteready: NAME */.\n")
	kind := platform.Kind("")
	for _, one := range all {
		if one.Form.Kind != kind {
			kind = one.Form.Kind
			fmt.Fprintf(&b, "\n%s: %s\n", kind, about[kind])
		}
		fmt.Fprintf(&b, "  %s\n", named(one.Form))
		fmt.Fprintf(&b, "      asked by %s\n", askers(one))
		if kind == platform.KindSQL {
			fmt.Fprintf(&b, "      needs %s\n      %s\n", strings.Join(one.Rights, "; "), one.Form.Text)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// named is a form without its kind.
func named(f platform.Form) string {
	if f.Kind == platform.KindSQL {
		return fmt.Sprintf("%s, in %s on %s", f.What, f.Where, f.On)
	}
	text := f.Where
	switch {
	case f.Where == "":
		text = f.What
	case f.What != "":
		text += " : " + f.What
	}
	if f.On != "" { // of another server
		text += ", on " + f.On
	}
	return text
}

func askers(one catalog.Asked) string {
	text := strings.Join(one.By, ", ")
	if one.Why != "" {
		text += ": " + one.Why
	}
	return text
}

// askedJSON is one question of `questions --format json`.
type askedJSON struct {
	platform.Question          // with holes
	By                []string `json:"by"`
	Why               string   `json:"why,omitempty"`
	Rights            []string `json:"rights,omitempty"`
}

func questionsJSON(w io.Writer, all []catalog.Asked) error {
	list := make([]askedJSON, 0, len(all))
	for _, one := range all {
		list = append(list, askedJSON{platform.Question(one.Form), one.By, one.Why, one.Rights})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Schema          string      `json:"schema"`
		ConnectionSetup string      `json:"connection_setup"`
		LookUp          string      `json:"look_up"` // after a statement that names what is not there, with its names
		Questions       []askedJSON `json:"questions"`
	}{"siteready.questions/1", sqlserver.SessionSetup, sqlserver.LookUp, list})
}
