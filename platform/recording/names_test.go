package recording

import (
	"fmt"
	"testing"

	"siteready/platform"
)

// found is what is known of a site with a server, a domain, a user, an instance, a database
// and a site code.
func found() *names {
	n := &names{
		known: map[string]string{}, sorts: map[string]sort{}, others: map[string]string{}, counts: map[sort]int{}, everyones: map[string]bool{},
		vocabulary: vocabulary([]platform.Form{platform.ReadKey(`HKLM\SOFTWARE\Microsoft\SMS\Setup`).Form()}), coded: map[string]string{},
	}
	n.host(`Winterfell.north.westeros.com\IronThrone,50123`)
	n.domain("WESTEROS")
	n.account(`WESTEROS\stark`)
	n.account(`WESTEROS\backup`)
	n.database("Ravens")
	n.site("NTH")
	n.host("setup")
	n.seal()
	return n
}

func TestText(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"winterfell", "host01"},
		{"WINTERFELL is away", "HOST01 is away"},
		{"on WinterFell.North.Westeros.Com:1433", "on host01.domain01.example:1433"},
		{`\\winterfell\share$\x`, `\\host01\share$\x`},
		{"westeros.com", "domain02.example"},
		{"bran@westeros.com", "bran@domain02.example"}, // bran was not found before
		{`for 'WESTEROS\stark'`, `for 'DOMAIN02\user01'`},
		{`WESTEROS\backup of the backup`, `DOMAIN02\user02 of the backup`},
		{"svcwinterfell2", "svchost012"}, // a long name is found inside of words
		{"starkly", "starkly"},           // a short one is not
		{`D:\SQL\MSSQL15.IRONTHRONE\ravens_log.ldf`, `D:\SQL\MSSQL15.INSTANCE01\database01_log.ldf`},
		{"CM_NTH, cm_nth and Cm_nth_log", "CM_S01, cm_s01 and Cm_s01_log"},
		{"ConfigMgrDRS_SiteNTH", "ConfigMgrDRS_SiteS01"},
		{"month, NTHs", "month, NTHs"},
		{"setup of SETUP", "setup of SETUP"}, // a common word
		{`\\Setup\x`, `\\host02\x`},
		{"", ""},

		{"10.20.30.40:1433 and 10.20.30.41", "192.0.2.1:1433 and 192.0.2.2"},
		{"127.0.0.1, 0.0.0.0, 255.255.255.0 and ::1", "127.0.0.1, 0.0.0.0, 255.255.255.0 and ::1"},
		{"version 10.20.30.40 is 5.00.9132.1000", "version 10.20.30.40 is 5.00.9132.1000"},
		{"1.2.3.4.5", "1.2.3.4.5"},
		{"[2001:470::7]:443 on fe80::1%eth0.", "[2001:db8::1]:443 on 2001:db8::2."},
		{"at 10:20:30, HKLM::x", "at 10:20:30, HKLM::x"},
		{"S-1-5-21-1-2-3-500, s-1-5-21-1-2-3-1105 and S-1-5-21-9-2-3-500", "S-1-5-21-1000000000-1000000000-1-500, s-1-5-21-1000000000-1000000000-1-1001 and S-1-5-21-1000000000-1000000000-2-500"},
		{"S-1-5-32-544 and S-1-5-18", "S-1-5-32-544 and S-1-5-18"},
	} {
		if got := found().text(test.text); got != test.want {
			t.Errorf("%s: %s; want %s", test.text, got, test.want)
		}
	}
}

// Where a name must stand a common word is replaced too; what everybody has never is.
func TestWhole(t *testing.T) {
	n := found()
	for text, want := range map[string]string{
		"SETUP": "HOST02", "backup": "user02", "NTH": "S01", "LocalSystem": "LocalSystem", `NT AUTHORITY\SYSTEM`: `NT AUTHORITY\SYSTEM`, "": "",
	} {
		if got := n.whole(text); got != want {
			t.Errorf("%s: %s; want %s", text, got, want)
		}
	}
	for _, instance := range []string{"(local)", "localhost", ".", "127.0.0.1,1433", "MSSQLSERVER"} {
		if got := n.instance(instance); got != instance {
			t.Errorf("%s became %s", instance, got)
		}
	}
}

// What everybody has, and what belongs to makers, is never taken for a name.
func TestNoNames(t *testing.T) {
	n := found()
	before := fmt.Sprint(n.known, n.coded)
	for _, text := range []string{
		"https://go.microsoft.com/fwlink", `C:\Windows\Microsoft.NET\Framework`, `'NT SERVICE\MSSQLSERVER'`, `HKLM\SOFTWARE\Microsoft\SMS`,
		"sys.dm_os_volume_stats", "msdb.dbo.backupset", `D:\Program Files\x.mdf`, "18.4.1.1", `'SMS\Setup'`,
	} {
		n.search(text)
	}
	for _, account := range []string{"LocalSystem", `NT AUTHORITY\NETWORK SERVICE`, `BUILTIN\Administrators`, `NT SERVICE\x`, "sa"} {
		n.take(userName, account)
	}
	n.take(databaseName, "master")
	n.take(instanceName, "MSSQLSERVER")
	if after := fmt.Sprint(n.known, n.coded); after != before {
		t.Errorf("names were found:\n%s\n%s", before, after)
	}
}

// A pseudonym that is in the file already would stand for two things.
func TestPseudonymIsFree(t *testing.T) {
	n := found()
	n.corpus = "s02 and host03"
	if code, host := n.pseudonym(siteCode, "XYZ"), n.pseudonym(hostName, "kingslanding"); code != "s03" || host != "host04" {
		t.Errorf("the pseudonyms are %s and %s", code, host)
	}
}

// In a maker's domain that all share, only what somebody chose is replaced; a maker's own host, which
// a question names, stays.
func TestSharedDomains(t *testing.T) {
	n := found()
	n.makers = makers([]platform.Form{platform.ReadTCP("cmbitsstore.blob.core.windows.net:443").Form(), platform.ReadTCP("{server}:443").Form()})
	for _, test := range []struct{ host, want string }{
		{"gateway.westeurope.cloudapp.azure.com", "host03.domain03.cloudapp.azure.com"},
		{"gateway.cloudapp.net", "host03.cloudapp.net"},
		{"ravens1.blob.core.windows.net", "host04.blob.core.windows.net"},
		{"cmbitsstore.blob.core.windows.net", "cmbitsstore.blob.core.windows.net"},
		{"download.windowsupdate.com", "download.windowsupdate.com"},
		{"westeros.sharepoint.com", "domain02.sharepoint.com"},
	} {
		if got := n.host(test.host); got != test.want {
			t.Errorf("%s: %s; want %s", test.host, got, test.want)
		}
	}
	if got := n.domain("westeros.onmicrosoft.com"); got != "domain02.onmicrosoft.com" {
		t.Errorf("the domain is %s", got)
	}
}
