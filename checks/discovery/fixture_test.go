package discovery_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/platformtest"
)

const (
	root     = "../.."
	setup    = `HKLM\SOFTWARE\Microsoft\SMS\Setup`
	identity = `HKLM\SOFTWARE\Microsoft\SMS\Identification`
	account  = `HKLM\SOFTWARE\Microsoft\SMS\SQL Server\Site System SQL Account`
	tracing  = `HKLM\SOFTWARE\Microsoft\SMS\Tracing`
	backup   = tracing + `\SMS_SITE_SQL_BACKUP_CM01.contoso.com`
)

type (
	tree   = map[string]any
	values = map[string]any
)

// registry is the edit of a site that lays values over one key; nil values remove it.
func registry(key string, v values) tree {
	if v == nil {
		return tree{"registry": tree{key: nil}}
	}
	return tree{"registry": tree{key: v}}
}

// open makes a constructed site with edits, in their order.
func open(t *testing.T, name string, edits ...tree) *platformtest.Site {
	t.Helper()
	whole, err := platformtest.Load(root, name)
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range edits {
		whole = platformtest.Edit(whole, edit)
	}
	site, err := platformtest.New(whole)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// session is one check's view of what r reads.
func session(t *testing.T, r platform.Reader) *platform.Session {
	t.Helper()
	return platform.Open(t.Context(), r, time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC), platform.DefaultLimits()).Session()
}

// sites are the names of all constructed sites.
func sites(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "testdata", "sites", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".yaml")
	}
	return files
}

// except refuses one question.
func except(r platform.Reader, q platform.Question, reason error) platform.Reader {
	return platformtest.Refusing(r, reason, func(asked platform.Question) bool { return asked == q })
}

func matches(forms []platform.Form, q platform.Question) bool {
	return slices.ContainsFunc(forms, func(f platform.Form) bool { return f.Matches(q) })
}
