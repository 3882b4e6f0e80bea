package platformtest

import (
	"context"
	"strings"
	"time"

	"siteready/platform"
	"siteready/platform/logscan"
)

// logQuestions are what is asked of a log by its name.
func logQuestions(path string) []platform.Question {
	all := []platform.Question{platform.ReadFailureLog(path).Question}
	switch name := strings.ToLower(path); {
	case strings.HasSuffix(name, `\smsbkup.log`):
		all = append(all, platform.ReadBackupLog(path).Question)
	case strings.HasSuffix(name, `\configmgrprereq.log`):
		all = append(all, platform.ReadPrereqLog(path).Question)
	}
	return all
}

// search is one for all sites: to read what is known of failures takes long.
var search = logscan.NewSearch()

// failures answers for the known failures in a log and its older generations.
func (s *Site) failures(ctx context.Context, q platform.Question) (any, error) {
	folder := q.Where[:strings.LastIndex(q.Where, `\`)+1]
	var paths []string
	for path := range s.Logs {
		if strings.EqualFold(path[:strings.LastIndex(path, `\`)+1], folder) {
			paths = append(paths, path)
		}
	}
	log, err := logscan.LogOf(q.Where, paths, func(path string) logscan.File {
		return logscan.File{Name: path, Open: func(context.Context) (logscan.Opened, error) {
			text := s.Logs[path]
			return logscan.Opened{Source: logscan.Source{Name: path, Data: strings.NewReader(text), Size: int64(len(text))}}, nil
		}}
	})
	if err != nil {
		return nil, platform.Refuse(platform.ErrMalformed, "%v", err)
	}
	if len(log.Files) == 0 {
		return nil, absent(q)
	}
	return search.Failures(ctx, log, time.UTC, s.ReadAt)
}

// log answers for a log by scanning its text, as a live reader does.
func (s *Site) log(ctx context.Context, q platform.Question) (any, error) {
	if q.What == platform.LogFailures {
		return s.failures(ctx, q)
	}
	for path, text := range s.Logs {
		if strings.EqualFold(path, q.Where) {
			return logscan.Digest(ctx, logscan.Source{Name: path, Data: strings.NewReader(text), Size: int64(len(text))}, q.What)
		}
	}
	return nil, absent(q)
}
