package platform

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// RegistryValue is a value of the registry's 64-bit view. Exactly one of Number, Text and
// List is set; none of them for a binary or another type, whose data is never read.
type RegistryValue struct {
	Type   string    `json:"type"` // sz, expand_sz, multi_sz, dword, qword, binary or other
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

// ReadKey asks what a registry key holds. A missing key is ErrAbsent.
func ReadKey(key string) Query[RegistryKey] {
	return Query[RegistryKey]{registryQuestion(key, "")}
}
