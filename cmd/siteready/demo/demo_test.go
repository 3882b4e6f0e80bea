package demo_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/cmd/siteready/demo"
	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/platform/recording"
)

var update = flag.Bool("update", false, "write the demonstration site anew")

// The embedded site is what its description and today's questions make of it.
func TestSiteIsCurrent(t *testing.T) {
	tree, err := platformtest.Load("../../..", "demo")
	if err != nil {
		t.Fatal(err)
	}
	site, err := platformtest.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	site.Registry = withComponents(site.Registry)

	m := platform.Open(t.Context(), site, site.ReadAt, platform.DefaultLimits())
	all, err := checks.Select(catalog.All(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	discovery.Describe(t.Context(), m.Session(), checks.Stated{})
	for _, target := range requirement.ConfigMgrReleases() {
		checks.Run(t.Context(), m, catalog.All(), all, checks.Conditions{Target: target, JudgedFor: site.ReadAt})
	}
	catalog.AskFurther(t.Context(), m)
	outcomes := m.Outcomes()
	for _, q := range site.Questions() {
		answer, err := site.Read(t.Context(), q)
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		outcomes[q] = platform.Outcome{Answer: answer}
	}
	var b bytes.Buffer
	header := recording.Header{Version: "demo", ReadAt: site.ReadAt, About: site.About}
	if err := recording.Write(&b, header, outcomes); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("site.siteready", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(b.Bytes(), demo.Site) {
		t.Error("site.siteready is out of date: run `make golden`")
	}
}

// The demonstration has the size of a recording of a real site: start-up is measured with it.
func TestSiteIsAsLargeAsARealOne(t *testing.T) {
	data, err := os.ReadFile("site.siteready") // not the embedded one, which -update has just replaced
	if err != nil {
		t.Fatal(err)
	}
	site, err := recording.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) < 400_000 || site.Len() < 600 {
		t.Errorf("%d bytes and %d answers; a real site has 400 KB and 600 answers or more", len(data), site.Len())
	}
}

// components are threads and services of a site server, each with a key below Tracing.
var components = []string{
	"AI_UPDATE_SERVICE_POINT", "COLLECTION_EVALUATOR", "COMPONENT_MONITOR", "COMPONENT_STATUS_SUMMARIZER", "DATABASE_NOTIFICATION_MONITOR",
	"DESPOOLER", "DISCOVERY_DATA_MANAGER", "DISTRIBUTION_MANAGER", "ENDPOINT_PROTECTION_CONTROL_MANAGER", "EXECUTIVE", "FAILOVER_MANAGER",
	"HIERARCHY_MANAGER", "INBOX_MANAGER", "INVENTORY_DATA_LOADER", "LICENSE_MANAGER", "MP_CONTROL_MANAGER", "MP_FILE_DISPATCH_MANAGER",
	"NETWORK_DISCOVERY", "NOTIFICATION_MANAGER", "OBJECT_REPLICATION_MANAGER", "OFFER_MANAGER", "OFFER_STATUS_SUMMARIZER",
	"OFFLINE_SERVICING_MANAGER", "OUTBOX_MONITOR", "PACKAGE_TRANSFER_MANAGER", "POLICY_PROVIDER", "REPLICATION_CONFIGURATION_MONITOR",
	"REPLICATION_MANAGER", "RULE_ENGINE", "SCHEDULER", "SITE_COMPONENT_MANAGER", "SITE_CONTROL_MANAGER", "SITE_SYSTEM_STATUS_SUMMARIZER",
	"SITE_BACKUP", "SITE_VSS_WRITER", "SOFTWARE_INVENTORY_PROCESSOR", "SOFTWARE_METERING_PROCESSOR", "SRS_REPORTING_POINT", "STATE_SYSTEM",
	"STATUS_MANAGER", "WSUS_CONFIGURATION_MANAGER", "WSUS_CONTROL_MANAGER", "WSUS_SYNC_MANAGER", "AD_FOREST_DISCOVERY_MANAGER",
	"AD_SECURITY_GROUP_DISCOVERY_AGENT", "AD_SYSTEM_DISCOVERY_AGENT", "AD_USER_DISCOVERY_AGENT", "AMT_PROXY_COMPONENT", "BOUNDARY_GROUP_MANAGER",
	"CLIENT_CONFIG_MANAGER", "CLIENT_HEALTH", "CLOUD_SERVICES_MANAGER", "CLOUD_USERSYNC", "DMP_DOWNLOADER", "DMP_UPLOADER", "DM_ENROLLMENT_SERVICE",
	"FALLBACK_STATUS_POINT", "HIERARCHY_INBOX", "INVENTORY_AGENT", "LAN_SENDER", "MIGRATION_MANAGER", "REST_PROVIDER", "SERVICE_CONNECTOR", "SQL_BACKUP_AGENT",
}

// withComponents adds what every site server keeps of its components: their logging
// settings, and the state of their threads.
func withComponents(registry map[string]map[string]any) map[string]map[string]any {
	for i, name := range components {
		for j, suffix := range []string{"", "_WORKER", "_MONITOR"} {
			key := fmt.Sprintf(`HKLM\SOFTWARE\Microsoft\SMS\Tracing\SMS_%s%s`, name, suffix)
			registry[key] = map[string]any{
				"DebugLogging": json.Number("0"), "Enabled": json.Number("1"), "LoggingLevel": json.Number("1"), "LogMaxHistory": json.Number("1"),
				"MaxFileSize":   json.Number(strconv.Itoa(2621440 + 1024*((i+j)%7))),
				"TraceFileName": fmt.Sprintf(`D:\Program Files\Microsoft Configuration Manager\Logs\%s%s.log`, name, suffix),
			}
		}
		registry[`HKLM\SOFTWARE\Microsoft\SMS\Components\SMS_EXECUTIVE\Threads\SMS_`+name] = map[string]any{
			"Current State": "Running", "Startup Type": "Automatic", "Requested Operation": "None",
			"DLL":               fmt.Sprintf(`D:\Program Files\Microsoft Configuration Manager\bin\x64\%s.dll`, strings.ToLower(name)),
			"Last State Change": written, "Last Requested Change": written, "Last Heartbeat": written,
		}
	}
	return registry
}

// written is when the threads of the demonstration last changed.
const written = "2026-11-19 22:00:00"
