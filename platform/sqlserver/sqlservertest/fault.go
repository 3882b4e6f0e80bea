package sqlservertest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Fault is one thing that the server does wrong, on each connection that gets to the stage. The zero Fault is none.
type Fault struct {
	Stage Stage
	Kind  Kind
	// Statement is the only one that the faults of answers come with; by default they come with each that has a name.
	// What sets up a session has none.
	Statement string
}

// Stage is where a fault lies, in the order of a connection.
type Stage int

const (
	// Nowhere is the stage of no fault.
	Nowhere Stage = iota
	// BeforePrelogin: the client has asked, and nothing has been answered.
	BeforePrelogin
	// InPrelogin: half of the answer to PRELOGIN has been sent.
	InPrelogin
	// InTLS: the client has begun the handshake, and half of a TLS record has been sent.
	InTLS
	// InLogOn: the log-on is good, and half of the answer to it has been sent.
	InLogOn
	// BeforeRows: a statement has come, and nothing has been answered.
	BeforeRows
	// InRows: half of the rows have been sent, in whole packets.
	InRows
	// InPacket: half of the rows have been sent, and the last packet is shorter than it says.
	InPacket
	// OnCancel: half of the rows have been sent, and the rest waits until the client asks to stop.
	OnCancel
)

// String is the stage as a person says it.
func (s Stage) String() string {
	return [...]string{
		"nowhere", "before PRELOGIN", "in PRELOGIN", "in TLS", "in the log-on",
		"before rows", "in mid-rows", "in a torn packet", "on cancel",
	}[s]
}

// Kind is what goes wrong.
type Kind int

const (
	// Hang: nothing comes any more. On cancel, the wish to stop is ignored until the next request has come: then the
	// answer ends, the wish is acknowledged, and the request is served.
	Hang Kind = iota
	// Cut: the server closes the connection.
	Cut
	// Reset: the server resets the connection (RST). Without a socket it is a Cut.
	Reset
	// WrongToken: a packet comes that means nothing, and then nothing more.
	WrongToken
)

// String is the kind as a person says it.
func (k Kind) String() string { return [...]string{"hang", "cut", "reset", "wrong token"}[k] }

func (f Fault) check() error {
	if f.Stage < Nowhere || f.Stage > OnCancel || f.Kind < Hang || f.Kind > WrongToken {
		return fmt.Errorf("the fault %d at stage %d is not known", f.Kind, f.Stage)
	}
	return nil
}

var errFault = errors.New("it was told to fail here")

// reach does the fault of a stage, if there is one there. part is what is sent first.
func (s *session) reach(at Stage, part []byte) error {
	f := s.server.config.Fault
	if f.Stage != at {
		return nil
	}
	if f.Kind == WrongToken {
		const noToken = 0x42
		part = frame(packetAnswer, s.spid, bytes.Repeat([]byte{noToken}, 16))
	}
	if _, err := s.out.Write(part); err != nil {
		return err
	}
	switch f.Kind {
	case Reset:
		if c, ok := s.conn.(interface{ SetLinger(sec int) error }); ok {
			if err := c.SetLinger(0); err != nil {
				return err
			}
		}
	case Hang, WrongToken:
		s.waitForEnd()
	}
	return fmt.Errorf("%s: %w", at, errFault)
}

// waitForEnd returns when the client has gone. What it sends is dropped.
func (s *session) waitForEnd() {
	if !s.reading {
		io.Copy(io.Discard, s.conn)
		return
	}
	for range s.requests {
	}
}

// hits reports whether the faults of answers come with a statement.
func (f Fault) hits(statement string) bool {
	return statement != "" && (f.Statement == "" || f.Statement == statement)
}

// amidRows does the faults that lie between two rows. What has been written before is on its way then.
func (a *answer) amidRows() error {
	switch a.server.config.Fault.Stage {
	case InRows:
		a.w.flush()
	case InPacket:
		a.w.tear()
	case OnCancel:
		a.w.flush()
		if err := a.awaitStop(); err != nil {
			return err
		}
	default:
		return nil
	}
	return a.reach(a.server.config.Fault.Stage, nil)
}

// awaitStop waits until the client asks to stop. If the wish is to be ignored, it waits for the next request as well.
func (a *answer) awaitStop() error {
	for m := range a.requests {
		switch {
		case m.kind != packetAttention:
			a.early = &m
			return errStopped
		case a.server.config.Fault.Kind != Hang:
			return nil
		}
	}
	return fmt.Errorf("the client left during an answer: %w", a.readErr)
}

// frame is body as a message of one packet.
func frame(kind packetType, spid uint16, body []byte) []byte {
	var b bytes.Buffer
	w := newMessageWriter(&b, kind, spid, headerSize+len(body))
	w.Write(body)
	w.end()
	return b.Bytes()
}

func half(b []byte) []byte { return b[:len(b)/2] }
