package windows

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// reads is every call into Windows that the live reader may make, by package, and why it
// changes nothing. A call that is not here fails TestCallsOnlyRead; one that is added here
// needs its reason.
var reads = map[string]string{
	"windows.RtlGetVersion":                   "the version of Windows",
	"windows.DurationSinceBoot":               "the time since the start",
	"windows.GetComputerNameEx":               "the machine's names",
	"windows.GetCurrentProcessToken":          "a constant that stands for the own token",
	"windows.GetTokenInformation":             "the own token's elevation",
	"windows.LookupSID":                       "the SID of a name",
	"windows.StringToSid":                     "a SID of a text, in memory",
	"windows.CreateWellKnownSid":              "a constant SID, in memory",
	"windows.NetGetJoinInformation":           "what the machine belongs to",
	"windows.NetApiBufferFree":                "frees memory that a query allocated",
	"windows.OpenSCManager":                   "with the right to connect only",
	"windows.OpenService":                     "with query rights only",
	"windows.QueryServiceStatusEx":            "a service's state",
	"windows.QueryServiceConfig":              "a service's start type and account",
	"windows.CloseServiceHandle":              "closes what was opened",
	"windows.CreateFile":                      "opens what exists: open in file_windows.go has OPEN_EXISTING",
	"windows.CloseHandle":                     "closes what was opened",
	"windows.GetFileInformationByHandle":      "whether it is a folder",
	"windows.GetFinalPathNameByHandle":        "where it really lies",
	"windows.GetNamedSecurityInfo":            "a folder's owner and access list, which opens it with the right to read these",
	"windows.GetAce":                          "an entry of an access list, in memory",
	"windows.NetUserGetInfo":                  "the state of an account, of this machine or at a controller of its domain",
	"windows.GetVolumePathName":               "where a volume is mounted",
	"windows.GetDiskFreeSpaceEx":              "a volume's sizes",
	"windows.GetVolumeInformation":            "a volume's file system",
	"windows.GetLogicalDrives":                "which drive letters are given",
	"windows.GetFileVersionInfoSize":          "the size of a version resource",
	"windows.GetFileVersionInfo":              "a version resource",
	"windows.VerQueryValue":                   "a part of a version resource, in memory",
	"windows.CertOpenStore":                   "with CERT_STORE_READONLY_FLAG and CERT_STORE_OPEN_EXISTING_FLAG",
	"windows.CertCloseStore":                  "closes what was opened",
	"windows.CertEnumCertificatesInStore":     "the next certificate",
	"windows.CertFreeCertificateContext":      "frees memory that a query allocated",
	"windows.CertGetNameString":               "a certificate's names",
	"windows.UTF16FromString":                 "a conversion",
	"windows.UTF16PtrFromString":              "a conversion",
	"windows.UTF16PtrToString":                "a conversion",
	"windows.UTF16ToString":                   "a conversion",
	"windows.BytePtrToString":                 "a conversion",
	"windows.NewNTUnicodeString":              "a conversion",
	"registry.OpenKey":                        "with the right to query or list only",
	"registry.OpenRemoteKey":                  "connects to another server's registry; openKey opens its keys, with the right to query or list only",
	"os.NewFile":                              "lists a folder or reads a log that open in file_windows.go opened",
	"windows.GetACP":                          "the number of the machine's code page",
	"os.Stat":                                 "a file's attributes",
	"os.Lstat":                                "a file's attributes",
	"os.SameFile":                             "whether two are one file; it may open them without any right",
	"mem.VirtualMemoryWithContext":            "GlobalMemoryStatusEx",
	"win32.LsaOpenPolicy":                     "with the rights to look up names and view only",
	"win32.LsaEnumerateAccountsWithUserRight": "who holds a right",
	"win32.LsaFreeMemory":                     "frees memory that a query allocated",
	"win32.LsaClose":                          "closes what was opened",
	"win32.NetLocalGroupGetInfo":              "a local group's name",
	"win32.NetLocalGroupGetMembers":           "a local group's members",
	"win32.DsGetDcNameW":                      "a controller of a domain; the locator's memory is not refreshed",
	"win32.Ldap_initW":                        "a connection to a directory that is not made yet",
	"win32.Ldap_set_optionW":                  "how the own connection signs, encrypts and waits",
	"win32.Ldap_connect":                      "connects to a directory",
	"win32.Ldap_bind_sW":                      "says to it who asks, as whom siteready runs; no other name is ever given",
	"win32.Ldap_search_ext_sW":                "one attribute of one object",
	"win32.Ldap_first_entry":                  "an entry of what was found, in memory",
	"win32.Ldap_get_values_lenW":              "the values of an attribute, in memory",
	"win32.Ldap_count_values_len":             "how many there are, in memory",
	"win32.Ldap_value_free_len":               "frees memory that a query allocated",
	"win32.Ldap_msgfree":                      "frees memory that a query allocated",
	"win32.Ldap_unbind":                       "closes what was connected",
	"win32.EvtQuery":                          "opens the results of a query",
	"win32.EvtNext":                           "the next events of a query",
	"win32.EvtRender":                         "an event's XML",
	"win32.EvtClose":                          "closes what was opened",
	"win32.CertGetCertificateContextProperty": "whether a certificate has a property",
}

// noCalls is what else is used of these packages: types and constants that are not written
// in capitals.
var noCalls = []string{
	"windows.ByHandleFileInformation", "windows.CertContext", "windows.CertInfo", "windows.Errno", "windows.Filetime",
	"windows.Handle", "windows.NTStatus", "windows.NTUnicodeString", "windows.OsVersionInfoEx", "windows.Token", "windows.TokenElevation",
	"windows.ComputerNamePhysicalDnsFullyQualified", "windows.ComputerNamePhysicalNetBIOS",
	"windows.NetSetupDomainName", "windows.NetSetupUnjoined", "windows.NetSetupWorkgroupName",
	"windows.SidTypeAlias", "windows.SidTypeComputer", "windows.SidTypeDeletedAccount", "windows.SidTypeDomain", "windows.SidTypeGroup",
	"windows.SidTypeInvalid", "windows.SidTypeLabel", "windows.SidTypeUnknown", "windows.SidTypeUser", "windows.SidTypeWellKnownGroup",
	"windows.WinBuiltinAdministratorsSid", "windows.WinLocalServiceSid", "windows.WinLocalSystemSid", "windows.WinNetworkServiceSid",
	"registry.Key",
	"win32.DomainControllerInfo", "win32.EvtQueryChannelPath", "win32.EvtQueryForwardDirection", "win32.EvtQueryReverseDirection", "win32.EvtRenderEventXML",
	"win32.LdapBerval", "win32.LdapTimeval", "win32.LocalGroupInfo1", "win32.LocalGroupInfoLevel", "win32.LocalGroupMember2", "win32.LocalGroupMembersLevel",
	"win32.NERR_GroupNotFound", "win32.NERR_UserNotFound", "win32.UserInfo4", "win32.UserInfoLevel", "win32.ObjectAttributes", "win32.RightHolder",
}

// held are the packages whose names are held against the two lists. Every other import must
// be free: it cannot reach Windows.
var (
	held = map[string]string{
		"golang.org/x/sys/windows": "windows", "golang.org/x/sys/windows/registry": "registry", "os": "os", "syscall": "syscall",
		"github.com/shirou/gopsutil/v3/mem": "mem", "siteready/platform/windows/win32": "win32",
	}
	free = []string{
		"cmp", "context", "crypto/sha1", "crypto/sha256", "encoding/asn1", "encoding/binary", "encoding/json", "encoding/xml", "errors", "fmt", "io",
		"io/fs", "path/filepath", "regexp", "runtime", "slices", "strconv", "strings", "sync", "time", "unicode/utf16", "unicode/utf8",
		"unsafe", "siteready/platform", "siteready/platform/dotnet", "siteready/platform/logscan",
	}
)

var (
	// inCapitals is a constant or a type of Windows' own headers; x/sys has no such function.
	inCapitals = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
	// rightToChange is a constant that stands for more than a right to read.
	rightToChange = regexp.MustCompile(`ALL_ACCESS|GENERIC_(ALL|WRITE|EXECUTE)|MAXIMUM_ALLOWED|SET_VALUE|CREATE|^DELETE$|WRITE|` +
		`TRUNCATE|CHANGE_CONFIG|^SERVICE_(START|STOP|PAUSE_CONTINUE)$|USER_DEFINED_CONTROL|LOCK$|POLICY_(AUDIT|SET|TRUST|SERVER)|TOKEN_(ADJUST|DUPLICATE)|DELETE_ON_CLOSE`)
	// sharing lets others write to what is open: it is their right, not ours.
	sharing = []string{"windows.FILE_SHARE_WRITE", "windows.FILE_SHARE_DELETE"}
	// changing is a method that writes to a registry key or a handle, or calls by name.
	changing = regexp.MustCompile(`^(Set|Delete|Write|Create|Remove|Rename|Adjust|Control|Impersonate|Duplicate|Call$|NewProc$|Addr$)`)
)

// problemsOf says what a file does that is not on the lists. used gains the names that it uses.
func problemsOf(file *ast.File, used map[string]bool) []string {
	var problems []string
	local := map[string]bool{}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		name, isHeld := held[path]
		switch {
		case err != nil, spec.Name != nil:
			problems = append(problems, fmt.Sprintf("the import %s has another name here", spec.Path.Value))
		case isHeld:
			local[name] = true
		case !slices.Contains(free, path):
			problems = append(problems, "it imports "+path)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		name := selector.Sel.Name
		from, isName := selector.X.(*ast.Ident)
		if !isName || !local[from.Name] {
			if changing.MatchString(name) {
				problems = append(problems, "a method "+name+" may change something")
			}
			return true
		}
		full := from.Name + "." + name
		used[full] = true
		switch {
		case reads[full] != "", slices.Contains(noCalls, full), slices.Contains(sharing, full):
		case !inCapitals.MatchString(name):
			problems = append(problems, full+" is on no list")
		case rightToChange.MatchString(name):
			problems = append(problems, full+" is more than a right to read")
		}
		return true
	})
	return problems
}

// The live reader makes no call but those that are listed as reads.
func TestCallsOnlyRead(t *testing.T) {
	used := map[string]bool{}
	var declared, generated []string
	for _, folder := range []string{".", "win32"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Base(path) == "zsyscall_windows.go" {
				generated = functions(file)
				continue
			}
			declared = append(declared, sysLines(file)...)
			for _, problem := range problemsOf(file, used) {
				t.Errorf("%s: %s", path, problem)
			}
		}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(reads)), noCalls, sharing) {
		// win32 itself names types of x/sys in its declarations only.
		if !used[name] {
			t.Errorf("%s is on the list, and nothing uses it", name)
		}
	}
	slices.Sort(declared)
	if slices.Sort(generated); len(declared) == 0 || !slices.Equal(declared, generated) {
		t.Errorf("declared are %v, generated %v: run go generate", declared, generated)
	}
	for _, name := range declared {
		if reads["win32."+name] == "" {
			t.Errorf("win32 declares %s, which is on no list", name)
		}
	}
}

// functions lists a generated file's calls.
func functions(file *ast.File) []string {
	var names []string
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Name.Name != "errnoErr" {
			names = append(names, f.Name.Name)
		}
	}
	return names
}

// sysLines lists the calls that are declared by //sys, which must have the name of the call; Go may
// need a capital where that has a small letter.
func sysLines(file *ast.File) []string {
	var names []string
	for _, group := range file.Comments {
		for _, c := range group.List {
			declaration, found := strings.CutPrefix(c.Text, "//sys\t")
			if !found {
				continue
			}
			name, _, _ := strings.Cut(declaration, "(")
			if at := len(declaration) - len(name); at < 1 || declaration[at-1] != '.' || !strings.EqualFold(declaration[at:], name) {
				name += " under another name"
			}
			names = append(names, name)
		}
	}
	return names
}

// Each way to change something is found.
func TestCallsFound(t *testing.T) {
	for line, word := range map[string]string{
		`windows.DeleteFile(nil)`:                                         "windows.DeleteFile is on no list",
		`f := windows.MoveFile`:                                           "windows.MoveFile is on no list",
		`os.Remove("x")`:                                                  "os.Remove is on no list",
		`os.OpenFile("x", os.O_RDWR, 0)`:                                  "os.OpenFile is on no list",
		`windows.OpenService(0, nil, windows.SERVICE_ALL_ACCESS)`:         "more than a right to read",
		`windows.OpenService(0, nil, windows.SERVICE_START)`:              "more than a right to read",
		`windows.CreateFile(nil, windows.GENERIC_WRITE, 0, nil, 0, 0, 0)`: "more than a right to read",
		`windows.CreateFile(nil, 0, 0, nil, windows.CREATE_NEW, 0, 0)`:    "more than a right to read",
		`registry.OpenKey(0, "x", registry.SET_VALUE)`:                    "more than a right to read",
		`registry.CreateKey(0, "x", 0)`:                                   "registry.CreateKey is on no list",
		`key.SetStringValue("a", "b")`:                                    "SetStringValue may change",
		`key.DeleteValue("a")`:                                            "DeleteValue may change",
		`windows.NewLazySystemDLL("x").NewProc("y").Call()`:               "Call may change",
		`syscall.SyscallN(0)`:                                             "syscall.SyscallN is on no list",
	} {
		source := "package x\nimport (\"os\"; \"syscall\"; \"golang.org/x/sys/windows\"; \"golang.org/x/sys/windows/registry\")\nfunc f() { " + line + " }\n"
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", source, 0)
		if err != nil {
			t.Fatal(err)
		}
		if problems := problemsOf(file, map[string]bool{}); !strings.Contains(strings.Join(problems, "\n"), word) {
			t.Errorf("%s: %q; want %q", line, problems, word)
		}
	}
	for _, spec := range []string{`"os/exec"`, `w "golang.org/x/sys/windows"`, `. "os"`, `"golang.org/x/sys/windows/svc/mgr"`} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nimport "+spec+"\n", 0)
		if err != nil {
			t.Fatal(err)
		}
		if problems := problemsOf(file, map[string]bool{}); len(problems) == 0 {
			t.Errorf("import %s is let through", spec)
		}
	}
}
