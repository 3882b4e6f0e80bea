//go:build linux

package winetest

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// Service is a Windows service as the service control manager knows it.
type Service struct {
	Name        string // "SMS_EXECUTIVE"
	DisplayName string
	ImagePath   string // command line, in quotation marks if the path has spaces
	Account     string // "LocalSystem", `CONTOSO\svc-cm`
	Start       uint32 // 2 automatic, 3 manual, 4 disabled

	// Running puts a stub at the program of ImagePath, and every Run finds the
	// service running. Without it the service is stopped; its program is absent,
	// unless WriteVersionedFile puts one there that cannot run.
	Running bool
	// Version is the file version of the running stub, as "5.0.9128.1007".
	// Empty: the stub has no version resource.
	Version string
}

// AddService adds a service. Call it before the first Run.
func (p *Prefix) AddService(s Service) {
	p.tb.Helper()
	if s.Name == "" || s.ImagePath == "" || s.Start < 2 || s.Start > 4 || s.Running && s.Start == 4 {
		p.tb.Fatalf("add the service %+v: it needs a name, an image path and a start of 2, 3 or 4; a disabled one cannot run", s)
	}
	key := `HKLM\SYSTEM\CurrentControlSet\Services\` + s.Name
	p.SetRegistry(key, "DisplayName", s.DisplayName)
	p.SetRegistry(key, "ImagePath", ExpandString(s.ImagePath))
	p.SetRegistry(key, "ObjectName", s.Account)
	p.SetRegistry(key, "Start", s.Start)
	p.SetRegistry(key, "Type", 0x10)
	p.SetRegistry(key, "ErrorControl", 1)
	if !s.Running {
		return
	}
	guest, err := guestProgram(p.tb.Context())
	if err != nil {
		p.tb.Fatalf("add the service %s: %v", s.Name, err)
	}
	program, err := os.ReadFile(guest)
	if err != nil {
		p.tb.Fatalf("add the service %s: %v", s.Name, err)
	}
	if s.Version != "" {
		if program, err = versioned(program, s.Version); err != nil {
			p.tb.Fatalf("add the service %s: %v", s.Name, err)
		}
	}
	p.WriteFile(programOf(s.ImagePath), program)
	p.running = append(p.running, s.Name)
}

// programOf returns the program of a service's command line.
func programOf(commandLine string) string {
	if quoted, ok := strings.CutPrefix(commandLine, `"`); ok {
		program, _, _ := strings.Cut(quoted, `"`)
		return program
	}
	if i := strings.Index(strings.ToLower(commandLine), ".exe"); i >= 0 {
		return commandLine[:i+len(".exe")]
	}
	return commandLine
}

// guestSource is hashed: a changed guest is built anew.
//
//go:embed guest/main.go
var guestSource []byte

// guestProgram returns the Linux path of the Windows program that works inside
// prefixes for this package.
func guestProgram(ctx context.Context) (string, error) {
	name := fmt.Sprintf("guest-%.16x.exe", sha256.Sum256(append([]byte(runtime.Version()), guestSource...)))
	return cached(ctx, name, func(ctx context.Context, path string) error {
		return buildWindows(ctx, "siteready/platform/windows/winetest/guest", path)
	})
}

// buildWindows builds a Go program for Windows.
func buildWindows(ctx context.Context, pkg, exe string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", exe, pkg)
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s for Windows: %w\n%s", pkg, err, out)
	}
	return nil
}
