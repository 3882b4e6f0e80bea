package recording_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"siteready/platform"
	"siteready/platform/recording"
)

// The account, its domain and the controller are hidden in what a directory was asked, in what it
// answered and in what it refused, and stay those of the other questions. A name that ends as a
// computer's account does still ends so.
func TestAnonymizeDirectory(t *testing.T) {
	const sid = "S-1-5-21-1004336348-1177238915-682003330-1105"
	h, hidden, err := recording.Anonymize(recording.Header{Version: "1.2.3", ReadAt: header.ReadAt}, map[platform.Question]platform.Outcome{
		platform.ReadAccount(`DORNE\oberyn`).Question: {Answer: json.RawMessage(`{"sid":"` + sid + `","name":"DORNE\\oberyn","use":"user"}`)},
		platform.ReadDirectoryAccount(`DORNE\oberyn`).Question: {Answer: json.RawMessage(`{"sid":"` + sid + `","controller":"sunspear.dorne.com",` +
			`"managed":false,"disabled":false,"locked":false,"must_change":false,"ends":false,"end":"0001-01-01T00:00:00Z"}`)},
		platform.ReadDirectoryGroups(`DORNE\oberyn`).Question:  {Answer: json.RawMessage(`{"sid":"` + sid + `","controller":"sunspear.dorne.com","count":1,"list":["` + sid[:len(sid)-4] + `1170"],"more":false}`)},
		platform.ReadDirectoryAccount(`DORNE\doran$`).Question: {Err: platform.Refuse(platform.ErrDenied, `NetUserGetInfo DORNE\doran$ on \\sunspear.dorne.com: access is denied (5)`)},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := recording.Write(&b, h, hidden); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, original := range []string{"dorne", "oberyn", "doran", "sunspear", "1177238915"} {
		if strings.Contains(strings.ToLower(text), original) {
			t.Errorf("%s is left", original)
		}
	}
	for _, want := range []string{
		`{"kind":"account","where":"DOMAIN01\\user01","what":"account"}	{"answer":{"name":"DOMAIN01\\user01","sid":"S-1-5-21-1000000000-1000000000-1-1001","use":"user"}}`,
		`{"kind":"account","where":"DOMAIN01\\user01","what":"directory"}	{"answer":{"controller":"host01.domain01.example","disabled":false,`,
		`{"kind":"account","where":"DOMAIN01\\user01","what":"directory_groups"}	{"answer":{"controller":"host01.domain01.example","count":1,"list":["S-1-5-21-1000000000-1000000000-1-1002"],"more":false,"sid":"S-1-5-21-1000000000-1000000000-1-1001"}}`,
		`{"kind":"account","where":"DOMAIN01\\host02$","what":"directory"}	{"error":{"reason":"denied","cause":"NetUserGetInfo DOMAIN01\\host02$ on \\\\host01.domain01.example: access is denied (5)"}}`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not there", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}
