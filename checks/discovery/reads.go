package discovery

import "siteready/platform"

// DescribeReads are the questions that Describe asks.
func DescribeReads() []platform.Form {
	return append(DatabasesReads(), platform.ReadComputer().Form(), siteServers.In("{SQL Server}", "{site database}").Form(),
		initialServer.In("{SQL Server}", "{database}").Form())
}

// DescribeRights are the rights that DescribeReads need. Without the one on SQL Server the
// report does not say which of two site servers is the passive one, and which of several
// management servers of Service Manager the initial one.
func DescribeRights() []string {
	return []string{
		RegistryRight,
		"SQL Server: SELECT on vSMS_SC_SysResUse and EXECUTE on fnGetSiteCode in the site database",
		InitialServerRight,
	}
}
