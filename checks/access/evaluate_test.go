package access_test

import (
	"math/rand/v2"
	"testing"

	"siteready/checks/access"
	"siteready/platform"
)

const (
	me      = "S-1-5-21-1-2-3-1105"
	mine    = "S-1-5-32-544" // a group that I am in
	others  = "S-1-5-32-545" // one that I am not in
	domains = "S-1-5-21-1-2-3-512"
	second  = "S-1-5-21-1-2-3-513"
)

// known is what is known of me.
func known(sid string) access.Belongs {
	switch sid {
	case me, mine:
		return access.Inside
	case others:
		return access.Outside
	}
	return access.Unclear
}

func allow(sid string, mask uint32, flags uint8) platform.AccessEntry {
	return platform.AccessEntry{SID: sid, Type: platform.AccessAllow, Mask: mask, Flags: flags}
}

func deny(sid string, mask uint32, flags uint8) platform.AccessEntry {
	return platform.AccessEntry{SID: sid, Type: platform.AccessDeny, Mask: mask, Flags: flags}
}

func listOf(entries ...platform.AccessEntry) platform.AccessList {
	return platform.AccessList{Owner: "S-1-5-18", Count: len(entries), Entries: entries}
}

const full = 0x1F01FF

func TestEvaluate(t *testing.T) {
	const write = access.List | access.AddFiles
	condition := func(e platform.AccessEntry) platform.AccessEntry { e.Type += "_if"; return e }
	for _, test := range []struct {
		name   string
		list   platform.AccessList
		scope  access.Scope
		wanted uint32
		want   access.Verdict
	}{
		{"full control", listOf(allow(mine, full, 3)), access.TheFolder, write, access.Granted},
		{"its own entry", listOf(allow(me, full, 0)), access.TheFolder, write, access.Granted},
		{"no entry", listOf(), access.TheFolder, write, access.Denied},
		{"no list at all", platform.AccessList{Owner: me, Open: true}, access.TheFolder, write, access.Granted},
		{"another's entry", listOf(allow(others, full, 3)), access.TheFolder, write, access.Denied},
		{"a part of the rights", listOf(allow(mine, access.List, 0)), access.TheFolder, write, access.Denied},
		{"two parts of the rights", listOf(allow(mine, access.List, 0), allow(me, access.AddFiles, 0)), access.TheFolder, write, access.Granted},
		{"denied before allowed", listOf(deny(me, access.AddFiles, 0), allow(mine, full, 0)), access.TheFolder, write, access.Denied},
		{"allowed before denied, which Windows goes by", listOf(allow(mine, full, 0), deny(me, access.AddFiles, 0)), access.TheFolder, write, access.Granted},
		{"something else is denied", listOf(deny(me, access.Delete, 0), allow(mine, full, 0)), access.TheFolder, write, access.Granted},
		{"another is denied", listOf(deny(others, full, 0), allow(mine, full, 0)), access.TheFolder, write, access.Granted},
		{"denied for those below alone", listOf(deny(me, full, 0xB), allow(mine, full, 0)), access.TheFolder, write, access.Granted},
		{"allowed for those below alone", listOf(allow(mine, full, 0xB)), access.TheFolder, write, access.Denied},
		{"allowed for those below alone, for files", listOf(allow(mine, full, 0xB)), access.FilesIn, write, access.Granted},
		{"allowed for the folder alone, for files", listOf(allow(mine, full, 0)), access.FilesIn, write, access.Denied},
		{"allowed for folders below, for files", listOf(allow(mine, full, 2)), access.FilesIn, write, access.Denied},
		{"inherited itself", listOf(allow(mine, full, 0x13)), access.TheFolder, write, access.Granted},
		{"all in general", listOf(allow(mine, 0x10000000, 0)), access.TheFolder, write | access.AddFolders | access.Delete, access.Granted},
		{"writing in general", listOf(allow(mine, 0x40000000, 0)), access.TheFolder, access.AddFiles | access.AddFolders, access.Granted},
		{"writing in general is no reading", listOf(allow(mine, 0x40000000, 0)), access.TheFolder, access.List, access.Denied},
		{"reading in general", listOf(allow(mine, 0x80000000, 0)), access.FilesIn, access.ReadData, access.Denied},
		{"reading and executing in general", listOf(allow(mine, 0xA0000000, 1)), access.FilesIn, access.ReadData | access.Execute, access.Granted},
		{"denied in general", listOf(deny(mine, 0x40000000, 0), allow(mine, full, 0)), access.TheFolder, write, access.Denied},
		{"a group that may be mine", listOf(allow(domains, full, 0)), access.TheFolder, write, access.Unknown},
		{"a group that may be mine, and one that is", listOf(allow(domains, full, 0), allow(mine, full, 0)), access.TheFolder, write, access.Granted},
		{"denied to one that may be mine", listOf(deny(domains, full, 0), allow(mine, full, 0)), access.TheFolder, write, access.Unknown},
		{"denied to one that may be mine, too late", listOf(allow(mine, full, 0), deny(domains, full, 0)), access.TheFolder, write, access.Granted},
		{"one that may be mine allows and denies", listOf(allow(domains, full, 0), deny(domains, full, 0), allow(mine, full, 0)), access.TheFolder, write, access.Granted},
		{"one that may be mine allows, and I am denied", listOf(allow(domains, access.List, 0), deny(me, access.AddFiles, 0), allow(mine, full, 0)), access.TheFolder, write, access.Denied},
		{"under a condition", listOf(condition(allow(mine, full, 0))), access.TheFolder, write, access.Unknown},
		{"denied under a condition", listOf(condition(deny(mine, full, 0)), allow(mine, full, 0)), access.TheFolder, write, access.Unknown},
		{"another's condition", listOf(condition(deny(others, full, 0)), allow(mine, full, 0)), access.TheFolder, write, access.Granted},
		{"a condition, and without it", listOf(condition(allow(mine, full, 0)), deny(mine, full, 0)), access.TheFolder, write, access.Unknown},
		{"a list that goes on", platform.AccessList{Count: 2, More: true}, access.TheFolder, write, access.Unknown},
		{"a list that goes on behind what decides", platform.AccessList{Count: 2, More: true, Entries: []platform.AccessEntry{deny(me, full, 0)}}, access.TheFolder, write, access.Denied},
		{"nothing is wanted", listOf(), access.TheFolder, 0, access.Granted},
	} {
		if got := access.Evaluate(test.list, test.scope, known, test.wanted); got != test.want {
			t.Errorf("%s: %v, wanted %v", test.name, got, test.want)
		}
	}
}

// windows goes through a list as Windows says that it does: with all that is wanted at once, and for
// somebody whose every group is known.
func windows(entries []platform.AccessEntry, in func(i int) bool, wanted uint32) bool {
	for i, entry := range entries {
		if !in(i) {
			continue
		}
		mask := entry.Mask
		if mask&0x10000000 != 0 {
			mask |= full
		}
		if entry.Type == platform.AccessDeny || entry.Type == platform.AccessDenyIf {
			if mask&wanted != 0 {
				return false
			}
			continue
		}
		if wanted &^= mask; wanted == 0 {
			return true
		}
	}
	return wanted == 0
}

// FuzzEvaluate compares Evaluate with every case that there can be: each unclear group once with me in
// it and once without, each condition once met and once not. What is granted is granted in all of
// them, what is denied in none; and where one right alone is wanted, what is unknown is granted in some.
func FuzzEvaluate(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed, uint32(access.List|access.AddFiles))
	}
	sids := []string{me, mine, others, domains, second}
	types := []string{platform.AccessAllow, platform.AccessDeny, platform.AccessAllow, platform.AccessDeny, platform.AccessAllowIf, platform.AccessDenyIf}
	f.Fuzz(func(t *testing.T, seed uint64, wanted uint32) {
		wanted &= 0x7 // three rights are enough, and more than three would rarely be granted
		r := rand.New(rand.NewPCG(seed, 1))
		var list platform.AccessList
		for range r.IntN(6) {
			mask := r.Uint32N(8)
			if r.IntN(8) == 0 {
				mask = 0x10000000
			}
			list.Entries = append(list.Entries, platform.AccessEntry{SID: sids[r.IntN(len(sids))], Type: types[r.IntN(len(types))], Mask: mask})
		}
		list.Count = len(list.Entries)
		got := access.Evaluate(list, access.TheFolder, known, wanted)
		granted, cases := 0, 0
		for bits := range 1 << (2 + len(list.Entries)) {
			cases++
			in := func(i int) bool {
				entry := list.Entries[i]
				if (entry.Type == platform.AccessAllowIf || entry.Type == platform.AccessDenyIf) && bits>>(2+i)&1 == 0 {
					return false
				}
				switch entry.SID {
				case domains:
					return bits&1 != 0
				case second:
					return bits&2 != 0
				}
				return known(entry.SID) == access.Inside
			}
			if windows(list.Entries, in, wanted) {
				granted++
			}
		}
		single := wanted&(wanted-1) == 0
		switch {
		case got == access.Granted && granted != cases, got == access.Denied && granted != 0,
			got == access.Unknown && single && (granted == 0 || granted == cases),
			got == access.Unknown && granted == cases:
			t.Errorf("%+v, wanted %#x: %v, and granted in %d of %d cases", list.Entries, wanted, got, granted, cases)
		}
	})
}
