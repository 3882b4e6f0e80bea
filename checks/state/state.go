// Package state reads what of a site an update may change or set back, so that two readings can be
// compared: versions, services, replication, maintenance tasks, the availability group, and files
// that people change. It asks only what the checks and a recording ask anyway, judges nothing, and
// keeps beside each thing why it is not known.
package state

import (
	"cmp"
	"context"
	"errors"
	"time"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/discovery"
	"siteready/platform"
)

// State is a site at one time.
type State struct {
	ReadAt  time.Time
	Subject discovery.Subject

	Versions []Version // in the order for people
	Services []Service
	Files    []File

	Sites     List[Site]      // of the hierarchy, as the own database knows them
	Partners  List[Partner]   // sites that replicate with each other, the own one first
	Links     List[Link]      // empty in a hierarchy of one site
	Tasks     List[Task]      // maintenance tasks of the own site, its backup among them
	Replicas  List[Replica]   // of availability groups; empty where the database is in none
	Published One[Publishing] // replicas of the database for management points

	Connectors *One[Connectors] // of Service Manager; nil where this is no management server
}

// One is a thing, or why it is not known.
type One[T any] struct {
	Value T
	Err   error
}

// List is all of a kind, or why they are not known. A part of them is not known.
type List[T any] struct {
	Rows []T
	Err  error
}

// Version is the version of one thing.
type Version struct {
	Key  string // what it is of, for people: "smsexec.exe"
	Kind VersionKind
	Text string // four numbers; empty when it is not there
	Err  error
}

// VersionKind says what a version must fit.
type VersionKind int

// The kinds of versions.
const (
	OfSite      VersionKind = iota // the site's own, in one of the places that know it
	OfComponent                    // a program that must be of the site's build
	OfProgram                      // a program that an update may leave alone
	OfConsole                      // the console on this machine
	OfClient                       // the client on this machine
	OfServiceManager
)

// OtherVersion reports whether a place that both know, of the site or of Service Manager, has
// another version in the one than in the other. What one of them could not read tells nothing.
func (s State) OtherVersion(than State) bool {
	for _, v := range s.Versions {
		if v.Kind != OfSite && v.Kind != OfServiceManager || v.Err != nil || v.Text == "" {
			continue
		}
		for _, o := range than.Versions {
			if o.Key == v.Key && o.Err == nil && o.Text != "" && o.Text != v.Text {
				return true
			}
		}
	}
	return false
}

// Service is a service of Windows.
type Service struct {
	Name  string
	Found bool
	platform.Service
	Err error
}

// File is a file that an update replaces and that people change.
type File struct {
	Path          string // below the installation folder
	Own, Original One[*platform.Digest]
}

// Site is a site of the hierarchy.
type Site struct {
	Site    string `json:"site"`
	Type    int    `json:"type"`   // 1 secondary, 2 primary, 4 central administration site
	Status  int    `json:"status"` // 1 is active
	Version string `json:"version"`
	Own     int    `json:"own"` // 1 for the site whose database this is
	Sites   int64  `json:"sites"`
}

// Partner is a site that takes part in replication.
type Partner struct {
	Site  string `json:"site"`
	State int    `json:"state"` // 125 is active
	Sites int64  `json:"sites"`
}

// Link is one direction of a replication link, with how many groups are in which state.
type Link struct {
	Sending   string `json:"sending"`
	Receiving string `json:"receiving"`
	Groups    int64  `json:"groups"`
	Active    int64  `json:"active"`
	Starting  int64  `json:"starting"`
	Links     int64  `json:"links"`
}

// Task is a maintenance task of the site.
type Task struct {
	Task         string `json:"task"`
	IsOn         int    `json:"is_on"`
	WeekDays     int    `json:"week_days"`     // sum of 1 for Sunday to 64 for Saturday; 0 for a task without days
	Begins       int    `json:"begins"`        // 100 times the hour and the minute
	BeginsLatest int    `json:"begins_latest"` // likewise
	Listed       int    `json:"listed"`
}

// BackupTask is what the task is called that backs up the site.
const BackupTask = "Backup SMS Site Server"

// Replica is a replica of an availability group.
type Replica struct {
	Replicated  int    `json:"replicated"`
	Replica     string `json:"replica"`      // SERVER or SERVER\INSTANCE
	Failover    int    `json:"failover"`     // 0 automatic, 1 manual
	AsSecondary int    `json:"as_secondary"` // which connections it takes as a secondary one: 0 NO, 1 READ_ONLY, 2 ALL
	OfSite      int    `json:"of_site"`      // 1 when its group is the site database's
	Replicas    int    `json:"replicas"`
}

// Publishing is what the site database publishes to databases of management points.
type Publishing struct {
	Replicas    int `json:"replicas"`
	Subscribers int `json:"subscribers"`
}

// Connectors are how many connectors a management server has.
type Connectors struct {
	Connectors int `json:"connectors"`
	Active     int `json:"active"` // enabled
}

// Read asks for everything. What cannot be read is kept with its reason.
func Read(ctx context.Context, session *platform.Session, stated checks.Stated) State {
	s := State{ReadAt: session.ReadAt(), Subject: discovery.Describe(ctx, session, stated)}
	questions := catalog.Questions()
	r := &reading{ctx: ctx, session: session, questions: questions, forms: statements(questions)}
	site, other, err := discovery.FindSite(ctx, session)
	r.here, r.site, r.unread = err == nil && other == nil, site, err
	database, other, err := discovery.FindDatabase(ctx, session, stated)
	if r.database, r.noDatabase = database, err; err == nil && other != nil {
		r.noDatabase = platform.Refuse(platform.ErrUnsupported, "%s", cmp.Or(other.Headline, "there is no site database"))
	}
	s.Versions = r.versions()
	s.Services = r.services()
	s.Files = r.files()
	s.Sites = whole(rows[Site](r, "sites"), func(row Site) int64 { return row.Sites })
	s.Partners = whole(rows[Partner](r, "replication-sites"), func(row Partner) int64 { return row.Sites })
	s.Links = r.links()
	s.Tasks = r.tasks()
	s.Replicas = r.replicas()
	s.Published = r.published()
	s.Connectors = r.connectors()
	return s
}

// reading is what the parts of Read share.
type reading struct {
	ctx     context.Context //nolint:containedctx // for the time of one call of Read
	session *platform.Session

	questions []catalog.Asked          // what checks and recordings ask
	forms     map[string]platform.Form // statements by name

	here       bool // this machine is a site server
	site       discovery.Site
	unread     error // why it is not known whether it is one
	database   discovery.Database
	noDatabase error
}

// absent reports whether an error is the answer that there is no such thing.
func absent(err error) bool { return errors.Is(err, platform.ErrAbsent) }
