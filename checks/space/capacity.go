package space

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"siteready/platform"
)

// A file has pages of 8 KB, and no file of SQL Server becomes larger than this.
const (
	pageSize     = 8192
	largestData  = 16 << 40
	largestLog   = 2 << 40
	smallestStep = 64 << 10 // a step of a percentage is at least one extent
	steepest     = 100_000  // percent; far more than anybody sets
)

// dataFile is a file of a database as far as its growth goes. All sizes are bytes.
type dataFile struct {
	path    string
	size    int64
	limit   int64 // it never becomes larger than this; its size when it cannot grow
	step    int64 // the next step
	percent int64 // of its size is each step; 0 when all steps are alike
	volume  string
	free    int64 // on the volume
}

// fileFacts are what SQL Server says of a file.
type fileFacts struct {
	path      string
	size      int64
	maxPages  int64 // -1 = until the volume is full, 0 = the file never grows
	step      int64 // 0 = the file never grows
	percent   int64
	volume    *string
	available *int64
	largest   int64 // what a file of its kind can be at most
}

// file makes a file of what SQL Server says. A file whose volume it cannot tell has no
// known room: that is an error.
func file(instance string, f fileFacts) (dataFile, error) {
	if f.volume == nil || *f.volume == "" || f.available == nil {
		return dataFile{}, platform.Refuse(platform.ErrUnsupported, "SQL Server %s cannot tell the volume of %s", instance, f.path)
	}
	if f.size <= 0 || f.size > largestData || f.maxPages < -1 || f.step < 0 || f.percent < 0 || f.percent > steepest || *f.available < 0 {
		return dataFile{}, platform.Refuse(platform.ErrMalformed,
			"SQL Server %s says that %s has %d bytes, a limit of %d pages, steps of %d bytes (%d %%) and %d bytes of room, which cannot be",
			instance, f.path, f.size, f.maxPages, f.step, f.percent, *f.available)
	}
	made := dataFile{path: f.path, size: f.size, limit: f.size, step: f.step, percent: f.percent, volume: *f.volume, free: *f.available}
	if f.percent > 0 {
		made.step = max(f.step, smallestStep)
	}
	switch {
	case made.step == 0 || f.maxPages == 0:
	case f.maxPages == -1:
		made.limit = max(f.size, f.largest)
	default:
		made.limit = max(f.size, min(f.largest, saturated(f.maxPages)))
	}
	return made, nil
}

// saturated is pages in bytes.
func saturated(pages int64) int64 {
	if pages > math.MaxInt64/pageSize {
		return math.MaxInt64
	}
	return pages * pageSize
}

// takes is how many of the free bytes the file can grow by: whole steps, and the last one up
// to its limit. A step that does not fit is not made smaller.
func (f dataFile) takes(free int64) int64 {
	switch room := f.limit - f.size; {
	case room <= free:
		return room
	case f.percent == 0:
		return free / f.step * f.step
	}
	size := f.size
	for step := f.step; step <= free-(size-f.size); step = max(size*f.percent/100, smallestStep) {
		size += step
	}
	return size - f.size
}

// next is the file's next step; 0 when it is as large as it can be.
func (f dataFile) next() int64 { return min(f.step, f.limit-f.size) }

// room is how much files can grow by together. What is free on a volume is counted once for
// all files on it, and each file takes only whole steps of it, those with small steps first.
func room(files []dataFile) int64 {
	left := map[string]int64{} // by volume
	for _, f := range files {
		old, seen := left[f.mount()]
		if !seen || f.free < old {
			left[f.mount()] = f.free
		}
	}
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b dataFile) int {
		return cmp.Or(cmp.Compare(a.step, b.step), cmp.Compare(a.path, b.path))
	})
	var sum int64
	for _, f := range files {
		taken := f.takes(left[f.mount()])
		left[f.mount()] -= taken
		sum += taken
	}
	return sum
}

// mount is the volume's name as a key: Windows does not tell E:\ from e:\.
func (f dataFile) mount() string { return strings.ToLower(f.volume) }

// pool is files that are full only when all of them are: a filegroup, or a log.
type pool struct {
	name  string // CM_P01/PRIMARY, CM_P01/log, tempdb/data
	files []dataFile
	used  int64 // bytes
	// most is how many bytes the edition of SQL Server lets all files grow by at most.
	most int64
}

const noLimit = math.MaxInt64

// size is what the files have now.
func (p pool) size() int64 {
	var sum int64
	for _, f := range p.files {
		sum += f.size
	}
	return sum
}

// capacity is what the files can still become.
func (p pool) capacity() int64 { return p.size() + min(room(p.files), p.most) }

// check refuses what cannot be: nothing to use, or more used than there is.
func (p pool) check(instance string) error {
	if size := p.size(); size <= 0 || p.used < 0 || p.used > size {
		return platform.Refuse(platform.ErrMalformed,
			"SQL Server %s says that %d of %d bytes of %s are used, which cannot be", instance, p.used, size, p.name)
	}
	return nil
}

// lacks is how much the files must grow so that the pool is full to no more than a percentage,
// in steps of the smallest; never more than they could grow alone.
func (p pool) lacks(percent float64) int64 {
	lacks := int64(min(math.Ceil(float64(p.used)*100/max(percent, 0.1)), 1<<62)) - p.size()
	if lacks <= 0 {
		return 0
	}
	var step int64 = math.MaxInt64
	for _, f := range p.files {
		if f.next() > 0 {
			step = min(step, f.next())
		}
	}
	if steps := (lacks-1)/step + 1; steps <= math.MaxInt64/step {
		lacks = steps * step
	}
	return min(lacks, room(p.files), p.most)
}

// on are the pool's files on a volume.
func (p pool) on(mount string) []dataFile {
	var here []dataFile
	for _, f := range p.files {
		if f.mount() == mount {
			here = append(here, f)
		}
	}
	return here
}
