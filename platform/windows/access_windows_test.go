package windows

import (
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

// A folder of one's own has an owner, and entries that let the owner read it.
func TestAccessOfOwnFolder(t *testing.T) {
	list := ask(t, platform.ReadAccess(t.TempDir()))
	if list.Owner == "" || list.Open || list.Count == 0 || list.Count != len(list.Entries) || list.More {
		t.Errorf("%+v", list)
	}
	for _, entry := range list.Entries {
		if !strings.HasPrefix(entry.SID, "S-1-") || entry.Mask == 0 {
			t.Errorf("%+v", entry)
		}
	}
}

// descriptor is a security descriptor of a text, SDDL.
func descriptor(t *testing.T, text string) *windows.SECURITY_DESCRIPTOR {
	t.Helper()
	d, err := windows.SecurityDescriptorFromString(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A list that is not there lets everyone in; one that is not told is no list.
func TestAccessWithoutList(t *testing.T) {
	absolute, err := windows.NewSecurityDescriptor()
	if err != nil {
		t.Fatal(err)
	}
	owner, err := windows.StringToSid("S-1-5-18")
	if err != nil {
		t.Fatal(err)
	}
	if err := absolute.SetOwner(owner, false); err != nil {
		t.Fatal(err)
	}
	if _, err := accessOf(call{api: "x"}, absolute); err == nil {
		t.Error("a descriptor without a word about a list was taken for one")
	}
	if err := absolute.SetDACL(nil, true, false); err != nil {
		t.Fatal(err)
	}
	if list, err := accessOf(call{api: "x"}, absolute); err != nil || !list.Open || list.Owner != "S-1-5-18" || list.Entries == nil {
		t.Errorf("%+v, %v", list, err)
	}
}

// An entry of another type, or whose SID does not fit into it, is no answer.
func TestAccessOddEntries(t *testing.T) {
	for name, spoil := range map[string]func(*windows.ACCESS_ALLOWED_ACE){
		"type":       func(ace *windows.ACCESS_ALLOWED_ACE) { ace.Header.AceType = 5 },
		"size":       func(ace *windows.ACCESS_ALLOWED_ACE) { ace.Header.AceSize = 12 },
		"too few":    func(ace *windows.ACCESS_ALLOWED_ACE) { ace.Header.AceSize = 16 },
		"no version": func(ace *windows.ACCESS_ALLOWED_ACE) { ace.SidStart = 0 },
	} {
		d := descriptor(t, "O:SYD:(A;;GA;;;BA)")
		list, _, err := d.DACL()
		if err != nil {
			t.Fatal(err)
		}
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, 0, &ace); err != nil {
			t.Fatal(err)
		}
		if _, err := accessOf(call{api: "x"}, d); err != nil {
			t.Fatal(err)
		}
		spoil(ace)
		if got, err := accessOf(call{api: "x"}, d); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	d := descriptor(t, "O:SYD:(A;;GA;;;BA)")
	list, _, err := d.DACL()
	if err != nil {
		t.Fatal(err)
	}
	var ace *windows.ACCESS_ALLOWED_ACE
	if err := windows.GetAce(list, 0, &ace); err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[uint8]string{0: platform.AccessAllow, 1: platform.AccessDeny, 9: platform.AccessAllowIf, 10: platform.AccessDenyIf} {
		ace.Header.AceType = kind
		if got, err := accessOf(call{api: "x"}, d); err != nil || len(got.Entries) != 1 || got.Entries[0].Type != want {
			t.Errorf("%d: %+v, %v", kind, got, err)
		}
	}
}
