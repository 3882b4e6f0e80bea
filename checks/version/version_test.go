package version_test

import (
	"testing"

	"siteready/checks/version"
)

func TestParse(t *testing.T) {
	tests := []struct {
		text  string
		parts [4]uint32
	}{
		{"0", [4]uint32{}},
		{"18", [4]uint32{18}},
		{"10.0", [4]uint32{10}},
		{"11.4.7001", [4]uint32{11, 4, 7001}},
		{"18.4.1.1", [4]uint32{18, 4, 1, 1}},
		{"5.00.9128.1000", [4]uint32{5, 0, 9128, 1000}},
		{"007.010.0001.1", [4]uint32{7, 10, 1, 1}},
		{"4294967295.4294967295.4294967295.4294967295", [4]uint32{1<<32 - 1, 1<<32 - 1, 1<<32 - 1, 1<<32 - 1}},
	}
	for _, tt := range tests {
		v, err := version.Parse(tt.text)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		for i, want := range tt.parts {
			if got := v.Part(i); got != want {
				t.Errorf("part %d of %q is %d, wanted %d", i, tt.text, got, want)
			}
		}
		if v.String() != tt.text {
			t.Errorf("%q became %q", tt.text, v)
		}
	}
}

// refused are texts that are no versions.
var refused = []string{
	"", " ", ".", "1.", ".1", "1..2", "1.2.3.4.5", "1.2.3.4.", "+1", "1.+2", "-1", "1.-2", " 1", "1 ", "1. 2", "1.2\n", "\u00a01",
	"4294967296", "1.99999999999999999999", "13.0.6300.2 (SP3)", "18,4,1,1", "v18.4", "18.x", "18.*.7001.0", "0x10", "1_000", "1e3", "eighteen",
	"\u0661", "1\x00", "5.00.9128.1000;",
}

func TestParseRefuses(t *testing.T) {
	for _, text := range refused {
		if v, err := version.Parse(text); err == nil || v != (version.Version{}) {
			t.Errorf("%q became %q, %v", text, v, err)
		}
	}
}

func TestMustParse(t *testing.T) {
	if v := version.MustParse("18.4.1.1"); v.Part(1) != 4 {
		t.Error(v)
	}
	defer func() {
		if recover() == nil {
			t.Error("MustParse took what is no version")
		}
	}()
	version.MustParse("18.4 beta")
}

func TestCompare(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"1", "1.0.0.0", 0},
		{"5.00.9128.1000", "5.0.9128.1000", 0},
		{"1", "2", -1},
		{"9.9.9.9", "10", -1}, // as numbers, not as text
		{"18.4.1.0", "18.4.1.1", -1},
		{"18.4.1", "18.4.1.1", -1},
		{"18.4.1.1", "18.4.2.0", -1},
		{"18.10", "18.9.9.9", 1},
		{"11.4.7001.0", "11.4.7000.4294967295", 1},
		{"4294967295", "0", 1}, // no sign, no overflow
	}
	for _, tt := range tests {
		a, b := version.MustParse(tt.a), version.MustParse(tt.b)
		if got := a.Compare(b); got != tt.want {
			t.Errorf("%s to %s is %d, wanted %d", a, b, got, tt.want)
		}
		if got := b.Compare(a); got != -tt.want {
			t.Errorf("%s to %s is %d, wanted %d", b, a, got, -tt.want)
		}
		if a.Less(b) != (tt.want < 0) || b.Less(a) != (tt.want > 0) || a.Less(a) {
			t.Errorf("Less and Compare of %s and %s disagree", a, b)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range refused {
		f.Add(text, "1.2")
	}
	for _, text := range []string{"0", "18.4.1.1", "5.00.9128.1000", "4294967295.0.4294967295"} {
		f.Add(text, "18.4")
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		v, err := version.Parse(a)
		if err != nil {
			return
		}
		if v.String() != a {
			t.Errorf("%q became %q", a, v)
		}
		if again, err := version.Parse(v.String()); err != nil || again != v {
			t.Errorf("%q came back as %q, %v", v, again, err)
		}
		if v.Compare(v) != 0 {
			t.Errorf("%q is not equal to itself", v)
		}
		w, err := version.Parse(b)
		if err != nil {
			return
		}
		if v.Compare(w) != -w.Compare(v) {
			t.Errorf("%q and %q: %d and %d", v, w, v.Compare(w), w.Compare(v))
		}
		same := v.Part(0) == w.Part(0) && v.Part(1) == w.Part(1) && v.Part(2) == w.Part(2) && v.Part(3) == w.Part(3)
		if same != (v.Compare(w) == 0) || v.Less(w) != (v.Compare(w) < 0) {
			t.Errorf("%q and %q: %d", v, w, v.Compare(w))
		}
	})
}
