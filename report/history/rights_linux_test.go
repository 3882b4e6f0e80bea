package history_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"siteready/report/history"
)

// A server's folder that may not be looked into is not called empty.
func TestFolderWithoutRights(t *testing.T) {
	dir := folder(t)
	kept(t, dir, run(1, "x.y failed a=failed"), history.Limits{})
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	store := opened(t, dir)
	series := filepath.Join(dir, "cm01.contoso.com")
	if os.Geteuid() == 0 { // who may look everywhere
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		const nobody = 65534
		if err := unix.Setfsuid(nobody); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = unix.Setfsuid(0) }() // it says who it was, and no error
	} else {
		if err := os.Chmod(series, 0); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.Chmod(series, 0o700) }() // or the test's folder cannot be removed, which is told
	}
	if all, err := store.All(); len(all) != 0 || err == nil || !strings.Contains(err.Error(), series+" cannot be looked into: permission denied") {
		t.Errorf("%v %v", all, err)
	}
}
