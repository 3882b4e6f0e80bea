package roles

import "siteready/checks"

// statements are what only a person can tell about roles and features: where the product keeps
// it is documented nowhere.
func statements() []checks.Statement {
	return []checks.Statement{
		{
			ID: "roles.load-balancer", Source: pageRules + "#software-update-point-using-a-load-balancer",
			Text: "No software update point is behind a network or hardware load balancer.",
			Why:  "The product does not support it, and its own check stops the update.",
		},
		{
			ID: "roles.retired-connectors", Source: pageRetired,
			Text: "Azure Services in the console has no connector for Desktop Analytics.",
			Why:  "This service is retired, and the product's own check warns.",
		},
	}
}
