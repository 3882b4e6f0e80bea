package report_test

import (
	"strings"
	"testing"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/report"
)

// onServiceManager is a run on a management server of Service Manager.
func onServiceManager(product string, role discovery.Role) report.Input {
	at := time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)
	return report.Input{
		Subject: discovery.Subject{
			Headline: "Service Manager initial management server, version 10.19.1035.0 (2019)", Computer: "sm01.contoso.com", Product: product, Role: role,
			SQLServer: "sql03", Database: "ServiceManager",
			ServiceManager: &discovery.ServiceManagerSubject{Role: discovery.Management, Parts: []string{"management server"}, Version: "10.19.1035.0", Release: "2019"},
		},
		Target: requirement.DefaultTarget(0), ReadAt: at, JudgedFor: at, MadeAt: at,
		Results: []checks.Result{{Check: checks.Check{ID: "smprereq.x"}, Area: checks.Area{ID: "smprereq", Title: "Prerequisites"}, Selected: true, Status: checks.Passed, Summary: "Fine."}},
	}
}

// The target of a server of Service Manager is one of that product; where both products are, each
// has its own.
func TestServiceManagerTarget(t *testing.T) {
	alone := report.New(onServiceManager("Service Manager", discovery.Management))
	if alone.Target.Product != requirement.ServiceManager || alone.Target.Version != "2022" || alone.Target.Chosen != report.ChosenNext || alone.ServiceManagerTarget == nil {
		t.Errorf("%+v", alone.Target)
	}
	in := onServiceManager("Configuration Manager", discovery.Primary)
	named, _ := requirement.ServiceManagerTarget("2025")
	in.ServiceManager = &named
	both := report.New(in)
	if both.Target.Product != requirement.ConfigMgr || both.ServiceManagerTarget.Version != "2025" || both.ServiceManagerTarget.Chosen != report.ChosenStated {
		t.Errorf("%+v, %+v", both.Target, both.ServiceManagerTarget)
	}
	in = onServiceManager("Service Manager", discovery.Management)
	in.Subject.ServiceManager.Version = "10.25.1523.0"
	if newest := report.New(in); newest.Target.Version != "2025" || newest.Target.Chosen != report.ChosenNewestKnown {
		t.Errorf("%+v", newest.Target)
	}
	for text, r := range map[string]report.Report{
		"Service Manager 2022 (build 1068), chosen by default: the next one after what is installed": alone,
		"; Service Manager 2025 (build 1523)":                                                        both,
	} {
		if got := strings.Join(strings.Fields(rendered(t, report.Nagios, r)), " "); !strings.Contains(got, text) {
			t.Errorf("%q is not in %s", text, got)
		}
	}
	if first, _, _ := strings.Cut(rendered(t, report.Nagios, alone), "\n"); !strings.HasPrefix(first, "SITEREADY OK: Service Manager, READY") {
		t.Error(first)
	}
}
