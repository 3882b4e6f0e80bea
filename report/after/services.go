package after

import (
	"fmt"
	"slices"
	"strings"

	"siteready/checks/state"
)

const running, automatic, disabled = "running", "automatic", "disabled"

func (c *comparison) services() {
	for _, s := range c.Later.Services {
		i := slices.IndexFunc(c.Earlier.Services, func(old state.Service) bool { return old.Name == s.Name })
		if i < 0 {
			if s.Found {
				c.add(Line{Kind: Unknown, Group: Services, Of: s.Name, Is: service(s), Because: "the earlier reading does not have it"})
			}
			continue
		}
		c.service(c.Earlier.Services[i], s)
	}
	for _, old := range c.Earlier.Services {
		if old.Found && !slices.ContainsFunc(c.Later.Services, func(s state.Service) bool { return s.Name == old.Name }) {
			c.add(Line{Kind: Unknown, Group: Services, Of: old.Name, Was: service(old), Because: "it was not asked for now"})
		}
	}
}

// service compares one service.
func (c *comparison) service(old, s state.Service) {
	if c.unknown(Services, s.Name, old.Err, s.Err) || !old.Found && !s.Found {
		return
	}
	l := Line{Kind: Same, Group: Services, Of: s.Name, Was: service(old), Is: service(s)}
	name := plain(s.Name)
	stopped := old.State == running && s.State != running
	switch {
	case !s.Found:
		l.Kind, l.Because = Look, "it is not installed any longer"
		l.Do = "See whether the role that it belongs to was reinstalled; sitecomp.log says so."
	case !old.Found:
		l.Kind = Changed
	case old.Start == disabled:
		l = c.disabled(l, s)
	case old.Start != s.Start:
		l.Kind, l.Do, l.Command = PutBack, startAgain(old), setStart(s.Name, old.Start)
		if stopped {
			l.Because = "it ran, and does not"
			if l.Command != "" {
				l.Command += "; Start-Service " + quoted(s.Name)
			}
		}
	case stopped:
		l.Kind, l.Because, l.Do = Look, "it ran, and does not", "Start it. If it stops again, read its log first."
		if old.Start != automatic {
			l.Because = "it ran, and does not; it is not started by Windows but when it is needed"
		}
		if name {
			l.Command = "Start-Service " + quoted(s.Name)
		}
	case s.Start == automatic && s.State != running && s.State != "":
		l.Kind, l.Because, l.Do = Look, "it starts by itself, and did not run then either", "Start it. If it stops again, read its log first."
	case old.State != s.State:
		l.Kind = Changed
	}
	if old.Found && s.Found && !strings.EqualFold(old.Account, s.Account) {
		l = otherAccount(l, old, s)
	}
	c.add(l)
}

// otherAccount adds to what is said of a service that it runs as somebody else.
func otherAccount(l Line, old, s state.Service) Line {
	because, do := fmt.Sprintf("it ran as %s, and runs as %s", old.Account, s.Account), "Give it its account again, in Services, Log On."
	switch l.Kind {
	case PutBack, Look, Ask:
		l.Because = strings.TrimPrefix(l.Because+"; "+because, "; ")
		l.Do = strings.TrimSpace(l.Do + " " + do)
	default:
		l.Because, l.Do = because, do
	}
	if l.Kind != Look { // which is not to be less urgent
		l.Kind = PutBack
	}
	return l
}

// disabled compares a service that was disabled in the earlier reading: on its own that does not tell
// whether it was disabled for the update.
func (c *comparison) disabled(l Line, s state.Service) Line {
	var back state.Service
	was, at, settled := c.tells(
		func(older state.State) bool { return serviceOf(older, s.Name) != nil },
		func(older state.State) (string, bool) {
			back = *serviceOf(older, s.Name)
			return service(back), back.Start != disabled
		})
	switch {
	case was != "" && back.Start == s.Start: // it has been put back
		l.Was, l.WasAt = was, at
		if back.State == running && s.State != running {
			l.Kind, l.Because, l.Do = Look, "it ran before it was disabled ahead of the update, and does not", "Start it. If it stops again, read its log first."
		}
	case was != "":
		l.Kind, l.Was, l.WasAt, l.Because = PutBack, was, at, "it was disabled before the last run ahead of the update"
		l.Do, l.Command = startAgain(back), setStart(s.Name, back.Start)
	case s.Start == disabled && !settled:
		l.Kind, l.Because = Ask, "it is disabled, and was so in the earlier reading: was that for the update?"
	case s.Start != disabled && settled:
		l.Kind, l.Because = PutBack, "it was disabled for long before the update, and is not"
		l.Do, l.Command = "Disable it again.", setStart(s.Name, disabled)
	case s.Start != disabled:
		l.Kind, l.Because, l.Do = Ask, "it was disabled in the earlier reading, and is not: was that for the update?", "If it was disabled on purpose, disable it again."
	}
	return l
}

// serviceOf finds what a reading knows of a service that is installed; nil when that is nothing.
func serviceOf(s state.State, name string) *state.Service {
	i := slices.IndexFunc(s.Services, func(o state.Service) bool { return o.Name == name && o.Err == nil && o.Found })
	if i < 0 {
		return nil
	}
	return &s.Services[i]
}

func startAgain(s state.Service) string {
	return fmt.Sprintf("Set its start type to %s again.", s.Start)
}

// setStart is a command that gives a service a start type; empty where none can be written.
func setStart(name, start string) string {
	kind := map[string]string{automatic: "Automatic", "manual": "Manual", disabled: "Disabled"}[start]
	if kind == "" || !plain(name) {
		return ""
	}
	return fmt.Sprintf("Set-Service -Name %s -StartupType %s", quoted(name), kind)
}

// quoted is a name as PowerShell takes it: it would take what stands behind a $ for a variable.
func quoted(name string) string {
	if strings.ContainsAny(name, "$ ()") {
		return "'" + name + "'"
	}
	return name
}

// service is a service in words.
func service(s state.Service) string {
	if !s.Found {
		return "not installed"
	}
	if s.State == "" { // only the registry has been asked
		return "start " + s.Start
	}
	return fmt.Sprintf("%s, start %s", s.State, s.Start)
}

// plain reports whether a name from the site can stand in a command as it is, or between quotation
// marks: one that cannot must not be copied.
func plain(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(` ._-$\()`, c)
	})
}

const (
	siteActive        = 1   // SMS_Site.Status
	replicationActive = 125 // ServerData.SiteStatus
)

func (c *comparison) replication() {
	if !c.database() {
		return
	}
	c.sites()
	c.partners()
	c.links()
}

func (c *comparison) sites() {
	if c.unknown(Replication, "sites of the hierarchy", nil, c.Later.Sites.Err) {
		return
	}
	own := uint32(0)
	for _, s := range c.Later.Sites.Rows {
		if s.Own == 1 {
			own = build(s.Version)
		}
	}
	for _, s := range c.Later.Sites.Rows {
		l := Line{Kind: Same, Group: Replication, Of: "site " + s.Site, Is: site(s)}
		known := c.Earlier.Sites.Err == nil
		i := slices.IndexFunc(c.Earlier.Sites.Rows, func(old state.Site) bool { return old.Site == s.Site })
		if i >= 0 {
			l.Was = site(c.Earlier.Sites.Rows[i])
		}
		switch {
		case s.Status != siteActive:
			l.Kind, l.Because = Look, "it is not active"
			l.Do = "Look at Monitoring, Site Hierarchy, and at the log of its set-up."
		case own > 0 && build(s.Version) < own:
			l.Kind, l.Because = Look, fmt.Sprintf("this site is of build %d, and that one is not", own)
			l.Do = "A primary site follows by itself, in its service window."
			if s.Type == 1 {
				l.Do = "A secondary site is updated by hand: Administration, Site Configuration, Sites, Upgrade."
			}
		case known && i < 0, i >= 0 && l.Was != l.Is:
			l.Kind = Changed
		case !known:
			l.Kind, l.Because = Unknown, "the earlier reading does not have it: "+c.Earlier.Sites.Err.Error()
		}
		c.add(l)
	}
	if c.Earlier.Sites.Err == nil {
		for _, old := range c.Earlier.Sites.Rows {
			if !slices.ContainsFunc(c.Later.Sites.Rows, func(s state.Site) bool { return s.Site == old.Site }) {
				c.add(Line{Kind: Look, Group: Replication, Of: "site " + old.Site, Was: site(old), Because: "it is not in the hierarchy any longer"})
			}
		}
	}
}

func site(s state.Site) string {
	if s.Status == siteActive {
		return s.Version + ", active"
	}
	return fmt.Sprintf("%s, status %d", s.Version, s.Status)
}

// alone reports whether the site has nobody to replicate with.
func alone(s state.State) bool { return s.Partners.Err == nil && len(s.Partners.Rows) == 1 }

func (c *comparison) partners() {
	if c.unknown(Replication, "replication of the sites", c.Earlier.Partners.Err, c.Later.Partners.Err) {
		return
	}
	partner := func(p state.Partner) string {
		if p.State == replicationActive {
			return "active"
		}
		return fmt.Sprintf("not active (%d)", p.State)
	}
	if alone(c.Earlier) && alone(c.Later) {
		return
	}
	for _, p := range c.Later.Partners.Rows {
		l := Line{Kind: Same, Group: Replication, Of: "replication of site " + p.Site, Is: partner(p)}
		if i := slices.IndexFunc(c.Earlier.Partners.Rows, func(old state.Partner) bool { return old.Site == p.Site }); i >= 0 {
			l.Was = partner(c.Earlier.Partners.Rows[i])
		}
		switch {
		case p.State != replicationActive:
			l.Kind, l.Because = Look, "it is not active"
			l.Do = "Until all primary sites have the update this is normal at a central administration site. Then look at Monitoring, Database Replication."
		case l.Was != l.Is:
			l.Kind = Changed
		}
		c.add(l)
	}
	for _, old := range c.Earlier.Partners.Rows {
		if !slices.ContainsFunc(c.Later.Partners.Rows, func(p state.Partner) bool { return p.Site == old.Site }) {
			c.add(Line{Kind: Look, Group: Replication, Of: "replication of site " + old.Site, Was: partner(old), Because: "it is not known any longer"})
		}
	}
}

func (c *comparison) links() {
	if alone(c.Earlier) && alone(c.Later) {
		return
	}
	if c.unknown(Replication, "replication links", c.Earlier.Links.Err, c.Later.Links.Err) {
		return
	}
	key := func(l state.Link) string { return "link " + l.Sending + " to " + l.Receiving }
	words := func(l state.Link) string { return fmt.Sprintf("%d of %d groups active", l.Active, l.Groups) }
	for _, now := range c.Later.Links.Rows {
		l := Line{Kind: Same, Group: Replication, Of: key(now), Is: words(now)}
		if i := slices.IndexFunc(c.Earlier.Links.Rows, func(old state.Link) bool { return key(old) == key(now) }); i >= 0 {
			l.Was = words(c.Earlier.Links.Rows[i])
		}
		switch {
		case now.Active < now.Groups:
			l.Kind, l.Because = Look, "not all groups are active"
			l.Do = "Run the Replication Link Analyzer: Monitoring, Database Replication."
			if now.Active+now.Starting == now.Groups {
				l.Because += ", the others are starting"
			}
		case l.Was != l.Is:
			l.Kind = Changed
		}
		c.add(l)
	}
	for _, old := range c.Earlier.Links.Rows {
		if !slices.ContainsFunc(c.Later.Links.Rows, func(l state.Link) bool { return key(l) == key(old) }) {
			c.add(Line{Kind: Look, Group: Replication, Of: key(old), Was: words(old), Because: "there is no such link now"})
		}
	}
}
