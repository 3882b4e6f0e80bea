package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"siteready/checks/updates"
)

// resetTool is what must not be run once an installation began anywhere.
const resetTool = "CMUpdateReset"

// begun reports whether the installation of a package has begun at any site, also where it failed.
func (j *judge) begun(guid string) bool {
	is := func(code int64) bool { return phase(code) == updates.PhaseInstallation }
	return slices.ContainsFunc(j.f.packages, func(r updates.Row) bool { return strings.EqualFold(r.Package, guid) && is(r.State) }) ||
		slices.ContainsFunc(j.reported(guid), func(r atSiteRow) bool { return is(r.State) })
}

// noReset takes the reset tool out of what is safe where the installation has begun at any site, and
// puts it among what is not.
func (j *judge) noReset(line *Line) {
	if line.GUID == "" || line.Code == updates.Installed || !j.begun(line.GUID) {
		return
	}
	if line.Standing == Rests {
		if line.Code == downloaded || line.Code == updates.PrereqSucceeded || line.Code == prereqWarned {
			line.Safe = []string{"Start nothing: a site has begun the installation. Look at the sites first."}
		}
		return
	}
	for i, text := range line.Safe {
		line.Safe[i] = withoutReset(text)
	}
	line.Safe = slices.DeleteFunc(line.Safe, func(text string) bool { return text == "" })
	if len(line.Safe) == 0 {
		line.Safe = []string{"Read " + logOf(line.Stage, line.Code) + "."}
	}
	line.Avoid = avoid(Installation)
}

// withoutReset leaves out the clauses of a text that speak of the reset tool.
func withoutReset(text string) string {
	var sentences []string
	for sentence := range strings.SplitAfterSeq(text, ". ") {
		clauses := strings.Split(strings.TrimSuffix(strings.TrimSpace(sentence), "."), "; ")
		clauses = slices.DeleteFunc(clauses, func(clause string) bool { return strings.Contains(clause, resetTool) || clause == "" })
		if len(clauses) > 0 {
			sentences = append(sentences, strings.Join(clauses, "; ")+".")
		}
	}
	return strings.Join(sentences, " ")
}

// flagged tells what a package's flag says of a state that somebody has brought about, as far as
// the two agree.
func (j *judge) flagged(line *Line, flag int64, state updates.State) {
	if !state.UnderWay() || flag == flagInstall || flag < 0 {
		return
	}
	about := line.Says.Evidence[len(line.Says.Evidence)-1:]
	switch meaning, known := updates.Flags()[flag]; {
	case !known:
		line.Also = append(line.Also, Statement{fmt.Sprintf("its flag is %d, which no document has", flag), about})
	case flag == flagCheckOnly && state.Phase == updates.PhaseInstallation:
		line.Also = append(line.Also, Statement{fmt.Sprintf("its flag says %s (%d), which does not fit this state; the state counts", meaning, flag), about})
	default:
		line.Says.Text += "; " + meaning
	}
}
