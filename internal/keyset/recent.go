package keyset

const maxRecent = 1024

// recent remembers what was last put in, the newest 1,024 keys of it: what a flood can
// fill must be bounded. The zero value is ready to use.
type recent[K comparable, V any] struct {
	values map[K]V
	order  [maxRecent]K // a ring, oldest at next
	next   int
}

// put keeps k's place if it has one.
func (r *recent[K, V]) put(k K, v V) {
	if r.values == nil {
		r.values = make(map[K]V)
	}
	if _, there := r.values[k]; !there {
		delete(r.values, r.order[r.next])
		r.order[r.next] = k
		r.next = (r.next + 1) % maxRecent
	}
	r.values[k] = v
}

// get returns the zero value for what is not remembered.
func (r *recent[K, V]) get(k K) V { return r.values[k] }
