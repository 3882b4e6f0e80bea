package state

import (
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/discovery"
	"siteready/platform"
)

// statements are the SQL statements that checks put to a site's database, by name.
func statements(questions []catalog.Asked) map[string]platform.Form {
	all := map[string]platform.Form{}
	for _, asked := range questions {
		if asked.Form.Kind == platform.KindSQL {
			all[asked.Form.What] = asked.Form
		}
	}
	return all
}

// rows puts a check's statement to the site database and takes of its rows what is needed here.
func rows[Row any](r *reading, name string) List[Row] {
	if r.noDatabase != nil {
		return List[Row]{Err: r.noDatabase}
	}
	return rowsIn[Row](r, name, r.database)
}

// rowsIn puts a check's statement to a database.
func rowsIn[Row any](r *reading, name string, d discovery.Database) List[Row] {
	form, known := r.forms[name]
	if !known {
		return List[Row]{Err: platform.Refuse(platform.ErrUnsupported, "a bug in siteready: no check asks %s", name)}
	}
	var q platform.Query[[]Row]
	q.Question = platform.Question(form)
	q.On, q.Where = d.Instance, d.Name
	all, err := platform.Ask(r.ctx, r.session, q)
	return List[Row]{all, err}
}

// whole refuses a list that was cut; total is how many there are, which each row says.
func whole[Row any](l List[Row], total func(Row) int64) List[Row] {
	if l.Err == nil && total(l.Rows[0]) > int64(len(l.Rows)) {
		return List[Row]{Err: platform.Refuse(platform.ErrTooLarge, "there are %d of them, and only %d are listed", total(l.Rows[0]), len(l.Rows))}
	}
	return l
}

// versions are those of the site in the places that know it, and of programs.
func (r *reading) versions() []Version {
	var all []Version
	if sm, err := discovery.FindServiceManager(r.ctx, r.session); err != nil || sm != nil {
		v := Version{Key: "Service Manager", Kind: OfServiceManager, Err: err}
		if sm != nil {
			v.Text = sm.Version.String()
		}
		all = append(all, v)
	}
	if r.here || r.unread != nil {
		v := Version{Key: "site, registry", Kind: OfSite, Err: r.unread}
		if r.here {
			v.Text = r.site.Version.String()
		}
		all = append(all, v)
	}
	if r.noDatabase == nil || r.here {
		all = append(all, r.databaseVersions()...)
	}
	if !r.here {
		return all
	}
	folder := r.folder()
	for _, one := range []struct {
		key, path string
		kind      VersionKind
	}{
		{"smsexec.exe", `\bin\x64\smsexec.exe`, OfComponent},
		{"sitecomp.exe", `\bin\x64\sitecomp.exe`, OfComponent},
		{"cmupdate.exe", `\bin\x64\cmupdate.exe`, OfProgram},
		{"smswriter.exe", `\bin\x64\smswriter.exe`, OfProgram},
		{"smssqlbkup.exe", `\bin\x64\smssqlbkup.exe`, OfProgram},
		{"setup.exe in cd.latest", `\cd.latest\SMSSETUP\BIN\X64\setup.exe`, OfComponent},
		{"console on this server", `\AdminConsole\bin\Microsoft.ConfigurationManagement.exe`, OfConsole},
	} {
		all = append(all, r.fileVersion(one.key, folder+one.path, one.kind))
	}
	client, err := platform.Ask(r.ctx, r.session, platform.ReadText(catalog.ClientKey, catalog.ClientVersion))
	v := Version{Key: "client on this server", Kind: OfClient, Text: string(client), Err: err}
	if absent(err) {
		v.Err = nil
	}
	return append(all, v)
}

func (r *reading) folder() string { return strings.TrimRight(r.site.InstallDir, `\`) }

// versionRow is what the site database says of its own version.
type versionRow struct {
	Current string `json:"current_version"`
	Setup   string `json:"setup_version"`
}

func (r *reading) databaseVersions() []Version {
	l := rows[versionRow](r, "site-versions")
	if l.Err == nil && len(l.Rows) != 1 {
		l.Err = platform.Refuse(platform.ErrMalformed, "the site database has %d rows for its version, and not one", len(l.Rows))
	}
	row := versionRow{}
	if l.Err == nil {
		row = l.Rows[0]
	}
	return []Version{
		{Key: "site, database", Kind: OfSite, Text: row.Current, Err: l.Err},
		{Key: "site, database of set-up", Kind: OfSite, Text: row.Setup, Err: l.Err},
	}
}

func (r *reading) fileVersion(key, path string, kind VersionKind) Version {
	v := Version{Key: key, Kind: kind}
	file, found, err := platform.Lookup(r.ctx, r.session, platform.ReadFile(path))
	switch {
	case err != nil:
		v.Err = err
	case !found:
	case file.Version == nil:
		v.Err = platform.Refuse(platform.ErrMalformed, "%s has no version", path)
	default:
		v.Text = *file.Version
	}
	return v
}

// serviceNames are the services of a site and of Service Manager, and what they stand on.
func serviceNames(site bool) []string {
	names := []string{"OMSDK", "OMCFG", "HealthService"}
	if site {
		names = []string{
			"SMS_EXECUTIVE", "SMS_SITE_COMPONENT_MANAGER", "CONFIGURATION_MANAGER_UPDATE", "SMS_SITE_VSS_WRITER", "SMS_SITE_BACKUP",
			"SMS_NOTIFICATION_SERVER", "LanmanServer", "Winmgmt", "W3SVC", "WsusService", "BITS", "CcmExec",
			"MSSQLSERVER", "SQLSERVERAGENT",
		}
	}
	return names
}

func (r *reading) services() []Service {
	var names []string
	if r.here {
		names = append(names, serviceNames(true)...)
	}
	if sm, err := discovery.FindServiceManager(r.ctx, r.session); err == nil && sm != nil {
		names = append(names, serviceNames(false)...)
	}
	var all []Service
	for _, name := range names {
		service, found, err := platform.Lookup(r.ctx, r.session, platform.ReadService(name))
		all = append(all, Service{name, found, service, err})
	}
	return append(all, r.instanceServices()...)
}

// startTypes are what the registry's numbers of start types mean.
func startTypes() map[platform.Number]string {
	return map[platform.Number]string{2: "automatic", 3: "manual", 4: "disabled"}
}

// instanceServices are those of the named instance of SQL Server that has the site's database. Where
// that is on another machine there are none here. The registry does not say whether they run.
func (r *reading) instanceServices() []Service {
	if !r.here {
		return nil
	}
	database, _, _ := discovery.FindDatabase(r.ctx, r.session, checks.Stated{}) // as the site says, and so as a recording asks
	instance := database.NamedInstance()
	if instance == "" {
		return nil
	}
	var all []Service
	for _, key := range catalog.InstanceServices(instance) {
		s := Service{Name: key[strings.LastIndex(key, `\`)+1:]}
		account, found, err := platform.Lookup(r.ctx, r.session, platform.ReadText(key, catalog.ServiceAccount))
		s.Account, s.Found, s.Err = string(account), found, err
		if found {
			start, err := platform.Ask(r.ctx, r.session, platform.ReadNumber(key, catalog.ServiceStart))
			if s.Start = startTypes()[start]; err == nil && s.Start == "" {
				s.Start = fmt.Sprint(start)
			}
			s.Err = err
		}
		all = append(all, s)
	}
	return all
}

// files are those that the check of customised files compares.
func (r *reading) files() []File {
	const own, originals = `{installation folder}\`, `{installation folder}\cd.latest\SMSSETUP\`
	if !r.here || r.site.Type == discovery.Secondary {
		return nil
	}
	var all []File
	for _, asked := range r.questions {
		name, isOriginal := strings.CutPrefix(asked.Form.Where, originals)
		if asked.Form.Kind != platform.KindDigest || !isOriginal {
			continue
		}
		digest := func(path string) One[*platform.Digest] {
			d, found, err := platform.Lookup(r.ctx, r.session, platform.ReadDigest(path))
			if err != nil || !found {
				return One[*platform.Digest]{Err: err}
			}
			return One[*platform.Digest]{Value: &d}
		}
		of := func(prefix string) string {
			return strings.Replace(prefix, "{installation folder}", r.folder(), 1) + name
		}
		all = append(all, File{Path: name, Own: digest(of(own)), Original: digest(of(originals))})
	}
	return all
}

func (r *reading) links() List[Link] {
	l := whole(rows[Link](r, "replication-links"), func(row Link) int64 { return row.Links })
	if l.Err == nil && l.Rows[0].Links == 0 { // one row stands for none
		l.Rows = nil
	}
	return l
}

// backupRow is how the task is set that backs up the site.
type backupRow struct {
	Tasks        int `json:"tasks"`
	IsOn         int `json:"is_on"`
	WeekDays     int `json:"week_days"`
	Begins       int `json:"begins"`
	BeginsLatest int `json:"begins_latest"`
}

func (r *reading) tasks() List[Task] {
	l := whole(rows[Task](r, "maintenance-tasks"), func(row Task) int64 { return int64(row.Listed) })
	if l.Err != nil {
		return l
	}
	backup := rows[backupRow](r, "site-backup-task")
	if backup.Err == nil && len(backup.Rows) != 1 {
		backup.Err = platform.Refuse(platform.ErrMalformed, "the site database has %d rows for its backup task, and not one", len(backup.Rows))
	}
	if backup.Err != nil { // without it the list is not whole
		return List[Task]{Err: backup.Err}
	}
	if b := backup.Rows[0]; b.Tasks > 0 {
		l.Rows = append([]Task{{Task: BackupTask, IsOn: b.IsOn, WeekDays: b.WeekDays, Begins: b.Begins, BeginsLatest: b.BeginsLatest}}, l.Rows...)
	}
	return l
}

func (r *reading) replicas() List[Replica] {
	l := whole(rows[Replica](r, "availability-replicas"), func(row Replica) int64 { return int64(row.Replicas) })
	if l.Err == nil && l.Rows[0].Replicated == 0 {
		l.Rows = nil
	}
	return l
}

// publishedRow is whether the site database is published at all.
type publishedRow struct {
	Published int `json:"published"`
}

func (r *reading) published() One[Publishing] {
	settings := rows[publishedRow](r, "database-settings")
	switch {
	case settings.Err != nil:
		return One[Publishing]{Err: settings.Err}
	case settings.Rows[0].Published == 0: // only what is published has the tables that tell more
		return One[Publishing]{}
	}
	l := rows[Publishing](r, "mp-replica")
	if l.Err != nil {
		return One[Publishing]{Err: l.Err}
	}
	return One[Publishing]{Value: l.Rows[0]}
}

func (r *reading) connectors() *One[Connectors] {
	sm, err := discovery.FindServiceManager(r.ctx, r.session)
	if err != nil || sm == nil || sm.Server != discovery.Management {
		return nil // why it is not known stands beside the version
	}
	databases, err := discovery.DatabasesOf(r.ctx, r.session, *sm)
	if err != nil {
		return &One[Connectors]{Err: err}
	}
	l := rowsIn[Connectors](r, "connectors", databases[0])
	if l.Err == nil && len(l.Rows) != 1 {
		l.Err = platform.Refuse(platform.ErrMalformed, "the database %s has %d rows for its connectors, and not one", databases[0].Name, len(l.Rows))
	}
	if l.Err != nil {
		return &One[Connectors]{Err: l.Err}
	}
	return &One[Connectors]{Value: l.Rows[0]}
}
