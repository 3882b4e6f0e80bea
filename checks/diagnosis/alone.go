package diagnosis

import (
	"context"
	"fmt"
	"strings"

	"siteready/platform"
)

// withoutDatabase asks what this machine tells of an update where its database does not.
func (f *Facts) withoutDatabase(ctx context.Context, s *platform.Session) {
	for _, name := range []string{updateService, executive} {
		f.services[name] = ask(ctx, s, platform.ReadService(name))
	}
	f.logs[updateLog] = ask(ctx, s, platform.ReadFailureLog(strings.TrimRight(f.site.InstallDir, `\`)+`\Logs\`+updateLog))
}

// alone is the line of a site whose database tells nothing: whether an update is under way is not
// known, and this machine's own signs are told. The log of the last day may be about anything.
func (j *judge) alone() {
	line := Line{
		Package: "all updates", Site: j.f.site.Code, Stage: NotKnown, Standing: Unknown, Code: -1, Minutes: -1,
		Next: "that is not known; an update that is under way stops where it needs the database",
		Safe: []string{"Let SQL Server be reached again, and run siteready diagnose anew. An update that waits for SQL Server goes on, or is retried in the console."},
		// One may be under way.
		Avoid: avoid(Installation),
		Cause: reason(j.f.Problem),
	}
	if j.f.site.Code == "" {
		return
	}
	line.Says = Statement{"the states of the packages could not be read from the site database", []Evidence{{j.f.from, "no answer"}}}
	for _, name := range []string{updateService, executive} {
		if service := j.f.services[name]; service.known() {
			line.Also = append(line.Also, Statement{
				fmt.Sprintf("the service %s on this server is %s", name, strings.ReplaceAll(service.value.State, "_", " ")),
				[]Evidence{{service.from, "state " + service.value.State}},
			})
		}
	}
	for _, h := range append(j.quietNote(line, updateLog), j.failuresIn(line, []string{updateLog}, j.f.ReadAt.Add(-beforeFailure))...) {
		line.Also = append(line.Also, h.Statement)
	}
	j.out.Lines = append(j.out.Lines, line)
}
