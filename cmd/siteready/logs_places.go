package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"siteready/checks/discovery"
	"siteready/platform"
	"siteready/report"
)

// place is where logs are looked for.
type place struct {
	report.LogPlace
	// names are those of the files in the folder that are meant. Without it all logs in it are, and
	// in the folders below it.
	names *regexp.Regexp
	// usual says that it is no fault when it is not there.
	usual bool
}

// placesOf are the places in which logs are looked for, and the paths of the logs. A path that was
// named and is not there is an error.
func placesOf(ctx context.Context, args []string) ([]report.LogPlace, []string, error) {
	places := make([]place, 0, len(args))
	for _, arg := range args {
		path, err := filepath.Abs(arg)
		switch {
		case arg == "" || err != nil:
			return nil, nil, fmt.Errorf("%q is no path of a file or a folder", arg)
		case arg == "-":
			return nil, nil, errors.New("siteready logs reads no log from standard input: name a file")
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, nil, &inputError{fmt.Errorf("there is no file or folder %s", path)}
		}
		places = append(places, place{LogPlace: report.LogPlace{Path: path, Why: "named"}})
	}
	if len(args) == 0 {
		own, err := ownLogs(ctx)
		if err != nil {
			return nil, nil, err
		}
		places = own
	}
	seen := map[string]bool{}
	var told []report.LogPlace
	var paths []string
	for _, one := range places {
		whole, err := filepath.EvalSymlinks(one.Path) // a link and what it leads to are one
		if err != nil {
			whole = one.Path
		}
		for _, path := range filesIn(ctx, &one) {
			key := whole + strings.TrimPrefix(path, one.Path)
			if runtime.GOOS == "windows" { // the case of letters does not matter there
				key = strings.ToLower(path)
			}
			if !seen[key] {
				seen[key] = true
				paths = append(paths, path)
			}
		}
		if !one.usual || one.Files > 0 || one.Problem != "" {
			told = append(told, one.LogPlace)
		}
	}
	return told, paths, nil
}

// logName is what logs are called: NAME.log, NAME.lo_, their history, and SQL Server's ERRORLOG.
var logName = regexp.MustCompile(`(?i)(?:\.log|\.lo_|\.log\.[0-9]+|^errorlog(?:\.[0-9]+)?)$`)

// mostLogs is how many files are read at most, and deepest how many folders lie in each other.
const (
	mostLogs = 20_000
	deepest  = 16
)

// filesIn lists the logs in a place, and says in it what could not be listed.
func filesIn(ctx context.Context, place *place) []string {
	if place.Problem != "" {
		return nil
	}
	info, err := os.Stat(place.Path)
	switch {
	case place.usual && errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		place.Problem = "it could not be looked at: " + bare(err).Error()
		return nil
	case !info.IsDir() && !info.Mode().IsRegular():
		place.Problem = "it is neither a file nor a folder"
		return nil
	case !info.IsDir():
		place.Files = 1
		return []string{place.Path}
	}
	var paths, problems []string
	root := strings.TrimRight(place.Path, string(filepath.Separator)) + string(filepath.Separator) // so that it may be a link
	base := strings.Count(root, string(filepath.Separator)) - 1
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return errors.New("the time was up before all of it was listed")
		case err != nil:
			problems = append(problems, fmt.Sprintf("%s could not be listed: %v", path, bare(err)))
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
		case entry.IsDir() && place.names != nil && path != root:
			return fs.SkipDir
		case entry.IsDir() && strings.Count(path, string(filepath.Separator))-base > deepest:
			problems = append(problems, fmt.Sprintf("%s lies more than %d folders deep and was not entered", path, deepest))
			return fs.SkipDir
		case entry.IsDir():
		case place.names != nil && !place.names.MatchString(entry.Name()): // of somebody else
		case isLink(entry):
			switch leadsTo(root, path, place.names, entry) {
			case linkOut:
				problems = append(problems, path+" is a link and was not followed; name what it leads to")
			case linkOther:
				place.Others++
			}
		case !logName.MatchString(entry.Name()):
			place.Others++
		case !entry.Type().IsRegular():
			problems = append(problems, path+" is no file but a pipe, a socket or a device, and was not read")
		case len(paths) == mostLogs:
			return fmt.Errorf("it has more than %d logs; the rest was not read", mostLogs)
		default:
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		problems = append(problems, err.Error())
	}
	place.Files = len(paths)
	if len(paths) == 0 && len(problems) == 0 && !place.usual {
		problems = append(problems, "no file in it is a log by its name (.log, .lo_ or ERRORLOG); name the files themselves")
	}
	const most = 5
	if len(problems) > most {
		problems = append(problems[:most], fmt.Sprintf("and %d more problems", len(problems)-most))
	}
	place.Problem = strings.Join(problems, "; ")
	return paths
}

// Where a link in a folder leads.
const (
	linkOut   = iota // to a log or a folder that is not read otherwise, or to what nobody knows
	linkIn           // to what is read by itself
	linkOther        // to a file that is no log by its name, nor is the link
)

// isLink says that an entry of a folder is a link. Junctions are irregular.
func isLink(entry fs.DirEntry) bool { return entry.Type()&(fs.ModeSymlink|fs.ModeIrregular) != 0 }

// leadsTo says where a link leads. names are those of the files of the folder that are read, without
// those of folders below it; nil is all logs, in these too.
func leadsTo(root, path string, names *regexp.Regexp, entry fs.DirEntry) int {
	to, err := os.Stat(path)
	switch {
	case err == nil && !to.IsDir() && !logName.MatchString(entry.Name()):
		return linkOther
	case err == nil && to.IsDir() && names != nil: // no folder is entered there
		return linkOther
	case entry.Type()&fs.ModeIrregular != 0 && logName.MatchString(entry.Name()): // nobody knows what it is
		return linkOut
	}
	whole, err := filepath.EvalSymlinks(path)
	inside, err2 := filepath.EvalSymlinks(root)
	if err != nil || err2 != nil {
		return linkOut
	}
	rest, err := filepath.Rel(inside, whole)
	base := filepath.Base(whole)
	switch {
	case err != nil || !filepath.IsLocal(rest),
		names != nil && (rest != base || !names.MatchString(base)),
		to != nil && !to.IsDir() && !logName.MatchString(base):
		return linkOut
	}
	return linkIn
}

// Names of logs that lie among files of others.
var (
	setupLogs  = regexp.MustCompile(`(?i)^configmgr(?:setup|prereq|adminuisetup|setupwizard)\.(?:log|lo_)$`)
	errorLogs  = regexp.MustCompile(`(?i)^errorlog(?:\.[0-9]+)?$`)
	scsmLogs   = regexp.MustCompile(`(?i)^scsm.*\.log$`)
	errorLogOf = regexp.MustCompile(`(?i)^-e\s*"?([^"]+)"?$`) // a start parameter of SQL Server
)

// instancesKey lists the instances of SQL Server on this machine, with their ids.
const instancesKey = `HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL`

// ownLogs are the places of the logs of the site, or of the server of Service Manager, that this is.
func ownLogs(ctx context.Context) ([]place, error) {
	if runtime.GOOS != "windows" {
		return nil, errors.New("this is not Windows, so no logs of a site lie here: name copies of logs, or folders with them")
	}
	m := platform.Open(ctx, liveReader(nil), time.Now().UTC(), platform.DefaultLimits())
	users, _ := filepath.Glob(os.Getenv("SystemDrive") + `\Users\*\AppData\Local\Temp`) // the pattern is right, and that is all it complains of
	return ownPlaces(ctx, m.Session(), os.Getenv, users), nil
}

// ownPlaces are the places of logs that a machine tells of. temp are the folders of users in which
// the setup of Service Manager writes.
func ownPlaces(ctx context.Context, a platform.Asker, getenv func(string) string, temp []string) []place {
	var all []place
	add := func(usual bool, path, why string, names *regexp.Regexp) {
		all = append(all, place{LogPlace: report.LogPlace{Path: path, Why: why}, names: names, usual: usual})
	}
	lost := func(what string, err error) {
		all = append(all, place{LogPlace: report.LogPlace{Path: what, Why: "the registry", Problem: "where they lie could not be read: " + err.Error()}})
	}
	site, _, err := discovery.FindSite(ctx, a)
	switch {
	case err != nil:
		lost("the site's logs", err)
	case site.InstallDir != "":
		add(false, strings.TrimRight(site.InstallDir, `\`)+`\Logs`, "the site's logs", nil)
	}
	sm, err := discovery.FindServiceManager(ctx, a)
	switch {
	case err != nil:
		lost("the logs of Service Manager's setup", err)
	case sm != nil:
		for _, folder := range append([]string{getenv("TEMP")}, temp...) {
			if folder != "" {
				add(true, folder, "Service Manager's setup", scsmLogs)
			}
		}
	}
	if err == nil && sm == nil && site.InstallDir == "" && len(all) == 0 {
		all = append(all, place{LogPlace: report.LogPlace{
			Path: "this machine", Why: "the registry",
			Problem: "it is neither a site server nor a server of Service Manager; name logs, or folders with them, as siteready logs PATH...",
		}})
	}
	drive := getenv("SystemDrive")
	if drive != "" {
		add(true, drive+`\`, "setup and Microsoft's prerequisite checker", setupLogs)
	}
	drives := []string{drive}
	if len(site.InstallDir) > 1 && !strings.EqualFold(site.InstallDir[:2], drive) {
		drives = append(drives, site.InstallDir[:2])
	}
	for _, one := range drives {
		for _, folder := range []string{`\SMS_CCM\Logs`, `\Program Files\SMS_CCM\Logs`} {
			if one != "" {
				add(true, one+folder, "the management point's logs", nil)
			}
		}
	}
	logs, err := errorLogFolders(ctx, a)
	if err != nil {
		lost("SQL Server's error logs", err)
	}
	for _, folder := range logs {
		add(true, folder, "SQL Server's error log", errorLogs)
	}
	return all
}

// errorLogFolders are the folders of the error logs of the instances of SQL Server on this machine.
func errorLogFolders(ctx context.Context, a platform.Asker) ([]string, error) {
	instances, found, err := platform.Lookup(ctx, a, platform.ReadKey(instancesKey))
	if err != nil || !found {
		return nil, err
	}
	var folders []string
	for _, name := range instances.Values {
		id, err := platform.Ask(ctx, a, platform.ReadText(instancesKey, name))
		if err != nil {
			return folders, err
		}
		key := fmt.Sprintf(`HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\%s\MSSQLServer\Parameters`, id)
		parameters, found, err := platform.Lookup(ctx, a, platform.ReadKey(key))
		if err != nil {
			return folders, err
		}
		for _, value := range parameters.Values {
			text, err := platform.Ask(ctx, a, platform.ReadText(key, value))
			if err != nil {
				return folders, err
			}
			if m := errorLogOf.FindStringSubmatch(string(text)); found && m != nil {
				folders = append(folders, m[1][:max(0, strings.LastIndex(m[1], `\`))])
			}
		}
	}
	return folders, nil
}
