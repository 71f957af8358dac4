package keyset

// Idle waits until no fetch is under way.
func (r *Remote) Idle() { r.life.fetches.Wait() }

// Absent counts the kids that are remembered as absent.
func (r *Remote) Absent() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.absent.until.values)
}

// Lock takes the lock that known keys must not need, and returns its release.
func (r *Remote) Lock() (unlock func()) {
	r.mu.Lock()
	return r.mu.Unlock
}

// Refused counts the kids that are remembered as refused.
func (p *PerKey) Refused() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.refused.values)
}

// Lock takes the lock that known keys must not need, and returns its release.
func (p *PerKey) Lock() (unlock func()) {
	p.mu.Lock()
	return p.mu.Unlock
}

// Known counts the keys at hand.
func (p *PerKey) Known() int { return len(*p.known.Load()) }
