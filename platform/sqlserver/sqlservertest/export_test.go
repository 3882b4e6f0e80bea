package sqlservertest

import (
	"bytes"
	"net"
)

// ServeStream gives a session all that a client sends, as one connection that then ends.
func ServeStream(c Config, stream []byte) error {
	databases, err := checkDatabases(c.Databases)
	if err != nil {
		return err
	}
	s := &Server{config: c, databases: databases}
	defer s.running.Wait()
	return newSession(s, &streamConn{Reader: bytes.NewReader(stream)}, 1).serve()
}

// streamConn reads from a stream and forgets what is written.
type streamConn struct {
	net.Conn
	*bytes.Reader
}

func (c *streamConn) Read(p []byte) (int, error)  { return c.Reader.Read(p) }
func (c *streamConn) Write(p []byte) (int, error) { return len(p), nil }
func (c *streamConn) Close() error                { return nil }
