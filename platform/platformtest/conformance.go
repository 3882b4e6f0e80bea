package platformtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"siteready/platform"
)

// TestReader is what every reader must pass, whatever it reads from. known are questions that
// it answers; absent are questions about what is not there, at least one for each kind in
// known but os, share and tcp, where nothing is ever absent. Under the race detector it also finds what is not safe for several goroutines.
// It returns all that it found, or nil.
func TestReader(ctx context.Context, r platform.Reader, known, absent []platform.Question) error {
	s := &suite{reader: r, known: known, absent: absent, answers: map[platform.Question]string{}}
	s.cover()
	s.answer(ctx)
	s.decode(ctx)
	s.beAbsent(ctx)
	s.refuse(ctx)
	s.end(ctx)
	s.concur(ctx)
	return errors.Join(s.problems...)
}

// patience is how long a reader may take to notice that its context has ended, and more than
// any reader needs.
const patience = 10 * time.Second

type suite struct {
	reader        platform.Reader
	known, absent []platform.Question
	answers       map[platform.Question]string // what was answered first, steady

	mu       sync.Mutex
	problems []error
}

func (s *suite) complain(q platform.Question, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = append(s.problems, fmt.Errorf("%q: %w", q, fmt.Errorf(format, args...)))
}

// cover sees that the caller gave enough to ask.
func (s *suite) cover() {
	if len(s.known) == 0 {
		s.problems = append(s.problems, errors.New("there is no question that has an answer"))
	}
	for _, q := range s.known {
		same := func(other platform.Question) bool { return other.Kind == q.Kind }
		never := slices.Contains([]platform.Kind{platform.KindOS, platform.KindShare, platform.KindTCP}, q.Kind)
		if !never && !slices.ContainsFunc(s.absent, same) {
			s.complain(q, "there is no question of kind %s about what is not there", q.Kind)
		}
	}
}

// answer asks what is known twice. Answers are JSON, not too large, and stay what they are.
func (s *suite) answer(ctx context.Context) {
	for _, q := range s.known {
		raw, err := s.reader.Read(ctx, q)
		switch {
		case err != nil:
			s.complain(q, "there is no answer: %w", err)
			continue
		case !json.Valid(raw):
			s.complain(q, "the answer is not JSON: %q", raw)
		case len(raw) > platform.MaxAnswer:
			s.complain(q, "the answer has %d bytes, more than %d", len(raw), platform.MaxAnswer)
		}
		first := steady(q, raw)
		s.answers[q] = first
		clear(raw) // it belongs to who asked
		if again, err := s.reader.Read(ctx, q); err != nil || steady(q, again) != first {
			s.complain(q, "the second answer is %q, %v; the first was %q", again, err, first)
		}
	}
}

// steady is an answer without what may change from one moment to the next.
func steady(q platform.Question, raw json.RawMessage) string {
	var fields map[string]json.RawMessage
	if q.Kind == platform.KindVolume && json.Unmarshal(raw, &fields) == nil {
		delete(fields, "free")
		return string(encode(fields))
	}
	return string(bytes.Clone(raw))
}

// decode reads each answer strictly as what its kind of question answers with.
func (s *suite) decode(ctx context.Context) {
	session := platform.Open(ctx, s.reader, time.Time{}, platform.DefaultLimits()).Session()
	for _, q := range s.known {
		if _, answered := s.answers[q]; !answered {
			continue
		}
		if err := typed(ctx, session, q); err != nil {
			s.complain(q, "the answer is no answer to this question: %w", err)
		}
	}
}

func typed(ctx context.Context, session *platform.Session, q platform.Question) error {
	switch q.Kind {
	case platform.KindRegistry:
		if q.What == "" {
			return asked[platform.RegistryKey](ctx, session, q)
		}
		return asked[platform.RegistryValue](ctx, session, q)
	case platform.KindService:
		return asked[platform.Service](ctx, session, q)
	case platform.KindFile:
		return asked[platform.File](ctx, session, q)
	case platform.KindDigest:
		if q.What == platform.DigestRuntime {
			return asked[platform.RuntimeSettings](ctx, session, q)
		}
		return asked[platform.Digest](ctx, session, q)
	case platform.KindFolder:
		return asked[platform.Folder](ctx, session, q)
	case platform.KindAccess:
		return asked[platform.AccessList](ctx, session, q)
	case platform.KindVolume:
		return asked[platform.Volume](ctx, session, q)
	case platform.KindAccount:
		switch q.What {
		case platform.AccountOfName, platform.AccountOfSID:
			return asked[platform.Account](ctx, session, q)
		case platform.MembersOfGroup:
			return asked[platform.GroupMembers](ctx, session, q)
		case platform.StateOfAccount:
			return asked[platform.AccountState](ctx, session, q)
		case platform.InDirectory:
			return asked[platform.DirectoryAccount](ctx, session, q)
		case platform.GroupsInDirectory:
			return asked[platform.DirectoryGroups](ctx, session, q)
		case platform.InOwnToken:
			return asked[platform.TokenMember](ctx, session, q)
		}
		return asked[platform.AccountRight](ctx, session, q)
	case platform.KindEvents:
		return asked[platform.Events](ctx, session, q)
	case platform.KindLog:
		switch q.What {
		case platform.LogSiteBackup:
			return asked[platform.BackupLog](ctx, session, q)
		case platform.LogFailures:
			return asked[platform.FailureLog](ctx, session, q)
		}
		return asked[platform.PrereqLog](ctx, session, q)
	case platform.KindShare:
		return asked[platform.Share](ctx, session, q)
	case platform.KindCertificate:
		return asked[platform.Certificates](ctx, session, q)
	case platform.KindTCP:
		return asked[platform.TCP](ctx, session, q)
	case platform.KindName:
		return asked[platform.Addresses](ctx, session, q)
	case platform.KindSQL:
		return asked[[]struct {
			MaySee int `json:"may_see"`
		}](ctx, session, q)
	}
	switch q {
	case platform.ReadOSVersion().Question:
		return asked[platform.OSVersion](ctx, session, q)
	case platform.ReadComputer().Question:
		return asked[platform.Computer](ctx, session, q)
	case platform.ReadBoot().Question:
		return asked[platform.Boot](ctx, session, q)
	case platform.ReadMemory().Question:
		return asked[platform.Memory](ctx, session, q)
	case platform.ReadDomainJoin().Question:
		return asked[platform.DomainJoin](ctx, session, q)
	}
	return errors.New("this suite does not know what the answer must hold")
}

func asked[A any](ctx context.Context, session *platform.Session, q platform.Question) error {
	_, err := platform.Ask(ctx, session, platform.Query[A]{Question: q})
	return err
}

// beAbsent asks for what is not there.
func (s *suite) beAbsent(ctx context.Context) {
	for _, q := range s.absent {
		if raw, err := s.reader.Read(ctx, q); s.refused(q, raw, err) && !errors.Is(err, platform.ErrAbsent) {
			s.complain(q, "what is not there is refused as %q: %w", reasonOf(err), err)
		}
	}
}

// refuse asks what no reader answers, and for what is not this reader's machine.
func (s *suite) refuse(ctx context.Context) {
	for _, kind := range []platform.Kind{"", "weather", "REGISTRY", "sql "} {
		q := platform.Question{Kind: kind, On: "x", Where: "x", What: "x"}
		raw, err := s.reader.Read(ctx, q)
		// A recording knows no kinds, only what was recorded.
		if s.refused(q, raw, err) && !errors.Is(err, platform.ErrUnsupported) && !errors.Is(err, platform.ErrNotRecorded) {
			s.complain(q, "an unknown kind is refused as %q: %w", reasonOf(err), err)
		}
	}
	for _, q := range slices.Concat(s.known, s.absent) {
		if q.Kind == platform.KindSQL {
			continue
		}
		q.On = "elsewhere.example.com"
		if raw, err := s.reader.Read(ctx, q); s.refused(q, raw, err) && errors.Is(err, platform.ErrAbsent) {
			s.complain(q, "what is on another machine is called absent: %w", err)
		}
	}
}

// refused sees that there is an error as errors must be, and no answer.
func (s *suite) refused(q platform.Question, raw json.RawMessage, err error) bool {
	var no *platform.NoAnswer
	switch {
	case err == nil:
		s.complain(q, "it is answered with %q", raw)
		return false
	case !errors.As(err, &no) || no == nil:
		s.complain(q, "the error is a %T and no *platform.NoAnswer: %w", err, err)
		return false
	}
	if raw != nil {
		s.complain(q, "beside the error there is the answer %q", raw)
	}
	if no.Cause == "" {
		s.complain(q, "the refusal has no cause")
	}
	if !slices.Contains(platform.Reasons(), no.Reason) {
		s.complain(q, "%v is no reason of package platform", no.Reason)
		return false
	}
	return true
}

func reasonOf(err error) error {
	var no *platform.NoAnswer
	errors.As(err, &no)
	return no.Reason
}

// end asks with contexts that have ended, and with some that end meanwhile: the answer may
// come all the same, and the end may be told, but nothing else may be made of it.
func (s *suite) end(ctx context.Context) {
	for _, q := range slices.Concat(s.known, s.absent) {
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		s.ended(cancelled, q)

		late, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
		s.ended(late, q)
		cancel()

		meanwhile, cancel := context.WithCancel(ctx)
		go cancel()
		s.ended(meanwhile, q)
		cancel()
	}
}

func (s *suite) ended(ctx context.Context, q platform.Question) {
	type outcome struct {
		raw json.RawMessage
		err error
	}
	came := make(chan outcome, 1)
	go func() {
		raw, err := s.reader.Read(ctx, q)
		came <- outcome{raw, err}
	}()
	var o outcome
	select {
	case o = <-came:
	case <-time.After(patience):
		s.complain(q, "the reader did not come back from a context that had ended")
		return
	}
	answer, known := s.answers[q]
	switch {
	case o.err == nil && (!known || steady(q, o.raw) != answer):
		s.complain(q, "with a context that had ended it is answered with %q", o.raw)
	case o.err == nil, ctx.Err() != nil && errors.Is(o.err, ctx.Err()):
	case !s.refused(q, o.raw, o.err), errors.Is(o.err, platform.ErrTimeout):
	case errors.Is(o.err, platform.ErrAbsent) && slices.Contains(s.absent, q):
	default:
		s.complain(q, "the end of a context is told as %q: %w", reasonOf(o.err), o.err)
	}
}

// concur asks everything by several goroutines at once.
func (s *suite) concur(ctx context.Context) {
	all := slices.Concat(s.known, s.absent)
	var group sync.WaitGroup
	for from := range 8 {
		group.Go(func() {
			for i := range all {
				q := all[(i+from*len(all)/8)%len(all)]
				raw, err := s.reader.Read(ctx, q)
				if answer, known := s.answers[q]; known && (err != nil || steady(q, raw) != answer) {
					s.complain(q, "asked by several at once it is %q, %v; it was %q", raw, err, answer)
				} else if slices.Contains(s.absent, q) && !errors.Is(err, platform.ErrAbsent) {
					s.complain(q, "asked by several at once it is %q, %v; it was not there", raw, err)
				}
			}
		})
	}
	group.Wait()
}
