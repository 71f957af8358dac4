package authconfig

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time, in the forms that Backstage takes: "30m", "2 hours", "PT1H", or a mapping such as {hours: 1, minutes: 30}.
// Months and years have no length and are refused.
type Duration time.Duration

// Strings is a list of texts, or one of them that stands alone.
type Strings []string

// Scopes is a list of scopes, or one text with blanks or commas between them.
type Scopes []string

func (l *Strings) decodeNode(d *decoder, n *node, path string) {
	if n.kind == sequence {
		var list []string
		d.value(n, path, reflect.ValueOf(&list).Elem())
		*l = list
		return
	}
	if s, ok := d.text(n, path); ok {
		*l = Strings{s}
	}
}

func (l *Scopes) decodeNode(d *decoder, n *node, path string) {
	var list Strings
	list.decodeNode(d, n, path)
	*l = nil
	for _, s := range list {
		*l = append(*l, strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' })...)
	}
}

type humanDuration struct {
	Weeks        int         `key:"weeks"`
	Days         int         `key:"days"`
	Hours        int         `key:"hours"`
	Minutes      int         `key:"minutes"`
	Seconds      int         `key:"seconds"`
	Milliseconds int         `key:"milliseconds"`
	Months       Unsupported `key:"months" doc:"has no length: use days"`
	Years        Unsupported `key:"years" doc:"has no length: use days"`
}

const day = 24 * time.Hour

func (v *Duration) decodeNode(d *decoder, n *node, path string) {
	if n.kind == mapping {
		var h humanDuration
		failed := len(d.errs)
		d.structs(n, n.at, path, reflect.ValueOf(&h).Elem())
		total := 0.0
		for _, part := range []struct {
			count int
			unit  time.Duration
		}{{h.Weeks, 7 * day}, {h.Days, day}, {h.Hours, time.Hour}, {h.Minutes, time.Minute}, {h.Seconds, time.Second}, {h.Milliseconds, time.Millisecond}} {
			if part.count < 0 {
				d.fault(n.at, path, "is negative")
				return
			}
			total += float64(part.count) * float64(part.unit)
		}
		if len(d.errs) > failed {
			return
		}
		if total >= math.MaxInt64 {
			d.fault(n.at, path, "is too long")
			return
		}
		*v = Duration(total)
		return
	}
	s, ok := d.text(n, path)
	if !ok {
		return
	}
	length, err := parseDuration(s)
	if err != nil {
		d.fault(n.at, path, "%s", withoutSecrets(err.Error(), d.secrets))
		return
	}
	*v = Duration(length)
}

var (
	worded = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) *([a-zA-Z]+)$`)
	iso    = regexp.MustCompile(`^P(?:([0-9]+)W)?(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)S)?)?$`)
)

// parseDuration reads a number with one unit, as the npm package ms does, and ISO 8601 without months and years.
func parseDuration(s string) (time.Duration, error) {
	bad := fmt.Errorf(`%.64q is no length of time such as "30m", "2 hours" or "PT1H"`, s)
	total := 0.0
	if m := worded.FindStringSubmatch(s); m != nil {
		unit, ok := units[strings.ToLower(m[2])]
		if !ok {
			return 0, bad
		}
		count, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return 0, bad
		}
		total = count * float64(unit)
	} else if m := iso.FindStringSubmatch(s); m != nil && len(s) > 2 && !strings.HasSuffix(s, "T") {
		for i, unit := range []time.Duration{7 * day, day, time.Hour, time.Minute, time.Second} {
			if m[i+1] == "" {
				continue
			}
			count, err := strconv.ParseFloat(m[i+1], 64)
			if err != nil {
				return 0, bad
			}
			total += count * float64(unit)
		}
	} else {
		return 0, bad
	}
	if total >= math.MaxInt64 {
		return 0, bad
	}
	return time.Duration(total), nil
}

var units = map[string]time.Duration{
	"ms": time.Millisecond, "msec": time.Millisecond, "msecs": time.Millisecond, "millisecond": time.Millisecond, "milliseconds": time.Millisecond,
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hrs": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": day, "day": day, "days": day,
	"w": 7 * day, "week": 7 * day, "weeks": 7 * day,
}
