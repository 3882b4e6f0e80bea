// Package sqlservertest is a SQL Server for tests: it speaks TDS 7.4 on 127.0.0.1, checks the log-on, encrypts as it is
// told, and answers statements with the rows and errors that the test gave it. It executes nothing. A statement is
// known by the comment that it begins with, /* siteready: NAME */; its answer is found under NAME in the tables of the
// database that the client connected to. A name that is not there, and text without a name, answers error 208.
// Text that consists of SET statements alone is accepted, and so is the SELECT 1 of a driver's ping.
// After an error the rest of the batch is not answered.
//
// It cannot tell whether a statement is good T-SQL, nor what a real server would answer.
package sqlservertest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// Config says what the server knows. It must not be changed after Start.
type Config struct {
	// User and Password are the one SQL Server log-on that is accepted. Without a user there is none.
	User, Password string
	Encryption     Encryption
	// HostNames are the names and addresses in the server's certificate; by default 127.0.0.1 and localhost.
	HostNames []string
	// Databases by name, compared without case. There is always a master, which is what a client gets that names none.
	Databases map[string]Tables
}

// Server is a running server. It ends with the test that started it.
type Server struct {
	config      Config
	databases   map[string]*database // by name in lower case
	certificate tls.Certificate
	caFile      string
	listener    net.Listener
	running     sync.WaitGroup // all goroutines

	mu       sync.Mutex
	closed   bool
	conns    map[net.Conn]bool
	received []Statement
	counts   Counts
	failures []string
}

// Statement is one statement that a client sent. A batch with several names is several statements.
type Statement struct {
	Name        string // from its comment; empty if it has none
	Text        string // the comment included
	Parameters  []Parameter
	Database    string // as Config spells it
	User        string
	Application string
	Host        string // the client's name for its own machine
}

// Counts says what happened to the server since it started.
type Counts struct {
	Connections int // sockets, whatever came of them
	LogOns      int // that succeeded
	Refused     int // log-ons that got an error
	Attentions  int // requests to stop a statement, each acknowledged
	Resets      int // connections that a client took from its pool again
}

// Start listens on a free port of 127.0.0.1. The test fails at once if the config is not well-formed.
// At the end of the test the server closes every connection and waits until nothing of it runs;
// if the test failed, it then logs what went wrong with the connections.
func Start(tb testing.TB, c Config) *Server {
	tb.Helper()
	fail := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatalf("starting the fake SQL Server: %v", err)
		}
	}
	if c.Encryption < NotSupported || c.Encryption > Required {
		fail(fmt.Errorf("encryption %d is not known", c.Encryption))
	}
	if len(c.HostNames) == 0 {
		c.HostNames = []string{"127.0.0.1", "localhost"}
	}
	s := &Server{config: c, conns: map[net.Conn]bool{}}
	var err error
	s.databases, err = checkDatabases(c.Databases)
	fail(err)
	certificate, ca, err := newCertificate(c.HostNames)
	fail(err)
	s.certificate = certificate
	s.caFile = filepath.Join(tb.TempDir(), "ca.pem")
	fail(os.WriteFile(s.caFile, ca, 0o600))
	s.listener, err = net.Listen("tcp", "127.0.0.1:0")
	fail(err)
	s.running.Go(s.accept)
	tb.Cleanup(func() {
		s.Close()
		if tb.Failed() {
			for _, f := range s.failures {
				tb.Logf("the fake SQL Server: %s", f)
			}
		}
	})
	return s
}

// Close stops the server as if the machine were gone: it no longer listens and all its connections are cut.
// When it returns, nothing of the server runs. It may be called more than once.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.listener.Close()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Addr is where the server listens.
func (s *Server) Addr() (host string, port int) {
	a := s.listener.Addr().(*net.TCPAddr)
	return a.IP.String(), a.Port
}

// CAFile is a PEM file with the certificate of the CA that signed the server's. Each server has its own CA.
func (s *Server) CAFile() string { return s.caFile }

// Received gives the statements that came, in the order in which they came, answered or not.
func (s *Server) Received() []Statement {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.received)
}

// Counts gives the counts of this moment.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

func (s *Server) count(change func(*Counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.counts)
}

func (s *Server) record(st Statement) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received = append(s.received, st)
}

// accept serves each connection in its own goroutine until the listener is closed.
func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			s.fail(fmt.Errorf("accepting: %w", err))
			return
		}
		number, ok := s.open(conn)
		if !ok {
			conn.Close()
			return
		}
		s.running.Go(func() {
			defer s.forget(conn)
			if err := newSession(s, conn, number).serve(); err != nil {
				s.fail(fmt.Errorf("connection %d: %w", number, err))
			}
		})
	}
}

// open registers a connection and numbers it, from 1. It refuses when the server is closing.
func (s *Server) open(conn net.Conn) (number int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, false
	}
	s.conns[conn] = true
	s.counts.Connections++
	return s.counts.Connections, true
}

func (s *Server) forget(conn net.Conn) {
	conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// fail keeps an error for the log of a failed test, except those that closing makes.
func (s *Server) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed && !errors.Is(err, net.ErrClosed) {
		s.failures = append(s.failures, err.Error())
	}
}
