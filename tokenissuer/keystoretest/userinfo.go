package keystoretest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"example.com/stagedoor/tokenissuer"
)

// UserInfoRig is a store and how the suite gets at it.
type UserInfoRig struct {
	// Store is new and empty. It is required.
	Store tokenissuer.UserInfoStore
	// Another returns a handle of the same store, as another replica has one. If nil, Store is used.
	Another func() tokenissuer.UserInfoStore
	// Now tells the store's clock, within five minutes. If nil, the store has none, and the rules about the age of records are left out.
	Now func() time.Time
}

// userInfoRule is a sentence of the contract.
type userInfoRule struct {
	name, rule string
	clock      bool // it needs Now
	check      func(ctx context.Context, rig UserInfoRig) error
}

// TestUserInfoStore proves a store. newRig is called once for each rule; what it opens, it closes with t.Cleanup.
func TestUserInfoStore(t *testing.T, newRig func(t testing.TB) UserInfoRig) {
	for _, r := range userInfoRules {
		t.Run(r.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			rig := newRig(t)
			if rig.Another == nil {
				rig.Another = func() tokenissuer.UserInfoStore { return rig.Store }
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

type key = [sha256.Size]byte

var userInfoRules = []userInfoRule{
	{name: "none", rule: "If there is no record under the key, UserInfo says so, and that is no error.",
		check: func(ctx context.Context, rig UserInfoRig) error {
			return errors.Join(wantNone(ctx, rig.Store, key{}), wantNone(ctx, rig.Store, sha256.Sum256(nil)))
		}},
	{name: "bytes", rule: "A record comes back as it was, whatever its bytes are and up to 256 KiB.",
		check: func(ctx context.Context, rig UserInfoRig) error {
			for i, record := range [][]byte{
				everyByte(256), everyByte(256 << 10), []byte(`{"claims":{"sub":"user:default/jane"}}`), make([]byte, 100), []byte(" \n' OR ''='"),
				[]byte("\xff\xfe"), {},
			} {
				if err := putAndWant(ctx, rig.Store, key{byte(i)}, record); err != nil {
					return err
				}
			}
			return nil
		}},
	{name: "keys", rule: "A key is any 32 bytes, and equal only to itself.",
		check: func(ctx context.Context, rig UserInfoRig) error {
			keys := []key{{}, {31: 1}, {31: ' '}, {0: 1}, {0: 1, 31: ' '}, key(bytes.Repeat([]byte{' '}, 32)), key(bytes.Repeat([]byte{0xff}, 32)), {0: 'a'}, {0: 'A'}, {0: '\''}, {0: '\\'}}
			for n, k := range keys {
				if err := putAndWant(ctx, rig.Store, k, fmt.Append(nil, n)); err != nil {
					return err
				}
			}
			for n, k := range keys {
				if err := wantRecord(ctx, rig.Store, k, fmt.Append(nil, n)); err != nil {
					return err
				}
			}
			return wantNone(ctx, rig.Store, key{0: 2})
		}},
	{name: "equal", rule: "If there is an equal record under the key, PutUserInfo returns nil.",
		check: func(ctx context.Context, rig UserInfoRig) error {
			for range 3 {
				if err := putAndWant(ctx, rig.Store, key{1}, everyByte(1000)); err != nil {
					return err
				}
			}
			return nil
		}},
	{name: "exists", rule: "If there is another record under the key, PutUserInfo leaves it as it is and returns an error that wraps ErrUserInfoExists.",
		check: func(ctx context.Context, rig UserInfoRig) error {
			if err := putAndWant(ctx, rig.Store, key{1}, []byte("first")); err != nil {
				return err
			}
			for _, other := range [][]byte{[]byte("second"), []byte("FIRST"), []byte("first "), []byte("firs"), {}} {
				if err := rig.Store.PutUserInfo(ctx, key{1}, other, later()); !errors.Is(err, tokenissuer.ErrUserInfoExists) {
					return fmt.Errorf("PutUserInfo of %q over another record: error %v, want ErrUserInfoExists", other, err)
				}
				if err := wantRecord(ctx, rig.Store, key{1}, []byte("first")); err != nil {
					return err
				}
			}
			return nil
		}},
	{name: "one winner", rule: "Of several that put different records under one key at once, exactly one succeeds, and its record is there; the others get ErrUserInfoExists.",
		check: func(ctx context.Context, rig UserInfoRig) error {
			stores := userInfoHandles(rig)
			for round := range 5 {
				k := key{byte(round)}
				winner := -1
				for n, err := range atOnce(func(n int) error { return stores[n].PutUserInfo(ctx, k, fmt.Append(nil, n), later()) }) {
					switch {
					case err == nil && winner >= 0:
						return errors.New("PutUserInfo of different records under one key succeeded at least twice")
					case err == nil:
						winner = n
					case !errors.Is(err, tokenissuer.ErrUserInfoExists):
						return fmt.Errorf("PutUserInfo beside others of the same key: error %w, want ErrUserInfoExists", err)
					}
				}
				if winner < 0 {
					return errors.New("PutUserInfo succeeded for nobody")
				}
				if err := wantRecord(ctx, rig.Store, k, fmt.Append(nil, winner)); err != nil {
					return fmt.Errorf("the winner's record: %w", err)
				}
			}
			return nil
		}},
	{name: "concurrent", rule: "The methods may be called concurrently: equal records do not disturb one another, and none is lost.",
		check: func(ctx context.Context, rig UserInfoRig) error {
			stores := userInfoHandles(rig)
			return errors.Join(atOnce(func(n int) error {
				for i := range 5 {
					err := errors.Join(
						putAndWant(ctx, stores[n], key{1, byte(i)}, fmt.Append(nil, "everybody's ", i)),
						putAndWant(ctx, stores[n], key{2, byte(i), byte(n)}, fmt.Append(nil, "mine ", n, i)))
					if err != nil {
						return err
					}
				}
				return nil
			})...)
		}},
	{name: "replicas", rule: "A record that was put on one replica is found on every other, at once.",
		check: func(ctx context.Context, rig UserInfoRig) error {
			here, there := rig.Store, rig.Another()
			for i := range 10 {
				k, record := key{byte(i)}, fmt.Append(nil, "record ", i)
				if err := wantNone(ctx, there, k); err != nil {
					return err
				}
				if err := putAndWant(ctx, here, k, record); err != nil {
					return err
				}
				if err := wantRecord(ctx, there, k, record); err != nil {
					return fmt.Errorf("on the other replica: %w", err)
				}
				if err := there.PutUserInfo(ctx, k, []byte("other"), later()); !errors.Is(err, tokenissuer.ErrUserInfoExists) {
					return fmt.Errorf("PutUserInfo on the other replica: error %v, want ErrUserInfoExists", err)
				}
				here, there = there, here
			}
			return nil
		}},
	{name: "kept", rule: "A record is kept until it expires by the store's clock, however many others come and expire.", clock: true,
		check: func(ctx context.Context, rig UserInfoRig) error {
			// What the clock may be wrong by, and a minute.
			if err := rig.Store.PutUserInfo(ctx, key{1}, []byte("lives"), rig.Now().Add(6*time.Minute)); err != nil {
				return fmt.Errorf("PutUserInfo: %w", err)
			}
			expired := rig.Now().Add(-24 * time.Hour)
			for i := range 250 {
				if err := rig.Store.PutUserInfo(ctx, key{2, byte(i)}, []byte("expired"), expired); err != nil {
					return fmt.Errorf("PutUserInfo of a record that has expired: %w", err)
				}
				record, found, err := rig.Store.UserInfo(ctx, key{2, byte(i)})
				if err != nil || found && string(record) != "expired" {
					return fmt.Errorf("UserInfo of a record that has expired: %q, error %v, want it or none, and no error", record, err)
				}
			}
			return wantRecord(ctx, rig.Another(), key{1}, []byte("lives"))
		}},
	{name: "context", rule: "A context that has ended makes no method hang, and PutUserInfo that returns nil has put the record.",
		check: func(ctx context.Context, rig UserInfoRig) error {
			if err := putAndWant(ctx, rig.Store, key{1}, []byte("1")); err != nil {
				return err
			}
			ended, cancel := context.WithCancel(ctx)
			cancel()
			var put, got error
			if !soon(func() {
				put = rig.Store.PutUserInfo(ended, key{2}, []byte("2"), later())
				if _, found, err := rig.Store.UserInfo(ended, key{1}); err == nil && !found {
					got = errors.New("UserInfo says that there is no record, and could not know: its context had ended")
				}
			}) {
				return errors.New("a method does not return although its context has ended")
			}
			if put == nil {
				put = wantRecord(ctx, rig.Store, key{2}, []byte("2"))
			} else {
				put = nil
			}
			return errors.Join(put, got, wantRecord(ctx, rig.Store, key{1}, []byte("1")))
		}},
}

func putAndWant(ctx context.Context, s tokenissuer.UserInfoStore, k key, record []byte) error {
	if err := s.PutUserInfo(ctx, k, record, later()); err != nil {
		return fmt.Errorf("PutUserInfo: %w", err)
	}
	return wantRecord(ctx, s, k, record)
}

func wantRecord(ctx context.Context, s tokenissuer.UserInfoStore, k key, want []byte) error {
	record, found, err := s.UserInfo(ctx, k)
	switch {
	case err != nil:
		return fmt.Errorf("UserInfo: %w", err)
	case !found:
		return errors.New("UserInfo found no record, want one")
	case !bytes.Equal(record, want):
		return fmt.Errorf("UserInfo returned another record: %d bytes, want %d", len(record), len(want))
	}
	return nil
}

func wantNone(ctx context.Context, s tokenissuer.UserInfoStore, k key) error {
	switch _, found, err := s.UserInfo(ctx, k); {
	case err != nil:
		return fmt.Errorf("UserInfo of no record: %w", err)
	case found:
		return errors.New("UserInfo found a record, want none")
	}
	return nil
}

// userInfoHandles gives each goroutine one of two replicas.
func userInfoHandles(rig UserInfoRig) []tokenissuer.UserInfoStore {
	stores := make([]tokenissuer.UserInfoStore, goroutines)
	another := rig.Another()
	for n := range stores {
		stores[n] = rig.Store
		if n%2 == 1 {
			stores[n] = another
		}
	}
	return stores
}
