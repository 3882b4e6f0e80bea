package site

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// collectionReferences counts the references between collections, and those between a
// collection of users (1) and one of devices (2). The view is known from many public scripts,
// its class from Microsoft's documents.
var collectionReferences = platform.SQL[referencesRow]("collection-references", `
	SELECT COUNT(*) AS found, COUNT(CASE WHEN a.CollectionType IN (1, 2) AND b.CollectionType IN (1, 2) THEN 1 END) AS known,
		COUNT(CASE WHEN a.CollectionType IN (1, 2) AND b.CollectionType IN (1, 2) AND a.CollectionType <> b.CollectionType THEN 1 END) AS mixed,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_CollectionDependencies', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_Collection', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.vSMS_CollectionDependencies r
	LEFT JOIN dbo.v_Collection a ON a.CollectionID = r.DependentCollectionID
	LEFT JOIN dbo.v_Collection b ON b.CollectionID = r.SourceCollectionID`)

type referencesRow struct {
	Found int `json:"found"` // all references
	Known int `json:"known"` // between two collections whose types are known
	Mixed int `json:"mixed"` // between two types
}

func incompatibleReferences() checks.Check {
	return checks.Check{
		ID:          "site.collection-references",
		Title:       "Do collections refer only to collections of their own type?",
		Why:         "A collection of users must not limit, include or exclude one of devices. Old releases let that pass.",
		Consequence: "The product's own prerequisite check stops the update of the central administration site.",
		Remedy:      "Open each collection that the command lists, and take the reference to the collection of the other type out of its membership rules or its limiting collection.",
		Command: "SELECT r.DependentCollectionID, a.Name, r.SourceCollectionID, b.Name, r.RelationshipType FROM dbo.vSMS_CollectionDependencies r\n" +
			"JOIN dbo.v_Collection a ON a.CollectionID = r.DependentCollectionID JOIN dbo.v_Collection b ON b.CollectionID = r.SourceCollectionID\n" +
			"WHERE a.CollectionType <> b.CollectionType",
		Rules: []string{"Incompatible collection references"},
		Sources: []string{
			pageRules + "#incompatible-collection-references",
			"https://learn.microsoft.com/intune/configmgr/develop/reference/core/clients/collections/sms_collectiondependencies-server-wmi-class",
		},
		Rights: []string{"SQL Server: SELECT on vSMS_CollectionDependencies and v_Collection in the site database of a central administration site"},
		Reads:  append(discovery.DatabaseReads(), collectionReferences.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabase(runIncompatibleReferences),
	}
}

const pageRules = "https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks"

func runIncompatibleReferences(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Primary || d.OfType == discovery.Secondary {
		return checks.DoesNotApply("the rule looks at central administration sites only"), nil
	}
	row, err := platform.AskOne(ctx, c, collectionReferences.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	const key, wanted = "references between collections", "none between users and devices"
	if row.Mixed < 0 || row.Known < row.Mixed || row.Found < row.Known || row.Found == 0 {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed,
			"SQL Server %s counts %d references between collections of %s, %d of known types and %d of two types, which cannot be", d.Instance, row.Found, d.Name, row.Known, row.Mixed)
	}
	item := checks.Item{
		Key: key, Found: fmt.Sprintf("%d, none between users and devices", row.Found), Wanted: wanted,
		Where: "vSMS_CollectionDependencies, v_Collection", Status: checks.Passed,
	}
	items := []checks.Item{item}
	if row.Mixed > 0 {
		items[0].Found, items[0].Status = fmt.Sprintf("%d of %d between users and devices", row.Mixed, row.Found), checks.Failed
		if d.OfType == discovery.Remote {
			items[0].Status = checks.Warning // on a primary site, which this may be, the rule is not looked at
		}
	}
	if untyped := row.Found - row.Known; untyped > 0 {
		items = append(items, checks.UnknownItem("references of an unknown type", wanted, platform.Refuse(platform.ErrUnsupported,
			"%d of %d references of %s are between collections that are not listed, or whose type is not known here", untyped, row.Found, d.Name)))
	}
	finding := checks.Items("Collections refer to collections of their own type.", items...)
	switch {
	case row.Mixed > 0:
		finding.Summary = "Collections refer to collections of another type."
	case len(items) > 1:
		finding.Summary = "Not all references between collections are known."
	}
	return finding, nil
}
