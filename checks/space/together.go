package space

import "slices"

// lack is how much room pools lack when they grow at the same time, although each of them
// would find it alone.
type lack struct {
	bytes int64
	on    map[string]bool // the volumes that are full then
}

// together shares out what is free on the volumes so that as many pools as can be are full to
// no more than a percentage. It is a flow from the pools to the volumes: a pool sends what it
// lacks, to each of its volumes no more than its files there can take, and a volume takes no
// more than it has free.
func together(pools []pool, percent float64) lack {
	free := map[string]int64{} // by volume
	var mounts []string
	for _, p := range pools {
		for _, f := range p.files {
			if old, seen := free[f.mount()]; !seen {
				mounts = append(mounts, f.mount())
				free[f.mount()] = f.free
			} else {
				free[f.mount()] = min(old, f.free)
			}
		}
	}
	source, sink := len(pools)+len(mounts), len(pools)+len(mounts)+1
	open := make([][]int64, sink+1) // what may still flow from one place to another
	for i := range open {
		open[i] = make([]int64, sink+1)
	}
	var all int64
	for i, p := range pools {
		open[source][i] = p.lacks(percent)
		all += open[source][i]
		for j, mount := range mounts {
			open[i][len(pools)+j] = room(p.on(mount))
		}
	}
	for j, mount := range mounts {
		open[len(pools)+j][sink] = free[mount]
	}
	flowing, reached := flow(open, source, sink)
	short := lack{bytes: all - flowing, on: map[string]bool{}}
	for j, mount := range mounts {
		if reached[len(pools)+j] {
			short.on[mount] = true
		}
	}
	return short
}

// flow sends as much as can be from source to sink, always by a shortest way, and returns how
// much that was, and which places can still be reached from the source.
func flow(open [][]int64, source, sink int) (sum int64, reached []bool) {
	for {
		from := slices.Repeat([]int{-1}, len(open))
		from[source] = source
		for queue := []int{source}; len(queue) > 0; queue = queue[1:] {
			for next, may := range open[queue[0]] {
				if may > 0 && from[next] < 0 {
					from[next] = queue[0]
					queue = append(queue, next)
				}
			}
		}
		if from[sink] < 0 {
			reached = make([]bool, len(open))
			for i := range from {
				reached[i] = from[i] >= 0
			}
			return sum, reached
		}
		amount := int64(noLimit)
		for at := sink; at != source; at = from[at] {
			amount = min(amount, open[from[at]][at])
		}
		for at := sink; at != source; at = from[at] {
			open[from[at]][at] -= amount
			open[at][from[at]] += amount
		}
		sum += amount
	}
}
