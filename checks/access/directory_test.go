package access_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"siteready/checks"
	"siteready/checks/access"
	"siteready/platform"
)

// directory answers questions about the groups of an account, and no other.
type directory struct {
	groups []string
	more   bool
	sid    string
	err    error
	asked  int
}

func (d *directory) Read(_ context.Context, q platform.Question) (json.RawMessage, error) {
	d.asked++
	switch {
	case q != platform.ReadDirectoryGroups(`CONTOSO\me`).Question:
		return nil, platform.Refuse(platform.ErrUnsupported, "%s is asked", q)
	case d.err != nil:
		return nil, d.err
	}
	count := len(d.groups)
	if d.more {
		count++
	}
	return platform.Encode(q, platform.DirectoryGroups{SID: d.sid, Controller: "dc01", Count: count, List: d.groups, More: d.more})
}

func (d *directory) open(t *testing.T) *checks.Case {
	t.Helper()
	return &checks.Case{Session: platform.Open(t.Context(), d, time.Time{}, platform.DefaultLimits()).Session()}
}

const (
	staff    = "S-1-5-21-1-2-3-1170" // groups of my own domain
	visitors = "S-1-5-21-1-2-3-1171"
)

func named(sid, name, use string) platform.Account {
	return platform.Account{SID: sid, Name: `CONTOSO\` + name, Use: use}
}

// Only of a global or universal group of the account's own domain the directory is asked, and only a
// whole list says that somebody is not in one.
func TestInGroup(t *testing.T) {
	self := named(me, "me", "user")
	for name, test := range map[string]struct {
		account, group platform.Account
		told           directory
		want           access.Belongs
		asked          int
		why            string
	}{
		"in it":               {self, named(staff, "Staff", "group"), directory{groups: []string{staff}, sid: me}, access.Inside, 1, ""},
		"not in it":           {self, named(visitors, "Visitors", "group"), directory{groups: []string{staff}, sid: me}, access.Outside, 1, ""},
		"in it, of many":      {self, named(staff, "Staff", "group"), directory{groups: []string{staff}, sid: me, more: true}, access.Inside, 1, ""},
		"perhaps, of many":    {self, named(visitors, "Visitors", "group"), directory{groups: []string{staff}, sid: me, more: true}, access.Unclear, 1, ""},
		"in no group":         {self, named(visitors, "Visitors", "group"), directory{groups: []string{}, sid: me}, access.Unclear, 1, "cannot be"},
		"somebody else's":     {self, named(visitors, "Visitors", "group"), directory{groups: []string{staff}, sid: staff}, access.Unclear, 1, "cannot be"},
		"not told":            {self, named(staff, "Staff", "group"), directory{err: platform.Refuse(platform.ErrDenied, "no")}, access.Unclear, 1, "no"},
		"not there":           {self, named(staff, "Staff", "group"), directory{err: platform.Refuse(platform.ErrAbsent, "gone")}, access.Unclear, 1, "gone"},
		"local to the domain": {self, named(staff, "Staff", "alias"), directory{groups: []string{staff}, sid: me}, access.Unclear, 0, ""},
		"of another domain":   {self, named("S-1-5-21-1-2-4-1170", "Staff", "group"), directory{}, access.Unclear, 0, ""},
		"a longer domain":     {self, named("S-1-5-21-1-2-3-4-1170", "Staff", "group"), directory{}, access.Unclear, 0, ""},
		"Windows' own group":  {self, named("S-1-5-32-545", "Users", "group"), directory{}, access.Unclear, 0, ""},
		"somebody unknown":    {platform.Account{}, named(staff, "Staff", "group"), directory{}, access.Unclear, 0, ""},
		"Windows' own":        {platform.Account{SID: "S-1-5-18", Name: `NT AUTHORITY\SYSTEM`}, named("S-1-5-20", "x", "group"), directory{}, access.Unclear, 0, ""},
	} {
		at, why := access.InGroup(t.Context(), test.told.open(t), test.account, test.group)
		if at != test.want || test.told.asked != test.asked || (why == nil) != (test.why == "") || why != nil && !strings.Contains(why.Error(), test.why) {
			t.Errorf("%s: %v, %v after %d questions", name, at, why, test.told.asked)
		}
		if errors.Is(why, platform.ErrAbsent) {
			t.Errorf("%s: an absence is no answer to this", name)
		}
	}
}

// A local group's members are gone through until one is sure; what stays unclear is named, with the
// first reason why the directory did not tell.
func TestAmongAll(t *testing.T) {
	self := named(me, "me", "user")
	group := func(members ...platform.Account) platform.GroupMembers {
		return platform.GroupMembers{Group: "Administrators", Count: len(members), Members: members}
	}
	in, out, local := named(staff, "Staff", "group"), named(visitors, "Visitors", "group"), named("S-1-5-21-1-2-3-1172", "Local", "alias")
	cut := group(out)
	cut.Count, cut.More = 9, true
	for name, test := range map[string]struct {
		group platform.GroupMembers
		err   error
		want  string
	}{
		"himself":                {group(out, self), nil, "2 [] <nil>"},
		"through a group":        {group(out, in, local), nil, `2 [CONTOSO\Staff] <nil>`},
		"through none":           {group(out), nil, "1 [] <nil>"},
		"perhaps through one":    {group(out, local), nil, `0 [CONTOSO\Local] <nil>`},
		"the list is not whole":  {cut, nil, "0 [members that are not listed] <nil>"},
		"the directory is quiet": {group(out, in), platform.Refuse(platform.ErrTimeout, "no answer"), `0 [CONTOSO\Visitors CONTOSO\Staff] no answer`},
	} {
		told := directory{groups: []string{staff}, sid: me, err: test.err}
		before := slices.Clone(test.group.Members)
		at, through, why := access.AmongAll(t.Context(), told.open(t), self, test.group)
		if got := fmt.Sprint(at, " ", through, " ", why); got != test.want || !slices.Equal(before, test.group.Members) {
			t.Errorf("%s: %s; want %s", name, got, test.want)
		}
	}
}
