package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"siteready/platform/sqlserver/sqlservertest"
)

const (
	hangLimit = time.Second
	hangRuns  = 3
	mostOver  = time.Second
)

// fault is one way in which a server misbehaves, and what becomes of a run.
type fault struct {
	sqlservertest.Fault
	over []time.Duration // that runs ended past their limit; less than 0 is before it
	said error           // what the last run was told
}

func (f *fault) String() string { return fmt.Sprintf("%s, %s", f.Stage, f.Kind) }

// run asks a server with the fault. The limit that counts is that for connecting or that for
// an answer, by the stage.
func (f *fault) run() error {
	s, end, err := server(sqlservertest.Config{Fault: f.Fault})
	if err != nil {
		return err
	}
	defer end()
	connectLimit, limit := hangLimit, 15*time.Second
	if f.Stage >= sqlservertest.BeforeRows {
		connectLimit, limit = 10*time.Second, hangLimit
	}
	took, said, err := ask(s, 1, connectLimit, limit)
	if said == nil {
		err = errors.Join(err, fmt.Errorf("a server that fails %s gave an answer", f))
	}
	f.over, f.said = append(f.over, took-hangLimit), said
	return err
}

// benchHangs prints how far past its limit a run ends with each fault, at worst. All faults run
// at once.
func benchHangs(w io.Writer) error {
	var faults []*fault
	for stage := sqlservertest.BeforePrelogin; stage <= sqlservertest.OnCancel; stage++ {
		faults = append(faults, &fault{Fault: sqlservertest.Fault{Stage: stage}})
	}
	faults = append(faults,
		&fault{Fault: sqlservertest.Fault{Stage: sqlservertest.InRows, Kind: sqlservertest.WrongToken}},
		&fault{Fault: sqlservertest.Fault{Stage: sqlservertest.InRows, Kind: sqlservertest.Reset}})
	errs := make([]error, len(faults))
	for range hangRuns {
		var group sync.WaitGroup
		for i, f := range faults {
			group.Go(func() { errs[i] = errors.Join(errs[i], f.run()) })
		}
		group.Wait()
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nA SQL Server that fails, with a limit of %v: how far past it the run ended, the worst of %d; limit %v\n", hangLimit, hangRuns, mostOver)
	for _, f := range faults {
		over := slices.Max(f.over)
		past := fmt.Sprintf("%6.1f ms past", milliseconds(over))
		if over < 0 {
			past = fmt.Sprintf("%6.1f ms in all", milliseconds(over+hangLimit))
		}
		fmt.Fprintf(w, "%-28s %-18s %s   %s\n", f, past, verdict(over <= mostOver), f.said)
	}
	return nil
}
