package history

import "context"

// Lock locks a series as Keep does.
func Lock(ctx context.Context, s *Series) (unlock func(), err error) { return s.lock(ctx) }

// ParseIndex reads the lines of an index.
func ParseIndex(data []byte) Runs { return parseIndex(data) }

// EncodeIndex is an index of at most so many bytes.
func EncodeIndex(entries []Entry, most int) ([]byte, error) { return encodeIndex(entries, most) }

// Line is an entry as the index has it.
func Line(e Entry) ([]byte, error) { return e.line() }
