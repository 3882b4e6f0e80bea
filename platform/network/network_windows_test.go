package network

import (
	"errors"
	"net"
	"slices"
	"syscall"
	"testing"
)

// Windows refuses a connection with one of the numbers that are known here.
func TestRefusedByItsNumber(t *testing.T) {
	conn, err := net.Dial("tcp", "127.0.0.1:"+closedPort(t))
	if err == nil {
		_ = conn.Close()
		t.Fatal("a closed port is open")
	}
	var number syscall.Errno
	if !errors.As(err, &number) || !slices.Contains([]syscall.Errno{wsaRefused, winRefused}, number) {
		t.Errorf("%v has the number %d", err, number)
	}
}
