package platform

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// RegistryValue is a value of the registry's 64-bit view. Exactly one of Number, Text and
// List is set; none of them for a binary or another type, whose data is never read.
type RegistryValue struct {
	Type   string    `json:"type"` // sz, expand_sz, multi_sz, multi_sz_cut, dword, qword, binary or other
	Number *uint64   `json:"number"`
	Text   *string   `json:"text"` // an expand_sz with its variables as they stand
	List   *[]string `json:"list"`
}

// Number is a registry number, whether it is stored as DWORD, QWORD or decimal text: which
// of them Configuration Manager writes is known for few of its values.
type Number uint64

// UnmarshalJSON reads a RegistryValue.
func (n *Number) UnmarshalJSON(data []byte) error {
	var v RegistryValue
	if err := decode(data, &v); err != nil {
		return err
	}
	switch {
	case v.Number != nil:
		*n = Number(*v.Number)
		return nil
	case v.Text != nil:
		parsed, err := strconv.ParseUint(strings.TrimSpace(*v.Text), 10, 64)
		if err != nil {
			return fmt.Errorf("the text %q is no decimal number", *v.Text)
		}
		*n = Number(parsed)
		return nil
	}
	return fmt.Errorf("a value of type %s is no number", v.Type)
}

// Text is a registry text, or a number in its decimal form.
type Text string

// UnmarshalJSON reads a RegistryValue.
func (t *Text) UnmarshalJSON(data []byte) error {
	var v RegistryValue
	if err := decode(data, &v); err != nil {
		return err
	}
	switch {
	case v.Text != nil:
		*t = Text(strings.TrimSpace(*v.Text))
		return nil
	case v.Number != nil:
		*t = Text(strconv.FormatUint(*v.Number, 10))
		return nil
	}
	return fmt.Errorf("a value of type %s is no text", v.Type)
}

// The types of a registry value that holds a list. Of a cut one the answer has the beginning
// alone: the whole of it would be too large.
const (
	listWhole = "multi_sz"
	listCut   = "multi_sz_cut"
)

// maxListed is how many bytes the entries of a list have in an answer, written as JSON.
const maxListed = MaxAnswer / 2

// ListValue is the answer to a question for a list. A list that is too long for an answer is
// cut behind an entry: that it is not empty is known even then.
func ListValue(entries []string) RegistryValue {
	size, kind, whole := 0, listWhole, len(entries)
	for i, entry := range entries {
		written, err := json.Marshal(entry)
		if size += len(written) + len(","); err != nil || size > maxListed {
			kind, whole = listCut, i
			break
		}
	}
	list := append([]string{}, entries[:whole]...) // never nil: an empty list is [], not null
	return RegistryValue{Type: kind, List: &list}
}

// List is a registry value of several texts.
type List struct {
	Entries []string
	More    bool // the list goes on: it was too long for an answer
}

// UnmarshalJSON reads a RegistryValue.
func (l *List) UnmarshalJSON(data []byte) error {
	var v RegistryValue
	if err := decode(data, &v); err != nil {
		return err
	}
	if v.List == nil || v.Type != listWhole && v.Type != listCut {
		return fmt.Errorf("a value of type %s is no list", v.Type)
	}
	*l = List{Entries: *v.List, More: v.Type == listCut}
	return nil
}

// RegistryKey is what a key holds by name. Its lists are sorted and have at most 500 names.
type RegistryKey struct {
	Subkeys []string  `json:"subkeys"`
	Values  []string  `json:"values"`
	More    bool      `json:"more"`    // there are more names than the lists hold
	Written time.Time `json:"written"` // the key's last write, UTC
}

// MaxNames is how many names each list of a RegistryKey holds.
const MaxNames = 500

func registryQuestion(key, value string) Question {
	return Question{Kind: KindRegistry, Where: key, What: value}
}

// ReadNumber asks for a number in the registry. Key is written HKLM\SOFTWARE\....
// A missing key or value is ErrAbsent.
func ReadNumber(key, value string) Query[Number] {
	return Query[Number]{registryQuestion(key, value)}
}

// ReadText asks for a text in the registry. A missing key or value is ErrAbsent.
func ReadText(key, value string) Query[Text] {
	return Query[Text]{registryQuestion(key, value)}
}

// ReadList asks for a list of texts in the registry. A missing key or value is ErrAbsent.
func ReadList(key, value string) Query[List] {
	return Query[List]{registryQuestion(key, value)}
}

// ReadKey asks what a registry key holds. A missing key is ErrAbsent.
func ReadKey(key string) Query[RegistryKey] {
	return Query[RegistryKey]{registryQuestion(key, "")}
}

// At puts a question to another server, by its NetBIOS or DNS name: one about the registry,
// or about a group. Of another server's registry HKLM and HKU alone can be read, and its
// service RemoteRegistry must run; a server that cannot be reached, or refuses the account,
// is asked nothing more about it in a run.
func (q Query[A]) At(server string) Query[A] {
	q.On = server
	return q
}

func (q Question) remoteRegistry() bool { return q.Kind == KindRegistry && q.On != "" }

// oneChance reports whether a question goes to somebody who is given up at the first silence.
func (q Question) oneChance() bool { return q.remoteRegistry() || q.directory() != "" }
