//go:build linux

package main

import (
	"fmt"
	"strings"
	"testing"

	"siteready/platform/platformtest"
)

// alone leaves this machine alone in a constructed site: the rows about site systems name it and
// no other, the service connection point is on it, and of other servers only their groups stay,
// which shims have. A program under Wine reaches no other server's registry.
func alone(t *testing.T, tree map[string]any) map[string]any {
	t.Helper()
	site, err := platformtest.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	if site.Computer == nil {
		return tree
	}
	edit := map[string]any{}
	for instance, databases := range site.SQL {
		for database, statements := range databases {
			const name = "site-systems"
			rows, found := statements[name]
			if !found {
				continue
			}
			var own []any
			for _, row := range rows {
				if server, named := row["server"].(string); !named || strings.EqualFold(server, site.Computer.FQDN) {
					own = append(own, row)
				}
			}
			edit = platformtest.Edit(edit, map[string]any{"sql": map[string]any{instance: map[string]any{database: map[string]any{name: own}}}})
			// A passive site server that is this one stays, as it is asked nothing; another cannot be asked.
			const nodes = "site-servers"
			for _, row := range statements[nodes] {
				if server, _ := row["server"].(string); len(statements[nodes]) > 1 && strings.EqualFold(server, site.Computer.FQDN) && fmt.Sprint(row["status"]) == "1" {
					edit = platformtest.Edit(edit, map[string]any{"sql": map[string]any{instance: map[string]any{database: map[string]any{nodes: []any{row}}}}})
				}
			}
			const point = "connection-points"
			for _, row := range statements[point] {
				here := []any{platformtest.Edit(row, map[string]any{"server": site.Computer.FQDN})}
				edit = platformtest.Edit(edit, map[string]any{"sql": map[string]any{instance: map[string]any{database: map[string]any{point: here}}}})
			}
		}
	}
	for server := range site.Servers {
		edit = platformtest.Edit(edit, map[string]any{"servers": map[string]any{server: map[string]any{"registry": nil}}})
	}
	return platformtest.Edit(tree, edit)
}
