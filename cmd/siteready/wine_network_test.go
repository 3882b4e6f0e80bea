//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	"siteready/platform"
	"siteready/platform/platformtest"
)

// addNetwork gives the machine the names and the open ports of a constructed site, as it was
// before its SQL Server got the address of the one that runs here. Each host has an address of
// this machine's own, SQL Server's that under which it runs. A port is open or refused: silence
// and a missing way cannot be made here, and become a refusal in the constructed site, too.
func (s *siteServer) addNetwork(t *testing.T, before map[string]any) {
	t.Helper()
	site, err := platformtest.New(before)
	if err != nil {
		t.Fatal(err)
	}
	if len(site.Names) == 0 {
		return
	}
	sqlHost, _ := site.Registry[siteAccount]["Server"].(string)
	ofSQL := func(host string) bool { return strings.EqualFold(host, sqlHost) }
	network := fmt.Sprintf("127.%d.%d.", 1+rand.IntN(250), rand.IntN(250)) // other tests run at the same time
	hosts, names, ports := map[string]string{}, map[string]any{}, map[string]any{}
	for name, list := range site.Names {
		if len(list) == 0 {
			continue // there is no such name
		}
		address := "127.0.0.1"
		if !ofSQL(name) {
			address = network + fmt.Sprint(1+len(hosts))
		}
		hosts[strings.ToLower(name)], names[name] = address, []any{address}
	}
	for where, outcome := range site.TCP {
		host, port, err := net.SplitHostPort(where)
		address := hosts[strings.ToLower(host)]
		switch {
		case err != nil:
			t.Fatal(err)
		case address == "" && outcome != platform.TCPNoName:
			t.Fatalf("%s has no address in the site", host)
		case outcome == platform.TCPNoName || ofSQL(host):
		case outcome == platform.TCPOpen:
			listen(t, net.JoinHostPort(address, port))
		default:
			ports[where] = platform.TCPRefused
		}
	}
	edit := map[string]any{"names": names, "tcp": ports}
	if s.sql != nil {
		host, port := s.sql.Addr()
		ports[fmt.Sprintf("%s:%d", host, port)] = platform.TCPOpen
		broker := site.Registry[siteAccount]["SSBPort"]
		for where, outcome := range site.TCP {
			if at, port, _ := net.SplitHostPort(where); broker != nil && ofSQL(at) && port == fmt.Sprint(broker) {
				_, number, _ := net.SplitHostPort(listen(t, host+":0").Addr().String())
				if outcome != platform.TCPOpen {
					number, outcome = "1", platform.TCPRefused // nobody uses it
				}
				ports[net.JoinHostPort(host, number)] = outcome
				edit["registry"] = map[string]any{siteAccount: map[string]any{"SSBPort": number}}
			}
		}
	}
	s.tree = platformtest.Edit(s.tree, edit)
	s.SetHosts(hosts)
}

// listen opens a port, and closes whatever connects to it.
func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	return l
}

// locatedHere lets the site control name SQL Server by the address under which it runs here, as
// the registry will, where both name the same one before.
func locatedHere(t *testing.T, tree map[string]any) map[string]any {
	t.Helper()
	site, err := platformtest.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	server, _ := site.Registry[siteAccount]["Server"].(string)
	for instance, databases := range site.SQL {
		for database, statements := range databases {
			const name = "site-databases"
			var rows []any
			for _, row := range statements[name] {
				if at, _ := row["sql_server"].(string); fmt.Sprint(row["own"]) == "1" && server != "" && strings.EqualFold(at, server) {
					row["sql_server"], row["database_name"], row["sql_port"] = "127.0.0.1", database, -1
				}
				rows = append(rows, row)
			}
			if len(rows) > 0 {
				tree = platformtest.Edit(tree, map[string]any{"sql": map[string]any{instance: map[string]any{database: map[string]any{name: rows}}}})
			}
		}
	}
	return tree
}
