package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

const (
	statements = 40
	account    = "bench"
	database   = "CM_P01"
)

// row is what each statement of the bench answers.
type row struct {
	MaySee int `json:"may_see"`
}

// server starts a fake SQL Server, encrypted throughout, that answers the statements.
func server(c sqlservertest.Config) (s *sqlservertest.Server, end func(), err error) {
	folder, err := os.MkdirTemp("", "siteready-bench-sql-*")
	if err != nil {
		return nil, nil, err
	}
	answer := sqlservertest.Result{
		Columns: []sqlservertest.Column{{Name: "may_see", Type: "int"}},
		Rows:    slices.Repeat([][]any{{1}}, 100),
	}
	tables := sqlservertest.Tables{}
	for i := range statements {
		tables[name(i)] = answer
	}
	c.User, c.Password, c.Encryption = account, account, sqlservertest.On
	c.Databases = map[string]sqlservertest.Tables{database: tables}
	if s, err = sqlservertest.Open(folder, c); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	return s, func() {
		s.Close()
		_ = os.RemoveAll(folder) // it is the system's folder for what may be lost
	}, nil
}

func name(statement int) string { return "statement-" + strconv.Itoa(statement) }

// ask puts so many statements to a server, all at once, and closes the connections. It returns
// how long all of it took and what the last statement came to.
func ask(s *sqlservertest.Server, count int, connectLimit, limit time.Duration) (took time.Duration, answer error, err error) {
	r, err := sqlserver.New(sqlserver.Options{
		User: account, Password: account, CAFile: s.CAFile(), ConnectLimit: connectLimit,
		Local: func(string) bool { return false },
	})
	if err != nil {
		return 0, nil, err
	}
	host, port := s.Addr()
	instance := host + "," + strconv.Itoa(port)
	ctx := context.Background()
	start := time.Now()
	m := platform.Open(ctx, r, start, map[platform.Kind]time.Duration{platform.KindSQL: limit})
	answers := make([]error, count)
	var group sync.WaitGroup
	for i := range count {
		group.Go(func() {
			_, answers[i] = platform.Ask(ctx, m.Session(), platform.SQL[row](name(i), "SELECT 1 AS may_see").In(instance, database))
		})
	}
	group.Wait()
	err = r.Close()
	return time.Since(start), errors.Join(answers...), err
}
