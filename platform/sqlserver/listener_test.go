package sqlserver_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

// An availability group's listener is a name with one address in each subnet, of which one
// answers. The driver does not resolve it, so its setting for several subnets is not needed:
// the reader dials the name once, and the dialer tries all the addresses.
func TestListenerOfAnAvailabilityGroup(t *testing.T) {
	server := sqlservertest.StartInMemory(t, hostile(sqlservertest.NotSupported, sqlservertest.Fault{}))
	var dialled atomic.Int32
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled.Add(1)
		name, port, err := net.SplitHostPort(address)
		if err != nil || name != "aglistener.contoso.example" || port != "1450" {
			t.Errorf("dialled %s, %v", address, err)
		}
		return server.Dial(ctx, network, address)
	}
	r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: dial})
	if _, err := platform.Ask(t.Context(), session(t, r), one.In("aglistener.contoso.example,1450", database)); err != nil {
		t.Error(err)
	}
	if n := dialled.Load(); n != 1 {
		t.Errorf("dialled %d times", n)
	}
}
