package after

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks/state"
)

// longEnough is how far readings must go back for a setting that was the same in all of them to be
// the site's own, and not made for the update. It is our own policy.
const longEnough = 7 * 24 * time.Hour

// tells finds the newest of the older readings of which a property holds. Settled is whether none
// does, of those that know it, and they go back long enough.
func (c *comparison) tells(known func(state.State) bool, holds func(state.State) (was string, yes bool)) (was string, at time.Time, settled bool) {
	oldest := c.Earlier.ReadAt
	for _, s := range c.Older {
		if !known(s) {
			continue
		}
		if text, yes := holds(s); yes {
			return text, s.ReadAt, false
		}
		oldest = s.ReadAt
	}
	return "", time.Time{}, c.Earlier.ReadAt.Sub(oldest) >= longEnough
}

func (c *comparison) tasks() {
	if !c.database() || c.unknown(Tasks, "all maintenance tasks", c.Earlier.Tasks.Err, c.Later.Tasks.Err) {
		return
	}
	for _, now := range c.Later.Tasks.Rows {
		if old, found := taskOf(c.Earlier, now.Task); found {
			c.task(old, now)
		} else {
			c.add(Line{Kind: Changed, Group: Tasks, Of: now.Task, Is: task(now)})
		}
	}
	for _, old := range c.Earlier.Tasks.Rows {
		if _, found := taskOf(c.Later, old.Task); !found {
			c.add(Line{Kind: Look, Group: Tasks, Of: old.Task, Was: task(old), Because: "there is no such task now"})
		}
	}
}

func taskOf(s state.State, name string) (state.Task, bool) {
	i := slices.IndexFunc(s.Tasks.Rows, func(t state.Task) bool { return t.Task == name })
	if i < 0 {
		return state.Task{}, false
	}
	return s.Tasks.Rows[i], true
}

func (c *comparison) task(old, now state.Task) {
	l := Line{Kind: Same, Group: Tasks, Of: now.Task, Was: task(old), Is: task(now)}
	back, settled := old, true
	if old.IsOn == 0 {
		var was state.Task
		var at time.Time
		if was, at, settled = c.lastOn(now.Task); !at.IsZero() {
			back, l.Was, l.WasAt = was, task(was), at
			l.Because = "it was turned off before the last run ahead of the update"
		} else if !settled {
			back.IsOn = now.IsOn // who turned it on was no update, as far as anybody knows
		}
	}
	switch {
	case task(back) != l.Is:
		l.Kind = PutBack
		l.Do, l.Command = putTaskBack(back, c.Later.Subject.SiteCode)
	case !l.WasAt.IsZero():
		l.Because = "" // it has been put back
	case !settled && now.IsOn == 0:
		l.Kind, l.Because = Ask, "it is off, and was so in the earlier reading: was it turned off for the update?"
	case !settled:
		l.Kind, l.Because = Ask, "it is on, and was off in the earlier reading: was it turned off for the update?"
		l.Do = "If it was off on purpose, turn it off again."
	}
	c.add(l)
}

// lastOn finds a task as it was when it was on, in the newest of the older readings that has it
// so. Settled is as tells has it.
func (c *comparison) lastOn(name string) (on state.Task, at time.Time, settled bool) {
	_, at, settled = c.tells(
		func(s state.State) bool { return s.Tasks.Err == nil },
		func(s state.State) (string, bool) {
			t, found := taskOf(s, name)
			on = t
			return "", found && t.IsOn == 1
		})
	return on, at, settled
}

// putTaskBack says how a task of a site gets its settings again.
func putTaskBack(t state.Task, site string) (do, command string) {
	do = "Set it as it was: Administration, Site Configuration, Sites, Site Maintenance."
	if !plain(t.Task) || strings.Contains(t.Task, "$") {
		return do, ""
	}
	if !siteCode(site) {
		site = "xxx"
	}
	command = fmt.Sprintf(`Set-CMSiteMaintenanceTask -SiteCode %s -Name "%s" -Enabled `, site, t.Task)
	if t.IsOn == 0 {
		return do, command + "$false"
	}
	command += "$true"
	if t.WeekDays > 0 && t.WeekDays <= everyDay {
		command += fmt.Sprintf(` -DaysOfWeek %s -BeginTime "%s" -LatestBeginTime "%s"`, strings.Join(days(t.WeekDays), ","), hour(t.Begins), hour(t.BeginsLatest))
	}
	return do, command
}

// siteCode reports whether a text is the code of a site, and so can stand in a command.
func siteCode(text string) bool {
	return len(text) == 3 && !strings.ContainsFunc(text, func(c rune) bool { return (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') })
}

const everyDay = 127

func days(bits int) []string {
	var all []string
	for day := time.Sunday; day <= time.Saturday; day++ {
		if bits>>int(day)&1 == 1 {
			all = append(all, day.String())
		}
	}
	return all
}

func hour(hhmm int) string { return fmt.Sprintf("%02d:%02d", hhmm/100, hhmm%100) }

// task is how a task is set, in words. Of one that is off its hours count as well: they are put
// back with it.
func task(t state.Task) string {
	text := "off"
	if t.IsOn == 1 {
		text = "on"
	}
	switch t.WeekDays {
	case 0:
		return text
	case everyDay:
		text += ", each day"
	default:
		var short []string
		for _, day := range days(t.WeekDays) {
			short = append(short, day[:3])
		}
		text += ", " + strings.Join(short, " ")
	}
	return text + ", " + hour(t.Begins) + " to " + hour(t.BeginsLatest)
}

// database reports whether one of the readings has a site's database at all: what lies there is
// not missed where there is none.
func (c *comparison) database() bool {
	return c.Earlier.Subject.Database != "" && c.Earlier.Subject.SiteCode != "" || c.Later.Subject.Database != "" && c.Later.Subject.SiteCode != "" ||
		c.Earlier.Tasks.Err == nil || c.Later.Tasks.Err == nil
}

func (c *comparison) replicas() {
	if !c.database() || c.unknown(Availability, "the availability group", c.Earlier.Replicas.Err, c.Later.Replicas.Err) {
		return
	}
	seen := map[string]int{}
	for _, now := range replicasOf(c.Later) {
		seen[replicaName(now)]++
		nth := seen[replicaName(now)]
		old, found := replicaOf(c.Earlier, now, nth)
		if !found {
			c.add(Line{Kind: Changed, Group: Availability, Of: replicaName(now), Is: replica(now)})
			continue
		}
		l := Line{Kind: Same, Group: Availability, Of: replicaName(now), Was: replica(old), Is: replica(now)}
		back, settled := old, true
		if old.Failover == manual {
			var was string
			var at time.Time
			was, at, settled = c.tells(
				func(s state.State) bool { return s.Replicas.Err == nil },
				func(s state.State) (string, bool) {
					r, found := replicaOf(s, now, nth)
					if found && r.Failover == 0 {
						back = r
						return replica(r), true
					}
					return "", false
				})
			if was != "" {
				l.Was, l.WasAt, l.Because = was, at, "it was set to manual before the last run ahead of the update"
			} else if !settled {
				back.Failover = now.Failover // an update does not make it automatic
			}
		}
		switch {
		case replica(back) != l.Is:
			l.Kind, l.Do, l.Command = PutBack, "On the primary replica set it as it was.", putReplicaBack(back, now)
		case !l.WasAt.IsZero():
			l.Because = "" // it has been put back
		case !settled && now.Failover == manual:
			l.Kind, l.Because = Ask, "its failover is manual, as an update needs it, and was so in the earlier reading: was it automatic before?"
			l.Do = "Set automatic failover again where it was set to manual for the update."
		case l.Was != l.Is:
			l.Kind = Changed
		}
		c.add(l)
	}
	clear(seen)
	for _, old := range replicasOf(c.Earlier) {
		seen[replicaName(old)]++
		if _, found := replicaOf(c.Later, old, seen[replicaName(old)]); !found {
			c.add(Line{Kind: Look, Group: Availability, Of: replicaName(old), Was: replica(old), Because: "there is no such replica now"})
		}
	}
}

// replicaName names a replica. Several groups of one instance have replicas of the same name.
func replicaName(r state.Replica) string {
	if r.OfSite == 0 {
		return "replica " + r.Replica + " of another group"
	}
	return "replica " + r.Replica
}

// replicasOf are the replicas of a reading. The rows do not name their groups: those of several other
// groups are told apart by their settings alone, and so these are in order.
func replicasOf(s state.State) []state.Replica {
	return slices.SortedStableFunc(slices.Values(s.Replicas.Rows), func(a, b state.Replica) int {
		return cmp.Or(
			cmp.Compare(b.OfSite, a.OfSite), strings.Compare(strings.ToLower(a.Replica), strings.ToLower(b.Replica)),
			cmp.Compare(a.Failover, b.Failover), cmp.Compare(a.AsSecondary, b.AsSecondary),
		)
	})
}

// replicaOf finds in a reading the n-th replica with the name of one, 1 for the first.
func replicaOf(s state.State, like state.Replica, n int) (state.Replica, bool) {
	all := slices.DeleteFunc(replicasOf(s), func(r state.Replica) bool { return !strings.EqualFold(replicaName(r), replicaName(like)) })
	if n > len(all) {
		return state.Replica{}, false
	}
	return all[n-1], true
}

const manual = 1 // sys.availability_replicas, failover_mode

func replica(r state.Replica) string {
	failover := map[int]string{0: "automatic", manual: "manual"}[r.Failover]
	if failover == "" {
		failover = fmt.Sprint(r.Failover)
	}
	readable := connections[r.AsSecondary]
	if readable == "" {
		readable = fmt.Sprint(r.AsSecondary)
	}
	return fmt.Sprintf("failover %s, connections as a secondary one %s", failover, readable)
}

var connections = map[int]string{0: "NO", 1: "READ_ONLY", 2: "ALL"}

func putReplicaBack(back, now state.Replica) string {
	if !plain(now.Replica) {
		return ""
	}
	var lines []string
	set := func(what string) {
		lines = append(lines, fmt.Sprintf("ALTER AVAILABILITY GROUP [name] MODIFY REPLICA ON N'%s' WITH (%s);", now.Replica, what))
	}
	if mode := map[int]string{0: "AUTOMATIC", manual: "MANUAL"}[back.Failover]; mode != "" && back.Failover != now.Failover {
		set("FAILOVER_MODE = " + mode)
	}
	if allowed := connections[back.AsSecondary]; allowed != "" && back.AsSecondary != now.AsSecondary {
		set("SECONDARY_ROLE (ALLOW_CONNECTIONS = " + allowed + ")")
	}
	return strings.Join(lines, "\n")
}

func (c *comparison) published() {
	const of = "replicas for management points"
	if !c.database() || c.unknown(Databases, of, c.Earlier.Published.Err, c.Later.Published.Err) {
		return
	}
	words := func(n int) string { return map[bool]string{true: "published", false: "not published"}[n > 0] }
	old, now := c.Earlier.Published.Value.Replicas, c.Later.Published.Value.Replicas
	l := Line{Kind: Same, Group: Databases, Of: of, Was: words(old), Is: words(now)}
	if now == 0 {
		was, at := "", time.Time{}
		if old == 0 {
			was, at, _ = c.tells(
				func(s state.State) bool { return s.Published.Err == nil },
				func(s state.State) (string, bool) {
					return words(s.Published.Value.Replicas), s.Published.Value.Replicas > 0
				})
		}
		if was != "" {
			l.Was, l.WasAt = was, at
		}
		if old > 0 || was != "" {
			l.Kind, l.Do = PutBack, "Set the replicas up again, and let the management points use them."
		}
	} else if old == 0 {
		l.Kind = Changed
	}
	c.add(l)
}

func (c *comparison) files() {
	for _, now := range c.Later.Files {
		i := slices.IndexFunc(c.Earlier.Files, func(old state.File) bool { return strings.EqualFold(old.Path, now.Path) })
		if i < 0 {
			c.add(Line{Kind: Unknown, Group: Files, Of: now.Path, Because: "the earlier reading does not have it"})
			continue
		}
		c.file(c.Earlier.Files[i], now)
	}
	for _, old := range c.Earlier.Files {
		if !slices.ContainsFunc(c.Later.Files, func(f state.File) bool { return strings.EqualFold(f.Path, old.Path) }) {
			c.add(Line{Kind: Unknown, Group: Files, Of: old.Path, Because: "it was not asked for now"})
		}
	}
}

// file compares a file that people change. It was changed when it was not its original.
func (c *comparison) file(old, now state.File) {
	if c.unknown(Files, now.Path, old.Own.Err, now.Own.Err) {
		return
	}
	was, is := old.Own.Value, now.Own.Value
	l := Line{Kind: Same, Group: Files, Of: now.Path}
	switch {
	case was == nil && is == nil:
		return
	case was == nil:
		l.Kind, l.Was, l.Is = Changed, "not there", fmt.Sprintf("%d bytes", is.Size)
	case is == nil:
		l.Kind, l.Was, l.Is, l.Because = PutBack, fmt.Sprintf("%d bytes", was.Size), "not there", "it is gone"
		l.Do = "Copy it back from where it was saved."
	case *was == *is:
		l.Was = fmt.Sprintf("%d bytes", was.Size)
		l.Is = l.Was
	case old.Original.Err != nil || old.Original.Value == nil:
		l.Kind, l.Was, l.Is = Ask, fmt.Sprintf("%d bytes", was.Size), fmt.Sprintf("%d bytes, with another content", is.Size)
		l.Because = "its content is another one, and whether somebody had changed it before is not known"
		l.Do = "Compare it with the copy that was saved before the update, and make your changes again."
	case *old.Original.Value == *was:
		l.Kind, l.Was, l.Is = Changed, "the product's own", "the product's own of the new version"
		if now.Original.Err != nil || now.Original.Value == nil || *now.Original.Value != *is {
			l.Is = "another content, which may be somebody's"
		}
	case now.Original.Err == nil && now.Original.Value != nil && *now.Original.Value == *is:
		l.Kind, l.Was, l.Is = PutBack, fmt.Sprintf("changed by hand, %d bytes", was.Size), "the product's own again"
		l.Do = "Make the changes again in the new file, from the copy that was saved before the update. Do not put the old file in its place."
	default:
		l.Kind, l.Was, l.Is = Ask, fmt.Sprintf("changed by hand, %d bytes", was.Size), fmt.Sprintf("another content, %d bytes", is.Size)
		l.Because = "it was changed by hand before, and is neither that nor the product's own now"
		l.Do = "See whether it holds all that was changed."
	}
	c.add(l)
}

// connectors compares how many connectors of Service Manager are enabled: they are disabled for an
// upgrade.
func (c *comparison) connectors() {
	const of = "connectors of Service Manager"
	old, now := c.Earlier.Connectors, c.Later.Connectors
	switch {
	case old == nil && now == nil:
		return
	case now == nil:
		c.add(Line{Kind: Unknown, Group: Connectors, Of: of, Because: "it was not asked for now"})
		return
	case old == nil:
		c.add(Line{Kind: Unknown, Group: Connectors, Of: of, Because: "the earlier reading does not have it"})
		return
	case c.unknown(Connectors, of, old.Err, now.Err):
		return
	}
	words := func(n state.Connectors) string { return fmt.Sprintf("%d of %d enabled", n.Active, n.Connectors) }
	l := Line{Kind: Same, Group: Connectors, Of: of, Was: words(old.Value), Is: words(now.Value)}
	was, at, settled := c.tells(
		func(s state.State) bool { return s.Connectors != nil && s.Connectors.Err == nil },
		func(s state.State) (string, bool) {
			if s.Connectors.Value.Active > now.Value.Active {
				return words(s.Connectors.Value), true
			}
			return "", false
		})
	switch {
	case old.Value.Active > now.Value.Active:
		l.Kind = PutBack
	case was != "":
		l.Kind, l.Was, l.WasAt, l.Because = PutBack, was, at, "some were disabled before the last run ahead of the upgrade"
	case now.Value.Active < now.Value.Connectors && !settled:
		l.Kind, l.Because = Ask, "some are disabled, and were so in the earlier reading: was that for the upgrade?"
	case l.Was != l.Is:
		l.Kind = Changed
	}
	if l.Kind == PutBack || l.Kind == Ask {
		l.Do = "Enable those that were: Administration, Connectors, in the console."
	}
	c.add(l)
}
