package updates

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
)

// documentedStates are codes and names as Microsoft's support article has them, in its order.
const documentedStates = `
0 UNKNOWN, 2 ENABLED, 262145 DOWNLOAD_IN_PROGRESS, 262146 DOWNLOAD_SUCCESS, 327679 DOWNLOAD_FAILED,
327681 APPLICABILITY_CHECKING, 327682 APPLICABILITY_SUCCESS, 393213 APPLICABILITY_HIDE, 393214 APPLICABILITY_NA,
393215 APPLICABILITY_FAILED, 65537 CONTENT_REPLICATING, 65538 CONTENT_REPLICATION_SUCCESS,
131071 CONTENT_REPLICATION_FAILED, 131073 PREREQ_IN_PROGRESS, 131074 PREREQ_SUCCESS, 131075 PREREQ_WARNING,
196607 PREREQ_ERROR, 196609 INSTALL_IN_PROGRESS, 196610 INSTALL_WAITING_SERVICE_WINDOW, 196611 INSTALL_WAITING_PARENT,
196612 INSTALL_SUCCESS, 196613 INSTALL_PENDING_REBOOT, 262143 INSTALL_FAILED, 196614 INSTALL_CMU_VALIDATING,
196615 INSTALL_CMU_STOPPED, 196616 INSTALL_CMU_INSTALLFILES, 196617 INSTALL_CMU_STARTED, 196618 INSTALL_CMU_SUCCESS,
196619 INSTALL_WAITING_CMU, 262142 INSTALL_CMU_FAILED, 196620 INSTALL_INSTALLFILES, 196621 INSTALL_UPGRADESITECTRLIMAGE,
196622 INSTALL_CONFIGURESERVICEBROKER, 196623 INSTALL_INSTALLSYSTEM, 196624 INSTALL_CONSOLE,
196625 INSTALL_INSTALLBASESERVICES, 196626 INSTALL_UPDATE_SITES, 196627 INSTALL_SSB_ACTIVATION_ON,
196628 INSTALL_UPGRADEDATABASE, 196629 INSTALL_UPDATEADMINCONSOLE`

// All documented states are known, each once, with everything that a person needs.
func TestEveryPackageStateIsKnown(t *testing.T) {
	want := map[int64]string{}
	for entry := range strings.SplitSeq(documentedStates, ",") {
		code, name, _ := strings.Cut(strings.TrimSpace(entry), " ")
		n, err := strconv.ParseInt(code, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		want[n] = name
	}
	if len(want) != 40 {
		t.Fatalf("the list of this test has %d states", len(want))
	}
	got := map[int64]string{}
	for _, s := range States() {
		if _, twice := got[s.Code]; twice {
			t.Errorf("%d is there twice", s.Code)
		}
		got[s.Code] = s.Name
		if s.Phase == "" || s.Meaning == "" || s.Safe == "" {
			t.Errorf("%s: phase %q, meaning %q, safe now %q", s.Name, s.Phase, s.Meaning, s.Safe)
		}
		if s.Status == checks.Failed && s.Avoid == "" {
			t.Errorf("%s stands in the way, and it is not said what to avoid", s.Name)
		}
		if s.Failure() != (strings.HasSuffix(s.Name, "_FAILED") || strings.HasSuffix(s.Name, "_ERROR")) {
			t.Errorf("%s is taken for a failure: %v", s.Name, s.Failure())
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (- documented, + known):\n%s", diff)
	}
}

// Only what cannot be in anyone's way is green: no state of a package that is being worked on.
func TestStatesInFlightAreNeverGreen(t *testing.T) {
	var green []string
	for _, s := range States() {
		if s.Status == checks.Passed {
			green = append(green, s.Name)
		}
	}
	slices.Sort(green)
	want := []string{"APPLICABILITY_HIDE", "APPLICABILITY_NA", "APPLICABILITY_SUCCESS", "DOWNLOAD_SUCCESS", "INSTALL_SUCCESS", "PREREQ_SUCCESS"}
	if diff := cmp.Diff(want, green); diff != "" {
		t.Errorf("green states (- wanted, + got):\n%s", diff)
	}
}

// The numbers in the statement are those of the program.
func TestNumbersInTheStatement(t *testing.T) {
	text := packages.In("s", "d").Text
	var notListed, last []string
	for _, s := range States() {
		switch {
		case Final(s.Code):
			notListed = append(notListed, strconv.FormatInt(s.Code, 10))
		case s.Status == checks.Passed:
			last = append(last, strconv.FormatInt(s.Code, 10))
		}
	}
	for _, test := range []struct {
		pattern string
		want    []string
	}{
		{`t\.state NOT IN \(([^)]*)\)`, notListed},
		{`t\.state IN \(([^)]*)\)`, last},
		{`SELECT TOP \((\d+)\) ISNULL\(CAST\(t\.package`, []string{strconv.Itoa(MaxRows)}},
		{`a\.State = (\d+)`, []string{strconv.Itoa(Installed)}},
	} {
		found := regexp.MustCompile(test.pattern).FindStringSubmatch(text)
		if found == nil {
			t.Errorf("%s is not in the statement", test.pattern)
			continue
		}
		got := strings.Split(found[1], ", ")
		slices.Sort(got)
		slices.Sort(test.want)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (- the program's, + the statement's):\n%s", test.pattern, diff)
		}
	}
}
