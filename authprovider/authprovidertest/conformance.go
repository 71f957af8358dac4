package authprovidertest

import (
	"fmt"
	"testing"
)

// A conformance run is a list of cases. Each has a sentence with the rule that it enforces, so that whoever breaks it learns it.
type conformanceCase[R any] struct {
	name string
	rule string
	run  func(t testing.TB, rig R)
}

// runCases runs each case as a subtest, or, on a testing.TB that has none, in a goroutine of its own that a fatal failure ends.
func runCases[R any](t testing.TB, newRig func(t testing.TB) R, cases []conformanceCase[R]) {
	t.Helper()
	for _, c := range cases {
		if parent, ok := t.(interface {
			Run(name string, f func(*testing.T)) bool
		}); ok {
			parent.Run(c.name, func(t *testing.T) {
				ruled := ruledTB{TB: t, rule: c.rule}
				c.run(ruled, newRig(ruled))
			})
			continue
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			ruled := ruledTB{TB: t, rule: c.rule}
			c.run(ruled, newRig(ruled))
		}()
		<-done
	}
}

// ruledTB adds the rule to each failure.
type ruledTB struct {
	testing.TB
	rule string
}

func (t ruledTB) Errorf(format string, args ...any) {
	t.TB.Helper()
	t.TB.Errorf("%s\n\trule: %s", fmt.Sprintf(format, args...), t.rule)
}

func (t ruledTB) Fatalf(format string, args ...any) {
	t.TB.Helper()
	t.TB.Fatalf("%s\n\trule: %s", fmt.Sprintf(format, args...), t.rule)
}
