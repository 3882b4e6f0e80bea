package platformtest

import (
	"context"
	"strings"

	"siteready/platform"
	"siteready/platform/logscan"
)

// logQuestion is what is asked of a log by its name.
func logQuestion(path string) platform.Question {
	if strings.HasSuffix(strings.ToLower(path), `\smsbkup.log`) {
		return platform.ReadBackupLog(path).Question
	}
	return platform.ReadPrereqLog(path).Question
}

// log answers for a log by scanning its text, as a live reader does.
func (s *Site) log(ctx context.Context, q platform.Question) (any, error) {
	for path, text := range s.Logs {
		if strings.EqualFold(path, q.Where) {
			return logscan.Digest(ctx, logscan.Source{Name: path, Data: strings.NewReader(text), Size: int64(len(text))}, q.What)
		}
	}
	return nil, absent(q)
}
