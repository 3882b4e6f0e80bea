// Package history keeps the runs of siteready in a folder: of each run the report, the answers
// that it was judged by, and one line in an index. What changed since the last run, and how old a
// finding is, is told from the index alone.
//
// Below the folder each server has one of its own, so that the runs of several, on a share,
// neither mix nor wait for each other:
//
//	FOLDER/cm01.contoso.com/index.jsonl
//	FOLDER/cm01.contoso.com/20261121T020000Z-RUNID.json.gz        the report
//	FOLDER/cm01.contoso.com/20261121T020000Z-RUNID.siteready.gz   the recording
//	FOLDER/cm01.contoso.com/lock                                  empty; locked while something is written
//
// Every file is written under another name, brought to the disk and then renamed. The reports
// come before the index, so what the index names is there; a report that the index lacks, because
// a run was killed between the two, is taken up by the next run that is kept.
package history

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"siteready/checks/discovery"
)

// IndexName is what the index of a series is called.
const IndexName = "index.jsonl"

// Store is a folder with the runs of one server or of several. It is no more than a path: nothing
// is held open, and every method looks at the folder as it is then.
type Store struct{ dir string }

// Open opens a history. The folder must be there: a name that was mistyped must not begin a new
// history, of which nothing would be old. Nothing is written.
func Open(dir string) (*Store, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no folder %s; make it, or name another", dir)
	case err != nil:
		return nil, fmt.Errorf("%s cannot be looked at: %w", dir, bare(err))
	case !info.IsDir():
		return nil, fmt.Errorf("%s is no folder", dir)
	}
	if _, err := os.Lstat(filepath.Join(dir, IndexName)); err == nil { // or a second history would begin in it
		return nil, fmt.Errorf("%s is the folder of one server in a history; name the folder above it", dir)
	}
	return &Store{dir}, nil
}

// Dir is the folder, as it was given to Open.
func (s *Store) Dir() string { return s.dir }

// Of is the series that the runs of a subject belong to. Its folder is made when the first run
// is kept.
func (s *Store) Of(subject discovery.Subject) *Series {
	name := folderName(subject)
	return &Series{Name: name, dir: filepath.Join(s.dir, name)}
}

// All are the series that the folder has, sorted by name, also those whose index was lost. What
// lies beside them is not looked at. Where there is nothing else than what may not be looked into,
// that is the error.
func (s *Store) All() ([]*Series, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("the folder %s cannot be listed: %w", s.dir, bare(err))
	}
	var all []*Series
	var refused error
	for _, e := range entries {
		// The folder may lie elsewhere, behind a link or a junction.
		one := &Series{Name: e.Name(), dir: filepath.Join(s.dir, e.Name())}
		switch _, err := os.Stat(filepath.Join(one.dir, IndexName)); {
		case err == nil || one.hasReports():
			all = append(all, one)
		case errors.Is(err, fs.ErrPermission) && refused == nil:
			refused = fmt.Errorf("%s cannot be looked into: %w", one.dir, bare(err))
		}
	}
	if len(all) == 0 && refused != nil { // beside others it is none of ours, as far as anybody knows
		return nil, refused
	}
	return all, nil
}

// Series are the runs of one server. A server whose site or product was changed keeps its
// series; Entry.SameSubject tells which of its runs may be compared.
type Series struct {
	Name string // of its folder: the server's name in small letters
	dir  string
}

// hasReports reports whether the folder holds the report of a run.
func (s *Series) hasReports() bool {
	names, err := fileNames(s.dir)
	return err == nil && slices.ContainsFunc(names, func(name string) bool {
		run, report := strings.CutSuffix(name, reportEnding)
		return report && runName.MatchString(run)
	})
}

// Dir is the folder of the series. It may not be there yet.
func (s *Series) Dir() string { return s.dir }

// longestName is how much of a server's name its folder has.
const longestName = 100

// unnamed is the folder of runs that could not find out which machine they ran on.
const unnamed = "unnamed"

// folderName makes a name for a folder of the machine's, or of the database's where only that
// was looked at. Names come from the machine, and so are not trusted: what is not a letter, a
// digit, a dot or a line becomes a line. Where letters of other scripts are lost by that, or the
// name is cut, a part of its checksum keeps two servers apart.
func folderName(subject discovery.Subject) string {
	name := subject.Computer
	if subject.Role == discovery.Remote {
		name = strings.Trim(subject.SQLServer+"_"+subject.Database, "_")
	}
	whole := strings.ToLower(name)
	foreign := false
	name = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.ContainsRune("._-", c) {
			return c
		}
		foreign = foreign || c > unicode.MaxASCII
		return '-'
	}, whole)
	cut := len(name) > longestName
	name = strings.Trim(name[:min(len(name), longestName)], ".-_ ")
	if foreign || cut { // others may be left with the same letters
		sum := sha256.Sum256([]byte(whole))
		name = strings.TrimPrefix(fmt.Sprintf("%s-%x", name, sum[:4]), "-")
	}
	switch {
	case name == "":
		return unnamed
	case slices.Contains([]string{"con", "prn", "aux", "nul"}, strings.Split(name, ".")[0]) || deviceNumber(name):
		return "server-" + name // Windows takes these for devices
	default:
		return name
	}
}

// deviceNumber reports whether Windows takes a name for a port: com1, lpt1.log.
func deviceNumber(name string) bool {
	base := strings.Split(name, ".")[0]
	return len(base) == 4 && (strings.HasPrefix(base, "com") || strings.HasPrefix(base, "lpt")) && base[3] >= '0' && base[3] <= '9'
}

// bare is an error about a file without the operation and the path, which the text around it names.
func bare(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	default:
		return err
	}
}
