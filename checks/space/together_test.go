package space

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTogether(t *testing.T) {
	full := func(name string, files ...dataFile) pool {
		p := pool{name: name, files: files, most: noLimit}
		p.used = p.size()
		return p
	}
	on := func(volume string, size, free int64) dataFile { return made(t, size, -1, gb/4, 0, volume, free) }
	limited := func(p pool, most int64) pool {
		p.most = most
		return p
	}
	for _, test := range []struct {
		name  string
		pools []pool
		want  lack
	}{
		{"nobody", nil, lack{}},
		{"alone it lacks nothing that it could have", []pool{full("a", on("e", 8*gb, gb))}, lack{}},
		{"both fit", []pool{full("a", on("e", 8*gb, 4*gb)), full("b", on("e", 8*gb, 4*gb))}, lack{}},
		{"both do not fit", []pool{full("a", on("e", 8*gb, 3*gb)), full("b", on("e", 8*gb, 3*gb))}, lack{gb, map[string]bool{"e": true}}},
		{"a volume of its own", []pool{full("a", on("e", 8*gb, 2*gb)), full("b", on("f", 8*gb, 2*gb))}, lack{}},
		{
			"one gives way to the other",
			[]pool{full("a", on("e", 4*gb, 2*gb), on("f", 4*gb, 2*gb)), full("b", on("e", 8*gb, 2*gb))},
			lack{},
		},
		{
			"nobody can give way",
			[]pool{full("a", on("e", 4*gb, gb), on("f", 4*gb, gb)), full("b", on("e", 4*gb, gb), on("f", 4*gb, gb))},
			lack{2 * gb, map[string]bool{"e": true, "f": true}},
		},
		{
			"only the shared volume is named",
			[]pool{full("a", on("e", 8*gb, gb)), full("b", on("e", 8*gb, gb)), full("c", on("f", 8*gb, 9*gb))},
			lack{gb, map[string]bool{"e": true}},
		},
		{
			"an edition's limit takes nothing from the others",
			[]pool{limited(full("a", on("e", 8*gb, 2*gb)), 0), full("b", on("e", 8*gb, 2*gb))},
			lack{},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := together(test.pools, 80)
			if got.bytes != test.want.bytes {
				t.Errorf("%d bytes are lacking, wanted %d", got.bytes, test.want.bytes)
			}
			want := test.want.on
			if want == nil {
				want = map[string]bool{}
			}
			if diff := cmp.Diff(want, got.on); diff != "" {
				t.Errorf("full volumes (- wanted, + got):\n%s", diff)
			}
		})
	}
}
