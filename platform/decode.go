package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
)

// decode fills out, a pointer, from raw. It is stricter than encoding/json: each field must
// be in the answer (else ErrNotRecorded), names are compared exactly, and a null for
// anything but a pointer, or a value of another type, is ErrMalformed. Further fields are
// allowed: an answer may know more than a query wants.
func decode(raw json.RawMessage, out any) error {
	return decodeValue(raw, reflect.ValueOf(out).Elem(), "the answer")
}

// Encode is the answer to q as a Reader gives it. The errors are *NoAnswer.
func Encode(q Question, answer any) (json.RawMessage, error) {
	raw, err := json.Marshal(answer)
	if err != nil {
		return nil, Refuse(ErrUnsupported, "the answer to %s cannot be written as JSON: %v", q, err)
	}
	if len(raw) > MaxAnswer {
		return nil, Refuse(ErrTooLarge, "the answer to %s has %d bytes, more than %d", q, len(raw), MaxAnswer)
	}
	return raw, nil
}

func decodeValue(raw json.RawMessage, v reflect.Value, name string) error {
	if v.Kind() == reflect.Pointer {
		if isNull(raw) {
			v.SetZero()
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return decodeValue(raw, v.Elem(), name)
	}
	if isNull(raw) {
		return Refuse(ErrMalformed, "%s is null, and a %s was expected", name, v.Type())
	}
	if custom, ok := v.Addr().Interface().(json.Unmarshaler); ok {
		return leaf(custom.UnmarshalJSON(raw), v, name)
	}
	switch v.Kind() {
	case reflect.Struct:
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(raw, &fields); err != nil {
			return Refuse(ErrMalformed, "%s is not an object: %v", name, err)
		}
		for i := range v.NumField() {
			key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			value, ok := fields[key]
			if !ok {
				return Refuse(ErrNotRecorded, "%s has no field %q", name, key)
			}
			if err := decodeValue(value, v.Field(i), name+"."+key); err != nil {
				return err
			}
		}
		return nil
	case reflect.Slice:
		var elements []json.RawMessage
		if err := json.Unmarshal(raw, &elements); err != nil {
			return Refuse(ErrMalformed, "%s is not a list: %v", name, err)
		}
		v.Set(reflect.MakeSlice(v.Type(), len(elements), len(elements)))
		for i, element := range elements {
			if err := decodeValue(element, v.Index(i), name+"[]"); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map, reflect.Array, reflect.Interface:
		// encoding/json would fill these without a word about what is missing.
		return Refuse(ErrUnsupported, "%s cannot be read strictly as %s", name, v.Type())
	default:
		return leaf(json.Unmarshal(raw, v.Addr().Interface()), v, name)
	}
}

// leaf is the error of reading v, which has no fields to look at here.
func leaf(err error, v reflect.Value, name string) error {
	var no *NoAnswer
	if errors.As(err, &no) {
		return no // a type of this package that decodes itself has said what is missing
	}
	if err != nil {
		return Refuse(ErrMalformed, "%s cannot be read as %s: %v", name, v.Type(), err)
	}
	return nil
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(raw), []byte("null")) }
