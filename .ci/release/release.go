package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// release is one that is to be made.
type release struct {
	origin
	source        string   // the folder of the module, which the resources are written into
	goversioninfo string   // the program that makes resources
	signer        *signer  // nil: nothing is signed
	env           []string // further variables of `go build`, as NAME=value
}

// architectures are those that are built. The first has an installer: no supported site server
// runs on another.
var architectures = [...]string{"amd64", "arm64"}

// The names of files in the zip files and in the folder of an installed program.
const (
	programFile = "siteready.exe"
	licenceFile = "LICENSE.txt"
	noticesFile = "THIRD-PARTY-NOTICES.txt"
	partsFile   = "siteready.cdx.json"
)

// make makes all files of the release in a new folder. The folder is there when all are in it.
func (r release) make(ctx context.Context, out string) error {
	if _, err := os.Lstat(out); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder %s is there already; remove it first", out)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(out), ".release-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // what failed is told; this is its rest
	if work, err = filepath.Abs(work); err != nil {
		return err
	}
	done := filepath.Join(work, "done")
	if err := os.Mkdir(done, 0o755); err != nil {
		return err
	}
	if err := r.fill(ctx, work, done); err != nil {
		return err
	}
	return os.Rename(done, out)
}

// fill makes the files in the folder done; what it needs on the way lies in work.
func (r release) fill(ctx context.Context, work, done string) error {
	programs := map[string]string{}
	for _, architecture := range architectures {
		programs[architecture] = filepath.Join(work, architecture, programFile)
		if err := r.build(ctx, architecture, programs[architecture]); err != nil {
			return err
		}
		if err := r.signer.sign(ctx, programs[architecture]); err != nil {
			return err
		}
	}
	parts, err := r.parts(ctx, programs)
	if err != nil {
		return err
	}
	list, err := r.partsList(parts, programs)
	if err != nil {
		return err
	}
	texts := map[string][]byte{
		licenceFile: forNotepad(parts.licence),
		noticesFile: forNotepad(r.notices(parts)),
		partsFile:   list,
	}
	for _, architecture := range architectures {
		files := map[string]string{programFile: programs[architecture]}
		for name, text := range texts {
			files[name] = filepath.Join(work, architecture, name)
			if err := os.WriteFile(files[name], text, 0o644); err != nil {
				return err
			}
		}
		for _, path := range files {
			if err := os.Chtimes(path, r.at, r.at); err != nil {
				return err
			}
		}
		base := filepath.Join(done, "siteready-"+r.version+"-windows-"+architecture)
		if err := r.zip(base+".zip", files); err != nil {
			return err
		}
		if architecture != architectures[0] {
			continue
		}
		if err := r.installer(ctx, base+".msi", files); err != nil {
			return err
		}
		if err := r.signer.sign(ctx, base+".msi"); err != nil {
			return err
		}
	}
	for _, name := range []string{noticesFile, partsFile} {
		if err := os.WriteFile(filepath.Join(done, name), texts[name], 0o644); err != nil {
			return err
		}
	}
	return sums(done)
}

// sums writes what sha256sum --check reads.
func sums(folder string) error {
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var lines bytes.Buffer
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(data), file.Name())
	}
	return os.WriteFile(filepath.Join(folder, "SHA256SUMS"), lines.Bytes(), 0o644)
}

// forNotepad gives lines the ends that Notepad of Windows Server 2016 needs.
func forNotepad(text []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}

// command is a program that is run to its end.
type command struct {
	dir   string   // empty: the own one
	env   []string // further variables, as NAME=value
	name  string
	args  []string
	input string // standard input; never told
	quiet bool   // what it says, though it succeeds, is a warning that nobody may miss
}

// run returns the command's standard output. Its error has what the command said.
func (c command) run(ctx context.Context) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.name, c.args...)
	cmd.Dir = c.dir
	// What tools write of times and names must not depend on where they run.
	cmd.Env = append(append(os.Environ(), "TZ=UTC", "LC_ALL=C.UTF-8"), c.env...)
	cmd.Stdin = strings.NewReader(c.input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(c.name), strings.Join(c.args, " "), err, &stdout, &stderr)
	}
	if c.quiet && stdout.Len()+stderr.Len() > 0 {
		return nil, fmt.Errorf("%s %s warns:\n%s%s", filepath.Base(c.name), strings.Join(c.args, " "), &stdout, &stderr)
	}
	return stdout.Bytes(), nil
}
