package main

import (
	"fmt"
	"io"
	"time"
)

// view prints what befalls the services, a line each, and below it the counts, on a terminal.
type view struct {
	out      io.Writer
	terminal bool
	start    time.Time
}

// clearLine goes to the beginning of the line and empties it (ECMA-48).
const clearLine = "\r\x1b[K"

func (v *view) event(now time.Time, what string) {
	if v.terminal {
		fmt.Fprint(v.out, clearLine)
	}
	fmt.Fprintf(v.out, "  %s  %s\n", v.time(now), what)
}

func (v *view) status(now time.Time, t *tally) {
	if v.terminal {
		fmt.Fprintf(v.out, "%s  %s  %s", clearLine, v.time(now), t)
	}
}

func (v *view) summary(now time.Time, took time.Duration, t *tally) {
	if v.terminal {
		fmt.Fprint(v.out, clearLine)
	}
	fmt.Fprintf(v.out, "\n  %s\n  replica restarts: %d, outages of the key store: %d; %v on the services' clock, in %v.\n\n",
		t, t.restarts, t.outages, now.Sub(v.start), took.Round(time.Second))
}

// time is that of the services' clock.
func (v *view) time(now time.Time) string {
	return fmt.Sprintf("day %d %s", 1+now.Sub(v.start)/(24*time.Hour), now.Format("15:04"))
}

func (t *tally) String() string {
	return fmt.Sprintf("%d tokens issued, %d accepted, %d keys made, %d rotations, %d failures", t.issued, t.accepted, t.made, t.rotations, t.failures)
}
