package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// origin is what a release was made from.
type origin struct {
	version string    // three numbers, "1.2.3": what Windows compares
	text    string    // what the program says of itself: the tag or the commit
	at      time.Time // of the commit, in UTC; every time in the release
}

// The limits of the three numbers are Windows Installer's.
// https://learn.microsoft.com/windows/win32/msi/productversion
var limits = [...]uint64{255, 255, 65535}

// originOf asks git about a folder. The number of a commit without a tag as v1.2.3 is 0.0 and how
// many commits there are, so that such a build is older than every release. SOURCE_DATE_EPOCH in
// the environment is taken for the time.
func originOf(ctx context.Context, folder, number string, getenv func(string) string) (origin, error) {
	git := func(args ...string) (string, error) {
		out, err := command{dir: folder, name: "git", args: args}.run(ctx)
		return strings.TrimSpace(string(out)), err
	}
	text, err := git("describe", "--tags", "--always", "--dirty")
	if err != nil {
		return origin{}, err
	}
	if number == "" {
		number = strings.TrimPrefix(text, "v")
		if !regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+$`).MatchString(text) {
			commits, err := git("rev-list", "--count", "HEAD")
			if err != nil {
				return origin{}, err
			}
			number = "0.0." + commits
		}
	}
	if err := checkVersion(number); err != nil {
		return origin{}, err
	}
	epoch := getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		if epoch, err = git("show", "--no-patch", "--format=%ct", "HEAD"); err != nil {
			return origin{}, err
		}
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil || seconds < 0 {
		return origin{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q; it is seconds since 1970", epoch)
	}
	return origin{number, text, time.Unix(seconds, 0).UTC()}, nil
}

func checkVersion(number string) error {
	parts := strings.Split(number, ".")
	if len(parts) != len(limits) {
		return fmt.Errorf("the version %q does not have three numbers, as 1.2.3 has", number)
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || n > limits[i] || part != strconv.FormatUint(n, 10) {
			return fmt.Errorf("the version %q: the part %q is not a number from 0 to %d", number, part, limits[i])
		}
	}
	return nil
}

// copySource copies what git knows of a folder, and what it does not know and does not ignore, as
// it lies there. So nothing that was left behind by other builds gets into a release, and the
// resources of the program are never written into the work tree.
func copySource(ctx context.Context, from, to string) error {
	list, err := command{dir: from, name: "git", args: []string{"ls-files", "-z", "--cached", "--others", "--exclude-standard"}}.run(ctx)
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, fs.ErrNotExist) { // removed, and not committed yet
			continue
		}
		if err != nil {
			return err
		}
		path := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
