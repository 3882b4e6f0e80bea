package windows

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"unicode/utf8"

	"siteready/platform"
	"siteready/platform/logscan"
)

// Reader answers questions about this machine. It keeps no answers, and may be used by several
// goroutines.
type Reader struct {
	// services lets one goroutine at a time talk to the service manager. Windows bears many;
	// Wine 8 then takes valid handles for invalid ones. A look takes a millisecond.
	services sync.Mutex
	failures *logscan.Search
}

var _ platform.Reader = (*Reader)(nil)

// New makes a reader of this machine.
func New() *Reader { return &Reader{failures: logscan.NewSearch()} }

// Read implements platform.Reader for all kinds but sql. Every other kind, an unknown What of
// kind os, and a question to another server about anything but its registry and its groups are
// ErrUnsupported. It does not return early when ctx ends, but for a share: Windows' calls
// cannot be cut.
func (r *Reader) Read(ctx context.Context, q platform.Question) (json.RawMessage, error) {
	if err := ctx.Err(); err != nil {
		return nil, platform.Refuse(platform.ErrTimeout, "%s was not asked: %v", q, err)
	}
	if err := answerable(q); err != nil {
		return nil, err
	}
	var answer any
	var err error
	switch q.Kind {
	case platform.KindRegistry:
		answer, err = readRegistry(place{q.On, q.Where}, q.What)
	case platform.KindService:
		r.services.Lock()
		answer, err = readService(q.What)
		r.services.Unlock()
	case platform.KindFile:
		answer, err = readFile(q.Where)
	case platform.KindDigest:
		answer, err = readDigest(ctx, q.Where, q.What)
	case platform.KindFolder:
		answer, err = readFolder(ctx, q.Where, q.What)
	case platform.KindAccess:
		answer, err = readAccess(q.Where)
	case platform.KindVolume:
		answer, err = readVolume(q.Where)
	case platform.KindOS:
		answer, err = readOS(ctx, q.What)
	case platform.KindAccount:
		answer, err = readAccountFact(q.On, q.Where, q.What)
	case platform.KindEvents:
		answer, err = readEvents(ctx, q.Where, q.What, r.displayName)
	case platform.KindLog:
		if q.What == platform.LogFailures {
			answer, err = r.readFailures(ctx, q.Where)
		} else {
			answer, err = readLog(ctx, q.Where, q.What)
		}
	case platform.KindShare:
		answer, err = readShare(ctx, q.Where)
	case platform.KindCertificate:
		answer, err = readCertificates(q.Where)
	default:
		err = platform.Refuse(platform.ErrUnsupported, "questions of kind %q cannot be put to Windows", q.Kind)
	}
	if err != nil {
		return nil, err
	}
	return platform.Encode(q, answer)
}

// displayName is the name that Windows shows for a service.
func (r *Reader) displayName(service string) (string, error) {
	r.services.Lock()
	defer r.services.Unlock()
	return readDisplayName(service)
}

// answerable refuses what would be answered for something else than was asked.
func answerable(q platform.Question) error {
	if q.On != "" && q.Kind != platform.KindRegistry && !groupElsewhere(q) {
		return platform.Refuse(platform.ErrUnsupported, "%s: only the machine that siteready runs on can be asked", q)
	}
	for _, text := range []string{q.On, q.Where, q.What} {
		// Windows would read such a text as another one, and might truly not have that.
		if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
			return platform.Refuse(platform.ErrMalformed, "%q is no text that Windows has names of", text)
		}
	}
	used := platform.Question{Kind: q.Kind, On: q.On, Where: q.Where, What: q.What}
	switch q.Kind {
	case platform.KindService, platform.KindOS:
		used.Where = ""
	case platform.KindDigest:
		if used.What != platform.DigestRuntime {
			used.What = ""
		}
	case platform.KindFile, platform.KindAccess, platform.KindVolume, platform.KindShare, platform.KindCertificate:
		used.What = ""
	}
	if used != q {
		return platform.Refuse(platform.ErrUnsupported, "%s: a question of kind %q has no such parts", q, q.Kind)
	}
	return nil
}

// groupElsewhere reports whether a question is about the members of another server's group.
func groupElsewhere(q platform.Question) bool {
	return q.Kind == platform.KindAccount && q.What == platform.MembersOfGroup
}
