package sqlservertest

import (
	"errors"
	"fmt"
)

// answer is one answer in the making.
type answer struct {
	*session
	w   *messageWriter
	rpc bool
}

// errStopped ends an answer that the client no longer wants.
var errStopped = errors.New("stopped by the client")

// serveRequest reads, records and answers a batch or call.
func (s *session) serveRequest(m message) error {
	r, err := parseRequest(m)
	if err != nil {
		return err
	}
	a := &answer{session: s, w: s.newMessage(s.packetSize), rpc: r.rpc}
	if m.reset {
		s.server.count(func(c *Counts) { c.Resets++ })
		a.w.Write(appendEnvChange(nil, envReset, "", ""))
	}
	if pace := s.server.config.Pace; pace != nil {
		first := ""
		if pieces := splitBatch(r.text); len(pieces) > 0 {
			first = pieces[0].name
		}
		pace(first)
	}
	switch err := a.write(r); {
	case errors.Is(err, errStopped):
		// The answer gets an end of its own; the acknowledgement is a second message. Not every client takes them in one.
		a.finish(0, nil)
		if err := a.w.end(); err != nil {
			return err
		}
		return s.acknowledge()
	case err != nil:
		return err
	default:
		return a.w.end()
	}
}

// write answers the statements of a request in turn, up to the first that fails.
func (a *answer) write(r request) error {
	pieces := splitBatch(r.text)
	if r.procedure != "" {
		pieces = []piece{{text: r.procedure}}
	}
	for _, p := range pieces {
		a.server.record(Statement{
			Name:        p.name,
			Text:        p.text,
			Parameters:  r.parameters,
			Connection:  a.number,
			TLS:         a.tlsVersion(),
			Database:    a.database.name,
			User:        a.login.user,
			Application: a.login.application,
			Host:        a.login.host,
		})
	}
	if r.procedure != "" {
		return a.statement(failure(2812, 62, 16, "Could not find stored procedure '"+cut(r.procedure, 128)+"'."), false, false)
	}
	if len(pieces) == 0 {
		return a.finish(0, nil)
	}
	for i, p := range pieces {
		faulty := a.server.config.Fault.hits(p.name)
		if faulty {
			if err := a.reach(BeforeRows, nil); err != nil {
				return err
			}
		}
		result := a.database.answer(p)
		if e := a.server.config.SetUp; e != nil && p.name == "" && onlySets(p.text) {
			result.Err = e
		}
		if err := a.statement(result, i < len(pieces)-1, faulty); err != nil {
			return err
		}
		if result.Err != nil {
			return nil
		}
	}
	return nil
}

// statement writes the result of one statement. more says that another comes after it, unless it fails; faulty, that
// the fault between rows comes with it.
func (a *answer) statement(r result, more, faulty bool) error {
	var b []byte
	if len(r.Columns) > 0 {
		a.w.Write(appendColumns(nil, r.Columns, r.types))
	}
	for i, row := range r.Rows {
		stop, err := a.stopWanted()
		if err != nil {
			return err
		}
		if stop {
			return errStopped
		}
		if i == len(r.Rows)/2 && faulty {
			if err := a.amidRows(); err != nil {
				return err
			}
		}
		if b, err = r.appendRow(b[:0], row); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err) // the config was changed after Start
		}
		if _, err := a.w.Write(b); err != nil {
			return err
		}
	}
	if r.Err != nil {
		a.w.Write(appendErrors(nil, r.Err))
		return a.finish(doneError, r.Err)
	}
	status, command := uint16(0), uint16(0)
	if len(r.Columns) > 0 {
		status, command = doneCount, commandSelect
	}
	if more || a.rpc { // a call ends with tokens of its own
		token := byte(tokenDone)
		if a.rpc {
			token = tokenDoneInProc
		}
		a.w.Write(appendDone(nil, token, status|doneMore, command, uint64(len(r.Rows))))
	}
	switch {
	case more:
		return nil
	case a.rpc:
		return a.finish(0, nil)
	default:
		_, err := a.w.Write(appendDone(nil, tokenDone, status, command, uint64(len(r.Rows))))
		return err
	}
}

// finish writes the last tokens of an answer that does not end with a count of rows.
func (a *answer) finish(status uint16, failed *Error) error {
	if !a.rpc {
		_, err := a.w.Write(appendDone(nil, tokenDone, status, 0, 0))
		return err
	}
	returned := int32(0)
	if failed != nil {
		returned = failed.Number
	}
	b := append([]byte{tokenReturnStatus}, byte(returned), byte(returned>>8), byte(returned>>16), byte(returned>>24))
	_, err := a.w.Write(appendDone(b, tokenDoneProc, status, 0, 0))
	return err
}
