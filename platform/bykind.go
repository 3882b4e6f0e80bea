package platform

import (
	"context"
	"encoding/json"
)

// ByKind sends each question to the reader of its kind; a kind without a reader is ErrUnsupported.
type ByKind struct {
	Readers map[Kind]Reader
	// Elsewhere says why the other kinds cannot be read, e.g. on a system that is not Windows.
	Elsewhere string
}

// Read implements Reader.
func (b ByKind) Read(ctx context.Context, q Question) (json.RawMessage, error) {
	if r, ok := b.Readers[q.Kind]; ok {
		return r.Read(ctx, q)
	}
	if b.Elsewhere == "" {
		return nil, Refuse(ErrUnsupported, "questions of kind %q cannot be answered here", q.Kind)
	}
	return nil, Refuse(ErrUnsupported, "%s", b.Elsewhere)
}
