package platformtest

import (
	"context"
	"encoding/json"

	"siteready/platform"
)

// Fault is a reader that passes every answer through Change.
type Fault struct {
	platform.Reader
	Change func(q platform.Question, raw json.RawMessage, err error) (json.RawMessage, error)
}

// Read implements platform.Reader.
func (f Fault) Read(ctx context.Context, q platform.Question) (json.RawMessage, error) {
	raw, err := f.Reader.Read(ctx, q)
	return f.Change(q, raw, err)
}

// Refusing answers every question that match selects with reason.
func Refusing(r platform.Reader, reason error, match func(platform.Question) bool) Fault {
	return Fault{r, func(q platform.Question, raw json.RawMessage, err error) (json.RawMessage, error) {
		if match(q) {
			return nil, platform.Refuse(reason, "planted fault: %v", reason)
		}
		return raw, err
	}}
}

// Silent never answers the questions that match selects: it waits for the end of their time.
type Silent struct {
	platform.Reader
	Match func(platform.Question) bool
}

// Read implements platform.Reader.
func (s Silent) Read(ctx context.Context, q platform.Question) (json.RawMessage, error) {
	if s.Match(q) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.Reader.Read(ctx, q)
}

// Answering gives one question another answer.
func Answering(r platform.Reader, q platform.Question, answer json.RawMessage) Fault {
	return Fault{r, func(asked platform.Question, raw json.RawMessage, err error) (json.RawMessage, error) {
		if asked == q {
			return answer, nil
		}
		return raw, err
	}}
}

// Damages returns the answer in each of the ways that strict decoding must refuse: empty,
// each field missing once, each field null once. A field that is null already stays.
func Damages(raw json.RawMessage) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	var rows []map[string]json.RawMessage
	if json.Unmarshal(raw, &rows) == nil {
		out["no rows"] = json.RawMessage("[]")
		if len(rows) > 0 {
			damageFields(out, rows[0], func(row map[string]json.RawMessage) any {
				return append([]map[string]json.RawMessage{row}, rows[1:]...)
			})
		}
		return out
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) == nil {
		out["empty"] = json.RawMessage("{}")
		damageFields(out, object, func(o map[string]json.RawMessage) any { return o })
	}
	return out
}

func damageFields(out map[string]json.RawMessage, object map[string]json.RawMessage, whole func(map[string]json.RawMessage) any) {
	for field, value := range object {
		without := map[string]json.RawMessage{}
		nulled := map[string]json.RawMessage{}
		for f, v := range object {
			nulled[f] = v
			if f != field {
				without[f] = v
			}
		}
		nulled[field] = json.RawMessage("null")
		out["field "+field+" missing"] = encode(whole(without))
		if string(value) != "null" {
			out["field "+field+" null"] = encode(whole(nulled))
		}
	}
}

func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of JSON texts always encode
	}
	return raw
}
