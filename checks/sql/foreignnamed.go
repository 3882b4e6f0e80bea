package sql

import (
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
)

func serverTriggers() checks.Check {
	return foreign(checks.Check{
		ID:          "sql.server-triggers",
		Title:       "Does no trigger of the instance fire when the update changes the database?",
		Why:         "A trigger for the whole instance fires at log-ons, or at each change to a schema or to permissions, in whatever database. It runs within the transaction of what it fires at. The product makes none.",
		Consequence: "A trigger that fails, or refuses what it does not know, takes the update's change back, or refuses the site server's log-on.",
		Remedy:      "Find out from its owner what the trigger does, and disable it for the hours of the update.",
		Command:     "DISABLE TRIGGER [name] ON ALL SERVER;\n-- afterwards\nENABLE TRIGGER [name] ON ALL SERVER;",
		Sources: []string{
			pageBlocked,
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-server-triggers-transact-sql",
			"https://learn.microsoft.com/sql/relational-databases/triggers/ddl-triggers",
			"https://learn.microsoft.com/sql/relational-databases/triggers/logon-triggers",
		},
	}, func(d discovery.Database, rows []foreignRow) checks.Finding {
		return judgeNamed(d.Instance, rows, named{
			what: "trigger", wanted: "no trigger of the instance, or disabled", where: "sys.server_triggers", offIsGood: true,
			good: "No trigger of the instance fires.", bad: "Triggers of the instance fire at what the update does.",
		})
	}, serverTrigger)
}

func planGuides() checks.Check {
	return foreign(checks.Check{
		ID:          "sql.plan-guides",
		Title:       "Does no plan guide hold a procedure of the product?",
		Why:         "SQL Server refuses to change or drop a procedure, function or trigger that a plan guide names, even when the plan guide is disabled. An update changes nearly all of the product's.",
		Consequence: "The update stops with an error at the first object that a plan guide holds.",
		Remedy:      "Write down what the plan guide says, drop it before the update, and see afterwards whether it is still needed.",
		Command:     "SELECT name, OBJECT_NAME(scope_object_id) AS object_held, query_text, hints FROM sys.plan_guides;\nEXEC sp_control_plan_guide N'DROP', N'name'",
		Sources: []string{
			pagePolicy,
			"https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-control-plan-guide-transact-sql",
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-plan-guides-transact-sql",
		},
	}, func(d discovery.Database, rows []foreignRow) checks.Finding {
		return judgeNamed(d.Instance+"/"+d.Name, rows, named{
			what: "plan guide", wanted: "no plan guide for an object", where: "sys.plan_guides",
			good: "No plan guide holds an object of the site database.", bad: "Plan guides hold objects of the site database.",
		})
	}, planGuide)
}

func snapshots() checks.Check {
	return foreign(checks.Check{
		ID:          "sql.snapshots",
		Title:       "Has the site database no snapshot?",
		Why:         "As long as a database has a snapshot, it cannot be restored from a backup, and each page that changes is first copied to the snapshot. An update changes most of them.",
		Consequence: "The update is slower, the snapshot may fill its volume, and the way back over a backup is barred until the snapshot is dropped.",
		Remedy:      "Drop the snapshot before the update. As a way back it is no substitute for a backup.",
		Command:     "DROP DATABASE [name of the snapshot]",
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/databases/database-snapshots-sql-server",
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-databases-transact-sql",
		},
	}, func(d discovery.Database, rows []foreignRow) checks.Finding {
		return judgeNamed(d.Instance+"/"+d.Name, rows, named{
			what: "snapshot", wanted: "no snapshot", where: "sys.databases, source_database_id",
			good: "The site database has no snapshot.", bad: "The site database has a snapshot.",
		})
	}, snapshot)
}

func audits() checks.Check {
	return foreign(checks.Check{
		ID:          "sql.audits",
		Title:       "Can no audit stop SQL Server, or refuse what the update does?",
		Why:         "An audit can be told to shut SQL Server down, or to refuse the statement, when it cannot write. An update changes thousands of objects, each of which an audit may write down.",
		Consequence: "The audit's file or volume is full in the middle of the update, and SQL Server stops or the update fails.",
		Remedy:      "Make sure that there is room for what the audit writes, or let it continue on failure, or turn it off, for the hours of the update.",
		Command:     "ALTER SERVER AUDIT [name] WITH (STATE = OFF);\nALTER SERVER AUDIT [name] WITH (ON_FAILURE = CONTINUE);\nALTER SERVER AUDIT [name] WITH (STATE = ON);",
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-server-audits-transact-sql",
			"https://learn.microsoft.com/sql/t-sql/statements/create-server-audit-transact-sql",
		},
	}, func(d discovery.Database, rows []foreignRow) checks.Finding {
		return judgeNamed(d.Instance, rows, named{
			what: "audit", wanted: "no audit that does more than write, or disabled", where: "sys.server_audits, on_failure", offIsGood: true,
			good: "No audit stops SQL Server or refuses a statement.", bad: "Audits stop SQL Server or refuse statements when they cannot write.",
		})
	}, audit)
}

func resourceGovernor() checks.Check {
	return foreign(checks.Check{
		ID:          "sql.resource-governor",
		Title:       "Does Resource Governor not sort the update's sessions?",
		Why:         "With a classifier function SQL Server puts each new session into a group, which may limit its processor time, memory, disk and number of requests. The product makes none.",
		Consequence: "The update gets a part of the machine only, or its large statements fail for want of memory; a function that fails or is slow delays every log-on.",
		Remedy:      "Find out from its owner into which group the site server's sessions come, and which limits that has. Turn Resource Governor off for the hours of the update where there are any.",
		Command:     "ALTER RESOURCE GOVERNOR DISABLE;\n-- afterwards\nALTER RESOURCE GOVERNOR RECONFIGURE;",
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/resource-governor/resource-governor-classifier-function",
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-resource-governor-configuration-transact-sql",
		},
	}, func(d discovery.Database, rows []foreignRow) checks.Finding {
		return judgeNamed(d.Instance, rows, named{
			what: "classifier function", wanted: "no classifier function, or Resource Governor off", where: "sys.resource_governor_configuration",
			good: "Resource Governor sorts no sessions.", bad: "Resource Governor sorts the sessions of the instance.",
		})
	}, classifier)
}

// named is how things are judged of which each is named.
type named struct {
	what, wanted, where, good, bad string
	offIsGood                      bool
}

func judgeNamed(key string, rows []foreignRow, n named) checks.Finding {
	var items []checks.Item
	for _, r := range rows {
		item := checks.Item{Key: strings.TrimSpace(n.what + " " + r.Name), Found: "there", Wanted: n.wanted, Where: n.where, Status: checks.Warning}
		switch {
		case r.Off == 1 && n.offIsGood:
			item.Found, item.Status = "disabled", checks.Passed
		case r.Off == 1:
			item.Found = "there, disabled"
		case n.offIsGood:
			item.Found = "enabled"
		}
		items = append(items, item)
	}
	if len(items) == 0 {
		items = []checks.Item{{Key: key, Found: "none", Wanted: n.wanted, Where: n.where, Status: checks.Passed}}
	}
	if checks.Count(items, checks.Warning) > 0 {
		return checks.Items(n.bad, items...)
	}
	return checks.Items(n.good, items...)
}
