package sqlservertest_test

import (
	"runtime"
	"strings"
	"testing"

	"siteready/platform/sqlserver/sqlservertest"
)

// FuzzStream gives the server all that a client sends: no panic, an end, and memory in proportion.
// The seeds are a session of the driver, with a batch, a call with parameters of all kinds, and garbage.
func FuzzStream(f *testing.F) {
	results := sqlservertest.Tables{"rows": numbered(3, "x"), "count": count(7)}
	s := start(f, sqlservertest.NotSupported, results)
	db, wire := open(f, s, nil)
	if _, err := queryCount(f.Context(), db, "count"); err != nil {
		f.Fatal(err)
	}
	batch, _ := wire.bytes()
	f.Add(batch, false)
	f.Add(batch, true)
	if _, err := queryCount(f.Context(), db, "count", int64(-5), true, 2.5, "Größe", []byte{1, 0, 255}, nil); err != nil {
		f.Fatal(err)
	}
	both, _ := wire.bytes()
	f.Add(both, false)
	logOn := packets(both)
	prefix := string(both[:logOn[0].size+logOn[1].size])
	headers := "\x04\x00\x00\x00"
	for _, request := range []string{
		pkt(6, ""),
		pkt(1, headers+string(wide("/* siteready: rows */ SELECT 1; /* siteready: count */ SELECT 2"))) + pkt(6, ""),
		pkt(1, headers+string(wide("SET LOCK_TIMEOUT 5000; SET DEADLOCK_PRIORITY LOW"))),
		pkt(1, headers+strings.Repeat(string(wide("/* siteready: ")), 20)),
		pkt(3, headers+"\x06\x00"+string(wide("sp_who"))+"\x00\x00"),
		pkt(3, headers+"\xFF\xFF\x0A\x00\x00\x00"+
			"\x00\x00\xE7\xFF\xFF\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00x\x00\x00\x00\x00\x00"+
			"\x00\x00\x6A\x11\x26\x02\x05\x00\x01\x02\x03\x04"+
			"\x00\x00\x24\x10\x100123456789ABCDEF"+
			"\x00\x00\x2B\x07\x0A0123456789"+
			"\x00\x00\x6F\x08\x0801234567"+
			"\x00\x00\x28\x03012"+
			"\x00\x00\x1F"),
	} {
		f.Add([]byte(prefix+request), false)
	}
	config := sqlservertest.Config{
		User: user, Password: password,
		Databases: map[string]sqlservertest.Tables{"CM_PS1": results},
	}
	f.Fuzz(func(t *testing.T, stream []byte, encrypted bool) {
		c := config
		if encrypted {
			c.Encryption = sqlservertest.LoginOnly
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		sqlservertest.ServeStream(c, stream)
		runtime.ReadMemStats(&after)
		if used, most := after.TotalAlloc-before.TotalAlloc, uint64(1<<20+200*len(stream)); used > most {
			t.Errorf("%d bytes took %d of memory; at most %d", len(stream), used, most)
		}
	})
}
