package windows

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

// session opens this machine, as a check sees it.
func session(t *testing.T) *platform.Session {
	t.Helper()
	return platform.Open(t.Context(), New(), time.Now(), platform.DefaultLimits()).Session()
}

// ask puts a question that must be answered.
func ask[A any](t *testing.T, q platform.Query[A]) A {
	t.Helper()
	answer, err := platform.Ask(t.Context(), session(t), q)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return answer
}

// refuse puts a question that must not be answered, for a reason and with words in the cause.
func refuse[A any](t *testing.T, q platform.Query[A], reason error, words ...string) *platform.NoAnswer {
	t.Helper()
	answer, err := platform.Ask(t.Context(), session(t), q)
	var no *platform.NoAnswer
	if !errors.As(err, &no) {
		t.Fatalf("%s: answered %v, error %v; want %v", q, answer, err, reason)
	}
	if !errors.Is(err, reason) {
		t.Errorf("%s: the reason is %v, want %v (%v)", q, no.Reason, reason, err)
	}
	for _, word := range words {
		if !strings.Contains(no.Cause, word) {
			t.Errorf("%s: the cause %q does not say %q", q, no.Cause, word)
		}
	}
	return no
}

// numbered is how a cause ends that tells Windows' number.
func numbered(number windows.Errno) string {
	return " (" + strconv.FormatUint(uint64(number), 10) + ")"
}

func TestQuestionsOfOtherKinds(t *testing.T) {
	tests := map[string]struct {
		question platform.Question
		reason   error
	}{
		"sql":             {platform.Question{Kind: platform.KindSQL, On: "CM01", What: "version", Text: "SELECT 1"}, platform.ErrUnsupported},
		"sql, no server":  {platform.Question{Kind: platform.KindSQL, What: "version"}, platform.ErrUnsupported},
		"unknown kind":    {platform.Question{Kind: "weather", Where: "here"}, platform.ErrUnsupported},
		"no kind":         {platform.Question{}, platform.ErrUnsupported},
		"another server":  {platform.Question{Kind: platform.KindOS, On: "CM02", What: "version"}, platform.ErrUnsupported},
		"remote service":  {platform.Question{Kind: platform.KindService, On: "CM02", What: "x"}, platform.ErrUnsupported},
		"unknown fact":    {platform.Question{Kind: platform.KindOS, What: "moon"}, platform.ErrUnsupported},
		"no fact":         {platform.Question{Kind: platform.KindOS}, platform.ErrUnsupported},
		"os with where":   {platform.Question{Kind: platform.KindOS, Where: `C:\`, What: "version"}, platform.ErrUnsupported},
		"file with what":  {platform.Question{Kind: platform.KindFile, Where: `C:\x`, What: "size"}, platform.ErrUnsupported},
		"digest's what":   {platform.Question{Kind: platform.KindDigest, Where: `C:\x`, What: "md5"}, platform.ErrUnsupported},
		"no digest":       {platform.Question{Kind: platform.KindDigest}, platform.ErrMalformed},
		"service's where": {platform.Question{Kind: platform.KindService, Where: "x", What: "y"}, platform.ErrUnsupported},
		"with text":       {platform.Question{Kind: platform.KindVolume, Where: `C:\`, Text: "x"}, platform.ErrUnsupported},
		"nul":             {platform.Question{Kind: platform.KindFile, Where: "C:\\win\x00dows"}, platform.ErrMalformed},
		"not utf-8":       {platform.Question{Kind: platform.KindService, What: "\xff"}, platform.ErrMalformed},
		"no service":      {platform.Question{Kind: platform.KindService}, platform.ErrMalformed},
		"no file":         {platform.Question{Kind: platform.KindFile}, platform.ErrMalformed},
		"no folder":       {platform.ReadFolder("", "*").Question, platform.ErrMalformed},
		"no pattern":      {platform.ReadFolder(`C:\`, "").Question, platform.ErrMalformed},
		"no volume":       {platform.Question{Kind: platform.KindVolume}, platform.ErrMalformed},
		"share with what": {platform.Question{Kind: platform.KindShare, Where: `\\s\x`, What: "y"}, platform.ErrUnsupported},
		"store with what": {platform.Question{Kind: platform.KindCertificate, Where: `LocalMachine\MY`, What: "y"}, platform.ErrUnsupported},
		"no account":      {platform.Question{Kind: platform.KindAccount}, platform.ErrMalformed},
		"no events":       {platform.Question{Kind: platform.KindEvents}, platform.ErrMalformed},
		"no share":        {platform.Question{Kind: platform.KindShare}, platform.ErrMalformed},
		"no store":        {platform.Question{Kind: platform.KindCertificate}, platform.ErrMalformed},
		"no key":          {platform.Question{Kind: platform.KindRegistry}, platform.ErrMalformed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			raw, err := New().Read(t.Context(), test.question)
			var no *platform.NoAnswer
			if !errors.As(err, &no) || !errors.Is(err, test.reason) || no.Cause == "" {
				t.Errorf("answer %s, error %v; want %v with a cause", raw, err, test.reason)
			}
		})
	}
}

func TestEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if raw, err := New().Read(ctx, platform.ReadMemory().Question); !errors.Is(err, platform.ErrTimeout) {
		t.Errorf("answer %s, error %v; want %v", raw, err, platform.ErrTimeout)
	}
}

func TestRefused(t *testing.T) {
	absent := []windows.Errno{windows.ERROR_FILE_NOT_FOUND, windows.ERROR_SERVICE_DOES_NOT_EXIST}
	tests := map[string]struct {
		err    error
		absent []windows.Errno
		reason error
		help   string
	}{
		"denied":               {windows.ERROR_ACCESS_DENIED, absent, platform.ErrDenied, "may look"},
		"privilege":            {windows.ERROR_PRIVILEGE_NOT_HELD, absent, platform.ErrDenied, "elevated"},
		"in use":               {windows.ERROR_SHARING_VIOLATION, absent, platform.ErrDenied, "let go"},
		"locked":               {windows.ERROR_LOCK_VIOLATION, absent, platform.ErrDenied, "let go"},
		"absent":               {windows.ERROR_FILE_NOT_FOUND, absent, platform.ErrAbsent, ""},
		"service absent":       {windows.ERROR_SERVICE_DOES_NOT_EXIST, absent, platform.ErrAbsent, ""},
		"found nothing":        {windows.ERROR_FILE_NOT_FOUND, nil, platform.ErrUnreachable, ""},
		"no path":              {windows.ERROR_PATH_NOT_FOUND, absent, platform.ErrUnreachable, ""},
		"no service":           {windows.ERROR_SERVICE_DOES_NOT_EXIST, nil, platform.ErrUnsupported, ""},
		"no medium":            {windows.ERROR_NOT_READY, absent, platform.ErrUnreachable, ""},
		"no server":            {windows.ERROR_BAD_NETPATH, absent, platform.ErrUnreachable, ""},
		"no share":             {windows.ERROR_BAD_NET_NAME, absent, platform.ErrUnreachable, ""},
		"rpc":                  {windows.RPC_S_SERVER_UNAVAILABLE, absent, platform.ErrUnreachable, ""},
		"no route":             {windows.ERROR_NETWORK_UNREACHABLE, absent, platform.ErrUnreachable, ""},
		"semaphore":            {windows.ERROR_SEM_TIMEOUT, absent, platform.ErrTimeout, ""},
		"unknown file system":  {windows.ERROR_UNRECOGNIZED_VOLUME, absent, platform.ErrUnsupported, ""},
		"deleted key":          {windows.ERROR_KEY_DELETED, absent, platform.ErrUnsupported, ""},
		"a number of no table": {windows.Errno(0x80310000), absent, platform.ErrUnsupported, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			no := call{api: "LookAt", target: `C:\moon`, right: "look", absent: test.absent}.refused(test.err)
			if !errors.Is(no, test.reason) {
				t.Errorf("the reason is %v, want %v", no.Reason, test.reason)
			}
			var number windows.Errno
			errors.As(test.err, &number)
			if !strings.HasPrefix(no.Cause, `LookAt C:\moon: `) || !strings.HasSuffix(no.Cause, numbered(number)) {
				t.Errorf("the cause is %q", no.Cause)
			}
			if test.help == "" && no.Help != "" || !strings.Contains(no.Help, test.help) {
				t.Errorf("the help is %q, want %q in it", no.Help, test.help)
			}
		})
	}
	t.Run("a status", func(t *testing.T) {
		no := call{api: "LsaOpenPolicy", target: "of this machine", right: "look"}.refused(windows.STATUS_ACCESS_DENIED)
		if !errors.Is(no, platform.ErrDenied) || !strings.HasSuffix(no.Cause, numbered(windows.ERROR_ACCESS_DENIED)) {
			t.Errorf("%v: %q", no.Reason, no.Cause)
		}
	})
	for _, number := range []error{windows.Errno(0), windows.Errno(syscall.EINVAL)} {
		no := call{api: "LookAt", target: `C:\moon`, absent: absent}.refused(number)
		if !errors.Is(no, platform.ErrUnsupported) || no.Cause != `LookAt C:\moon: it failed without an error number (0)` {
			t.Errorf("%v: %q", no.Reason, no.Cause)
		}
	}
	t.Run("not a number", func(t *testing.T) {
		no := call{api: "LookAt", target: `C:\moon`, absent: absent}.refused(errors.New("clouds"))
		if !errors.Is(no, platform.ErrUnsupported) || no.Cause != `LookAt C:\moon: clouds` {
			t.Errorf("%v: %q", no.Reason, no.Cause)
		}
	})
}

// TestNumbersAreNeverAbsence goes through all of Windows' classic error numbers.
func TestNumbersAreNeverAbsence(t *testing.T) {
	for number := range windows.Errno(16000) {
		if errors.Is(reason(number), platform.ErrAbsent) {
			t.Errorf("%d means absence whatever was called", number)
		}
	}
}

// TestHandlesAreClosed asks everything often, what has an answer and what has none. Handles of
// the service manager are not among those that a process can count.
func TestHandlesAreClosed(t *testing.T) {
	count := func() uint32 {
		var handles uint32
		proc := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetProcessHandleCount")
		if ok, _, err := proc.Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&handles))); ok == 0 {
			t.Fatal(err)
		}
		if handles != 0 {
			return handles
		}
		// Wine does not count. It gives a new handle the lowest free place.
		event, err := windows.CreateEvent(nil, 0, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer windows.CloseHandle(event)
		return uint32(event) / 4
	}
	folder := t.TempDir()
	questions := []platform.Question{
		platform.ReadKey(`HKLM\SOFTWARE`).Question,
		platform.ReadKey(`HKLM\SOFTWARE\siteready-nowhere`).Question,
		platform.ReadText(currentVersion, "ProductName").Question,
		platform.ReadText(currentVersion, "siteready-nothing").Question,
		platform.ReadService(anyService(t, windows.SERVICE_RUNNING)).Question,
		platform.ReadService("siteready-not-installed").Question,
		platform.ReadFile(library(t)).Question,
		platform.ReadFile(textFile(t, "x")).Question,
		platform.ReadFile(filepath.Join(folder, "not-there")).Question,
		platform.ReadVolume(filepath.Join(folder, "not-there")).Question,
		platform.ReadVolume(freeLetter(t) + `:\`).Question,
		platform.ReadOSVersion().Question,
		platform.ReadComputer().Question,
		platform.ReadBoot().Question,
		platform.ReadMemory().Question,
		platform.ReadDomainJoin().Question,
		platform.ReadAccount(`BUILTIN\Administrators`).Question,
		platform.ReadTokenMember("S-1-5-32-544").Question,
		platform.ReadGroupMembers("S-1-5-32-999").Question,
		platform.ReadCertificates(`LocalMachine\MY`).Question,
		platform.ReadCertificates(`LocalMachine\siteready-nobody`).Question,
	}
	const rounds = 20
	round := func() {
		for _, q := range questions {
			_, err := New().Read(t.Context(), q)
			if err != nil && !errors.Is(err, platform.ErrAbsent) {
				t.Fatalf("%s: %v", q, err)
			}
		}
	}
	round() // what Windows itself opens once, it opens now
	before := count()
	for range rounds {
		round()
	}
	if after := count(); after > before+rounds/2 { // the runtime and Windows may open a few of their own
		t.Errorf("%d handles before %d rounds, %d after", before, rounds, after)
	}
}

// rawValue asks for a registry value as it stands.
func rawValue(path, name string) platform.Query[platform.RegistryValue] {
	return platform.Query[platform.RegistryValue]{
		Question: platform.Question{Kind: platform.KindRegistry, Where: path, What: name},
	}
}

func text(value platform.RegistryValue) string {
	raw, _ := json.Marshal(value)
	return string(raw)
}
