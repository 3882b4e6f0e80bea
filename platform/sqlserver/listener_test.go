package sqlserver_test

import (
	"context"
	"net"
	"slices"
	"testing"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

// An availability group's listener is a name with one address in each subnet, of which one
// answers. The driver does not resolve it, so its setting for several subnets is not needed:
// the reader dials the name once, and the dialer tries all the addresses. With a port, the
// instance's name changes nothing, and SQL Server Browser is not asked.
func TestListenerOfAnAvailabilityGroup(t *testing.T) {
	for on, want := range map[string]string{
		"aglistener.contoso.example,1450":      "tcp aglistener.contoso.example:1450",
		"AGLISTENER , 1450":                    "tcp AGLISTENER:1450",
		`aglistener.contoso.example\MECM,1450`: "tcp aglistener.contoso.example:1450",
		"aglistener.contoso.example":           "tcp aglistener.contoso.example:1433",
	} {
		server := sqlservertest.StartInMemory(t, hostile(sqlservertest.NotSupported, sqlservertest.Fault{}))
		var dialled []string
		dial := func(ctx context.Context, network, address string) (net.Conn, error) {
			dialled = append(dialled, network+" "+address)
			return server.Dial(ctx, network, address)
		}
		r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: dial})
		if _, err := platform.Ask(t.Context(), session(t, r), one.In(on, database)); err != nil {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if !slices.Equal(dialled, []string{want}) {
			t.Errorf("%s: dialled %q; want %q once", on, dialled, want)
		}
	}
}
