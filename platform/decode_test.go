package platform_test

import (
	"reflect"
	"testing"
	"time"

	"siteready/platform"
)

// as decodes an answer as a check would get it.
func as[A any](t *testing.T, answer string) (any, error) {
	t.Helper()
	q := platform.Query[A]{Question: platform.ReadOSVersion().Question}
	return platform.Ask(t.Context(), open(t.Context(), always(answer)).Session(), q)
}

// decodings have what encoding/json takes without a word and what is asked of an answer here.
type (
	inner struct {
		Count uint8   `json:"count"`
		Name  *string `json:"name"`
	}
	outer struct {
		Inner  inner     `json:"inner"`
		Maybe  *inner    `json:"maybe"`
		List   []inner   `json:"list"`
		Names  []string  `json:"names"`
		Yes    bool      `json:"yes"`
		Ratio  float64   `json:"ratio"`
		When   time.Time `json:"when"`
		Signed int64     `json:"signed"`
	}
)

func TestDecode(t *testing.T) {
	name := "x"
	value := `{"type":"dword","number":7,"text":null,"list":null}`
	tests := []struct {
		name   string
		ask    func(*testing.T, string) (any, error)
		answer string
		want   any   // unless there is a reason
		reason error // why it is no answer
		word   string
	}{
		{"all fields", as[inner], `{"count":255,"name":"x"}`, inner{255, &name}, nil, ""},
		{"null into a pointer", as[inner], `{"count":0,"name":null}`, inner{}, nil, ""},
		{"space", as[inner], " { \"count\" : 1 ,\n\t\"name\" : null } ", inner{Count: 1}, nil, ""},
		{"further fields", as[inner], `{"count":1,"name":null,"size":null}`, inner{Count: 1}, nil, ""},
		{"missing field", as[inner], `{"name":"x"}`, nil, platform.ErrNotRecorded, `the answer has no field "count"`},
		{"missing pointer", as[inner], `{"count":1}`, nil, platform.ErrNotRecorded, `"name"`},
		{"empty object", as[inner], `{}`, nil, platform.ErrNotRecorded, ""},
		{"other case", as[inner], `{"Count":1,"NAME":"x"}`, nil, platform.ErrNotRecorded, `"count"`},
		{"null", as[inner], `{"count":null,"name":"x"}`, nil, platform.ErrMalformed, "the answer.count is null"},
		{"null with space", as[inner], `{"count": null ,"name":"x"}`, nil, platform.ErrMalformed, "the answer.count is null"},
		{"all null", as[inner], `null`, nil, platform.ErrMalformed, "the answer is null"},
		{"pointer to all, null", as[*inner], `null`, (*inner)(nil), nil, ""},
		{"wrong type", as[inner], `{"count":"1","name":"x"}`, nil, platform.ErrMalformed, "the answer.count"},
		{"wrong type behind a pointer", as[inner], `{"count":1,"name":1}`, nil, platform.ErrMalformed, "the answer.name"},
		{"overflow", as[inner], `{"count":256,"name":null}`, nil, platform.ErrMalformed, "256"},
		{"negative", as[inner], `{"count":-1,"name":null}`, nil, platform.ErrMalformed, "-1"},
		{"fraction", as[inner], `{"count":1.5,"name":null}`, nil, platform.ErrMalformed, "1.5"},
		{"a text for an object", as[inner], `"count"`, nil, platform.ErrMalformed, "is not an object"},
		{"a list for an object", as[inner], `[{"count":1,"name":null}]`, nil, platform.ErrMalformed, "is not an object"},
		{
			"nested", as[outer],
			`{"inner":{"count":1,"name":"x"},"maybe":null,"list":[{"count":2,"name":null},{"count":3,"name":"x"}],"names":["a",""],
				"yes":true,"ratio":0.5,"when":"2026-11-20T02:00:00Z","signed":-9223372036854775808}`,
			outer{inner{1, &name}, nil, []inner{{Count: 2}, {3, &name}}, []string{"a", ""}, true, 0.5, readAt, -1 << 63},
			nil, "",
		},
		{
			"nested field missing", as[outer], `{"inner":{"count":1}}`, nil, platform.ErrNotRecorded, `the answer.inner has no field "name"`,
		},
		{
			"field missing behind a pointer", as[outer],
			`{"inner":{"count":1,"name":null},"maybe":{"name":null}}`, nil, platform.ErrNotRecorded, `the answer.maybe has no field "count"`,
		},
		{
			"field missing in a list", as[outer],
			`{"inner":{"count":1,"name":null},"maybe":null,"list":[{"count":2,"name":null},{"count":3}]}`, nil, platform.ErrNotRecorded, `the answer.list[] has no field "name"`,
		},
		{"empty list", as[[]inner], `[]`, []inner{}, nil, ""},
		{"null for a list", as[[]inner], `null`, nil, platform.ErrMalformed, "is null"},
		{"null in a list", as[[]inner], `[null]`, nil, platform.ErrMalformed, "the answer[] is null"},
		{"null in a list of pointers", as[[]*inner], `[null]`, []*inner{nil}, nil, ""},
		{"null in a list of texts", as[[]string], `["a",null]`, nil, platform.ErrMalformed, "the answer[] is null"},
		{"an object for a list", as[[]inner], `{"count":1,"name":null}`, nil, platform.ErrMalformed, "is not a list"},
		{"time", as[time.Time], `"2026-11-20T02:00:00Z"`, readAt, nil, ""},
		{"null for a time", as[time.Time], `null`, nil, platform.ErrMalformed, "is null"},
		{"no time", as[time.Time], `"yesterday"`, nil, platform.ErrMalformed, "yesterday"},
		{"a number for a time", as[time.Time], `1`, nil, platform.ErrMalformed, ""},
		{"a map is never filled", as[map[string]inner], `{"a":{}}`, nil, platform.ErrUnsupported, "strictly"},
		{"an array is never filled", as[[2]int], `[1]`, nil, platform.ErrUnsupported, "strictly"},
		{"any is never filled", as[any], `1`, nil, platform.ErrUnsupported, "strictly"},

		{"number, dword", as[platform.Number], value, platform.Number(7), nil, ""},
		{"number, qword", as[platform.Number], `{"type":"qword","number":18446744073709551615,"text":null,"list":null}`, platform.Number(1<<64 - 1), nil, ""},
		{"number, text", as[platform.Number], `{"type":"sz","number":null,"text":" 1433 ","list":null}`, platform.Number(1433), nil, ""},
		{"number, leading zeros", as[platform.Number], `{"type":"sz","number":null,"text":"007","list":null}`, platform.Number(7), nil, ""},
		{"number, not decimal", as[platform.Number], `{"type":"sz","number":null,"text":"12a","list":null}`, nil, platform.ErrMalformed, `"12a" is no decimal number`},
		{"number, hexadecimal", as[platform.Number], `{"type":"sz","number":null,"text":"0x1F","list":null}`, nil, platform.ErrMalformed, "no decimal number"},
		{"number, underscore", as[platform.Number], `{"type":"sz","number":null,"text":"1_000","list":null}`, nil, platform.ErrMalformed, "no decimal number"},
		{"number, negative text", as[platform.Number], `{"type":"sz","number":null,"text":"-5","list":null}`, nil, platform.ErrMalformed, "no decimal number"},
		{"number, negative", as[platform.Number], `{"type":"dword","number":-5,"text":null,"list":null}`, nil, platform.ErrMalformed, "-5"},
		{"number, too large a text", as[platform.Number], `{"type":"sz","number":null,"text":"18446744073709551616","list":null}`, nil, platform.ErrMalformed, "no decimal number"},
		{"number, too large", as[platform.Number], `{"type":"qword","number":18446744073709551616,"text":null,"list":null}`, nil, platform.ErrMalformed, ""},
		{"number, empty text", as[platform.Number], `{"type":"sz","number":null,"text":"","list":null}`, nil, platform.ErrMalformed, "no decimal number"},
		{"number, list", as[platform.Number], `{"type":"multi_sz","number":null,"text":null,"list":["1"]}`, nil, platform.ErrMalformed, "a value of type multi_sz is no number"},
		{"number, binary", as[platform.Number], `{"type":"binary","number":null,"text":null,"list":null}`, nil, platform.ErrMalformed, "a value of type binary is no number"},
		{"number, type missing", as[platform.Number], `{"number":7,"text":null,"list":null}`, nil, platform.ErrNotRecorded, `"type"`},
		{"number, number missing", as[platform.Number], `{"type":"sz","text":"7","list":null}`, nil, platform.ErrNotRecorded, `"number"`},
		{"number, text missing", as[platform.Number], `{"type":"dword","number":7,"list":null}`, nil, platform.ErrNotRecorded, `"text"`},
		{"number, list missing", as[platform.Number], `{"type":"dword","number":7,"text":null}`, nil, platform.ErrNotRecorded, `"list"`},
		{"number, other case", as[platform.Number], `{"Type":"dword","number":7,"text":null,"list":null}`, nil, platform.ErrNotRecorded, `"type"`},
		{"number, type null", as[platform.Number], `{"type":null,"number":7,"text":null,"list":null}`, nil, platform.ErrMalformed, "is null"},
		{"number, null", as[platform.Number], `null`, nil, platform.ErrMalformed, "is null"},
		{"number, bare", as[platform.Number], `7`, nil, platform.ErrMalformed, "is not an object"},
		{"number behind a pointer", as[*platform.Number], value, pointer(platform.Number(7)), nil, ""},
		{"numbers", as[[]platform.Number], `[` + value + `]`, []platform.Number{7}, nil, ""},
		{"numbers, a field missing", as[[]platform.Number], `[` + value + `,{"type":"dword","number":7,"text":null}]`, nil, platform.ErrNotRecorded, `"list"`},

		{"text", as[platform.Text], `{"type":"sz","number":null,"text":" 5.00.9132.1000 ","list":null}`, platform.Text("5.00.9132.1000"), nil, ""},
		{"text, empty", as[platform.Text], `{"type":"sz","number":null,"text":"","list":null}`, platform.Text(""), nil, ""},
		{"text, expand_sz", as[platform.Text], `{"type":"expand_sz","number":null,"text":"%windir%","list":null}`, platform.Text("%windir%"), nil, ""},
		{"text, dword", as[platform.Text], value, platform.Text("7"), nil, ""},
		{"text, qword", as[platform.Text], `{"type":"qword","number":18446744073709551615,"text":null,"list":null}`, platform.Text("18446744073709551615"), nil, ""},
		{"text, list", as[platform.Text], `{"type":"multi_sz","number":null,"text":null,"list":["a"]}`, nil, platform.ErrMalformed, "a value of type multi_sz is no text"},
		{"text, other type", as[platform.Text], `{"type":"other","number":null,"text":null,"list":null}`, nil, platform.ErrMalformed, "a value of type other is no text"},
		{"text, a number for it", as[platform.Text], `{"type":"sz","number":null,"text":7,"list":null}`, nil, platform.ErrMalformed, "the answer.text"},
		{"text, text missing", as[platform.Text], `{"type":"sz","number":null,"list":null}`, nil, platform.ErrNotRecorded, `"text"`},
		{"text, list missing", as[platform.Text], `{"type":"sz","number":null,"text":"a"}`, nil, platform.ErrNotRecorded, `"list"`},
		{"text, null", as[platform.Text], ` null `, nil, platform.ErrMalformed, "is null"},

		{"value", as[platform.RegistryValue], `{"type":"multi_sz","number":null,"text":null,"list":["a","b"]}`, platform.RegistryValue{Type: "multi_sz", List: &[]string{"a", "b"}}, nil, ""},
		{"value, empty list", as[platform.RegistryValue], `{"type":"multi_sz","number":null,"text":null,"list":[]}`, platform.RegistryValue{Type: "multi_sz", List: &[]string{}}, nil, ""},
		{"value, null in the list", as[platform.RegistryValue], `{"type":"multi_sz","number":null,"text":null,"list":[null]}`, nil, platform.ErrMalformed, "the answer.list[] is null"},
		{"key", as[platform.RegistryKey], `{"subkeys":["a"],"values":[],"more":false,"written":"2026-11-20T02:00:00Z"}`, platform.RegistryKey{Subkeys: []string{"a"}, Values: []string{}, Written: readAt}, nil, ""},
		{"key, more missing", as[platform.RegistryKey], `{"subkeys":["a"],"values":[],"written":"2026-11-20T02:00:00Z"}`, nil, platform.ErrNotRecorded, `"more"`},
		{"key, subkeys null", as[platform.RegistryKey], `{"subkeys":null,"values":[],"more":false,"written":"2026-11-20T02:00:00Z"}`, nil, platform.ErrMalformed, "the answer.subkeys is null"},
		{"file without version", as[platform.File], `{"size":1,"modified":"2026-11-20T02:00:00Z","version":null}`, platform.File{Size: 1, Modified: readAt}, nil, ""},
		{"file, version missing", as[platform.File], `{"size":1,"modified":"2026-11-20T02:00:00Z"}`, nil, platform.ErrNotRecorded, `"version"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.ask(t, test.answer)
			if test.reason != nil {
				refused(t, err, test.reason, test.word, platform.ReadOSVersion().String())
				if v := reflect.ValueOf(got); v.IsValid() && !v.IsZero() {
					t.Errorf("beside the error there is the value %+v", got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("decoded %+v; want %+v", got, test.want)
			}
		})
	}
}

func pointer[V any](v V) *V { return &v }

// What strict decoding refuses is no absence, even for a check that looks for one.
func TestDamagedAnswersAreNotAbsent(t *testing.T) {
	for _, answer := range []string{`{}`, `null`, `[]`, `""`, `{"type":"sz"}`, `{"type":"binary","number":null,"text":null,"list":null}`} {
		s := open(t.Context(), always(answer)).Session()
		text, found, err := platform.Lookup(t.Context(), s, platform.ReadText(`HKLM\X`, "y"))
		if err == nil || found || text != "" {
			t.Errorf("%s: text %q, found %v, error %v", answer, text, found, err)
		}
	}
}
