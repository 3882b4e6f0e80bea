package dotnet_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"siteready/platform"
	"siteready/platform/dotnet"
)

func TestRuntime(t *testing.T) {
	for name, test := range map[string]struct {
		text     string
		runtimes []string
		evidence string
	}{
		"as Microsoft's page has it": {`<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <runtime><generatePublisherEvidence enabled="false"/></runtime>
</configuration>`, []string{}, "false"},
		"two runtimes, in their order":  {`<configuration><startup useLegacyV2RuntimeActivationPolicy="true"><supportedRuntime version="v2.0.50727"/><supportedRuntime version="v4.0" sku=".NETFramework,Version=v4.5.1"/></startup></configuration>`, []string{"v2.0.50727", "v4.0"}, ""},
		"with a mark":                   {"\xef\xbb\xbf<configuration><startup><supportedRuntime version=\"v4.0\"/></startup></configuration>\r\n", []string{"v4.0"}, ""},
		"switched on":                   {`<configuration><runtime><generatePublisherEvidence enabled="True"></generatePublisherEvidence></runtime></configuration>`, []string{}, "true"},
		"neither":                       {`<configuration/>`, []string{}, ""},
		"in a remark":                   {`<configuration><!-- <runtime><generatePublisherEvidence enabled="false"/></runtime> --></configuration>`, []string{}, ""},
		"in another place":              {`<configuration><appSettings><runtime><generatePublisherEvidence enabled="false"/></runtime></appSettings><generatePublisherEvidence enabled="false"/></configuration>`, []string{}, ""},
		"in other capitals than it has": {`<configuration><runtime><GeneratePublisherEvidence enabled="false"/></runtime></configuration>`, []string{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := dotnet.Runtime(strings.NewReader(test.text), `D:\x.config`)
			if err != nil {
				t.Fatal(err)
			}
			want := platform.RuntimeSettings{Size: int64(len(test.text)), Runtimes: test.runtimes, PublisherEvidence: test.evidence}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRuntimeRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		text   string
		reason error
	}{
		"nothing":                   {"", platform.ErrMalformed},
		"no XML":                    {"[section]", platform.ErrMalformed},
		"the tag that is not ended": {`<configuration><runtime><generatePublisherEvidence enabled="false"></runtime></configuration>`, platform.ErrMalformed},
		"cut":                       {`<configuration><runtime>`, platform.ErrMalformed},
		"another file":              {`<html/>`, platform.ErrMalformed},
		"two roots":                 {`<configuration/><configuration/>`, platform.ErrMalformed},
		"said twice":                {`<configuration><runtime><generatePublisherEvidence enabled="false"/><generatePublisherEvidence enabled="true"/></runtime></configuration>`, platform.ErrMalformed},
		"no value":                  {`<configuration><runtime><generatePublisherEvidence/></runtime></configuration>`, platform.ErrMalformed},
		"a runtime without one":     {`<configuration><startup><supportedRuntime/></startup></configuration>`, platform.ErrMalformed},
		"many runtimes":             {`<configuration><startup>` + strings.Repeat(`<supportedRuntime version="v4.0"/>`, 17) + `</startup></configuration>`, platform.ErrMalformed},
		"UTF-16":                    {"\xff\xfe<\x00c\x00", platform.ErrMalformed},
		"another encoding":          {`<?xml version="1.0" encoding="utf-16"?><configuration/>`, platform.ErrMalformed},
		"without an end":            {"<configuration>" + strings.Repeat(" ", dotnet.MaxConfiguration), platform.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := dotnet.Runtime(strings.NewReader(test.text), `D:\x.config`)
			if !errors.Is(err, test.reason) || !strings.Contains(err.Error(), `D:\x.config`) {
				t.Errorf("%+v, %v; wanted %v", got, err, test.reason)
			}
		})
	}
	broken := errors.New("broken")
	if _, err := dotnet.Runtime(io.MultiReader(strings.NewReader("<configuration>"), iotest.ErrReader(broken)), "x"); !errors.Is(err, broken) {
		t.Errorf("%v instead of what the reader said", err)
	}
}

// Whatever stands in a file, the answer is small, and never both an error and settings.
func FuzzRuntime(f *testing.F) {
	f.Add([]byte(`<configuration><startup><supportedRuntime version="v4.0"/></startup><runtime><generatePublisherEvidence enabled="false"/></runtime></configuration>`))
	f.Add([]byte("\xef\xbb\xbf<?xml version=\"1.0\"?><configuration/>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := dotnet.Runtime(strings.NewReader(string(text)), "x")
		if err != nil {
			if got.Size != 0 || got.Runtimes != nil || got.PublisherEvidence != "" {
				t.Errorf("%+v beside %v", got, err)
			}
			return
		}
		answer, err := json.Marshal(got)
		if err != nil || len(answer) > 8<<10 || got.PublisherEvidence != "" && got.PublisherEvidence != "true" && got.PublisherEvidence != "false" {
			t.Errorf("%d bytes, %v: %s", len(answer), err, answer)
		}
	})
}
