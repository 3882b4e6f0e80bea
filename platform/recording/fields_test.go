package recording

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"siteready/platform"
)

// answered is a question and the type of its answer.
type answered struct {
	question platform.Question
	answer   reflect.Type
}

func of[A any](q platform.Query[A]) answered { return answered{q.Question, reflect.TypeFor[A]()} }

// catalogue has a question of each constructor of queries.
func catalogue() map[string]answered {
	return map[string]answered{
		"ReadAccount": of(platform.ReadAccount("x")), "ReadAccountOf": of(platform.ReadAccountOf("x")), "ReadAccountRight": of(platform.ReadAccountRight("x", "y")),
		"ReadGroupMembers": of(platform.ReadGroupMembers("x")), "ReadTokenMember": of(platform.ReadTokenMember("x")), "ReadDomainJoin": of(platform.ReadDomainJoin()),
		"ReadCertificates": of(platform.ReadCertificates("x")), "ReadEvents": of(platform.ReadEvents("x", platform.EventFilter{})), "ReadShare": of(platform.ReadShare("x")),
		"ReadTCP": of(platform.ReadTCP("x")), "ReadAddresses": of(platform.ReadAddresses("x")),
		"ReadPrereqLog": of(platform.ReadPrereqLog("x")), "ReadBackupLog": of(platform.ReadBackupLog("x")), "ReadFailureLog": of(platform.ReadFailureLog("x")),
		"ReadService": of(platform.ReadService("x")), "ReadFile": of(platform.ReadFile("x")), "ReadDigest": of(platform.ReadDigest("x")), "ReadRuntimeSettings": of(platform.ReadRuntimeSettings("x")), "ReadFolder": of(platform.ReadFolder("x", "*")), "ReadVolume": of(platform.ReadVolume("x")),
		"ReadAccess": of(platform.ReadAccess("x")), "ReadAccountState": of(platform.ReadAccountState("x")), "ReadDirectoryAccount": of(platform.ReadDirectoryAccount("x")), "ReadDirectoryGroups": of(platform.ReadDirectoryGroups("x")),
		"ReadOSVersion": of(platform.ReadOSVersion()), "ReadComputer": of(platform.ReadComputer()), "ReadBoot": of(platform.ReadBoot()), "ReadMemory": of(platform.ReadMemory()),
		"ReadNumber": of(platform.ReadNumber("x", "y")), "ReadText": of(platform.ReadText("x", "y")), "ReadList": of(platform.ReadList("x", "y")), "ReadKey": of(platform.ReadKey("x")),
	}
}

// constructors are the functions of the door that return a query.
func constructors(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var found []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() || f.Type.Results == nil || len(f.Type.Results.List) != 1 {
				continue
			}
			generic, ok := f.Type.Results.List[0].Type.(*ast.IndexExpr)
			if !ok {
				continue
			}
			if of, ok := generic.X.(*ast.Ident); ok && of.Name == "Query" {
				found = append(found, f.Name.Name)
			}
		}
	}
	return found
}

// texts calls see for each field of an answer that holds a text, a time or a list of them.
func texts(t *testing.T, answer reflect.Type, field string, see func(field string)) {
	t.Helper()
	switch {
	case answer == reflect.TypeFor[platform.Number](), answer == reflect.TypeFor[platform.Text](), answer == reflect.TypeFor[platform.List]():
		texts(t, reflect.TypeFor[platform.RegistryValue](), field, see) // they read themselves from one
	case answer == reflect.TypeFor[time.Time](), answer.Kind() == reflect.String:
		see(field)
	case answer.Kind() == reflect.Pointer, answer.Kind() == reflect.Slice:
		texts(t, answer.Elem(), field, see)
	case answer.Kind() == reflect.Struct:
		for i := range answer.NumField() {
			name, _, _ := strings.Cut(answer.Field(i).Tag.Get("json"), ",")
			if name == "" {
				t.Errorf("%s.%s has no name in JSON", answer, answer.Field(i).Name)
			}
			texts(t, answer.Field(i).Type, name, see)
		}
	case answer.Kind() >= reflect.Bool && answer.Kind() <= reflect.Float64: // truths and numbers
	default:
		t.Errorf("what a %s holds in the field %q is not known here", answer, field)
	}
}

// Each text in the answers to each question that can be asked is known here to be a name, to
// hold names or to hold none.
func TestEachTextIsClassified(t *testing.T) {
	all := catalogue()
	names := constructors(t)
	if len(names) < 15 {
		t.Errorf("only the constructors %v were found", names)
	}
	for _, name := range names {
		if _, found := all[name]; !found {
			t.Errorf("platform.%s is not in the catalogue of this test", name)
		}
	}
	seen := map[platform.Kind]map[string]bool{}
	for name, one := range all {
		kind := one.question.Kind
		if seen[kind] == nil {
			seen[kind] = map[string]bool{}
		}
		texts(t, one.answer, "", func(field string) {
			seen[kind][field] = true
			if sortOf(one.question, field) == unclassified {
				t.Errorf("platform.%s: what stands in %q? Add it to answerFields", name, field)
			}
		})
	}
	for kind, fields := range answerFields {
		for field := range fields {
			if !seen[kind][field] {
				t.Errorf("answerFields has %q of kind %s, which no answer has", field, kind)
			}
		}
	}
	for kind := range platform.DefaultLimits() {
		if kind != platform.KindSQL && seen[kind] == nil {
			t.Errorf("no question of kind %s is in the catalogue of this test", kind)
		}
	}
}

// A field, a column or a kind that is not known is hidden whole, alike for the same text; a
// name that was found stays the same name.
func TestUnknownFieldsAreHidden(t *testing.T) {
	raw := func(text string) platform.Outcome { return platform.Outcome{Answer: json.RawMessage(text)} }
	outcomes := map[platform.Question]platform.Outcome{
		platform.ReadComputer().Question:                                       raw(`{"name":"Winterfell","fqdn":"winterfell.westeros.com","account":"WESTEROS\\stark","elevated":true,"seat":"Hall of Kings"}`),
		{Kind: "weather", On: "Winterfell", What: "city"}:                      raw(`{"city":"Wolfswood","near":["winterfell","hall of kings",""],"degrees":-3,"snow":true}`),
		{Kind: platform.KindSQL, On: "winterfell", Where: "CM_NTH", What: "x"}: raw(`[{"may_see":1,"motto":"Winter is coming","path":"D:\\x","product_version":"15.0.1"}]`),
	}
	h, hidden, err := Anonymize(Header{Version: "1", ReadAt: time.Unix(0, 0), About: "x"}, outcomes, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Write(&b, h, hidden); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"seat":"unclassified01"`, `{"answer":{"city":"unclassified03","degrees":-3,"near":["host01","unclassified01",""],"snow":true}}`,
		`[{"may_see":1,"motto":"unclassified02","path":"D:\\x","product_version":"15.0.1"}]`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is not there", want)
		}
	}
	for _, original := range []string{"winter", "hall", "wolfswood"} {
		if strings.Contains(strings.ToLower(b.String()), original) {
			t.Errorf("%s is left", original)
		}
	}
	if t.Failed() {
		t.Log(b.String())
	}
}
