//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"siteready/platform/platformtest"
	"siteready/platform/sqlserver/sqlservertest"
	"siteready/platform/windows/winetest"
	"siteready/report/history"
)

// Secrets are called CANARY-01, CANARY-02 and so on; control lies in a value that is read, and
// so must be found wherever secrets are searched for.
const (
	secrets = 33
	control = "CONTROL-SHOWN"
)

func secret(n int) string { return fmt.Sprintf("CANARY-%02d", n) }

// encoded is a text in the ways in which a program can write it without meaning to hide it,
// each as the bytes that are there whatever stands around it.
func encoded(text string) map[string][]byte {
	little, big := []byte{}, []byte{}
	escaped := ""
	for _, unit := range utf16.Encode([]rune(text)) {
		little = append(little, byte(unit), byte(unit>>8))
		big = append(big, byte(unit>>8), byte(unit))
		escaped += fmt.Sprintf(`\u%04x`, unit)
	}
	all := map[string][]byte{
		"plain": []byte(text), "UTF-16LE": little, "UTF-16BE": big, `\u`: []byte(escaped), "reversed": []byte(reversed(text)),
		"URL": []byte(strings.ReplaceAll(text, "-", "%2d")), "URL throughout": []byte("%" + strings.Join(pairs(hex.EncodeToString([]byte(text))), "%")),
	}
	for name, raw := range map[string][]byte{"": []byte(text), " of UTF-16LE": little} {
		all["hex"+name] = []byte(hex.EncodeToString(raw))
		all["hex with blanks"+name] = []byte(strings.Join(pairs(hex.EncodeToString(raw)), " "))
		all["hex with commas"+name] = []byte(strings.Join(pairs(hex.EncodeToString(raw)), ","))
		numbers := make([]string, len(raw))
		for i, b := range raw {
			numbers[i] = strconv.Itoa(int(b))
		}
		all["numbers"+name] = []byte(strings.Join(numbers, ","))
		all["numbers with blanks"+name] = []byte(strings.Join(numbers, " "))
		// Three bytes become four letters: which, hangs on how many stand before the text, and
		// the letters at both ends on what stands beside it.
		for before := range 3 {
			letters := base64.StdEncoding.EncodeToString(append(make([]byte, before), raw...))
			from, to := (before*8+5)/6, (before+len(raw))*8/6
			all[fmt.Sprintf("base64%s at %d", name, before)] = []byte(letters[from:to])
		}
	}
	return all
}

func reversed(text string) string {
	letters := []byte(text)
	slices.Reverse(letters)
	return string(letters)
}

func pairs(digits string) []string {
	return regexp.MustCompile("..").FindAllString(digits, -1)
}

// output is what a program wrote, ready to be searched: as it is, and without the blanks and
// lines with which a table breaks what is long. Case does not count.
type output struct{ whole, dense []byte }

func outputOf(data []byte) output {
	lower := bytes.ToLower(data)
	return output{lower, bytes.Map(func(c rune) rune {
		if strings.ContainsRune(" \r\n\t|", c) {
			return -1
		}
		return c
	}, lower)}
}

// holds names the encodings in which text is in the output.
func (o output) holds(text string) []string {
	var names []string
	for name, raw := range encoded(text) {
		raw = bytes.ToLower(raw)
		if bytes.Contains(o.whole, raw) || bytes.Contains(o.dense, bytes.ReplaceAll(raw, []byte(" "), nil)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// The search finds a secret in each encoding, wherever it stands, and only that secret.
func TestSearchFindsSecrets(t *testing.T) {
	wide := func(text string) []byte { return encoded(text)["UTF-16LE"] }
	for name, data := range map[string][]byte{
		"plain": []byte("a CANARY-07 b"), "in small letters": []byte("canary-07"), "in a table": []byte("| CANARY-  |\n|   07 |"), "in JSON": []byte(`"\u0043\u0041\u004e\u0041\u0052\u0059\u002d\u0030\u0037"`),
		"wide": append([]byte("x"), wide("CANARY-07")...), "in a URL": []byte("CANARY%2D07"), "as a URL": []byte("%43%41%4E%41%52%59%2D%30%37"),
		"hex": []byte(hex.EncodeToString([]byte("xCANARY-07y"))), "wide hex": []byte(hex.EncodeToString(wide("xCANARY-07y"))), "hex in upper case": []byte(strings.ToUpper(hex.EncodeToString([]byte("CANARY-07")))),
		"a dump": []byte("43 41 4e 41 52 59 2d 30 37"), "bytes": []byte("[67,65,78,65,82,89,45,48,55]"), "Go's bytes": []byte("[67 65 78 65 82 89 45 48 55]"), "reversed": []byte("70-YRANAC"),
		"base64":   []byte(base64.StdEncoding.EncodeToString([]byte("CANARY-07"))),
		"base64 1": []byte(base64.StdEncoding.EncodeToString([]byte("Password=CANARY-07;"))),
		"base64 2": []byte(base64.RawURLEncoding.EncodeToString([]byte("pw=\xff\xfe CANARY-07!!"))),
		"base64 3": []byte(base64.StdEncoding.EncodeToString(wide("abCANARY-07cd"))),
	} {
		if len(outputOf(data).holds("CANARY-07")) == 0 {
			t.Errorf("%s is not found: %q", name, data)
		}
		if names := outputOf(data).holds("CANARY-08"); len(names) > 0 {
			t.Errorf("%s: another secret is found as %v", name, names)
		}
	}
}

// A machine full of secrets is checked and recorded by the program that is shipped. None of
// them is in what it says or writes, in any encoding; what it may show is.
func TestNoSecretIsShown(t *testing.T) {
	planted := readFile(t, filepath.Join("..", "..", "testdata", "sites", "canary.yaml"))
	// plant notes what is about to be planted elsewhere.
	plant := func(n int, format string) string {
		text := fmt.Sprintf(format, secret(n))
		planted = append(planted, text...)
		return text
	}
	server, password := secretiveServer(t, plant)
	host, port := server.Addr()
	tree, err := platformtest.Load(filepath.Join("..", ".."), "canary")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := platformtest.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	machine := newSiteServer(t, windowsProgram(t), "canary", map[string]any{"certificates": nil}) // they start Windows: see below
	machine.SetRegistry(`HKLM\SOFTWARE\Microsoft\SMS\SQL Server\Site System SQL Account`, "Server", host)
	machine.SetRegistry(`HKLM\SOFTWARE\Microsoft\SMS\SQL Server\Site System SQL Account`, "Port", port)
	plantInWindows(machine.Prefix, plant)
	machine.WriteFile(`C:\ca.pem`, append(readFile(t, server.CAFile()), "\n-----BEGIN PRIVATE KEY-----\n"+
		base64.StdEncoding.EncodeToString([]byte(plant(26, "the key of %s")))+"\n-----END PRIVATE KEY-----\n"...))
	machine.addCertificates(t, whole)
	site, err := platformtest.New(machine.tree)
	if err != nil {
		t.Fatal(err)
	}
	environment := []string{
		passwordVariable + "=" + password,
		plant(27, `HTTPS_PROXY=http://svc:%s@127.0.0.1:9`), plant(28, `BACKUP_PASSWORD=%s`),
	}
	wrong := append([]string{passwordVariable + "=" + plant(30, "%s refused")}, environment[1:]...)
	for n := 1; n <= secrets; n++ {
		if !bytes.Contains(planted, []byte(secret(n))) {
			t.Errorf("%s is planted nowhere", secret(n))
		}
	}

	flags := []string{"--sql-user", "siteready", "--sql-ca", `C:\ca.pem`}
	everyFormat := []string{"check", "--verbose"}
	var formatted []string
	for _, f := range formats() {
		formatted = append(formatted, `C:\every.`+f.name)
		everyFormat = append(everyFormat, "-o", f.name+`=C:\every.`+f.name)
	}
	for _, run := range []struct {
		name  string
		env   []string
		args  []string
		files []string // that hold the control
		shows string   // in the first output, beside the control
		quiet []string // files that need not hold it
	}{
		{"a table", environment, []string{"check", "--verbose", "--target", "2509", "-o", `C:\site.txt`, "-o", `C:\site.json`}, []string{`C:\site.txt`, `C:\site.json`}, "(error7399)", nil},
		{"JSON", environment, []string{"check", "--format", "json", "--target", "2603"}, nil, "(error7399)", nil},
		{"every format", environment, everyFormat, nil, "(error7399)", formatted},
		{"a history", environment, []string{"check", "--verbose", "--history", `C:\`}, nil, "(error7399)", nil},
		{"a recording", environment, []string{"record", "-o", `C:\site.siteready`}, []string{`C:\site.siteready`}, "", nil},
		{"an anonymous recording", environment, []string{"record", "--anonymize", "-o", `C:\hidden.siteready`}, []string{`C:\hidden.siteready`}, "", nil},
		{"a diagnosis", environment, []string{"diagnose", "--verbose"}, nil, "", nil},
		{"a refused log-on", wrong, []string{"check", "--verbose"}, nil, "(error18456)", nil},
	} {
		t.Run(run.name, func(t *testing.T) {
			result := machine.Run(t.Context(), machine.exe, winetest.RunOptions{HostName: site.Computer.FQDN, Env: run.env}, append(flags, run.args...)...)
			if result.ExitCode > 3 {
				t.Fatalf("exit code %d\n%s", result.ExitCode, result.Stderr)
			}
			outputs := map[string][]byte{}
			for _, file := range run.files {
				data, err := os.ReadFile(machine.Path(file))
				if err != nil {
					t.Fatal(err)
				}
				outputs[file] = data
			}
			if run.args[0] == "check" {
				outputs["standard output"] = result.Stdout
			}
			for name, data := range outputs {
				if len(outputOf(data).holds(control)) == 0 {
					t.Errorf("the search does not find %s, which %s has to hold:\n%s", control, name, data)
				}
				if dense := strings.Join(strings.Fields(strings.ReplaceAll(string(data), "|", " ")), ""); !strings.Contains(dense, run.shows) {
					t.Errorf("%s does not tell of %s:\n%s", name, run.shows, data)
				}
			}
			if slices.Contains(run.args, "--history") {
				for name, data := range keptFiles(t, machine.Path(`C:\`)) {
					if name != "lock" && name != history.IndexName && len(outputOf(data).holds(control)) == 0 {
						t.Errorf("the search does not find %s, which %s has to hold", control, name)
					}
					outputs[name] = data
				}
			}
			for _, file := range run.quiet {
				data, err := os.ReadFile(machine.Path(file))
				if err != nil || len(data) == 0 {
					t.Fatalf("%s has %d bytes: %v", file, len(data), err)
				}
				outputs[file] = data
			}
			outputs["standard error"], outputs["standard output"] = result.Stderr, result.Stdout
			for name, data := range outputs {
				output := outputOf(data)
				for n := 1; n <= secrets; n++ {
					if as := output.holds(secret(n)); len(as) > 0 {
						t.Errorf("%s is in %s (%s)", secret(n), name, strings.Join(as, ", "))
					}
				}
			}
		})
	}
	if counts := server.Counts(); counts.LogOns == 0 || counts.Refused == 0 {
		t.Errorf("SQL Server took %d log-ons and refused %d", counts.LogOns, counts.Refused)
	}
}

// keptFiles are the files of the one run that a history has, as they are when they are unfolded.
func keptFiles(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	series, runs := onlySeries(t, dir)
	if series == nil || len(runs.Entries) != 1 {
		t.Fatalf("the history has %d runs", len(runs.Entries))
	}
	all := map[string][]byte{}
	for name, text := range contents(t, series.Dir()) {
		all[name] = []byte(text)
		if strings.HasSuffix(name, ".gz") {
			z, err := gzip.NewReader(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if all[name], err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(all) != 4 {
		t.Errorf("the history has %d files", len(all))
	}
	return all
}

// secretiveServer is a SQL Server with the canary site's database, most of whose statements
// end in errors with secrets in their texts, and the log-on's password.
func secretiveServer(t *testing.T, plant func(int, string) string) (server *sqlservertest.Server, password string) {
	t.Helper()
	tree, err := platformtest.Load("../..", "canary")
	if err != nil {
		t.Fatal(err)
	}
	site, err := platformtest.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	databases, err := tables(site)
	if err != nil {
		t.Fatal(err)
	}
	password = plant(25, "%s;p@ss w0rd'%%")
	for statement, e := range map[string]sqlservertest.Error{
		"log-space":          {Number: 7399, State: 1, Class: 16, Message: plant(21, `The OLE DB provider "MSOLEDBSQL" for linked server "OLD" reported an error: Server=old;User ID=sa;Password=%s x;Encrypt=no`)},
		"last-full-backup":   {Number: 15247, State: 1, Class: 16, Message: plant(22, `Cannot run CREATE LOGIN backup WITH PASSWORD = N'%s', CHECK_POLICY = OFF`)},
		"site-communication": {Number: 50000, State: 1, Class: 16, Message: plant(23, `The proxy https://svc:%s@proxy.contoso.com:8080 is closed`)},
		"site-servers":       {Number: 50000, State: 1, Class: 16, Message: plant(24, `{"user": "svc", "password": "%s"} is refused, and so is `) + password},
	} {
		if _, asked := databases["CM_P01"][statement]; !asked {
			t.Errorf("the site's database has no statement %s", statement)
		}
		databases["CM_P01"][statement] = sqlservertest.Result{Err: &e}
	}
	return sqlservertest.Start(t, sqlservertest.Config{
		User: "siteready", Password: password, Encryption: sqlservertest.Required, Databases: databases,
	}), password
}

// plantInWindows puts secrets where a constructed site has no place for them: command lines,
// values of other types, some of them where a text is read, service configuration and files.
func plantInWindows(p *winetest.Prefix, plant func(int, string) string) {
	services := `HKLM\SYSTEM\CurrentControlSet\Services\`
	p.SetRegistry(services+"SMS_SITE_COMPONENT_MANAGER", "ImagePath", winetest.ExpandString(plant(15, `C:\services\SMS_SITE_COMPONENT_MANAGER.exe -user svc -password %s`)))
	p.SetRegistry(services+"SMS_EXECUTIVE", "ImagePath", winetest.ExpandString(plant(16, `C:\services\SMS_EXECUTIVE.exe /token:%s`)))
	p.SetRegistry(`HKLM\SECURITY\Policy\Secrets\_SC_SMS_EXECUTIVE\CurrVal`, "@", encoded(plant(17, "%s"))["UTF-16LE"])
	p.SetRegistry(`HKLM\SOFTWARE\Microsoft\SystemCertificates\MY\Keys\0123456789ABCDEF`, "Blob", []byte(plant(18, "key material %s")))
	// A value that is read as a text, stored in another type: its bytes are not looked at.
	p.SetRegistry(`HKLM\SOFTWARE\Microsoft\SQLNCLI11`, "InstalledVersion", []byte(plant(19, "%s")))
	p.SetRegistry(`HKLM\SOFTWARE\Microsoft\SMS\Setup`, "Service Accounts", []string{`CONTOSO\svc`, plant(20, "%s")})
	p.WriteFile(`D:\CONTROL-SHOWN\Microsoft Configuration Manager\bin\x64\web.config`, []byte(plant(29, `<add connectionString="Server=sql01;Password=%s"/>`)))
}
