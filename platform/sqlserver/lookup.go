package sqlserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"siteready/platform"
)

// LookUp is what is sent after a statement, as NAME.names, when SQL Server says that the
// statement names what is not there: it says so of one object only. {names} is filled in with
// the names that stand in the statement, and with those that tell whose database it is; for each
// column with a count of sys.columns too.
const LookUp = "SELECT n.about AS about, n.object_name AS object_name, n.column_name AS column_name, " +
	"CASE WHEN OBJECT_ID(n.object_name) IS NULL THEN 0 ELSE 1 END AS object_there, n.column_there AS column_there, " +
	// Without a right to it, an object looks as if it were missing; only those of the system never do.
	"CASE WHEN PARSENAME(n.object_name, 2) = N'sys' " +
	"OR HAS_PERMS_BY_NAME(QUOTENAME(ISNULL(PARSENAME(n.object_name, 3), DB_NAME())), N'DATABASE', N'VIEW DEFINITION') = 1 " +
	"OR OBJECT_ID(n.object_name) IS NOT NULL AND (n.column_name = N'' OR HAS_PERMS_BY_NAME(n.object_name, N'OBJECT', N'SELECT') = 1) " +
	"THEN 1 ELSE 0 END AS " + platform.Proof + " " +
	"FROM (VALUES {names}) n(about, object_name, column_name, column_there)"

// These are read by statements of this program. The database of every site has siteObjects, and
// each database of Service Manager one of managementObjects: its own and its warehouse's staging
// the first, the other ones of the warehouse the second.
var (
	siteObjects       = []string{"dbo.v_Site", "dbo.SC_SiteDefinition", "dbo.vSMS_SC_SysResUse"}
	managementObjects = []string{"dbo.BaseManagedEntity", "dbo.DateDim"}
)

// lookUpLimit is how long a look-up may take, and no more than half of what is left to the
// question: the first error must be told in any case.
const lookUpLimit = 3 * time.Second

const (
	helpMissing = "Check that --sql-server and --database name the database of the site. If they do, tell the maintainers of siteready the build of this SQL Server and of the site."
	helpHidden  = "Check that --sql-server and --database name the database of the site, or grant the account VIEW DEFINITION in it, which tells what is missing from what is hidden."
	helpWrong   = "Name the SQL Server and the database of the site with --sql-server and --database."
	helpOther   = "Tell the maintainers of siteready the build of this SQL Server and of Service Manager. If a site was to be checked, name its SQL Server and database with --sql-server and --database."
)

// The things that a line of a look-up can be about.
const (
	aboutStatement = iota
	aboutSite
	aboutManagement
)

// sight is what a look-up says of one name.
type sight struct {
	About       int    `json:"about"`
	Object      string `json:"object_name"`
	Column      string `json:"column_name"`
	ObjectThere int    `json:"object_there"`
	ColumnThere int    `json:"column_there"`
	MaySee      int    `json:"may_see"`
}

// there reports whether the name was found.
func (s sight) there() bool { return s.ObjectThere == 1 && s.ColumnThere == 1 }

// surelyGone reports whether the object is missing, and not only hidden.
func (s sight) surelyGone() bool { return s.ObjectThere == 0 && s.MaySee == 1 }

// isOneOf reports whether the name's object is one of these.
func (s sight) isOneOf(objects []string) bool {
	return slices.ContainsFunc(objects, func(o string) bool { return strings.EqualFold(o, s.Object) })
}

// String is the name as a cause has it.
func (s sight) String() string {
	if s.Column == "" {
		return s.Object
	}
	return "column " + s.Column + " in " + s.Object
}

// wanted is what a look-up asks for.
func wanted(names []name) []sight {
	var all []sight
	for _, n := range names {
		all = append(all, sight{About: aboutStatement, Object: n.object, Column: n.column})
	}
	for i, objects := range [][]string{siteObjects, managementObjects} {
		for _, object := range objects {
			if !slices.ContainsFunc(names, func(n name) bool { return strings.EqualFold(n.object, object) }) {
				all = append(all, sight{About: aboutSite + i, Object: object})
			}
		}
	}
	return all
}

// lookUpText is the look-up of names.
func lookUpText(names []name) string {
	literal := func(text string) string { return "N'" + strings.ReplaceAll(text, "'", "''") + "'" }
	var values []string
	for _, s := range wanted(names) {
		n, there, list := name{object: s.Object}, "1", "sys.columns"
		if n.inSystem() {
			list = "sys.system_columns"
		}
		if database := n.database(); database != "" {
			list = "[" + strings.ReplaceAll(bare(database), "]", "]]") + "]." + list
		}
		if s.Column != "" {
			there = fmt.Sprintf("(SELECT COUNT(1) FROM %s c WHERE c.object_id = OBJECT_ID(%s) AND c.name = %s)", list, literal(s.Object), literal(s.Column))
		}
		values = append(values, fmt.Sprintf("(%d, %s, %s, %s)", s.About, literal(s.Object), literal(s.Column), there))
	}
	return strings.ReplaceAll(LookUp, "{names}", strings.Join(values, ", "))
}

// saysMissing reports whether an error is SQL Server's word that a name is not there.
func saysMissing(err error) (mssql.Error, bool) {
	e, said := serverError(err)
	return e, said && slices.Contains([]int32{errorInvalidObject, errorInvalidColumn, errorInvalidFunction}, e.Number)
}

// explainMissing words the error of a statement that names what is not there. The connection,
// if it is sound, is asked once for all that the statement names.
func (r *Reader) explainMissing(ctx context.Context, l *link, sound bool, q platform.Question, e mssql.Error) *platform.NoAnswer {
	no := r.explainServer(l.target, e)
	names := namesIn(q.Text)
	if len(names) == 0 {
		return no
	}
	err := errors.New("the answer had begun")
	var seen []sight
	if sound {
		seen, err = r.lookUp(ctx, l, q.What, names)
	}
	if err == nil {
		no, foreign := judgeMissing(l.target, e, no, seen)
		if foreign {
			r.pool.instance(l.target).setForeign(l.target.database, no)
		}
		return no
	}
	no.Cause += "; what else is missing could not be looked up: " + err.Error()
	if errors.Is(err, platform.ErrDenied) {
		no.Reason = platform.ErrDenied
	}
	return no
}

// lookUp asks for names over a connection whose last statement failed. It comes back in time
// whatever the driver does: that waits for a server that never ends its last answer.
func (r *Reader) lookUp(ctx context.Context, l *link, statement string, names []name) ([]sight, error) {
	text := lookUpText(names)
	if err := platform.CheckSQL(text); err != nil { // a bug must not send anything else
		return nil, fmt.Errorf("its look-up is not sent: %w", err)
	}
	limit := lookUpLimit
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)/2)
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	type outcome struct {
		raw json.RawMessage
		err error
	}
	came, done := make(chan outcome, 1), make(chan struct{})
	go func() {
		defer close(done)
		raw, _, err := l.ask(limited, "/* siteready: "+statement+".names */ "+text)
		came <- outcome{raw, err}
	}()
	late := fmt.Errorf("no answer within %v", limit.Round(time.Millisecond))
	select {
	case o := <-came:
		switch {
		case hasEnded(limited):
			return nil, late
		case o.err != nil:
			return nil, r.explainRead(l.target, o.err)
		}
		return readSights(o.raw, wanted(names))
	case <-limited.Done():
		platform.Behind(ctx, done)
		return nil, late
	}
}

// readSights reads the answer to a look-up. It must be about all that was asked for and about
// nothing else: what a connection says after an error is believed only so.
func readSights(raw json.RawMessage, wanted []sight) ([]sight, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var rows []sight
	if err := d.Decode(&rows); err != nil {
		return nil, fmt.Errorf("the answer is not understood: %w", err)
	}
	wrong := errors.New("the answer is about something else")
	if len(rows) != len(wanted) {
		return nil, wrong
	}
	for i, want := range wanted {
		at := slices.IndexFunc(rows, func(s sight) bool {
			return s.About == want.About && s.Object == want.Object && s.Column == want.Column
		})
		if at < 0 {
			return nil, wrong
		}
		got := rows[at]
		for _, n := range []int{got.ObjectThere, got.ColumnThere, got.MaySee} {
			if n != 0 && n != 1 {
				return nil, wrong
			}
		}
		wanted[i] = got
	}
	return wanted, nil
}

// judgeMissing words what a look-up found. Only objects that are surely missing, and nothing
// besides, are absent: a column that is missing means a build that is not known, and in the wrong
// database nothing is known of the site. foreign says that it is such a database. no is what is
// said without the look-up.
func judgeMissing(t target, e mssql.Error, no *platform.NoAnswer, seen []sight) (_ *platform.NoAnswer, foreign bool) {
	var gone, hidden []string
	columns, lacks := false, false   // lacks: an object of the database itself is missing
	site, management := false, false // something of a site, or of Service Manager, may be here
	for _, s := range seen {
		if !s.surelyGone() {
			site = site || s.isOneOf(siteObjects)
			management = management || s.isOneOf(managementObjects)
		}
		if s.About != aboutStatement {
			continue
		}
		lacks = lacks || s.surelyGone() && name{object: s.Object}.inDatabase()
		switch {
		case s.there(), s.Column != "" && s.ObjectThere == 0: // its object is told of
		case s.MaySee == 0:
			hidden = append(hidden, s.String())
		default:
			gone = append(gone, "no "+s.String())
			columns = columns || s.Column != ""
		}
	}
	place := fmt.Sprintf("the database %s on SQL Server %s", t.databaseName(), t.on)
	refuse := func(reason error, help, format string, args ...any) *platform.NoAnswer {
		no := platform.Refuse(reason, format, args...)
		no.Help = help
		return no
	}
	said := fmt.Sprintf("(error %d)", e.Number)
	switch {
	case lacks && !site && !management:
		// Without the number: all statements that fail for this have one cause.
		return refuse(platform.ErrUnsupported, helpWrong, "%s does not look like the database of a site: it has none of %s", place, inWords(siteObjects)), true
	case len(hidden) > 0 && len(gone) > 0:
		return refuse(platform.ErrDenied, helpHidden, "%s has %s %s; whether it has %s, this account may not see", place, inWords(gone), said, inWords(hidden)), false
	case len(hidden) > 0:
		no.Reason, no.Help = platform.ErrDenied, helpHidden
		no.Cause += "; whether " + inWords(hidden) + " is missing or only hidden, this account may not see"
		return no, false
	case len(gone) > 0 && management && !site:
		return refuse(platform.ErrUnsupported, helpOther, "%s is one of Service Manager, and has %s %s", place, inWords(gone), said), false
	case columns:
		return refuse(platform.ErrUnsupported, helpMissing, "%s has %s %s", place, inWords(gone), said), false
	case len(gone) > 0:
		return refuse(platform.ErrAbsent, helpMissing, "%s has %s %s", place, inWords(gone), said), false
	}
	no.Cause += "; all that the statement names was there when it was looked up"
	return no, false
}

// readsSite reports whether a statement reads what only a site has. The tables of replication
// are in every database that is published.
func readsSite(text string) bool {
	return slices.ContainsFunc(namesIn(text), func(n name) bool {
		return n.inDatabase() && !slices.Contains([]string{"dbo.syspublications", "dbo.sysarticles", "dbo.syssubscriptions"}, n.object)
	})
}

// inWords is a list as a sentence has it.
func inWords(all []string) string {
	last := len(all) - 1
	if last < 1 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:last], ", ") + " and " + all[last]
}
