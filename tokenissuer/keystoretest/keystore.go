package keystoretest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/stagedoor/tokenissuer"
)

// KeyRig is a store and how the suite gets at it.
type KeyRig struct {
	// Store is new and empty. It is required.
	Store tokenissuer.KeyStore
	// Another returns a handle of the same store, as another replica has one. If nil, Store is used.
	Another func() tokenissuer.KeyStore
	// Now tells the store's clock, within five minutes. If nil, the store has none, and the rules about the age of records are left out.
	Now func() time.Time
}

// keyRule is a sentence of the contract.
type keyRule struct {
	name, rule string
	clock      bool // it needs Now
	check      func(ctx context.Context, rig KeyRig) error
}

// TestKeyStore proves a store. newRig is called once for each rule; what it opens, it closes with t.Cleanup.
func TestKeyStore(t *testing.T, newRig func(t testing.TB) KeyRig) {
	for _, r := range keyRules {
		t.Run(r.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			rig := newRig(t)
			if rig.Another == nil {
				rig.Another = func() tokenissuer.KeyStore { return rig.Store }
			}
			if r.clock && rig.Now == nil {
				t.Log("left out: the rig has no Now")
				return
			}
			if err := r.check(ctx, rig); err != nil {
				t.Errorf("%v\nThe rule: %s", err, r.rule)
			}
		})
	}
}

var keyRules = []keyRule{
	{name: "empty", rule: "ListKeys of an empty store returns no record and no error.",
		check: func(ctx context.Context, rig KeyRig) error {
			return wantKeys(ctx, rig.Store)
		}},
	{name: "bytes", rule: "Data is opaque to the store: up to 8 KiB come back as they were, whatever they are.",
		check: func(ctx context.Context, rig KeyRig) error {
			records := []tokenissuer.KeyRecord{
				{ID: "every-byte", Data: everyByte(256), Expires: later()},
				{ID: "8-KiB", Data: everyByte(8 << 10), Expires: later()},
				{ID: "zeros", Data: make([]byte, 100), Expires: later()},
				{ID: "spaces", Data: []byte("  data \n\r\n "), Expires: later()},
				{ID: "no-text", Data: []byte("\xef\xbb\xbf\xff\xfe' OR ''='"), Expires: later()},
			}
			return createAndWant(ctx, rig.Store, records)
		}},
	{name: "IDs", rule: "An ID is any text of up to 64 printable ASCII characters, and equal only to itself.",
		check: func(ctx context.Context, rig KeyRig) error {
			var records []tokenissuer.KeyRecord
			for _, id := range []string{
				"a", "A", "a.", "ab", "a%", "a_", "a'b", `a"b`, `a\`, "a`", "a;--", "$1", "?", ":a", "{}", "0", "00", "0.0", "1e0",
				strings.Repeat("x", 64), strings.Repeat("x", 63) + "X", "null", "true", "!#&()*+,/<=>@[]^|~",
			} {
				records = append(records, tokenissuer.KeyRecord{ID: id, Data: []byte("of " + id), Expires: later()})
			}
			if err := createAndWant(ctx, rig.Store, records); err != nil {
				return err
			}
			for len(records) > 0 { // each goes alone
				if err := rig.Store.DeleteKey(ctx, records[0].ID); err != nil {
					return fmt.Errorf("DeleteKey(%q): %w", records[0].ID, err)
				}
				records = records[1:]
				if err := wantKeys(ctx, rig.Store, records...); err != nil {
					return err
				}
			}
			return nil
		}},
	{name: "times", rule: "Expires is kept in whole seconds, as a time in UTC, in summer and winter and after 2038.",
		check: func(ctx context.Context, rig KeyRig) error {
			var records []tokenissuer.KeyRecord
			elsewhere := time.FixedZone("elsewhere", 5*3600+45*60)
			year := time.Now().UTC().Year() + 1
			for i, expires := range []time.Time{
				time.Date(year, 1, 15, 12, 0, 1, 0, time.UTC), time.Date(year, 7, 15, 12, 0, 2, 0, time.UTC),
				time.Date(year, 3, 29, 2, 30, 0, 0, time.UTC), time.Date(year, 10, 25, 2, 30, 0, 0, time.UTC),
				time.Date(year, 1, 15, 12, 0, 3, 0, elsewhere), time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC), time.Date(2107, 1, 1, 0, 0, 0, 0, time.UTC),
			} {
				records = append(records, tokenissuer.KeyRecord{ID: fmt.Sprint("key-", i), Data: []byte("data"), Expires: expires})
			}
			return createAndWant(ctx, rig.Store, records)
		}},
	{name: "exists", rule: "If there is a record of that ID, CreateKey leaves it as it is and returns an error that wraps ErrKeyExists, even for an equal record.",
		check: func(ctx context.Context, rig KeyRig) error {
			first := tokenissuer.KeyRecord{ID: "key", Data: []byte("first"), Expires: later()}
			if err := createAndWant(ctx, rig.Store, []tokenissuer.KeyRecord{first}); err != nil {
				return err
			}
			second := tokenissuer.KeyRecord{ID: "key", Data: []byte("second"), Expires: later().Add(time.Hour)}
			for _, r := range []tokenissuer.KeyRecord{second, first, second} {
				if err := rig.Store.CreateKey(ctx, r); !errors.Is(err, tokenissuer.ErrKeyExists) {
					return fmt.Errorf("CreateKey of an ID that exists: error %v, want ErrKeyExists", err)
				}
				if err := wantKeys(ctx, rig.Store, first); err != nil {
					return err
				}
			}
			return nil
		}},
	{name: "one winner", rule: "Of several replicas that create one ID at once, exactly one succeeds, and its record is there; the others get ErrKeyExists.",
		check: func(ctx context.Context, rig KeyRig) error {
			stores := handles(rig)
			for round := range 5 {
				id := fmt.Sprint("key-", round)
				errs := atOnce(func(n int) error {
					return stores[n].CreateKey(ctx, tokenissuer.KeyRecord{ID: id, Data: fmt.Append(nil, n), Expires: later()})
				})
				winner := -1
				for n, err := range errs {
					switch {
					case err == nil && winner >= 0:
						return fmt.Errorf("CreateKey of %q succeeded at least twice", id)
					case err == nil:
						winner = n
					case !errors.Is(err, tokenissuer.ErrKeyExists):
						return fmt.Errorf("CreateKey beside others of the same ID: error %w, want ErrKeyExists", err)
					}
				}
				if winner < 0 {
					return fmt.Errorf("CreateKey of %q succeeded for nobody", id)
				}
				records, err := rig.Store.ListKeys(ctx)
				if err != nil {
					return fmt.Errorf("ListKeys: %w", err)
				}
				i := slices.IndexFunc(records, func(r tokenissuer.KeyRecord) bool { return r.ID == id })
				if i < 0 || string(records[i].Data) != fmt.Sprint(winner) {
					return fmt.Errorf("the record of %q is not the winner's", id)
				}
			}
			return nil
		}},
	{name: "concurrent", rule: "The methods may be called concurrently: nothing that was created is lost, nothing that was deleted stays.",
		check: func(ctx context.Context, rig KeyRig) error {
			stores := handles(rig)
			errs := atOnce(func(n int) error {
				for i := range 5 {
					id := fmt.Sprintf("key-%d-%d", n, i)
					if err := stores[n].CreateKey(ctx, tokenissuer.KeyRecord{ID: id, Data: []byte(id), Expires: later()}); err != nil {
						return fmt.Errorf("CreateKey: %w", err)
					}
					if i%2 == 1 {
						if err := stores[n].DeleteKey(ctx, id); err != nil {
							return fmt.Errorf("DeleteKey: %w", err)
						}
					}
					if _, err := stores[n].ListKeys(ctx); err != nil {
						return fmt.Errorf("ListKeys: %w", err)
					}
				}
				return nil
			})
			if err := errors.Join(errs...); err != nil {
				return err
			}
			var want []tokenissuer.KeyRecord
			for n := range goroutines {
				for i := 0; i < 5; i += 2 {
					id := fmt.Sprintf("key-%d-%d", n, i)
					want = append(want, tokenissuer.KeyRecord{ID: id, Data: []byte(id), Expires: later()})
				}
			}
			return wantKeys(ctx, rig.Store, want...)
		}},
	{name: "delete nothing", rule: "If there is no record of that ID, DeleteKey returns nil and does nothing.",
		check: func(ctx context.Context, rig KeyRig) error {
			if err := rig.Store.DeleteKey(ctx, "key"); err != nil {
				return fmt.Errorf("DeleteKey of nothing: %w", err)
			}
			r := tokenissuer.KeyRecord{ID: "key", Data: []byte("data"), Expires: later()}
			if err := createAndWant(ctx, rig.Store, []tokenissuer.KeyRecord{r}); err != nil {
				return err
			}
			if err := rig.Store.DeleteKey(ctx, "another"); err != nil {
				return fmt.Errorf("DeleteKey of nothing: %w", err)
			}
			return wantKeys(ctx, rig.Store, r)
		}},
	{name: "delete", rule: "A record that is deleted is listed no more, the others stay, and its ID is free again.",
		check: func(ctx context.Context, rig KeyRig) error {
			one := tokenissuer.KeyRecord{ID: "one", Data: []byte("1"), Expires: later()}
			two := tokenissuer.KeyRecord{ID: "two", Data: []byte("2"), Expires: later()}
			if err := createAndWant(ctx, rig.Store, []tokenissuer.KeyRecord{one, two}); err != nil {
				return err
			}
			for range 2 { // the second time there is nothing to delete
				if err := rig.Store.DeleteKey(ctx, "one"); err != nil {
					return fmt.Errorf("DeleteKey: %w", err)
				}
				if err := wantKeys(ctx, rig.Store, two); err != nil {
					return err
				}
			}
			one.Data = []byte("again")
			if err := rig.Store.CreateKey(ctx, one); err != nil {
				return fmt.Errorf("CreateKey of an ID that was deleted: %w", err)
			}
			return wantKeys(ctx, rig.Store, one, two)
		}},
	{name: "replicas", rule: "A replica sees what CreateKey and DeleteKey did before on any other, at once.",
		check: func(ctx context.Context, rig KeyRig) error {
			here, there := rig.Store, rig.Another()
			for i := range 10 {
				if err := wantKeys(ctx, there); err != nil {
					return fmt.Errorf("before the record: %w", err)
				}
				r := tokenissuer.KeyRecord{ID: fmt.Sprint("key-", i), Data: everyByte(300), Expires: later()}
				if err := here.CreateKey(ctx, r); err != nil {
					return fmt.Errorf("CreateKey: %w", err)
				}
				if err := wantKeys(ctx, there, r); err != nil {
					return fmt.Errorf("on the other replica: %w", err)
				}
				if err := there.CreateKey(ctx, r); !errors.Is(err, tokenissuer.ErrKeyExists) {
					return fmt.Errorf("CreateKey on the other replica: error %v, want ErrKeyExists", err)
				}
				if err := there.DeleteKey(ctx, r.ID); err != nil {
					return fmt.Errorf("DeleteKey on the other replica: %w", err)
				}
				if err := wantKeys(ctx, here); err != nil {
					return fmt.Errorf("after it was deleted on the other replica: %w", err)
				}
				here, there = there, here
			}
			return nil
		}},
	{name: "kept for an hour", rule: "A record stays for an hour after Expires by the store's clock, whoever lists or creates: others' clocks are behind.", clock: true,
		check: func(ctx context.Context, rig KeyRig) error {
			now := rig.Now().Truncate(time.Second)
			want := []tokenissuer.KeyRecord{
				{ID: "50-minutes", Data: []byte("1"), Expires: now.Add(-50 * time.Minute)},
				{ID: "just-now", Data: []byte("2"), Expires: now},
				{ID: "in-a-minute", Data: []byte("3"), Expires: now.Add(time.Minute)},
			}
			if err := createAndWant(ctx, rig.Store, want); err != nil {
				return err
			}
			want = append(want, tokenissuer.KeyRecord{ID: "another", Data: []byte("4"), Expires: later()})
			if err := createAndWant(ctx, rig.Store, want[3:], want...); err != nil {
				return err
			}
			return wantKeys(ctx, rig.Another(), want...)
		}},
	{name: "dropped", rule: "A record whose Expires is long past by the store's clock is dropped when another is created, and not before.", clock: true,
		check: func(ctx context.Context, rig KeyRig) error {
			now := rig.Now().Truncate(time.Second)
			old := tokenissuer.KeyRecord{ID: "old", Data: []byte("1"), Expires: now.Add(-8 * 24 * time.Hour)}
			if err := createAndWant(ctx, rig.Store, []tokenissuer.KeyRecord{old}); err != nil {
				return fmt.Errorf("before another is created: %w", err)
			}
			if err := rig.Store.DeleteKey(ctx, "nothing"); err != nil {
				return fmt.Errorf("DeleteKey: %w", err)
			}
			if err := wantKeys(ctx, rig.Another(), old); err != nil {
				return fmt.Errorf("before another is created: %w", err)
			}
			another := tokenissuer.KeyRecord{ID: "another", Data: []byte("2"), Expires: now.Add(time.Hour)}
			return createAndWant(ctx, rig.Store, []tokenissuer.KeyRecord{another})
		}},
	{name: "context", rule: "A context that has ended makes no method hang, and none that returns nil has done nothing.",
		check: func(ctx context.Context, rig KeyRig) error {
			one := tokenissuer.KeyRecord{ID: "one", Data: []byte("1"), Expires: later()}
			if err := createAndWant(ctx, rig.Store, []tokenissuer.KeyRecord{one}); err != nil {
				return err
			}
			ended, cancel := context.WithCancel(ctx)
			cancel()
			two := tokenissuer.KeyRecord{ID: "two", Data: []byte("2"), Expires: later()}
			var created, deleted error
			if !soon(func() {
				if records, err := rig.Store.ListKeys(ended); err == nil && len(records) != 1 {
					created = fmt.Errorf("ListKeys returned %d records and no error, want 1 record or an error", len(records))
				} else {
					created = rig.Store.CreateKey(ended, two)
				}
				deleted = rig.Store.DeleteKey(ended, "one")
			}) {
				return errors.New("a method does not return although its context has ended")
			}
			records, err := rig.Store.ListKeys(ctx)
			if err != nil {
				return fmt.Errorf("ListKeys, afterwards: %w", err)
			}
			has := func(id string) bool {
				return slices.ContainsFunc(records, func(r tokenissuer.KeyRecord) bool { return r.ID == id })
			}
			switch {
			case created == nil && !has("two"):
				return errors.New("CreateKey returned nil, but there is no record")
			case deleted == nil && has("one"):
				return errors.New("DeleteKey returned nil, but the record is there")
			}
			return nil
		}},
}

// createAndWant creates records and wants these to be listed, or others if they are given.
func createAndWant(ctx context.Context, s tokenissuer.KeyStore, records []tokenissuer.KeyRecord, want ...tokenissuer.KeyRecord) error {
	for _, r := range records {
		if err := s.CreateKey(ctx, r); err != nil {
			return fmt.Errorf("CreateKey(%q): %w", r.ID, err)
		}
	}
	if want == nil {
		want = records
	}
	return wantKeys(ctx, s, want...)
}

func wantKeys(ctx context.Context, s tokenissuer.KeyStore, want ...tokenissuer.KeyRecord) error {
	got, err := s.ListKeys(ctx)
	if err != nil {
		return fmt.Errorf("ListKeys: %w", err)
	}
	byID := make(map[string]tokenissuer.KeyRecord)
	for _, r := range got {
		if _, ok := byID[r.ID]; ok {
			return fmt.Errorf("ListKeys returned %q twice", r.ID)
		}
		byID[r.ID] = r
	}
	for _, w := range want {
		r, ok := byID[w.ID]
		switch {
		case !ok:
			return fmt.Errorf("ListKeys did not return %q", w.ID)
		case !bytes.Equal(r.Data, w.Data):
			return fmt.Errorf("ListKeys returned %q with other data: %d bytes, want %d", w.ID, len(r.Data), len(w.Data))
		case !r.Expires.Equal(w.Expires):
			return fmt.Errorf("ListKeys returned %q with Expires %v, want %v", w.ID, r.Expires, w.Expires)
		}
		delete(byID, w.ID)
	}
	for id := range byID {
		return fmt.Errorf("ListKeys returned %q, which should not be there", id)
	}
	return nil
}

// handles gives each goroutine one of two replicas.
func handles(rig KeyRig) []tokenissuer.KeyStore {
	stores := make([]tokenissuer.KeyStore, goroutines)
	another := rig.Another()
	for n := range stores {
		stores[n] = rig.Store
		if n%2 == 1 {
			stores[n] = another
		}
	}
	return stores
}
