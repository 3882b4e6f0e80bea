package windows

import (
	"errors"
	"slices"
	"strings"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"siteready/platform"
)

// view is the registry as 64-bit programs see it, whatever siteready is built for.
const view = registry.WOW64_64KEY

// place is a key in the registry of a server; with an empty server, of this machine.
type place struct{ server, path string }

// String is what a refusal names.
func (p place) String() string {
	if p.server == "" {
		return p.path
	}
	return p.path + " on " + p.server
}

// readRegistry reads a value, or with an empty name what the key holds by name.
func readRegistry(p place, name string) (any, error) {
	if name == "" {
		return readKey(p)
	}
	return readValue(p, name)
}

// openKey opens a key for no more than access allows; the caller closes it.
func openKey(p place, access uint32) (registry.Key, error) {
	root, below, err := splitKey(p.path)
	if err != nil {
		return 0, err
	}
	if p.server != "" {
		connected, err := connect(p, root)
		if err != nil {
			return 0, err
		}
		defer connected.Close() // the key below it stays open
		root = connected
	}
	key, err := registry.OpenKey(root, below, access|view)
	if err != nil {
		return 0, call{
			api: "RegOpenKeyEx", target: p.String(), right: "read this key",
			absent: []windows.Errno{windows.ERROR_FILE_NOT_FOUND},
		}.refused(err)
	}
	return key, nil
}

// connect reaches the registry of another server through its service RemoteRegistry. When it
// fails, every other question to that server would fail too.
func connect(p place, root registry.Key) (registry.Key, error) {
	if root != registry.LOCAL_MACHINE && root != registry.USERS {
		return 0, platform.Refuse(platform.ErrMalformed, "%s: of another server only HKLM and HKU can be read", p)
	}
	if strings.ContainsAny(p.server, `\/`) {
		return 0, platform.Refuse(platform.ErrMalformed, "%q is no name of a server", p.server)
	}
	key, err := registry.OpenRemoteKey(p.server, root)
	if err == nil {
		return key, nil
	}
	return 0, notConnected(p.server, err)
}

// notConnected says why another server's registry could not be reached, and what helps.
func notConnected(server string, err error) *platform.NoAnswer {
	no := call{api: "RegConnectRegistry", target: server, right: "read the registry of " + server}.refused(err)
	no.EndsLine = true
	var number windows.Errno
	if !errors.As(err, &number) {
		return no
	}
	switch number {
	case windows.ERROR_BAD_NETPATH, windows.ERROR_BAD_NET_NAME, windows.ERROR_NETWORK_UNREACHABLE, windows.ERROR_HOST_UNREACHABLE:
		no.Help = "See that " + server + " is up, that its name is right, and that no firewall keeps file sharing (SMB, TCP 445) to it from this machine."
	case windows.RPC_S_SERVER_UNAVAILABLE, windows.RPC_S_UNKNOWN_IF, windows.EPT_S_NOT_REGISTERED,
		windows.ERROR_FILE_NOT_FOUND: // the pipe of the service is not there
		no.Reason = platform.ErrUnreachable
		no.Help = "See that the service RemoteRegistry runs on " + server + ", and that no firewall keeps this machine from it."
	case windows.ERROR_ACCESS_DENIED:
		no.Help = "Run siteready as an account that may read the registry of " + server + " from afar, such as one of its administrators."
	}
	return no
}

// splitKey cuts HKLM\SOFTWARE\... into the predefined key and the path below it.
func splitKey(path string) (root registry.Key, below string, err error) {
	name, below, _ := strings.Cut(path, `\`)
	switch strings.ToUpper(name) {
	case "HKLM", "HKEY_LOCAL_MACHINE":
		root = registry.LOCAL_MACHINE
	case "HKU", "HKEY_USERS":
		root = registry.USERS
	case "HKCR", "HKEY_CLASSES_ROOT":
		root = registry.CLASSES_ROOT
	case "HKCU", "HKEY_CURRENT_USER":
		root = registry.CURRENT_USER
	default:
		return 0, "", platform.Refuse(platform.ErrMalformed, "%q does not begin with a key like HKLM, HKU, HKCR or HKCU", path)
	}
	// Windows would find no such key, and a slip of the pen must not look like an absent key.
	if path != name && slices.Contains(strings.Split(below, `\`), "") {
		return 0, "", platform.Refuse(platform.ErrMalformed, "the registry key %q has an empty part", path)
	}
	return root, below, nil
}

// readKey lists a key's subkeys and values by name; no value's data is read.
func readKey(p place) (any, error) {
	key, err := openKey(p, registry.QUERY_VALUE|registry.ENUMERATE_SUB_KEYS)
	if err != nil {
		return nil, err
	}
	defer key.Close()
	info, err := key.Stat()
	if err != nil {
		return nil, call{api: "RegQueryInfoKey", target: p.String(), right: "read this key"}.refused(err)
	}
	subkeys, err := key.ReadSubKeyNames(0)
	if err != nil {
		return nil, call{api: "RegEnumKeyEx", target: p.String(), right: "list this key"}.refused(err)
	}
	values, err := key.ReadValueNames(0)
	if err != nil {
		return nil, call{api: "RegEnumValue", target: p.String(), right: "list this key"}.refused(err)
	}
	return platform.RegistryKey{
		Subkeys: firstNames(subkeys),
		Values:  firstNames(values),
		More:    len(subkeys) > platform.MaxNames || len(values) > platform.MaxNames,
		Written: info.ModTime().UTC(),
	}, nil
}

// firstNames sorts before it cuts, so that the same key always gives the same names.
func firstNames(names []string) []string {
	names = append([]string{}, names...) // never nil: the answer's list is [], not null
	slices.Sort(names)
	return names[:min(len(names), platform.MaxNames)]
}

// attempts is how often a value that changes between the asking for its size and the
// reading is read again.
const attempts = 4

// maxList is how many bytes of a list are fetched. A longer one is nothing that a program
// would write.
const maxList = 16 << 20

// readValue reads one value. The data of a type that no check may see is never fetched.
func readValue(p place, name string) (platform.RegistryValue, error) {
	var none platform.RegistryValue
	key, err := openKey(p, registry.QUERY_VALUE)
	if err != nil {
		return none, err
	}
	defer key.Close()
	query := call{
		api: "RegQueryValueEx", target: p.String() + " : " + name, right: "read this key",
		absent: []windows.Errno{windows.ERROR_FILE_NOT_FOUND},
	}
	for range attempts {
		size, kind, err := key.GetValue(name, nil)
		if err != nil {
			return none, query.refused(err)
		}
		switch kind {
		case registry.SZ, registry.EXPAND_SZ, registry.MULTI_SZ, registry.DWORD, registry.QWORD:
		case registry.BINARY:
			return platform.RegistryValue{Type: "binary"}, nil
		default:
			return platform.RegistryValue{Type: "other"}, nil
		}
		// Each UTF-16 unit is at least one byte of the answer; a list can be cut.
		if size/2 > platform.MaxAnswer && kind != registry.MULTI_SZ || size > maxList {
			return none, platform.Refuse(platform.ErrTooLarge, "%s has %d bytes", query.target, size)
		}
		data := make([]byte, size)
		got, again, err := key.GetValue(name, data)
		if errors.Is(err, windows.ERROR_MORE_DATA) || err == nil && (again != kind || got > size) {
			continue
		}
		if err != nil {
			return none, query.refused(err)
		}
		value, err := decodeValue(kind, data[:got])
		if err != nil {
			return none, query.malformed("%v", err)
		}
		return value, nil
	}
	return none, platform.Refuse(platform.ErrUnsupported, "%s %s: the value changed each of the %d times that it was read", query.api, query.target, attempts)
}
