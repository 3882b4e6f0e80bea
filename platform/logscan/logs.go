package logscan

import (
	"cmp"
	"context"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The names of files that hold the older part of a log: rolled over, or with the time at which
// they were closed.
var (
	datedName = regexp.MustCompile(`^(.+)-(\d{8}-\d{6})\.(?:log|lo_)$`)
	errorLog  = regexp.MustCompile(`^errorlog(?:\.(\d{1,4}))?$`)
)

// Grouped puts the paths of files into logs: the files of one log, in one folder, become one, in
// the order in which they were written. Of NAME.log, files of the form NAME-YYYYMMDD-HHMMSS.log
// come first, in the order of their times, then NAME.lo_, then NAME.log; SQL Server's ERRORLOG has
// the oldest under the highest number. Logs are in the order of their folders and names. file makes
// a File of a path.
func Grouped(paths []string, file func(path string) File) []Log {
	type member struct {
		path string
		age  string // the smallest is the oldest
	}
	members := map[string][]member{}
	var names []string
	for _, path := range paths {
		folder, base := path[:strings.LastIndexAny(path, `/\`)+1], path[strings.LastIndexAny(path, `/\`)+1:]
		lower := strings.ToLower(base)
		name, age := lower, "3"
		if m := datedName.FindStringSubmatch(lower); m != nil {
			name, age = m[1]+".log", "1"+m[2]
		} else if m := errorLog.FindStringSubmatch(lower); m != nil {
			number, _ := strconv.Atoi(m[1]) // empty is 0, the newest
			name, age = "errorlog", strconv.Itoa(10000+9999-number)
		} else if stem, found := strings.CutSuffix(lower, ".lo_"); found {
			name, age = stem+".log", "2"
		}
		key := strings.ToLower(folder) + name
		if _, known := members[key]; !known {
			names = append(names, key)
		}
		members[key] = append(members[key], member{path, age})
	}
	slices.Sort(names)
	logs := make([]Log, 0, len(names))
	for _, key := range names {
		some := members[key]
		slices.SortStableFunc(some, func(a, b member) int { return cmp.Or(strings.Compare(a.age, b.age), strings.Compare(a.path, b.path)) })
		log := Log{Name: key[strings.LastIndexAny(key, `/\`)+1:]}
		for _, m := range some {
			log.Files = append(log.Files, file(m.path))
		}
		logs = append(logs, log)
	}
	return logs
}

// OnDisk is a file of this machine. While it is read, it can be written and, but for Windows,
// renamed: there, open the logs of a running site with a reader that shares them for that too.
// codePage is Windows' number of the ANSI code page in which it
// is written, if it is written in one; 0 when that is not known.
func OnDisk(path string, codePage uint32) File {
	return File{Name: path, Open: func(context.Context) (Opened, error) {
		if was, err := os.Stat(path); err == nil && !was.Mode().IsRegular() { // a pipe would wait for somebody to write
			return Opened{}, &os.PathError{Op: "read", Path: path, Err: os.ErrInvalid}
		}
		file, err := os.Open(path)
		if err != nil {
			return Opened{}, err
		}
		was, err := file.Stat()
		if err != nil {
			return Opened{}, closing(file, err)
		}
		if !was.Mode().IsRegular() {
			return Opened{}, closing(file, &os.PathError{Op: "read", Path: path, Err: os.ErrInvalid})
		}
		return Opened{
			Source: Source{Name: path, Data: file, Size: was.Size(), CodePage: codePage},
			After: func() (int64, bool, error) {
				is, err := os.Stat(path)
				if err != nil {
					return 0, false, err
				}
				return is.Size(), os.SameFile(was, is), nil
			},
			Close: file.Close,
		}, nil
	}}
}

func closing(file *os.File, err error) error {
	_ = file.Close() // err is what matters
	return err
}
