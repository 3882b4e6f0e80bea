package windows

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"siteready/platform"
)

// Whatever lies in the registry is an answer that a check can decode, or a refusal. A number is the
// one that was written, a text ends at its end, and a list has the texts that it was written with.
func FuzzDecodeValue(f *testing.F) {
	units := func(text string) []byte {
		var data []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			data = append(data, byte(unit), byte(unit>>8))
		}
		return data
	}
	for kind, texts := range map[uint32][]string{regText: {"", "a\x00", "a\x00rubbish", "ümläut 😀"}, regExpand: {"%TEMP%\x00"}, regList: {"", "\x00", "a\x00b\x00\x00", "a\x00\x00b\x00\x00", "no end", "\x00\x00\x00"}} {
		for _, text := range texts {
			f.Add(kind, units(text))
		}
	}
	f.Add(uint32(regDWORD), []byte{1, 0, 0, 0x80})
	f.Add(uint32(regDWORD), []byte{1, 0, 0})
	f.Add(uint32(regQWORD), []byte{1, 0, 0, 0, 0, 0, 0, 0xff})
	f.Add(uint32(regText), []byte{0, 0xd8}) // half of a pair
	f.Add(uint32(3), []byte("binary"))
	f.Fuzz(func(t *testing.T, kind uint32, data []byte) {
		value, err := decodeValue(kind, data)
		if err != nil {
			if value.Type != "" || err.Error() == "" {
				t.Errorf("%+v beside the error %q", value, err)
			}
			return
		}
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		var again platform.RegistryValue
		if err := json.Unmarshal(raw, &again); err != nil || again.Type != value.Type {
			t.Errorf("%s is read as %+v, %v", raw, again, err)
		}
		want := map[uint32]string{regText: "sz", regExpand: "expand_sz", regList: "multi_sz", regDWORD: "dword", regQWORD: "qword"}[kind]
		if value.Type != want || (value.Number != nil) != (kind == regDWORD || kind == regQWORD) || (value.Text != nil) != (kind == regText || kind == regExpand) {
			t.Errorf("type %d is %s", kind, raw)
		}
		if value.Text != nil && strings.Contains(*value.Text, "\x00") {
			t.Errorf("the text %q goes on behind its end", *value.Text)
		}
		if (value.List != nil) != (kind == regList) || value.List != nil && slices.ContainsFunc(*value.List, func(text string) bool { return strings.Contains(text, "\x00") }) {
			t.Errorf("type %d is the list %s", kind, raw)
		}
	})
}

// An event's XML holds what anybody wrote into the log. It is an event that is counted, or none; it
// never takes the place of the element System, and its data are no more than are looked at.
func FuzzEvent(f *testing.F) {
	const head = `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Service Control Manager' Guid='{x}'/>` +
		`<EventID Qualifiers='49152'>7000</EventID><TimeCreated SystemTime='2026-11-01T02:03:04.123Z'/></System>`
	for _, rest := range []string{
		"", "</Event>", "<EventData><Data Name='param1'>OMCFG</Data><Data>&#x41;</Data></EventData></Event>", "<EventData><Data>\x01</Data>", "<System><EventID>1</EventID></System>",
		"<EventData>" + strings.Repeat("<Data>x</Data>", 20) + "</EventData>", "<EventData><Data>a<!-- c -->b<![CDATA[<Data>]]></Data></EventData>", strings.Repeat("<Data>", 50),
	} {
		f.Add(head + rest)
	}
	for _, text := range []string{"", "<", "<Event/>", "<System></System>", "<System><EventID>70000</EventID></System>", strings.Replace(head, "2026", "never", 1), strings.Replace(head, ">7000<", ">7<!-- -->0<", 1)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if data := eventData(text); len(data) > maxData {
			t.Errorf("%d data are looked at", len(data))
		}
		e, err := parseEvent(text)
		if err != nil {
			if err.Error() == "" {
				t.Error("nobody says why")
			}
			return
		}
		if e.provider == "" || e.written.IsZero() && !strings.Contains(text, "0001-01-01") || e.written.Location() != time.UTC {
			t.Errorf("%+v", e)
		}
		// What stands behind System is not looked at.
		if end := strings.Index(text, "</System>"); end >= 0 {
			if again, err := parseEvent(text[:end+len("</System>")] + "<EventID>1</EventID>\x00<"); err == nil && (again.id != e.id || again.provider != e.provider || !again.written.Equal(e.written) || !slices.Equal(again.data, e.data)) {
				t.Errorf("with other texts behind it %s became %s", fmt.Sprint(e), fmt.Sprint(again))
			}
		}
	})
}
