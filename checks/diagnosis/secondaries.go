package diagnosis

import (
	"fmt"

	"siteready/platform"
)

// secondaries are the secondary sites below the database's site that are not active (1).
var secondaries = platform.SQL[secondaryRow]("update-secondaries", `
	SELECT TOP (40) ISNULL(t.site, N'') AS site, ISNULL(t.state, -1) AS secondary_state, COUNT(t.site) OVER () AS listed,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_Site', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.fnGetSiteCode', N'OBJECT', N'EXECUTE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN (SELECT CAST(v.SiteCode AS nvarchar(8)) AS site, CAST(v.Status AS bigint) AS state
		FROM dbo.v_Site v WHERE v.Type = 1 AND v.ReportingSiteCode = dbo.fnGetSiteCode() AND (v.Status IS NULL OR v.Status <> 1)) t ON x.present = 1
	ORDER BY secondary_state DESC, site`)

type secondaryRow struct {
	Site   string `json:"site"`            // code; empty in the row that stands for none
	State  int64  `json:"secondary_state"` // as SMS_Site has it; -1 when not known
	Listed int64  `json:"listed"`
}

// secondaryStates are the states of a secondary site in which somebody installs, upgrades or recovers
// it, as Microsoft documents them for SMS_Site. ends says that it does not go on by itself.
func secondaryStates() map[int64]struct {
	meaning string
	ends    bool
} {
	type state = struct {
		meaning string
		ends    bool
	}
	return map[int64]state{
		2: {"is pending", false}, 3: {"has failed", true}, 5: {"is being upgraded", false}, 7: {"was not upgraded: that failed", true},
		8: {"is being recovered", false}, 9: {"was not recovered: that failed", true},
	}
}

// secondarySites makes lines of secondary sites that are not as they should be. Since when that is so stands
// in no column that is known.
func (j *judge) secondarySites() {
	for _, row := range j.f.secondaries.value {
		if !j.f.secondaries.known() || row.Site == "" {
			continue
		}
		state, known := secondaryStates()[row.State]
		if row.State == 4 || row.State == 6 { // it is gone, or to go
			continue
		}
		if !known {
			state.meaning = "is in a state that is not known here"
		}
		line := Line{
			Package: "secondary site " + row.Site, Stage: Installation, Standing: Stuck, Code: -1, Minutes: -1,
			Says: Statement{fmt.Sprintf("it %s (%d)", state.meaning, row.State), []Evidence{{j.f.secondaries.from, fmt.Sprintf("site %s: state %d", row.Site, row.State)}}},
			Next: "the secondary site becomes active",
			Safe: []string{
				"Read despool.log and SMS_BOOTSTRAP.log on the server of the secondary site, and sender.log here; siteready logs knows their failures.",
				"An upgrade that failed is retried in the console: Administration, Site Configuration, Sites.",
			},
			Avoid: append(avoid(Synchronization), "Do not start another update."),
		}
		if state.ends {
			line.Next = "nothing happens by itself"
		} else {
			line.Standing = Unknown
			line.Cause = platform.Refuse(platform.ErrUnsupported, "the database does not say since when the secondary site %s is so", row.Site)
			line.Also = []Statement{{
				"a secondary site whose files came while its services were still stopping starts again after 48 hours, and was not upgraded",
				line.Says.Evidence,
			}}
		}
		j.out.Lines = append(j.out.Lines, line)
	}
}
