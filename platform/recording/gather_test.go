package recording

import "testing"

func empty() *names {
	return &names{
		known: map[string]string{}, sorts: map[string]sort{}, others: map[string]string{}, counts: map[sort]int{}, everyones: map[string]bool{},
		vocabulary: vocabulary(nil), coded: map[string]string{},
	}
}

// A name that stands in one text alone is known by its form.
func TestForms(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`\\braavos\Bank$\x and \\BRAAVOS\bank$`, `\\host01\share01$\x and \\HOST01\share01$`},
		{`\\braavos\logs.`, `\\host01\share01.`}, // a common word is replaced behind a server
		{`logs on \\braavos\logs`, `logs on \\host01\share01`},
		{`\??\UNC\braavos\data\x`, `\??\UNC\host01\share01\x`},
		{`\\10.20.30.40\ledger`, `\\192.0.2.1\share01`},
		{`\\braavos\D$\x, \\braavos\ADMIN$ and \\braavos\SMSPKGE$`, `\\host01\D$\x, \\host01\ADMIN$ and \\host01\SMSPKGE$`},
		{`\\braavos\SMS_NTH and CM_NTH`, `\\host01\SMS_S01 and CM_S01`},
		{`\\braavos\root\sms\site_NTH`, `\\host01\root\sms\site_NTH`}, // nothing says here that it is a site's code
		{`https://ravens:8531/x and ldap://DC=north,DC=com`, `https://host01:8531/x and ldap://DC=domain01,DC=com`},
		{`Server=tcp:ravens,1433;Database=Scrolls;x`, `Server=tcp:host01,1433;Database=database01;x`},
		{`MSSQLSvc/ravens:1433, HOST/Ravens`, `MSSQLSvc/host01:1433, HOST/host01`},
		{`by NORTH\snow at dawn`, `by DOMAIN01\user01 at dawn`},
		{`'NORTH\jon snow' fell`, `'DOMAIN01\user01' fell`},
		{`by NORTH\snow; then NORTH\arya and D:\NORTH\wall`, `by DOMAIN01\user01; then DOMAIN01\user02 and D:\DOMAIN01\wall`},
		{`\\braavos\x$ and BRAAVOS\IRON/Vault`, `\\host01\x$ and HOST01\USER01/database01`},
		{`mail müller@winter.north.com`, `mail user01@domain01.example`},
		{`on münster.winter.com`, `on host01.domain01.example`},
		{`LDAP://CN=Wall Keep,OU=Nights Watch,DC=north,DC=com`, `LDAP://CN=name01,OU=name02,DC=domain01,DC=com`},
		{`Stopped, 5.00.9132.1000 at C:\Windows\System32\x.dll`, `Stopped, 5.00.9132.1000 at C:\Windows\System32\x.dll`},
	} {
		n := empty()
		n.search(test.text)
		n.searchByNames(test.text)
		n.seal()
		if got := n.text(test.text); got != test.want {
			t.Errorf("%s: %s; want %s", test.text, got, test.want)
		}
	}
}

// A share's name may have spaces where the whole text is its path.
func TestWholePath(t *testing.T) {
	n := empty()
	n.wholePath(`\\braavos\Gold and Silver\x`)
	n.wholePath(`C:\Gold`)
	n.wholePath(`\\braavos`)
	n.wholePath(`\\`)
	n.seal()
	if got := n.whole(`\\braavos\Gold and Silver\x`); got != `\\host01\share01\x` {
		t.Error(got)
	}
}

// Each part of a distinguished name is replaced, also one that is a common word; what says
// nothing of its owner stays.
func TestDistinguished(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`CN=winterfell.north.com, O="House Stark, Ltd", C=DE`, `CN=host01.domain01.example, O="name01", C=DE`},
		{`CN=*.north.com+OU=Backup;L=Wall`, `CN=*.domain01.example+OU=name01;L=name02`},
		{`E=snow@north.com, CN="the ""bastard"""`, `E=user01@domain01.example, CN="name01"`},
		{`CN=Issuing CA, DC=winter, DC=north, DC=com`, `CN=name01, DC=domain01, DC=domain02, DC=com`},
		{`CN=Microsoft RSA TLS CA 01, O=Microsoft Corporation, C=US`, `CN=Microsoft RSA TLS CA 01, O=Microsoft Corporation, C=US`},
		{`CN=SMS Issuing, CN=Site System`, `CN=SMS Issuing, CN=Site System`},
		{`SERIALNUMBER=4711, OID.2.5.4.5=4712`, `SERIALNUMBER=name01, OID.2.5.4.5=name02`},
		{`Winterfell`, `name01`},
		{`CN=a b, broken "c`, `name01`},
		{``, ``},
	} {
		n := empty()
		n.take(distinguishedName, test.text)
		n.seal()
		if got := n.distinguished(test.text); got != test.want {
			t.Errorf("%s: %s; want %s", test.text, got, test.want)
		}
	}
}

func TestUsage(t *testing.T) {
	n := empty()
	for _, test := range []struct{ oid, want string }{
		{"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.1"},
		{"1.3.6.1.4.1.311.10.3.4", "1.3.6.1.4.1.311.10.3.4"},
		{"1.3.6.1.4.1.311.21.8.1.2", "1.3.6.1.4.1.32473.1"},
		{"1.3.6.1.4.1.31100.1", "1.3.6.1.4.1.32473.2"},
		{"1.3.6.1.4.1.311.21.8.1.2", "1.3.6.1.4.1.32473.1"},
	} {
		if got := n.usage(test.oid); got != test.want {
			t.Errorf("%s: %s; want %s", test.oid, got, test.want)
		}
	}
}

// What is put together from parts looks as what was there as a whole.
func TestStyled(t *testing.T) {
	for _, test := range []struct{ pseudonym, original, want string }{
		{`domain01\host01$`, `WESTEROS\winterfell$`, `DOMAIN01\host01$`},
		{`domain01\host01$`, `westeros\WINTERFELL$`, `domain01\HOST01$`},
		{"host01.domain01.example", "WINTERFELL.north.westeros.com", "HOST01.domain01.example"},
		{"user01@domain01.example", "STARK@westeros.com", "USER01@domain01.example"},
		{"domain01.example", "WESTEROS", "DOMAIN01.EXAMPLE"},
		{"s01", "001", "S01"},
	} {
		if got := styled(test.pseudonym, test.original); got != test.want {
			t.Errorf("%s for %s: %s; want %s", test.pseudonym, test.original, got, test.want)
		}
	}
}
