package report_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"siteready/checks/discovery"
	"siteready/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden renders fixed runs in every format, and compares them with the files in
// testdata/golden at the top of the repository. Run it with -update to rewrite them.
func TestGolden(t *testing.T) {
	recorded := site()
	recorded.Recording = `C:\Users\someone\nightly\P01.siteready`
	hanging := site()
	hanging.Stopped = "interrupted"
	hanging.Results = hanging.Results[:3]
	lost := nothing()
	lost.Subject.Role, lost.Subject.RunOn = discovery.NotKnown, ""
	lost.Subject.Headline = "It is not known whether WS042.contoso.local is a site server"
	lost.Subject.Problem = `the key HKLM\SOFTWARE\Microsoft\SMS\Identification could not be opened: access is denied`
	for i := range lost.Results {
		lost.Results[i] = unknownResult(lost.Results[i].Area, lost.Results[i].Check.ID, lost.Results[i].Check.Title, denied())
	}
	table := func(o report.TableOptions) func(*bytes.Buffer, report.Report) error {
		return func(b *bytes.Buffer, r report.Report) error { return report.Table(b, r, o) }
	}
	machine := func(write func(io.Writer, report.Report) error) func(*bytes.Buffer, report.Report) error {
		return func(b *bytes.Buffer, r report.Report) error {
			var text bytes.Buffer
			err := write(&text, r)
			// Git keeps text with the line ends of the system; other tests look at them.
			b.WriteString(strings.ReplaceAll(text.String(), "\r\n", "\n"))
			return err
		}
	}
	tests := []struct {
		file   string
		in     report.Input
		render func(*bytes.Buffer, report.Report) error
	}{
		{"table-80-ascii.txt", site(), table(report.TableOptions{Width: 80})},
		{"table-120-unicode.txt", recorded, table(report.TableOptions{Width: 120, Unicode: true})},
		{"table-80-color.txt", site(), table(report.TableOptions{Width: 80, Color: true, Unicode: true})},
		{"table-verbose.txt", site(), table(report.TableOptions{Width: 100, Verbose: true})},
		{"table-ready.txt", calm(), table(report.TableOptions{Width: 80})},
		{"table-no-site.txt", nothing(), table(report.TableOptions{Width: 80})},
		{"table-not-known.txt", lost, table(report.TableOptions{Width: 80, Unicode: true})},
		{"table-incomplete.txt", hanging, table(report.TableOptions{Width: 80})},
		{"table-waived.txt", accepted(), table(report.TableOptions{Width: 80})},
		{"table-waived-verbose.txt", accepted(), table(report.TableOptions{Width: 110, Unicode: true, Verbose: true})},
		{"waived.json", accepted(), func(b *bytes.Buffer, r report.Report) error { return report.JSON(b, r) }},
		{"report.json", recorded, func(b *bytes.Buffer, r report.Report) error { return report.JSON(b, r) }},
		{"waived.html", accepted(), machine(report.HTML)},
		{"waived.xml", accepted(), machine(junit(report.JUnitOptions{}))},
		{"warnings-fail.xml", accepted(), machine(junit(report.JUnitOptions{WarningsFail: true}))},
		{"no-site.xml", nothing(), machine(junit(report.JUnitOptions{}))},
		{"waived.csv", accepted(), machine(report.CSV)},
		{"waived.prom", accepted(), machine(report.Prometheus)},
		{"waived.log", accepted(), machine(report.CMTrace)},
		{"nagios-waived.txt", accepted(), machine(report.Nagios)},
		{"nagios-ready.txt", calm(), machine(report.Nagios)},
		{"nagios-no-site.txt", nothing(), machine(report.Nagios)},
		{"summary-waived.txt", accepted(), machine(report.Summary)},
		{"summary-recorded.txt", recorded, machine(report.Summary)},
		{"summary-incomplete.txt", hanging, machine(report.Summary)},
		{"verdict-waived.txt", accepted(), machine(report.Word)},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			var got bytes.Buffer
			if err := test.render(&got, made(test.in)); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("..", "testdata", "golden", test.file)
			if *update {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s differs; run this test with -update and look at the difference. Now it is:\n%s", file, got.Bytes())
			}
		})
	}
}
