package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestRelease makes releases of this folder as it lies here, and looks at what an administrator gets.
func TestRelease(t *testing.T) {
	one, two := t.TempDir(), filepath.Join(t.TempDir(), "another", "folder")
	if err := copySource(t.Context(), "../..", one); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(two, os.DirFS(one)); err != nil {
		t.Fatal(err)
	}
	first := testRelease(t, one, "1.2.3")
	out := filepath.Join(t.TempDir(), "out")
	made(t, first, out)

	t.Run("the same bytes elsewhere", func(t *testing.T) {
		second := first
		// Nothing that the first build compiled is there for the second.
		second.source, second.env = two, []string{"GOCACHE=" + filepath.Join(t.TempDir(), "cache")}
		again := filepath.Join(t.TempDir(), "out")
		// Nor does it depend on what else people have set.
		for name, value := range map[string]string{"TZ": "Asia/Tokyo", "LC_ALL": "de_DE.UTF-8", "GOFLAGS": "-trimpath=false", "GOAMD64": "v3", "GOARM64": "v9.0"} {
			t.Setenv(name, value)
		}
		before := syscall.Umask(0o077)
		defer syscall.Umask(before)
		made(t, second, again)
		if diff := cmp.Diff(contents(t, out), contents(t, again), cmp.Comparer(bytes.Equal)); diff != "" {
			t.Errorf("two builds of one source differ in %d bytes of text like this:\n%.2000s", len(diff), diff)
		}
	})
	t.Run("files", func(t *testing.T) { lookAtFiles(t, out) })
	t.Run("nothing of this machine", func(t *testing.T) { lookForTraces(t, out, one) })
	t.Run("parts list", func(t *testing.T) { lookAtParts(t, out) })
	t.Run("installer", func(t *testing.T) {
		second := first
		second.version, second.text, second.signer = "1.2.4", "v1.2.4", testSigner(t)
		signed := filepath.Join(t.TempDir(), "out")
		made(t, second, signed)
		lookAtSignatures(t, signed, second.signer)
		lookAtTables(t, out)
		lookAtHashes(t, out)
		install(t, out, signed)
		registeredByOthers(t, out, signed)
	})
	t.Run("folder that is there", func(t *testing.T) {
		if err := first.make(t.Context(), out); err == nil || !strings.Contains(err.Error(), "is there already") {
			t.Errorf("a release over another one: %v", err)
		}
	})
}

func testRelease(t *testing.T, source, version string) release {
	t.Helper()
	tool := os.Getenv("GOVERSIONINFO")
	if tool == "" {
		t.Fatal("GOVERSIONINFO is not set: make test-release sets it")
	}
	return release{
		origin: origin{version: version, text: "v" + version, at: time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC)},
		source: source, goversioninfo: tool,
	}
}

func made(t *testing.T, r release, out string) {
	t.Helper()
	start := time.Now()
	if err := r.make(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s is made in %v", r.version, time.Since(start).Round(time.Second))
}

// contents are the files of a folder by their names.
func contents(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[entry.Name()] = data
	}
	return all
}

// unzipped are the files in a zip file by their names.
func unzipped(t *testing.T, path string) map[string][]byte {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	all := map[string][]byte{}
	for _, file := range archive.File {
		from, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if all[file.Name], err = io.ReadAll(from); err != nil {
			t.Fatal(err)
		}
		_ = from.Close()
	}
	return all
}

func lookAtFiles(t *testing.T, out string) {
	files := contents(t, out)
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{
		"SHA256SUMS", "THIRD-PARTY-NOTICES.txt", "siteready-1.2.3-windows-amd64.msi",
		"siteready-1.2.3-windows-amd64.zip", "siteready-1.2.3-windows-arm64.zip", "siteready.cdx.json",
	}, names); diff != "" {
		t.Errorf("the files (-want +got):\n%s", diff)
	}
	said, err := command{dir: out, name: "sha256sum", args: []string{"--check", "--strict", "SHA256SUMS"}}.run(t.Context())
	if err != nil || strings.Count(string(said), ": OK\n") != len(names)-1 {
		t.Errorf("sha256sum says %v:\n%s", err, said)
	}
	for _, architecture := range architectures {
		packed := unzipped(t, filepath.Join(out, "siteready-1.2.3-windows-"+architecture+".zip"))
		if len(packed) != 4 || !bytes.Equal(packed[noticesFile], files[noticesFile]) || !bytes.Equal(packed[partsFile], files[partsFile]) {
			t.Errorf("%s: the zip file does not have the program and the three texts", architecture)
		}
		if !bytes.Contains(packed[licenceFile], []byte("MIT License\r\n")) {
			t.Errorf("%s: the licence is\n%s", architecture, packed[licenceFile])
		}
		lookAtProgram(t, packed[programFile], architecture)
	}
	for _, holds := range []string{"\r\n  Go's standard library 1.", "github.com/spf13/cobra v1.", "internal/github.com/swisscom/mssql-always-encrypted/LICENSE.txt\r\n"} {
		if !bytes.Contains(files[noticesFile], []byte(holds)) {
			t.Errorf("the notices lack %q", holds)
		}
	}
}

// lookForTraces looks for what would tell where a release was made: folders, the user's name, and
// the hosts that modules came from.
func lookForTraces(t *testing.T, out, source string) {
	said, err := command{name: "go", args: []string{"env", "-json", "GOROOT", "GOPATH", "GOMODCACHE", "GOCACHE", "GOPROXY", "GOSUMDB"}}.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var settings map[string]string
	if err := json.Unmarshal(said, &settings); err != nil {
		t.Fatal(err)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	traces := []string{here + "/", source, os.TempDir() + "/", "/.release-", settings["GOROOT"], settings["GOPATH"], settings["GOMODCACHE"], settings["GOCACHE"]}
	if home != "/" {
		traces = append(traces, home+"/")
	}
	for _, address := range strings.FieldsFunc(settings["GOPROXY"], func(c rune) bool { return c == ',' || c == '|' }) {
		if _, host, found := strings.Cut(address, "://"); found {
			host, _, _ = strings.Cut(host, "/")
			traces = append(traces, host)
		}
	}
	files := contents(t, out)
	for _, architecture := range architectures {
		for name, data := range unzipped(t, filepath.Join(out, "siteready-1.2.3-windows-"+architecture+".zip")) {
			files[architecture+" "+name] = data
		}
	}
	for name, data := range files {
		for _, trace := range traces {
			if trace != "" && bytes.Contains(data, []byte(trace)) {
				t.Errorf("%s names %s", name, trace)
			}
		}
	}
}

// lookAtParts holds the list of parts to the published schema, and to the notices.
func lookAtParts(t *testing.T, out string) {
	const schemas = "node_modules/@cyclonedx/cyclonedx-library/res/schema/"
	compiler := jsonschema.NewCompiler()
	for _, name := range []string{"bom-1.6", "spdx", "jsf-0.82"} {
		file, err := os.ReadFile(schemas + name + ".SNAPSHOT.schema.json")
		if err != nil {
			t.Fatalf("make test-release installs the schemas: %v", err)
		}
		schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		// They name each other as they are called in the package.
		if err := compiler.AddResource("http://cyclonedx.org/schema/"+name+".SNAPSHOT.schema.json", schema); err != nil {
			t.Fatal(err)
		}
	}
	compiler.AssertFormat()
	schema, err := compiler.Compile("http://cyclonedx.org/schema/bom-1.6.SNAPSHOT.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(out, partsFile))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("the list of parts is not as CycloneDX 1.6 wants it: %v", err)
	}
	value.(map[string]any)["specVersion"] = 1.6
	if schema.Validate(value) == nil {
		t.Error("the schema takes anything")
	}

	var list bom
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	notices, err := os.ReadFile(filepath.Join(out, noticesFile))
	if err != nil {
		t.Fatal(err)
	}
	refs := []string{"siteready"}
	for _, c := range list.Components {
		refs = append(refs, c.Ref)
		if c.Name != standardLibrary && !bytes.Contains(notices, []byte("\r\n"+c.Name+" "+c.Version+": LICENSE")) {
			t.Errorf("the notices lack the licence of %s %s", c.Name, c.Version)
		}
	}
	for _, d := range list.Dependencies {
		for _, ref := range append(d.DependsOn, d.Ref) {
			if !slices.Contains(refs, ref) {
				t.Errorf("%s depends on %q, which is no part", d.Ref, ref)
			}
		}
	}
	if len(refs) < 20 || len(list.Dependencies) != len(refs) {
		t.Errorf("%d parts and %d dependencies", len(refs), len(list.Dependencies))
	}
}
