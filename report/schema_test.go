package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"siteready/report"
)

const schemaGolden = "../testdata/golden/schema.json"

func schema(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.JSONSchema(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// strict makes a schema that refuses fields which it does not name.
func strict(node any) {
	switch node := node.(type) {
	case map[string]any:
		if _, object := node["properties"].(map[string]any); object {
			node["additionalProperties"] = false
		}
		for _, below := range node {
			strict(below)
		}
	case []any:
		for _, below := range node {
			strict(below)
		}
	}
}

// compiled is the published schema, or a strict one, ready to judge reports.
func compiled(t testing.TB, severe bool) *jsonschema.Schema {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema(t)))
	if err != nil {
		t.Fatal(err)
	}
	if severe {
		strict(parsed)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("urn:siteready:report:1", parsed); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:siteready:report:1")
	if err != nil {
		t.Fatal(err)
	}
	if s.DraftVersion != 2020 {
		t.Fatalf("the schema is of draft %d", s.DraftVersion)
	}
	return s
}

func parsed(t testing.TB, text []byte) any {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// Every golden report in JSON is as the schema says, and has no field that it does not name.
func TestGoldenReportsFollowTheSchema(t *testing.T) {
	files, err := filepath.Glob("../testdata/golden/*.json")
	if err != nil {
		t.Fatal(err)
	}
	published, severe := compiled(t, false), compiled(t, true)
	judged := 0
	for _, file := range files {
		if filepath.Base(file) == filepath.Base(schemaGolden) {
			continue
		}
		judged++
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*jsonschema.Schema{published, severe} {
			if err := s.Validate(parsed(t, text)); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
	if judged < 2 {
		t.Errorf("only %d golden reports are in JSON", judged)
	}
	for _, in := range []report.Input{calm(), nothing(), accepted(), poison(site())} {
		if err := severe.Validate(parsed(t, []byte(asJSON(t, report.New(in))))); err != nil {
			t.Error(err)
		}
	}
}

// A report in JSON keeps to the schema whatever stands in it, and is read back as it was.
func TestJSONKeepsToTheSchema(t *testing.T) {
	severe := compiled(t, true)
	// Not everywhere: it cuts nothing, and 1 MiB in every place would be 600 MiB of report.
	inEveryPlace(t, func(t testing.TB, r report.Report) {
		text := rendered(t, report.JSON, r)
		var back report.Report
		if err := json.Unmarshal([]byte(text), &back); err != nil {
			t.Fatal(err)
		}
		truth(back).assert(t, truth(r))
		if err := severe.Validate(parsed(t, []byte(text))); err != nil {
			t.Errorf("%.1000s", err)
		}
		harmless(t, text, "\n")
	})
}

// The schema is no ornament: it refuses a report in which one thing is wrong.
func TestSchemaRefuses(t *testing.T) {
	s := compiled(t, false)
	for name, spoil := range map[string]func(r map[string]any){
		"a field is missing":      func(r map[string]any) { delete(r, "verdict") },
		"a verdict that is none":  func(r map[string]any) { r["verdict"] = "FINE" },
		"a list that is null":     func(r map[string]any) { r["checks"] = nil },
		"another version":         func(r map[string]any) { r["schema"] = json.Number("2") },
		"a status that is none":   func(r map[string]any) { r["checks"].([]any)[0].(map[string]any)["status"] = "green" },
		"an item without a cause": func(r map[string]any) { delete(items(r)[0].(map[string]any), "cause") },
		"a time that is none":     func(r map[string]any) { r["read_at"] = "yesterday" },
		"a number that is a text": func(r map[string]any) { r["counts"].(map[string]any)["failed"] = "2" },
	} {
		r := parsed(t, []byte(asJSON(t, made(site())))).(map[string]any)
		spoil(r)
		if s.Validate(r) == nil {
			t.Errorf("%s: the schema takes it", name)
		}
	}
}

func items(r map[string]any) []any {
	for _, c := range r["checks"].([]any) {
		if all := c.(map[string]any)["items"].([]any); len(all) > 0 {
			return all
		}
	}
	return nil
}

// fields are the names, types and duties of every object's fields, and the words that they
// may have: one text for each.
func fields(t testing.TB, text []byte) []string {
	t.Helper()
	type object struct {
		Properties map[string]map[string]any
		Required   []string
	}
	var s struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	s.Defs["report"] = s.object
	var all []string
	for name, one := range s.Defs {
		for field, rules := range one.Properties {
			delete(rules, "description")
			if words, closed := rules["enum"].([]any); closed {
				for _, word := range words {
					all = append(all, fmt.Sprintf("%s.%s may be %v", name, field, word))
				}
				rules["enum"] = words[:1] // of the same type as the others
			}
			rule, err := json.Marshal(rules)
			if err != nil {
				t.Fatal(err)
			}
			duty := "may be left out"
			if slices.Contains(one.Required, field) {
				duty = "required"
			}
			all = append(all, strings.Join([]string{name + "." + field, duty, string(rule)}, " "))
		}
	}
	slices.Sort(all)
	return all
}

// Whoever reads reports relies on their fields: what was once published stays, with its type.
// -update takes new fields and new texts; it does not take what breaks readers.
func TestSchemaFieldsAreNeverRenamed(t *testing.T) {
	now := schema(t)
	if before, err := os.ReadFile(schemaGolden); err == nil {
		have := fields(t, now)
		for _, field := range fields(t, before) {
			if !slices.Contains(have, field) {
				t.Errorf("the schema no longer has %s", field)
			}
		}
	} else if !*update {
		t.Fatal(err)
	}
	if t.Failed() {
		return
	}
	if *update {
		if err := os.WriteFile(schemaGolden, now, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if before, err := os.ReadFile(schemaGolden); err != nil || !bytes.Equal(before, now) {
		t.Errorf("%s differs from the schema; run this test with -update and look at the difference: %v", schemaGolden, err)
	}
}

// The schema names every field that a report has, and no other, with its type.
func TestSchemaHasTheFieldsOfTheReport(t *testing.T) {
	published := map[string]string{}
	for _, field := range fields(t, schema(t)) {
		if name, rule, _ := strings.Cut(field, " "); !strings.HasPrefix(rule, "may be ") || strings.HasPrefix(rule, "may be left out ") {
			published[name] = rule
		}
	}
	seen := map[reflect.Type]bool{}
	want := map[string]bool{}
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		if of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
			walk(of.Elem())
			return
		}
		if of.Kind() != reflect.Struct || of == reflect.TypeFor[time.Time]() || seen[of] {
			return
		}
		seen[of] = true
		for i := range of.NumField() {
			field := of.Field(i)
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			name = strings.ToLower(of.Name()) + "." + name
			want[name] = true
			rule, known := published[name]
			switch {
			case !known:
				t.Errorf("the schema has no %s", name)
			case strings.HasPrefix(rule, "required") == (options == "omitempty"):
				t.Errorf("%s is %q, and its tag %q", name, rule, field.Tag)
			case !fits(field.Type, rule):
				t.Errorf("%s is a %v, and %s", name, field.Type, rule)
			}
			walk(field.Type)
		}
	}
	walk(reflect.TypeFor[report.Report]())
	for name := range maps.Keys(published) {
		if !want[name] {
			t.Errorf("a report has no %s", name)
		}
	}
}

// fits reports whether a type is written as a rule of the schema says.
func fits(of reflect.Type, rule string) bool {
	has := func(texts ...string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(rule, text) })
	}
	switch {
	case of == reflect.TypeFor[time.Time]():
		return has(`"date-time"`)
	case of == reflect.TypeFor[json.RawMessage]():
		return strings.HasSuffix(rule, " {}")
	}
	switch of.Kind() {
	case reflect.Pointer:
		return has(`"anyOf":[{"$ref":"#/$defs/` + strings.ToLower(of.Elem().Name()) + `"},{"type":"null"}]`)
	case reflect.Slice:
		return has(`"type":"array"`) && (of.Elem().Kind() != reflect.Struct || has(`"$ref":"#/$defs/`+strings.ToLower(of.Elem().Name())+`"`))
	case reflect.Struct:
		return has(`{"$ref":"#/$defs/` + strings.ToLower(of.Name()) + `"}`)
	case reflect.String:
		return has(`"type":"string"`, `"enum":["`)
	case reflect.Bool:
		return has(`"type":"boolean"`)
	case reflect.Float64:
		return has(`"type":"number"`)
	default:
		return has(`"type":"integer"`, `"const":1`, `"enum":[0]`)
	}
}
