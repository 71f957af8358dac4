package keystoretest

import (
	"sync"
	"time"
)

const (
	goroutines = 20
	// patience is an upper bound for one rule. Nothing waits for it to pass.
	patience = time.Minute
)

// later is long after any test.
func later() time.Time { return time.Date(2099, 6, 30, 23, 59, 58, 0, time.UTC) }

// everyByte returns n bytes, among them all 256 values if there is room for them.
func everyByte(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8)
	}
	return b
}

// atOnce calls do on all goroutines as nearly at once as there are processors.
func atOnce(do func(n int) error) []error {
	errs := make([]error, goroutines)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for n := range goroutines {
		wg.Go(func() {
			<-start
			errs[n] = do(n)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// soon reports whether do returned.
func soon(do func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
		return true
	case <-time.After(patience / 2):
		return false
	}
}
