package oauthadapter

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
)

// rotatingProvider takes each refresh token once and counts what it sees.
type rotatingProvider struct {
	mu    sync.Mutex
	calls int
	valid authprovider.Secret
	delay time.Duration
	fail  error
}

func (p *rotatingProvider) refresh(ctx context.Context, s *storedSession) (*storedSession, *Result[int], error) {
	select {
	case <-time.After(p.delay):
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.fail != nil {
		return nil, nil, p.fail
	}
	if s.session.RefreshToken != p.valid {
		return nil, nil, errors.New("refresh token reused: everything revoked")
	}
	p.valid += "+"
	next := *s
	next.generation++
	next.session.RefreshToken = p.valid
	return &next, &Result[int]{FullProfile: p.calls}, nil
}

func session(generation int64, token authprovider.Secret) *storedSession {
	return &storedSession{id: "one", generation: generation, session: Session{RefreshToken: token}}
}

func TestRefreshFlights(t *testing.T) {
	type rig struct {
		*rotatingProvider
		flights refreshFlights[int]
	}
	newRig := func() *rig {
		return &rig{rotatingProvider: &rotatingProvider{valid: "t", delay: time.Second}, flights: refreshFlights[int]{now: time.Now}}
	}
	ctx := context.Background()

	t.Run("20 at once are one call and 20 good answers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					stored, _, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
					require.NoError(t, err)
					require.Equal(t, authprovider.Secret("t+"), stored.session.RefreshToken)
				})
			}
			wg.Wait()
			require.Equal(t, 1, r.calls)
		})
	})

	t.Run("a straggler gets the kept result, and its own call after that", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			_, _, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.NoError(t, err)
			time.Sleep(stragglerTime - time.Second)
			stored, _, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.NoError(t, err)
			require.Equal(t, int64(1), stored.generation)
			require.Equal(t, 1, r.calls)
		})
	})

	t.Run("the newest copy is refreshed for real", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			stored, _, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.NoError(t, err)
			again, _, err := r.flights.refresh(ctx, stored, nil, r.refresh)
			require.NoError(t, err)
			require.Equal(t, int64(2), again.generation)
			require.Equal(t, 2, r.calls)
		})
	})

	t.Run("different scopes follow each other with the newest token", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			var wg sync.WaitGroup
			for _, scopes := range [][]string{nil, {"a"}, {"a", "b"}, {"b", "a"}} {
				wg.Go(func() {
					_, _, err := r.flights.refresh(ctx, session(0, "t"), scopes, r.refresh)
					require.NoError(t, err)
				})
			}
			wg.Wait()
			require.Equal(t, 3, r.calls, "two of the four ask for the same")
		})
	})

	t.Run("a caller that leaves cancels nobody", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			leaving, leave := context.WithCancel(ctx)
			var wg sync.WaitGroup
			wg.Go(func() {
				_, _, err := r.flights.refresh(leaving, session(0, "t"), nil, r.refresh)
				require.ErrorIs(t, err, context.Canceled)
			})
			synctest.Wait()
			wg.Go(func() {
				_, _, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
				require.NoError(t, err)
			})
			synctest.Wait()
			leave()
			wg.Wait()
			require.Equal(t, 1, r.calls)
		})
	})

	t.Run("a failure is not kept", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			r.fail = authprovider.ErrUnavailable
			_, _, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.ErrorIs(t, err, authprovider.ErrUnavailable)
			r.fail = nil
			_, _, err = r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.NoError(t, err)
		})
	})

	t.Run("a provider that hangs is given up, and the next in line gets its turn", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			r.delay = time.Hour
			_, _, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			r.delay = 0
			_, _, err = r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.NoError(t, err)
		})
	})

	t.Run("signing out wins over a refresh under way", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			var wg sync.WaitGroup
			wg.Go(func() {
				stored, result, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
				require.ErrorIs(t, err, errNoSession)
				require.Nil(t, stored)
				require.Nil(t, result)
			})
			synctest.Wait()
			r.flights.end(session(0, "t"))
			wg.Wait()
		})
	})

	t.Run("signing out holds off what was sent at the same time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			r.flights.end(session(0, "t"))
			_, _, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.ErrorIs(t, err, errNoSession)
			require.Zero(t, r.calls)
		})
	})

	t.Run("signing out learns the newest token, if it does not take too long", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			go func() { _, _, _ = r.flights.refresh(ctx, session(0, "t"), nil, r.refresh) }()
			synctest.Wait()
			r.flights.end(session(0, "t"))
			impatient, cancel := context.WithTimeout(ctx, r.delay/2)
			defer cancel()
			require.Equal(t, authprovider.Secret("t"), r.flights.settle(impatient, session(0, "t")).session.RefreshToken)
			require.Equal(t, authprovider.Secret("t+"), r.flights.settle(ctx, session(0, "t")).session.RefreshToken)
		})
	})

	t.Run("the newest copy is the one to save, and none of a session that has ended", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			older, _, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.NoError(t, err)
			newer, _, err := r.flights.refresh(ctx, session(0, "t"), []string{"a"}, r.refresh)
			require.NoError(t, err)
			require.Equal(t, newer, r.flights.newest(older))
			elsewhere := session(7, "x")
			require.Equal(t, elsewhere, r.flights.newest(elsewhere), "another replica's is newer still")
			r.flights.end(older)
			require.Nil(t, r.flights.newest(older))
		})
	})

	t.Run("each caller has a result of its own", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			_, first, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.NoError(t, err)
			first.Profile.Email = "changed by a transform"
			_, second, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.NoError(t, err)
			require.Empty(t, second.Profile.Email)
			require.Equal(t, 1, r.calls)
		})
	})

	t.Run("one session cannot queue without end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			r.delay = 24 * time.Hour
			began := time.Now()
			refused := 0
			var mu sync.Mutex
			var wg sync.WaitGroup
			for i := range 3 * maxFlights {
				wg.Go(func() {
					_, _, err := r.flights.refresh(ctx, session(0, "t"), []string{string(rune('a' + i))}, r.refresh)
					require.Error(t, err)
					mu.Lock()
					defer mu.Unlock()
					if errors.Is(err, authprovider.ErrUnavailable) {
						refused++
					}
				})
			}
			wg.Wait()
			require.Equal(t, 2*maxFlights, refused)
			require.LessOrEqual(t, time.Since(began), 2*flightTimeout, "who waits too long is told so")
			r.delay = 0
			_, _, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.NoError(t, err, "and then it goes on")
			require.Len(t, r.flights.sessions["one"].flights, 1, "failures are not kept")
		})
	})

	t.Run("an active session keeps no old results", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			for i := range 50 {
				_, _, err := r.flights.refresh(ctx, session(0, r.valid), []string{string(rune('a' + i))}, r.refresh)
				require.NoError(t, err)
				time.Sleep(stragglerTime / 2)
			}
			require.LessOrEqual(t, len(r.flights.sessions["one"].flights), 3)
		})
	})

	t.Run("a clock that is set back keeps nothing for longer", func(t *testing.T) {
		now := noon
		r := newRig()
		r.delay, r.flights.now = 0, func() time.Time { return now }
		_, _, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
		require.NoError(t, err)
		now = now.Add(-time.Hour)
		r.flights.end(&storedSession{id: "other"})
		require.Len(t, r.flights.sessions, 1)
	})

	t.Run("a copy that another replica made newer is the one to refresh", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			_, _, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.NoError(t, err)
			r.valid = "elsewhere"
			stored, _, err := r.flights.refresh(ctx, session(5, "elsewhere"), nil, r.refresh)
			require.NoError(t, err)
			require.Equal(t, int64(6), stored.generation)
		})
	})

	t.Run("asking for an ended session does not make it remembered for longer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			r.flights.end(session(0, "t"))
			time.Sleep(stragglerTime - time.Second)
			_, _, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.ErrorIs(t, err, errNoSession)
			time.Sleep(2 * time.Second)
			r.flights.end(&storedSession{id: "other"})
			require.NotContains(t, r.flights.sessions, "one")
		})
	})

	t.Run("a result is kept for ten seconds, whenever there was a sweep", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			_, _, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh) // the sweep, and a second
			require.NoError(t, err)
			time.Sleep(stragglerTime - time.Second)
			r.flights.end(&storedSession{id: "other"}) // the next sweep, one second too early for the result
			time.Sleep(2 * time.Second)
			_, _, err = r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.NoError(t, err)
			require.Equal(t, 2, r.calls)
		})
	})

	t.Run("nothing is remembered for long", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			_, _, err := r.flights.refresh(ctx, session(0, "t"), nil, r.refresh)
			require.NoError(t, err)
			time.Sleep(3 * stragglerTime)
			other := session(0, r.valid)
			other.id = "other"
			_, _, err = r.flights.refresh(ctx, other, nil, r.refresh)
			require.NoError(t, err)
			require.Len(t, r.flights.sessions, 1)
		})
	})
}
