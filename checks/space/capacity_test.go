package space

import (
	"errors"
	"math"
	"testing"

	"siteready/platform"
)

const gb = gibibyte

// made is a file on a volume, which may grow to a limit by steps.
func made(t *testing.T, size, maxPages, step, percent int64, volume string, free int64) dataFile {
	t.Helper()
	f, err := file("sql01", fileFacts{"x.mdf", size, maxPages, step, percent, &volume, &free, largestData})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRoom(t *testing.T) {
	type facts struct {
		size, maxPages, step, percent int64
		volume                        string
		free                          int64
	}
	const none, pages = -1, gb / pageSize
	for _, test := range []struct {
		name  string
		files []facts
		want  int64
	}{
		{"no limit: all that is free", []facts{{10 * gb, none, gb, 0, `E:\`, 7 * gb}}, 7 * gb},
		{"growth 0: its size", []facts{{10 * gb, none, 0, 0, `E:\`, 7 * gb}}, 0},
		{"limit 0: its size", []facts{{10 * gb, 0, gb, 0, `E:\`, 7 * gb}}, 0},
		{"capped below its volume", []facts{{10 * gb, 12 * pages, gb, 0, `E:\`, 700 * gb}}, 2 * gb},
		{"capped above its volume", []facts{{10 * gb, 900 * pages, gb, 0, `E:\`, 7 * gb}}, 7 * gb},
		{"larger than its cap", []facts{{10 * gb, 5 * pages, gb, 0, `E:\`, 7 * gb}}, 0},
		{"a full volume", []facts{{10 * gb, none, gb, 0, `E:\`, 0}}, 0},
		{"only whole steps", []facts{{10 * gb, none, 3 * gb, 0, `E:\`, 8 * gb}}, 6 * gb},
		{"no step fits", []facts{{10 * gb, none, 9 * gb, 0, `E:\`, 8 * gb}}, 0},
		{"the last step ends at the cap", []facts{{10 * gb, 14 * pages, 3 * gb, 0, `E:\`, 8 * gb}}, 4 * gb},
		{"two files share a volume", []facts{{10 * gb, none, gb, 0, `E:\`, 7 * gb}, {10 * gb, none, gb, 0, `E:\`, 7 * gb}}, 7 * gb},
		{"two spellings of a volume", []facts{{10 * gb, none, gb, 0, `E:\`, 7 * gb}, {10 * gb, none, gb, 0, `e:\`, 7 * gb}}, 7 * gb},
		{"two readings of a volume", []facts{{10 * gb, none, gb, 0, `E:\`, 7 * gb}, {10 * gb, none, gb, 0, `E:\`, 6 * gb}}, 6 * gb},
		{"two volumes", []facts{{10 * gb, none, gb, 0, `E:\`, 7 * gb}, {10 * gb, none, gb, 0, `F:\`, 5 * gb}}, 12 * gb},
		{"a mount point below another volume", []facts{{10 * gb, none, gb, 0, `E:\`, 7 * gb}, {10 * gb, none, gb, 0, `E:\Mounts\Data\`, 5 * gb}}, 12 * gb},
		{"two large steps do not fit together", []facts{{10 * gb, none, 4 * gb, 0, `E:\`, 7 * gb}, {10 * gb, none, 4 * gb, 0, `E:\`, 7 * gb}}, 4 * gb},
		{"what one leaves the other takes", []facts{{10 * gb, 12 * pages, gb, 0, `E:\`, 7 * gb}, {10 * gb, none, 5 * gb, 0, `E:\`, 7 * gb}}, 7 * gb},
		{"a percentage: each step is larger", []facts{{10 * gb, none, 5 * gb, 50, `E:\`, 12 * gb}}, 5 * gb},
		{"a percentage: two steps", []facts{{16 * gb, none, 8 * gb, 50, `E:\`, 20 * gb}}, 20 * gb},
		{"no data file is larger than 16 TB", []facts{{largestData - gb, none, gb / 2, 0, `E:\`, math.MaxInt64}}, gb},
	} {
		t.Run(test.name, func(t *testing.T) {
			var files []dataFile
			for _, f := range test.files {
				files = append(files, made(t, f.size, f.maxPages, f.step, f.percent, f.volume, f.free))
			}
			if got := room(files); got != test.want {
				t.Errorf("room for %d bytes, wanted %d", got, test.want)
			}
		})
	}
}

// What SQL Server cannot tell, or cannot mean, is never room.
func TestFileRefuses(t *testing.T) {
	volume, nowhere, free, below := `E:\`, "", int64(gb), int64(-1)
	for _, test := range []struct {
		name  string
		facts fileFacts
		want  error
	}{
		{"no volume", fileFacts{"x", gb, -1, gb, 0, nil, &free, largestData}, platform.ErrUnsupported},
		{"a volume without a name", fileFacts{"x", gb, -1, gb, 0, &nowhere, &free, largestData}, platform.ErrUnsupported},
		{"no free space", fileFacts{"x", gb, -1, gb, 0, &volume, nil, largestData}, platform.ErrUnsupported},
		{"free space below nothing", fileFacts{"x", gb, -1, gb, 0, &volume, &below, largestData}, platform.ErrMalformed},
		{"no size", fileFacts{"x", 0, -1, gb, 0, &volume, &free, largestData}, platform.ErrMalformed},
		{"an unknown limit", fileFacts{"x", gb, -2, gb, 0, &volume, &free, largestData}, platform.ErrMalformed},
		{"a step below nothing", fileFacts{"x", gb, -1, -1, 0, &volume, &free, largestData}, platform.ErrMalformed},
		{"a file larger than any", fileFacts{"x", largestData + 1, -1, gb, 0, &volume, &free, largestData}, platform.ErrMalformed},
		{"a percentage that nobody sets", fileFacts{"x", gb, -1, gb, 1 << 20, &volume, &free, largestData}, platform.ErrMalformed},
		{"a percentage below nothing", fileFacts{"x", gb, -1, gb, -1, &volume, &free, largestData}, platform.ErrMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			if f, err := file("sql01", test.facts); !errors.Is(err, test.want) {
				t.Errorf("%+v, %v, wanted %v", f, err, test.want)
			}
		})
	}
}

func TestPoolCheck(t *testing.T) {
	files := []dataFile{made(t, gb, -1, gb, 0, `E:\`, gb)}
	for _, test := range []struct {
		name string
		pool pool
		fine bool
	}{
		{"empty", pool{files: files}, true},
		{"full", pool{files: files, used: gb}, true},
		{"more used than there is", pool{files: files, used: gb + 1}, false},
		{"less than nothing used", pool{files: files, used: -1}, false},
		{"no files", pool{}, false},
	} {
		if err := test.pool.check("sql01"); (err == nil) != test.fine {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// Whatever the files are: they never become smaller, never take more than is free, and with
// more free space never less; a volume that two files share counts once.
func FuzzRoom(f *testing.F) {
	f.Add(int64(gb), int64(-1), int64(gb), int64(0), int64(gb), int64(200), int64(gb), int64(10), int64(3*gb), int64(gb), true)
	f.Add(int64(gb), int64(0), int64(0), int64(50), int64(5), int64(-1), int64(1), int64(0), int64(1), int64(math.MaxInt64), false)
	f.Add(int64(8192), int64(math.MaxInt64), int64(1<<30), int64(1), int64(1<<40), int64(-1), int64(7), int64(100), int64(0), int64(9), true)
	f.Fuzz(func(t *testing.T, size1, max1, step1, percent1, size2, max2, step2, percent2, free, more int64, shared bool) {
		const sane = 1 << 50
		within := func(v, least int64) int64 { return least + int64(uint64(v)%sane) }
		size1, size2 = 1+int64(uint64(size1)%largestData), 1+int64(uint64(size2)%largestData)
		step1, step2 = within(step1, 0), within(step2, 0)
		max1, max2 = within(max1, -1), within(max2, -1)
		percent1, percent2 = int64(uint64(percent1)%101), int64(uint64(percent2)%101)
		free, more = within(free, 0), within(more, 0)
		second := `F:\`
		if shared {
			second = `E:\`
		}
		at := func(free int64) []dataFile {
			return []dataFile{made(t, size1, max1, step1, percent1, `E:\`, free), made(t, size2, max2, step2, percent2, second, free)}
		}
		files := at(free)
		got, volumes := room(files), int64(2)
		if shared {
			volumes = 1
		}
		if got < 0 || got > volumes*free {
			t.Errorf("room for %d bytes on %d volumes with %d free", got, volumes, free)
		}
		if alone := room(files[:1]) + room(files[1:]); got > alone {
			t.Errorf("together %d, alone %d", got, alone)
		}
		p := pool{files: files, most: noLimit}
		if p.capacity() < p.size() {
			t.Errorf("capacity %d is below the size %d", p.capacity(), p.size())
		}
		if larger := room(at(free + more)); larger < got {
			t.Errorf("with %d bytes more, room fell from %d to %d", more, got, larger)
		}
		if percent1 == 0 && percent2 == 0 && (step1 == 0 || max1 == 0) && (step2 == 0 || max2 == 0) && got != 0 {
			t.Errorf("files that cannot grow have room for %d bytes", got)
		}
	})
}
