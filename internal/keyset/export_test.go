package keyset

// Idle waits until no fetch is under way.
func (r *Remote) Idle() { r.fetches.Wait() }
