package windows

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"siteready/platform"
)

// testKey makes a key of this test alone below HKLM\SOFTWARE, in the 64-bit view or, with
// registry.WOW64_32KEY, in the 32-bit one. The test's end removes it with what it holds.
func testKey(t *testing.T, below string, view uint32) (path string, key registry.Key) {
	t.Helper()
	path = `SOFTWARE\siteready-test\` + rand.Text()
	if below != "" {
		path += `\` + below
	}
	key, _, err := registry.CreateKey(registry.LOCAL_MACHINE, path, registry.ALL_ACCESS|view)
	if err != nil {
		t.Fatalf("making %s: %v", path, err)
	}
	top := strings.Join(strings.Split(path, `\`)[:3], `\`)
	t.Cleanup(func() {
		key.Close()
		removeKey(t, top, view)
		// The parent goes with its last key.
		parent, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE`, registry.ALL_ACCESS|view)
		if err == nil {
			registry.DeleteKey(parent, "siteready-test")
			parent.Close()
		}
	})
	return `HKLM\` + path, key
}

func removeKey(t *testing.T, path string, view uint32) {
	t.Helper()
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.ALL_ACCESS|view)
	if err != nil {
		t.Errorf("opening %s to remove it: %v", path, err)
		return
	}
	names, _ := key.ReadSubKeyNames(0)
	key.Close()
	for _, name := range names {
		removeKey(t, path+`\`+name, view)
	}
	above, name := path[:strings.LastIndex(path, `\`)], path[strings.LastIndex(path, `\`)+1:]
	parent, err := registry.OpenKey(registry.LOCAL_MACHINE, above, registry.ALL_ACCESS|view)
	if err != nil {
		t.Errorf("opening %s: %v", above, err)
		return
	}
	defer parent.Close()
	if err := registry.DeleteKey(parent, name); err != nil {
		t.Errorf("removing %s: %v", path, err)
	}
}

// setRaw writes a value of any type with any data, right or wrong.
func setRaw(t *testing.T, key registry.Key, name string, kind uint32, data []byte) {
	t.Helper()
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		t.Fatal(err)
	}
	set := windows.NewLazySystemDLL("advapi32.dll").NewProc("RegSetValueExW")
	r, _, _ := set.Call(uintptr(key), uintptr(unsafe.Pointer(wide)), 0, uintptr(kind),
		uintptr(unsafe.Pointer(unsafe.SliceData(data))), uintptr(len(data)))
	if r != 0 {
		t.Fatalf("RegSetValueEx %s: %v", name, windows.Errno(r))
	}
}

// wide is the data of a text that is made of these UTF-16 units.
func wide(units ...uint16) []byte {
	var data []byte
	for _, u := range units {
		data = binary.LittleEndian.AppendUint16(data, u)
	}
	return data
}

func TestRegistryValues(t *testing.T) {
	path, key := testKey(t, "", registry.WOW64_64KEY)
	const secret = "S3CRET-in-the-data"
	tests := map[string]struct {
		kind uint32
		data []byte
		want string
	}{
		"dword":           {registry.DWORD, []byte{7, 0, 0, 0x80}, `{"type":"dword","number":2147483655,"text":null,"list":null}`},
		"qword":           {registry.QWORD, []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, `{"type":"qword","number":18446744073709551615,"text":null,"list":null}`},
		"sz":              {registry.SZ, wide('5', '.', 0x2713, 0), `{"type":"sz","number":null,"text":"5.✓","list":null}`},
		"sz pair":         {registry.SZ, wide(0xD83D, 0xDE00, 0), `{"type":"sz","number":null,"text":"😀","list":null}`},
		"sz open end":     {registry.SZ, wide('a', 'b'), `{"type":"sz","number":null,"text":"ab","list":null}`},
		"sz nothing":      {registry.SZ, nil, `{"type":"sz","number":null,"text":"","list":null}`},
		"sz empty":        {registry.SZ, wide(0), `{"type":"sz","number":null,"text":"","list":null}`},
		"sz nul":          {registry.SZ, wide('a', 0, 'b', 0), `{"type":"sz","number":null,"text":"a","list":null}`},
		"sz half pair":    {registry.SZ, wide('a', 0xD800, 'b', 0), `{"type":"sz","number":null,"text":"a` + "\uFFFD" + `b","list":null}`},
		"sz quotes":       {registry.SZ, wide('"', '\\', '\n', 1, 0), `{"type":"sz","number":null,"text":"\"\\\n\u0001","list":null}`},
		"expand_sz":       {registry.EXPAND_SZ, wide('%', 'O', 'S', '%', 0), `{"type":"expand_sz","number":null,"text":"%OS%","list":null}`},
		"multi_sz":        {registry.MULTI_SZ, wide('a', 0, 'b', 'c', 0, 0), `{"type":"multi_sz","number":null,"text":null,"list":["a","bc"]}`},
		"multi_sz one":    {registry.MULTI_SZ, wide('a', 0, 0), `{"type":"multi_sz","number":null,"text":null,"list":["a"]}`},
		"multi_sz gaps":   {registry.MULTI_SZ, wide('a', 0, 0, 'b', 0, 0, 0), `{"type":"multi_sz","number":null,"text":null,"list":["a","","b",""]}`},
		"multi_sz empty":  {registry.MULTI_SZ, wide(0, 0), `{"type":"multi_sz","number":null,"text":null,"list":[]}`},
		"multi_sz none":   {registry.MULTI_SZ, nil, `{"type":"multi_sz","number":null,"text":null,"list":[]}`},
		"multi_sz open":   {registry.MULTI_SZ, wide('a', 0, 'b', 0), `{"type":"multi_sz","number":null,"text":null,"list":["a","b"]}`},
		"multi_sz broken": {registry.MULTI_SZ, wide('a', 0, 0xDC00), `{"type":"multi_sz","number":null,"text":null,"list":["a","` + "\uFFFD" + `"]}`},
		"binary":          {registry.BINARY, []byte(secret), `{"type":"binary","number":null,"text":null,"list":null}`},
		"none":            {registry.NONE, []byte(secret), `{"type":"other","number":null,"text":null,"list":null}`},
		"big endian":      {registry.DWORD_BIG_ENDIAN, []byte{0, 0, 0, 1}, `{"type":"other","number":null,"text":null,"list":null}`},
		"resources":       {registry.RESOURCE_LIST, []byte(secret), `{"type":"other","number":null,"text":null,"list":null}`},
		"unknown type":    {77, []byte(secret), `{"type":"other","number":null,"text":null,"list":null}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			setRaw(t, key, name, test.kind, test.data)
			if got := text(ask(t, rawValue(path, name))); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestRegistryValuesThatAreWrong(t *testing.T) {
	path, key := testKey(t, "", registry.WOW64_64KEY)
	tests := map[string]struct {
		kind   uint32
		data   []byte
		reason error
	}{
		"short dword":      {registry.DWORD, []byte{1, 2}, platform.ErrMalformed},
		"no dword":         {registry.DWORD, nil, platform.ErrMalformed},
		"short qword":      {registry.QWORD, []byte{1, 2, 3, 4}, platform.ErrMalformed},
		"half character":   {registry.SZ, []byte{'a', 0, 'b'}, platform.ErrMalformed},
		"too long":         {registry.SZ, make([]byte, 2*platform.MaxAnswer+2), platform.ErrTooLarge},
		"too long as json": {registry.SZ, slices.Repeat(wide('"'), platform.MaxAnswer/2), platform.ErrTooLarge},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			setRaw(t, key, name, test.kind, test.data)
			refuse(t, rawValue(path, name), test.reason, path)
			// The reader says so itself, without a Machine's help.
			if raw, err := New().Read(t.Context(), rawValue(path, name).Question); !errors.Is(err, test.reason) {
				t.Errorf("%d bytes, error %v", len(raw), err)
			}
		})
	}
}

// A list that is too long for an answer is cut: what it begins with is known all the same.
func TestRegistryLongList(t *testing.T) {
	path, key := testKey(t, "", registry.WOW64_64KEY)
	for name, test := range map[string]struct {
		data []byte
		more bool
	}{
		"short": {append(wide('a', 0, 0, 'b', 0), 0, 0), false},
		"long":  {append(slices.Repeat(append(wide('a', 0), wide(slices.Repeat([]uint16{'"'}, 100)...)...), 3), 0, 0), false},
		"cut":   {append(slices.Repeat(wide('a', '"', 0), 3*platform.MaxAnswer), 0, 0), true},
	} {
		setRaw(t, key, name, registry.MULTI_SZ, test.data)
		got := ask(t, platform.ReadList(path, name))
		if got.More != test.more || len(got.Entries) < 3 || got.Entries[0][0] != 'a' {
			t.Errorf("%s: %d entries, more %t", name, len(got.Entries), got.More)
		}
	}
}

// Another server's registry that cannot be reached ends the questions to that server, with
// the call, the server and the number.
func TestRemoteRegistry(t *testing.T) {
	query := platform.ReadText(`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, "ProductName")
	no := refuse(t, query.At("siteready-nobody.invalid"), platform.ErrUnreachable,
		"RegConnectRegistry siteready-nobody.invalid", numbered(windows.ERROR_BAD_NETPATH))
	if !no.EndsLine || !strings.Contains(no.Help, "siteready-nobody.invalid") {
		t.Errorf("it ends the line: %t, help: %q", no.EndsLine, no.Help)
	}
	for _, bad := range []platform.Query[platform.Text]{
		platform.ReadText(`HKCU\Software`, "x").At("mp01"), platform.ReadText(`HKCR\CLSID`, "x").At("mp01"),
		query.At(`\\mp01`), query.At(`mp01\pipe`), query.At("mp\x0001"),
	} {
		if no := refuse(t, bad, platform.ErrMalformed); no.EndsLine {
			t.Errorf("%s ends the line", bad)
		}
	}
}

// Each way in which a server refuses has its own help, and none of them is absence.
func TestRemoteRegistryRefusals(t *testing.T) {
	for number, test := range map[windows.Errno]struct {
		reason error
		help   string
	}{
		windows.ERROR_BAD_NETPATH:        {platform.ErrUnreachable, "is up"},
		windows.ERROR_FILE_NOT_FOUND:     {platform.ErrUnreachable, "the service RemoteRegistry"},
		windows.RPC_S_SERVER_UNAVAILABLE: {platform.ErrUnreachable, "the service RemoteRegistry"},
		windows.RPC_S_UNKNOWN_IF:         {platform.ErrUnreachable, "the service RemoteRegistry"},
		windows.ERROR_ACCESS_DENIED:      {platform.ErrDenied, "as an account that may"},
		windows.ERROR_LOGON_FAILURE:      {platform.ErrDenied, "elevated"},
		windows.ERROR_INVALID_PARAMETER:  {platform.ErrUnsupported, ""},
	} {
		no := notConnected("mp01", number)
		if !errors.Is(no, test.reason) || !strings.Contains(no.Help, test.help) || !no.EndsLine ||
			!strings.Contains(no.Cause, "RegConnectRegistry mp01: ") || !strings.Contains(no.Cause, numbered(number)) {
			t.Errorf("%d: %+v", number, no)
		}
	}
}

func TestRegistryNumberAndText(t *testing.T) {
	path, key := testKey(t, "", registry.WOW64_64KEY)
	setRaw(t, key, "Type", registry.DWORD, []byte{2, 0, 0, 0})
	setRaw(t, key, "Version", registry.SZ, wide('5', '.', '0', '0', 0))
	if got := ask(t, platform.ReadNumber(path, "Type")); got != 2 {
		t.Errorf("the number is %d", got)
	}
	if got := ask(t, platform.ReadText(path, "version")); got != "5.00" {
		t.Errorf("the text is %q", got)
	}
}

// TestRegistryRoots reads the same key by its short and its long names.
func TestRegistryRoots(t *testing.T) {
	path, key := testKey(t, "", registry.WOW64_64KEY)
	setRaw(t, key, "a", registry.DWORD, []byte{1, 0, 0, 0})
	below := strings.TrimPrefix(path, `HKLM\`)
	for _, root := range []string{"HKLM", "hklm", "HKEY_LOCAL_MACHINE"} {
		if got := ask(t, platform.ReadNumber(root+`\`+below, "a")); got != 1 {
			t.Errorf("%s: %d", root, got)
		}
	}
	for _, key := range []string{
		"HKLM", "HKU", "HKEY_USERS", "HKCR", `HKEY_CLASSES_ROOT\CLSID`, `HKCU\Software`, "HKEY_CURRENT_USER", `HKU\.DEFAULT`,
	} {
		if got := ask(t, platform.ReadKey(key)); len(got.Subkeys) == 0 {
			t.Errorf("%s has no subkeys", key)
		}
	}
	for _, bad := range []string{"HKPD", "SOFTWARE", `HKEY\SOFTWARE`, `\HKLM\SOFTWARE`, `HKLM\`, `HKLM\\SOFTWARE`, `HKLM\SOFTWARE\`, `HKLM/SOFTWARE`} {
		refuse(t, platform.ReadKey(bad), platform.ErrMalformed, fmt.Sprintf("%q", bad))
	}
}

func TestRegistryView(t *testing.T) {
	path, key := testKey(t, "View", registry.WOW64_64KEY)
	setRaw(t, key, "Bits", registry.DWORD, []byte{64, 0, 0, 0})
	below := strings.TrimPrefix(path, `HKLM\`)
	key32, _, err := registry.CreateKey(registry.LOCAL_MACHINE, below, registry.ALL_ACCESS|registry.WOW64_32KEY)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		key32.Close()
		removeKey(t, strings.TrimSuffix(below, `\View`), registry.WOW64_32KEY)
		parent, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE`, registry.ALL_ACCESS|registry.WOW64_32KEY)
		if err == nil {
			registry.DeleteKey(parent, "siteready-test")
			parent.Close()
		}
	})
	setRaw(t, key32, "Bits", registry.DWORD, []byte{32, 0, 0, 0})
	setRaw(t, key32, "Only32", registry.DWORD, []byte{1, 0, 0, 0})

	if got := ask(t, platform.ReadNumber(path, "Bits")); got != 64 {
		t.Errorf("the plain path gives %d", got)
	}
	refuse(t, platform.ReadNumber(path, "Only32"), platform.ErrAbsent)
	other := strings.Replace(path, `HKLM\SOFTWARE\`, `HKLM\SOFTWARE\WOW6432Node\`, 1)
	if got := ask(t, platform.ReadNumber(other, "Bits")); got != 32 {
		t.Errorf("WOW6432Node gives %d", got)
	}
}

func TestRegistryAbsent(t *testing.T) {
	path, _ := testKey(t, "", registry.WOW64_64KEY)
	number := numbered(windows.ERROR_FILE_NOT_FOUND)
	refuse(t, platform.ReadKey(path+`\Nowhere`), platform.ErrAbsent, "RegOpenKeyEx "+path+`\Nowhere: `, number)
	refuse(t, platform.ReadKey(path+`\No\where`), platform.ErrAbsent, number)
	refuse(t, platform.ReadText(path+`\Nowhere`, "a"), platform.ErrAbsent, "RegOpenKeyEx", number)
	refuse(t, platform.ReadText(path, "Nothing"), platform.ErrAbsent, "RegQueryValueEx "+path+" : Nothing: ", number)
}

func TestRegistryDenied(t *testing.T) {
	path, key := testKey(t, "Closed", registry.WOW64_64KEY)
	setRaw(t, key, "a", registry.DWORD, []byte{1, 0, 0, 0})
	protect := func(sddl string) {
		descriptor, err := windows.SecurityDescriptorFromString(sddl)
		if err != nil {
			t.Fatal(err)
		}
		dacl, _, err := descriptor.DACL()
		if err != nil {
			t.Fatal(err)
		}
		// The handle was opened with every right and keeps it.
		err = windows.SetSecurityInfo(windows.Handle(key), windows.SE_REGISTRY_KEY,
			windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, dacl, nil)
		if err != nil {
			t.Fatalf("SetSecurityInfo %s: %v", sddl, err)
		}
	}
	protect("D:P(A;;KA;;;SY)")
	t.Cleanup(func() { protect("D:P(A;;KA;;;WD)") })

	for _, no := range []*platform.NoAnswer{
		refuse(t, platform.ReadKey(path), platform.ErrDenied, "RegOpenKeyEx "+path+": ", numbered(windows.ERROR_ACCESS_DENIED)),
		refuse(t, platform.ReadNumber(path, "a"), platform.ErrDenied, "RegOpenKeyEx "+path+": ", numbered(windows.ERROR_ACCESS_DENIED)),
		refuse(t, platform.ReadNumber(path, "Nothing"), platform.ErrDenied),
	} {
		if !strings.Contains(no.Help, "elevated") {
			t.Errorf("the help is %q", no.Help)
		}
	}
	// What lies above is still open, and sees that there is such a key.
	above := strings.TrimSuffix(path, `\Closed`)
	if got := ask(t, platform.ReadKey(above)); !slices.Equal(got.Subkeys, []string{"Closed"}) {
		t.Errorf("the subkeys are %q", got.Subkeys)
	}
}

func TestRegistryKey(t *testing.T) {
	before := time.Now().Add(-time.Minute)
	path, key := testKey(t, "", registry.WOW64_64KEY)
	empty := ask(t, platform.ReadKey(path))
	if empty.Subkeys == nil || empty.Values == nil || len(empty.Subkeys)+len(empty.Values) != 0 || empty.More {
		t.Errorf("an empty key is %+v", empty)
	}
	for _, name := range []string{"b", "C", "a"} {
		setRaw(t, key, name, registry.BINARY, []byte("data"))
		sub, _, err := registry.CreateKey(key, "sub "+name, registry.READ|registry.WOW64_64KEY)
		if err != nil {
			t.Fatal(err)
		}
		sub.Close()
	}
	got := ask(t, platform.ReadKey(path))
	if !slices.Equal(got.Values, []string{"C", "a", "b"}) || !slices.Equal(got.Subkeys, []string{"sub C", "sub a", "sub b"}) || got.More {
		t.Errorf("the key is %+v", got)
	}
	if got.Written.Before(before) || got.Written.After(time.Now().Add(time.Minute)) || got.Written.Location() != time.UTC {
		t.Errorf("the key was written at %v", got.Written)
	}
}

func TestRegistryKeyWithManyNames(t *testing.T) {
	tests := map[string]struct {
		count           int
		subkeys, values bool
		more            bool
	}{
		"600 subkeys": {600, true, false, true},
		"501 values":  {platform.MaxNames + 1, false, true, true},
		"500 of each": {platform.MaxNames, true, true, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path, key := testKey(t, "", registry.WOW64_64KEY)
			// Backwards, so that the first names are not simply the first ones made.
			for i := test.count - 1; i >= 0; i-- {
				name := fmt.Sprintf("%04d", i)
				if test.values {
					setRaw(t, key, name, registry.DWORD, []byte{0, 0, 0, 0})
				}
				if test.subkeys {
					sub, _, err := registry.CreateKey(key, name, registry.READ|registry.WOW64_64KEY)
					if err != nil {
						t.Fatal(err)
					}
					sub.Close()
				}
			}
			got := ask(t, platform.ReadKey(path))
			if got.More != test.more {
				t.Errorf("more is %v", got.More)
			}
			for list, filled := range map[*[]string]bool{&got.Subkeys: test.subkeys, &got.Values: test.values} {
				if want := min(test.count, platform.MaxNames); filled && (len(*list) != want || (*list)[0] != "0000" || (*list)[want-1] != fmt.Sprintf("%04d", want-1)) {
					t.Errorf("%d names, the first %q, the last %q", len(*list), (*list)[0], (*list)[len(*list)-1])
				}
				if !filled && len(*list) != 0 {
					t.Errorf("names that nobody made: %q", *list)
				}
			}
		})
	}
}

// TestRegistryOddNames plants names that are no text.
func TestRegistryOddNames(t *testing.T) {
	path, key := testKey(t, "", registry.WOW64_64KEY)
	units := []uint16{'a', 0xD800, 'b', 0}
	set := windows.NewLazySystemDLL("advapi32.dll").NewProc("RegSetValueExW")
	data := []byte{1, 0, 0, 0}
	if r, _, _ := set.Call(uintptr(key), uintptr(unsafe.Pointer(&units[0])), 0, registry.DWORD,
		uintptr(unsafe.Pointer(&data[0])), uintptr(len(data))); r != 0 {
		t.Fatal(windows.Errno(r))
	}
	s := session(t)
	got, err := platform.Ask(t.Context(), s, platform.ReadKey(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Values) != 1 || !strings.HasPrefix(got.Values[0], "a\uFFFD") || !utf8.Valid(s.Evidence()[0].Answer) {
		t.Errorf("the names are %q", got.Values)
	}
}

func TestRegistryNeverFetchesBinaryData(t *testing.T) {
	path, key := testKey(t, "", registry.WOW64_64KEY)
	// Far above every limit: reading it would end in ErrTooLarge.
	setRaw(t, key, "huge", registry.BINARY, make([]byte, 4*platform.MaxAnswer))
	if got := ask(t, rawValue(path, "huge")); got.Type != "binary" {
		t.Errorf("the type is %q", got.Type)
	}
	_, err := platform.Ask(t.Context(), session(t), platform.ReadText(path, "huge"))
	if !errors.Is(err, platform.ErrMalformed) && !errors.Is(err, platform.ErrUnsupported) {
		t.Errorf("a binary value as a text: %v", err)
	}
}
