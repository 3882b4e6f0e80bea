package diagnosis

import "siteready/platform"

// How many rows the statements list.
const (
	maxAtSites   = 200
	maxStages    = 100
	maxCopies    = 60
	maxSites     = 40
	maxGroups    = 60
	maxBlocked   = 20
	maxSetAside  = 40
	maxInstalled = 20
	maxInits     = 40
	maxSecondary = 40
)

// atSites has a row for each site of each package that is not done with, also for the sites that
// have installed it. LastUpdateTime and RecoveryCount may be missing, so that they are named
// without a table: where the table has none, SQL Server takes that of lacking instead.
var atSites = platform.SQL[atSiteRow]("update-at-sites", `
	SELECT TOP (200) ISNULL(CAST(s.package AS nvarchar(36)), N'') AS package, ISNULL(s.state, -1) AS state,
		CASE WHEN s.package IS NULL THEN N''
			ELSE ISNULL((SELECT TOP (1) CAST(d.SiteCode AS nvarchar(8)) FROM dbo.ServerData d WHERE d.ID = s.number), N'number ' + CAST(s.number AS nvarchar(12))) END AS site,
		ISNULL(s.minutes, -1) AS unchanged_minutes, ISNULL(s.recoveries, -1) AS recoveries, COUNT(s.package) OVER () AS listed,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.CM_UpdatePackages', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.CM_UpdatePackageSiteStatus', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.ServerData', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT CAST(NULL AS datetime) AS LastUpdateTime, CAST(NULL AS int) AS RecoveryCount) lacking
	OUTER APPLY (SELECT r.PackageGUID AS package, r.SiteNumber AS number, CAST(r.State AS bigint) AS state,
			DATEDIFF(minute, LastUpdateTime, SYSUTCDATETIME()) AS minutes, CAST(RecoveryCount AS bigint) AS recoveries
		FROM dbo.CM_UpdatePackageSiteStatus r
		WHERE EXISTS (SELECT 1 FROM dbo.CM_UpdatePackages p WHERE p.PackageGuid = r.PackageGUID
			AND (p.State IS NULL OR p.State NOT IN (196612, 393213, 393214)))) s
	ORDER BY package, site`)

type atSiteRow struct {
	Package    string `json:"package"` // GUID; empty in the row that stands for none
	State      int64  `json:"state"`
	Site       string `json:"site"`
	Unchanged  int64  `json:"unchanged_minutes"` // since the state last changed; negative when not known
	Recoveries int64  `json:"recoveries"`        // how often the site began anew; -1 when not known
	Listed     int64  `json:"listed"`
}

// stages sums up what sites have reported of each package: of packages that are not done with, and
// of those that are but for a part that has begun and not ended (1, or 3 where another component
// does it) or failed (4). Of each part only the newest message counts, whether the table keeps the
// older ones or not. SubStageId, IsComplete and Applicable are documented for the provider's class
// alone: where the table lacks one of the first two, packages that are done with are listed as well
// when somebody has reported on them in the last 14 days.
var stages = platform.SQL[stageRow]("update-stages", `
	SELECT TOP (100) ISNULL(CAST(g.package AS nvarchar(36)), N'') AS package,
		ISNULL((SELECT TOP (1) LEFT(l.Name, 100) FROM dbo.v_LocalizedUpdatePackageMetaData_SiteLoc l WHERE l.PackageGuid = g.package ORDER BY l.Name), N'') AS name,
		ISNULL((SELECT TOP (1) CAST(q.State AS bigint) FROM dbo.CM_UpdatePackages q WHERE q.PackageGuid = g.package), -1) AS package_state,
		CASE WHEN g.package IS NULL THEN N''
			ELSE ISNULL((SELECT TOP (1) CAST(d.SiteCode AS nvarchar(8)) FROM dbo.ServerData d WHERE d.ID = g.number), N'number ' + CAST(g.number AS nvarchar(12))) END AS site,
		ISNULL(g.newest, -1) AS newest_minutes, ISNULL(g.unfinished, 0) AS unfinished, ISNULL(g.failed, 0) AS failed,
		ISNULL(g.stage, -1) AS sub_stage, ISNULL(g.stage_minutes, -1) AS sub_stage_minutes,
		ISNULL(g.failed_stage, -1) AS failed_stage, ISNULL(g.failed_minutes, -1) AS failed_minutes, COUNT(g.package) OVER () AS listed,
		x.all_messages, x.all_told,
		(SELECT COUNT(1) FROM sys.columns c WHERE c.object_id = OBJECT_ID(N'dbo.CM_UpdatePackage_MonitoringStatus') AND c.name IN (N'SubStageId', N'IsComplete')) AS stage_columns,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.CM_UpdatePackage_MonitoringStatus', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.CM_UpdatePackages', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_LocalizedUpdatePackageMetaData_SiteLoc', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.ServerData', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT COUNT(1) AS all_messages, COUNT(h.told) AS all_told FROM (SELECT CAST(NULL AS bigint) AS SubStageId, CAST(NULL AS int) AS IsComplete) missing
			CROSS APPLY (SELECT CASE WHEN SubStageId IS NOT NULL AND IsComplete IS NOT NULL THEN 1 END AS told FROM dbo.CM_UpdatePackage_MonitoringStatus) h) x
	LEFT JOIN (SELECT m.package, m.number, MIN(m.minutes) AS newest,
			SUM(CASE WHEN m.complete IN (1, 3) THEN 1 ELSE 0 END) AS unfinished, SUM(CASE WHEN m.complete = 4 THEN 1 ELSE 0 END) AS failed,
			MAX(CASE WHEN m.complete IN (1, 3) THEN m.sub END) AS stage, MIN(CASE WHEN m.complete IN (1, 3) THEN m.minutes END) AS stage_minutes,
			MAX(CASE WHEN m.complete = 4 THEN m.sub END) AS failed_stage, MIN(CASE WHEN m.complete = 4 THEN m.minutes END) AS failed_minutes
		FROM (SELECT n.package, n.number, n.sub, n.minutes, CASE WHEN n.applies = 0 AND n.complete <> 4 THEN 2 ELSE n.complete END AS complete,
				ROW_NUMBER() OVER (PARTITION BY n.package, n.number, n.sub ORDER BY n.moment DESC, CASE n.complete WHEN 4 THEN 0 WHEN 2 THEN 1 ELSE 2 END) AS place
			FROM (SELECT CAST(NULL AS bigint) AS SubStageId, CAST(NULL AS int) AS IsComplete, CAST(NULL AS int) AS Applicable) lacking
			CROSS APPLY (SELECT o.PackageGUID AS package, o.SiteNumber AS number, o.MessageTime AS moment, DATEDIFF(minute, o.MessageTime, SYSUTCDATETIME()) AS minutes,
					CAST(SubStageId AS bigint) AS sub, CAST(IsComplete AS int) AS complete, CAST(Applicable AS int) AS applies
				FROM dbo.CM_UpdatePackage_MonitoringStatus o) n) m
		WHERE m.place = 1
		GROUP BY m.package, m.number) g
		ON EXISTS (SELECT 1 FROM dbo.CM_UpdatePackages p WHERE p.PackageGuid = g.package
			AND (p.State IS NULL OR p.State NOT IN (196612, 393213, 393214)
				OR p.State = 196612 AND (g.unfinished + g.failed > 0 OR x.all_told = 0 AND g.newest <= 20160)))
	ORDER BY newest_minutes, package, site`)

type stageRow struct {
	Package         string `json:"package"` // GUID; empty in the row that stands for none
	Name            string `json:"name"`
	PackageState    int64  `json:"package_state"`
	Site            string `json:"site"`
	Newest          int64  `json:"newest_minutes"`    // since the newest message
	Unfinished      int64  `json:"unfinished"`        // parts that have begun and not ended
	Failed          int64  `json:"failed"`            // parts
	SubStage        int64  `json:"sub_stage"`         // the highest that is unfinished; -1 without one
	SubStageMinutes int64  `json:"sub_stage_minutes"` // since the newest message of these
	FailedStage     int64  `json:"failed_stage"`      // the highest that failed; -1 without one
	FailedMinutes   int64  `json:"failed_minutes"`    // since the newest message of these
	Listed          int64  `json:"listed"`
	AllMessages     int64  `json:"all_messages"`  // of all packages
	AllTold         int64  `json:"all_told"`      // of these, those that name their sub-stage and how it ended
	Columns         int64  `json:"stage_columns"` // of the two that tell sub-stages, those that the table has
}

// installed are the packages that are called installed, the newest build first. FullVersion and
// LastUpdateTime may be missing, as in atSites.
var installed = platform.SQL[installedRow]("update-installed", `
	SELECT TOP (20) ISNULL(CAST(a.package AS nvarchar(36)), N'') AS package,
		ISNULL((SELECT TOP (1) LEFT(l.Name, 100) FROM dbo.v_LocalizedUpdatePackageMetaData_SiteLoc l WHERE l.PackageGuid = a.package ORDER BY l.Name), N'') AS name,
		ISNULL(a.version, N'') AS version, ISNULL(a.minutes, -1) AS unchanged_minutes, COUNT(a.package) OVER () AS listed,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.CM_UpdatePackages', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_LocalizedUpdatePackageMetaData_SiteLoc', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT CAST(NULL AS nvarchar(32)) AS FullVersion, CAST(NULL AS datetime) AS LastUpdateTime) lacking
	OUTER APPLY (SELECT p.PackageGuid AS package, CAST(FullVersion AS nvarchar(32)) AS version, DATEDIFF(minute, LastUpdateTime, SYSUTCDATETIME()) AS minutes
		FROM dbo.CM_UpdatePackages p WHERE p.State = 196612) a
	ORDER BY version DESC, package`)

type installedRow struct {
	Package   string `json:"package"` // GUID; empty in the row that stands for none
	Name      string `json:"name"`
	Version   string `json:"version"`           // 5.00.nnnn.mmmm; empty when not known
	Unchanged int64  `json:"unchanged_minutes"` // since it is called installed; negative when not known
	Listed    int64  `json:"listed"`
}

// easySetup is the hidden package by which the chosen update travels, with its copy at each
// site. Status 0 to 2 is on the way, 3 is there, 4 and 5 are trouble, 6 to 9 are about removing.
var easySetup = platform.SQL[copyRow]("update-easy-setup", `
	SELECT TOP (60) ISNULL(LEFT(e.PackageID, 3), N'') AS package_site, ISNULL(SUBSTRING(e.PackageID, 4, 13), N'') AS package_tail, ISNULL(CAST(e.PackageGUID AS nvarchar(36)), N'') AS package,
		ISNULL(CAST(e.PackageVersion AS bigint), -1) AS package_number, ISNULL(CAST(e.StoredPkgVersion AS bigint), -1) AS stored_number,
		CASE WHEN e.PackageHash IS NULL OR e.StoredPkgHash IS NULL THEN -1 WHEN e.PackageHash = e.StoredPkgHash THEN 1 ELSE 0 END AS same_hash,
		ISNULL(CAST(e.Source AS nvarchar(400)), N'') AS path, ISNULL(CAST(e.SourceSite AS nvarchar(8)), N'') AS source_site,
		ISNULL(DATEDIFF(minute, e.LastRefresh, SYSUTCDATETIME()), -1) AS refreshed_minutes,
		ISNULL(CAST(e.SourceVersion AS bigint), -1) AS source_number, ISNULL(CAST(e.SourceSize AS bigint), -1) AS source_kib,
		ISNULL(s.site, N'') AS site, ISNULL(s.copy_state, -1) AS copy_state, ISNULL(s.copy_number, -1) AS copy_number, ISNULL(s.minutes, -1) AS copy_minutes,
		COUNT(s.site) OVER () AS copies,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vEasySetupPackage', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.PkgStatus', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT CAST(NULL AS datetime) AS UpdateTime) lacking
	LEFT JOIN dbo.vEasySetupPackage e ON e.PackageID IS NOT NULL
	OUTER APPLY (SELECT CAST(k.SiteCode AS nvarchar(8)) AS site, CAST(k.Status AS bigint) AS copy_state, CAST(k.SourceVersion AS bigint) AS copy_number,
			DATEDIFF(minute, UpdateTime, SYSUTCDATETIME()) AS minutes
		FROM dbo.PkgStatus k WHERE k.ID = e.PackageID AND k.Type = 1) s
	ORDER BY package_site, package_tail, site`)

type copyRow struct {
	MadeBy       string `json:"package_site"` // code of the site that made it, with which its ID begins; empty when no update was ever chosen
	Tail         string `json:"package_tail"` // the rest of its ID
	Package      string `json:"package"`      // GUID of the update that it holds
	Version      int64  `json:"package_number"`
	Stored       int64  `json:"stored_number"`
	SameHash     int64  `json:"same_hash"` // 1 yes, 0 no, -1 not known
	Source       string `json:"path"`      // the shared folder that it is made from
	SourceSite   string `json:"source_site"`
	Refreshed    int64  `json:"refreshed_minutes"` // negative when not known
	SourceNumber int64  `json:"source_number"`
	SourceKiB    int64  `json:"source_kib"`
	Site         string `json:"site"` // of the copy; empty without one
	State        int64  `json:"copy_state"`
	Number       int64  `json:"copy_number"`  // version of the copy; -1 when not known
	Minutes      int64  `json:"copy_minutes"` // since its state changed; negative when not known
	Copies       int64  `json:"copies"`
}

// id is the package's ID, such as CAS00002.
func (r copyRow) id() string { return r.MadeBy + r.Tail }

// hierarchy lists the sites that install updates, the database's own first.
var hierarchy = platform.SQL[siteRow]("update-sites", `
	SELECT TOP (40) CAST(s.SiteCode AS nvarchar(8)) AS site, ISNULL(CAST(s.Type AS int), -1) AS type, ISNULL(CAST(s.ReportingSiteCode AS nvarchar(8)), N'') AS parent,
		ISNULL(CAST(s.Version AS nvarchar(32)), N'') AS version, CASE WHEN s.SiteCode = dbo.fnGetSiteCode() THEN 1 ELSE 0 END AS own,
		ISNULL((SELECT CASE WHEN COUNT(p.SiteStatus) < COUNT(1) THEN -1 ELSE ISNULL(MIN(NULLIF(p.SiteStatus, 125)), 125) END
			FROM dbo.ServerData p WHERE p.ServerRole = N'Peer' AND p.SiteCode = s.SiteCode HAVING COUNT(1) > 0), -1) AS activity,
		COUNT(1) OVER () AS sites,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_Site', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.ServerData', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.fnGetSiteCode', N'OBJECT', N'EXECUTE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.v_Site s WHERE s.Type IS NULL OR s.Type <> 1 OR s.SiteCode = dbo.fnGetSiteCode()
	ORDER BY own DESC, s.Type DESC, s.SiteCode`)

type siteRow struct {
	Site     string `json:"site"`
	Type     int    `json:"type"`   // 1 secondary, 2 primary, 4 central administration site
	Parent   string `json:"parent"` // empty without one
	Version  string `json:"version"`
	Own      int    `json:"own"`      // 1 for the site whose database this is
	Activity int64  `json:"activity"` // 125 is active; -1 when not known
	Sites    int64  `json:"sites"`
}

// newsGroup has the links of the replication group by which sites tell each other how far an update
// has come. 2 and 3 are active, 4 and 5 starting, 8 degraded, 6 and 9 failed, 0 and 1 gone.
var newsGroup = platform.SQL[groupRow]("update-news", `
	SELECT TOP (60) ISNULL(l.sending, N'') AS sending, ISNULL(l.receiving, N'') AS receiving, ISNULL(l.state, -1) AS link_state, ISNULL(l.minutes, -1) AS link_minutes,
		(SELECT COUNT(1) FROM dbo.ReplicationData d WHERE d.ReplicationGroup = N'CMUpdates') AS groups, COUNT(l.state) OVER () AS links,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.RCM_ReplicationLinkStatus', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.ReplicationData', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN (SELECT CAST(k.SiteSending AS nvarchar(8)) AS sending, CAST(k.SiteReceiving AS nvarchar(8)) AS receiving,
			CAST(k.Status AS bigint) AS state, DATEDIFF(minute, k.UpdateTime, SYSUTCDATETIME()) AS minutes
		FROM dbo.RCM_ReplicationLinkStatus k JOIN dbo.ReplicationData g ON g.ID = k.ReplicationID
		WHERE g.ReplicationGroup = N'CMUpdates' AND k.Status NOT IN (0, 1)) l ON x.present = 1
	ORDER BY CASE WHEN l.state IN (2, 3) THEN 1 ELSE 0 END, sending, receiving`)

type groupRow struct {
	Sending   string `json:"sending"`
	Receiving string `json:"receiving"`
	State     int64  `json:"link_state"`
	Minutes   int64  `json:"link_minutes"` // since the state was last worked out; negative when not known
	Groups    int64  `json:"groups"`
	Links     int64  `json:"links"`
}

// initializations are those of the replication group CMUpdates that are neither done (6) nor given up
// for a newer one (7). ModifiedTime may be missing, as in atSites.
var initializations = platform.SQL[initRow]("update-initialization", `
	SELECT TOP (40) ISNULL(t.requesting, N'') AS requesting, ISNULL(t.fulfilling, N'') AS fulfilling, ISNULL(t.state, -1) AS init_state, ISNULL(t.minutes, -1) AS init_minutes,
		COUNT(t.state) OVER () AS listed,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.RCM_DrsInitializationTracking', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT CAST(NULL AS datetime) AS ModifiedTime) lacking
	OUTER APPLY (SELECT ISNULL(CAST(i.SiteRequesting AS nvarchar(8)), N'') AS requesting, ISNULL(CAST(i.SiteFulfilling AS nvarchar(8)), N'') AS fulfilling,
			ISNULL(CAST(i.InitializationStatus AS bigint), -2) AS state, DATEDIFF(minute, ModifiedTime, SYSUTCDATETIME()) AS minutes
		FROM dbo.RCM_DrsInitializationTracking i
		WHERE i.ReplicationGroup = N'CMUpdates' AND (i.InitializationStatus IS NULL OR i.InitializationStatus NOT IN (6, 7))) t
	ORDER BY init_minutes DESC, requesting, fulfilling`)

type initRow struct {
	Requesting string `json:"requesting"`   // the site that gets the data
	Fulfilling string `json:"fulfilling"`   // the site that has it
	State      int64  `json:"init_state"`   // 1 to 5 under way, 8 data is missing, 99 failed; -1 in the row that stands for none
	Minutes    int64  `json:"init_minutes"` // since it last changed; negative when not known
	Listed     int64  `json:"listed"`
}

// blocked lists the requests of the update service that wait for another session in the site
// database. The name of its sessions is that of Microsoft's support article.
var blocked = platform.SQL[blockedRow]("update-blocked", `
	SELECT TOP (20) ISNULL(b.session, 0) AS session, ISNULL(b.program, N'') AS program, ISNULL(b.host, N'') AS host, ISNULL(b.login, N'') AS login,
		ISNULL(b.waited_seconds, 0) AS waited_seconds, COUNT(b.session) OVER () AS blocked,
		(SELECT COUNT(1) FROM sys.dm_exec_sessions u WHERE u.program_name LIKE N'CONFIGURATION[_]MANAGER[_]UPDATE%' AND u.database_id = DB_ID()) AS sessions,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER PERFORMANCE STATE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN (SELECT CAST(r.blocking_session_id AS int) AS session, CAST(o.program_name AS nvarchar(128)) AS program, CAST(o.host_name AS nvarchar(128)) AS host,
			CAST(o.login_name AS nvarchar(128)) AS login, r.wait_time / 1000 AS waited_seconds
		FROM sys.dm_exec_requests r JOIN sys.dm_exec_sessions w ON w.session_id = r.session_id
		LEFT JOIN sys.dm_exec_sessions o ON o.session_id = r.blocking_session_id
		WHERE r.database_id = DB_ID() AND r.blocking_session_id <> 0 AND w.program_name LIKE N'CONFIGURATION[_]MANAGER[_]UPDATE%') b ON x.present = 1
	ORDER BY waited_seconds DESC, session`)

type blockedRow struct {
	Session int64  `json:"session"` // that is waited for; 0 when nothing waits, below 0 a transaction without a session
	Program string `json:"program"` // as it names itself; may be empty
	Host    string `json:"host"`
	Login   string `json:"login"`
	Waited  int64  `json:"waited_seconds"`
	Blocked int64  `json:"blocked"`  // requests that wait
	Updates int64  `json:"sessions"` // of the update service in this database
}

// setAside lists the packages that the console does not show, the newest first.
var setAside = platform.SQL[asideRow]("update-set-aside", `
	SELECT TOP (40) ISNULL(CAST(a.package AS nvarchar(36)), N'') AS package,
		ISNULL((SELECT TOP (1) LEFT(l.Name, 100) FROM dbo.v_LocalizedUpdatePackageMetaData_SiteLoc l WHERE l.PackageGuid = a.package ORDER BY l.Name), N'') AS name,
		ISNULL(a.version, N'') AS version, ISNULL(a.state, -1) AS state, COUNT(a.package) OVER () AS listed,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.CM_UpdatePackages', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_LocalizedUpdatePackageMetaData_SiteLoc', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT CAST(NULL AS nvarchar(32)) AS FullVersion) lacking
	OUTER APPLY (SELECT p.PackageGuid AS package, CAST(FullVersion AS nvarchar(32)) AS version, CAST(p.State AS bigint) AS state
		FROM dbo.CM_UpdatePackages p WHERE p.State IN (393213, 393214)) a
	ORDER BY version DESC, package`)

type asideRow struct {
	Package string `json:"package"` // GUID; empty in the row that stands for none
	Name    string `json:"name"`
	Version string `json:"version"` // 5.00.nnnn.mmmm; empty when not known
	State   int64  `json:"state"`
	Listed  int64  `json:"listed"`
}
