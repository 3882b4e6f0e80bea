// Package sqlservertest is a SQL Server for tests: it speaks TDS 7.4 and 8.0 on 127.0.0.1, checks the log-on, encrypts as it is
// told, and answers statements with the rows and errors that the test gave it. It executes nothing. A statement is
// known by the comment that it begins with, /* siteready: NAME */; its answer is found under NAME in the tables of the
// database that the client connected to. A name that is not there, and text without a name, answers error 208.
// Text that consists of SET statements alone is accepted, and so is the SELECT 1 of a driver's ping. NAME.names, the look-up
// of the names in a statement that failed, is answered by what is known of NAME.
// After an error the rest of the batch is not answered.
//
// It cannot tell whether a statement is good T-SQL, nor what a real server would answer.
package sqlservertest

import (
	"context"
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
	// NewestTLS is the newest version of TLS that the server has, as crypto/tls numbers them. By default it is 1.2, and
	// 1.3 under Strict.
	NewestTLS uint16
	// HostNames are the names and addresses in the server's certificate; by default 127.0.0.1 and localhost.
	HostNames []string
	// Certificate is what is odd about that certificate.
	Certificate Certificate
	// Databases by name, compared without case. There is always a master, which is what a client gets that names none.
	Databases map[string]Tables
	// Windows is the one account that is accepted with Windows authentication (NTLM); nil is none.
	Windows *WindowsAccount
	// LogOn, if it is set, is what a good log-on gets in place of an answer.
	LogOn *Error
	// SetUp, if it is set, refuses every text that consists of SET statements alone.
	SetUp *Error
	// Fault is what the server does wrong.
	Fault Fault
	// Pace, if it is set, is called before each request is answered, with the name of its first statement, which may
	// be empty. The answer begins when it returns. Connections call it at the same time.
	Pace func(statement string)
}

// WindowsAccount is an account of a domain.
type WindowsAccount struct{ Domain, User, Password string }

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
	Connection  int    // that it came over, numbered from 1
	TLS         uint16 // the version of TLS around it; 0 for none
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
	s, err := Open(tb.TempDir(), c)
	return started(tb, s, err)
}

// StartInMemory is Start without a socket: the server is reached through Dial alone. So it can be used in a bubble of
// testing/synctest, where time is not real.
func StartInMemory(tb testing.TB, c Config) *Server {
	tb.Helper()
	s, err := newServer(tb.TempDir(), c)
	return started(tb, s, err)
}

// Open is Start for what is no test. The CA file goes into folder; the server runs until it is closed.
func Open(folder string, c Config) (*Server, error) {
	s, err := newServer(folder, c)
	if err != nil {
		return nil, err
	}
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.running.Go(s.accept)
	return s, nil
}

func newServer(folder string, c Config) (*Server, error) {
	if c.Encryption < NotSupported || c.Encryption > Strict {
		return nil, fmt.Errorf("encryption %d is not known", c.Encryption)
	}
	if c.Certificate < Sound || c.Certificate > OwnMade {
		return nil, fmt.Errorf("certificate %d is not known", c.Certificate)
	}
	if len(c.HostNames) == 0 {
		c.HostNames = []string{"127.0.0.1", "localhost"}
	}
	databases, err := checkDatabases(c.Databases)
	if err = errors.Join(err, c.Fault.check()); err != nil {
		return nil, err
	}
	certificate, ca, err := newCertificate(c.HostNames, c.Certificate)
	if err != nil {
		return nil, err
	}
	s := &Server{
		config: c, databases: databases, certificate: certificate, conns: map[net.Conn]bool{},
		caFile: filepath.Join(folder, "ca.pem"),
	}
	return s, os.WriteFile(s.caFile, ca, 0o600)
}

func started(tb testing.TB, s *Server, err error) *Server {
	tb.Helper()
	if err != nil {
		tb.Fatalf("starting the fake SQL Server: %v", err)
	}
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

// Dial is a connection to the server that needs no socket. Network and address do not matter.
func (s *Server) Dial(_ context.Context, network, address string) (net.Conn, error) {
	client, server := net.Pipe()
	if !s.take(server) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: net.ErrClosed}
	}
	return client, nil
}

// Close stops the server as if the machine were gone: it no longer listens and all its connections are cut.
// When it returns, nothing of the server runs. It may be called more than once.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	if s.listener != nil {
		s.listener.Close()
	}
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Addr is where the server listens; without a socket it is 127.0.0.1 and the default port.
func (s *Server) Addr() (host string, port int) {
	if s.listener == nil {
		return "127.0.0.1", 1433
	}
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
		if !s.take(conn) {
			return
		}
	}
}

// take serves a connection in a goroutine of its own, unless the server is closing. Connections are numbered from 1.
func (s *Server) take(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		conn.Close()
		return false
	}
	s.conns[conn] = true
	s.counts.Connections++
	number := s.counts.Connections
	s.running.Go(func() {
		defer s.forget(conn)
		if err := newSession(s, conn, number).serve(); err != nil {
			s.fail(fmt.Errorf("connection %d: %w", number, err))
		}
	})
	return true
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
