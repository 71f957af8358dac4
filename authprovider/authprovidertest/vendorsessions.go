package authprovidertest

import (
	"errors"
	"testing"

	"example.com/stagedoor/oauthadapter"
)

// vendorSessionCases are about what comes after a sign-in, by handlers alone.
func vendorSessionCases[P any]() []conformanceCase[*vendorRig[P]] {
	return []conformanceCase[*vendorRig[P]]{
		{"profile at a refresh", "A refresh is the same person's, with the profile as it is now.", func(t testing.TB, r *vendorRig[P]) {
			session := r.signIn(t).Session
			renamed := r.first
			renamed.Name = "Another Name"
			r.Vendor.SetPerson(renamed)
			defer r.Vendor.SetPerson(r.first)
			result, err := r.refresh(t, session)
			switch {
			case err != nil:
				t.Errorf("Refresh: %v", err)
			case result.Session.Subject != session.Subject:
				t.Errorf("the refreshed session is of %q, the first was of %q", result.Session.Subject, session.Subject)
			case result.Profile.DisplayName != renamed.Name:
				t.Errorf("the display name is %q, want %q", result.Profile.DisplayName, renamed.Name)
			}
		}},
		{"refresh of another person", "Tokens that turn out to be another person's end the session.", func(t testing.TB, r *vendorRig[P]) {
			session := r.signIn(t).Session
			r.Vendor.Set(func(b *Behavior) { b.RefreshIDToken, b.UserInfoSubject = OtherSubject, r.second.Subject })
			defer r.Vendor.Behave()
			result, err := r.refresh(t, session)
			if !errors.Is(err, oauthadapter.ErrSessionEnded) || result != nil {
				t.Errorf("Refresh returned %v, %v", result, err)
			}
		}},
		{"withdrawn", "A session whose grant the person took back at the vendor, or whose account is gone, ends.", func(t testing.TB, r *vendorRig[P]) {
			session := r.signIn(t).Session
			r.Vendor.Withdraw(r.first.Subject)
			_, err := r.refresh(t, session)
			wantEnded(t, "withdrawn", err)

			session = r.signIn(t).Session
			r.Vendor.RemovePerson(r.first.Subject)
			defer r.Vendor.SetPerson(r.first)
			_, err = r.refresh(t, session)
			wantEnded(t, "the account is gone", err)
		}},
		{"outage at a refresh", "An outage or a rate limit ends no session: the refresh works afterwards.", func(t testing.TB, r *vendorRig[P]) {
			result, asks := r.signIn(t), r.asksProfile(t)
			session := result.Session
			for _, fault := range []AnswerFault{UnavailableAnswer, RateLimitAnswer, HangUpAnswer} {
				for what, set := range map[string]func(*Behavior){
					"token endpoint": func(b *Behavior) { b.TokenAnswer = fault },
					"profile":        func(b *Behavior) { b.UserInfoAnswer = fault },
				} {
					if what == "profile" && !asks || what == "token endpoint" && session.RefreshToken == "" {
						continue
					}
					r.Vendor.Set(set)
					half, err := r.refresh(t, session)
					r.Vendor.Behave()
					wantUnavailable(t, what+", "+string(fault), err)
					if half != nil && half.Session.RefreshToken != "" { // renewed before it failed
						session = half.Session
					}
					again, err := r.refresh(t, session)
					if err != nil {
						t.Fatalf("%s, %s: the refresh afterwards: %v", what, fault, err)
					}
					if again.Session.RefreshToken == "" {
						again.Session.RefreshToken = session.RefreshToken // the adapter keeps the old one
					}
					session = again.Session
				}
			}
		}},
		{"revocation", "Where the vendor lets a client end a session's tokens, handlers do, and of no other session; one that has ended already is no error, an outage is.", func(t testing.TB, r *vendorRig[P]) {
			revoker, ok := r.Handlers.(oauthadapter.Revoker)
			if r.Vendor.endpointAddress(Revoke) == "" {
				return
			}
			if !ok {
				t.Fatalf("the handlers are no oauthadapter.Revoker")
			}
			session, other := r.signIn(t).Session, r.signIn(t).Session
			if err := revoker.Revoke(t.Context(), stored(session)); err != nil {
				t.Errorf("Revoke: %v", err)
			}
			_, err := r.refresh(t, session)
			wantEnded(t, "after a revocation", err)
			if err := revoker.Revoke(t.Context(), stored(session)); err != nil {
				t.Errorf("Revoke of a session that has ended: %v", err)
			}
			if _, err := r.refresh(t, other); err != nil {
				t.Errorf("the refresh of another session: %v", err)
			}
			if err := revoker.Revoke(t.Context(), oauthadapter.Session{}); err != nil {
				t.Errorf("Revoke of a session without tokens: %v", err)
			}
			session = r.signIn(t).Session
			r.Vendor.Set(func(b *Behavior) { b.RevokeAnswer = UnavailableAnswer })
			defer r.Vendor.Behave()
			if err := revoker.Revoke(t.Context(), stored(session)); err == nil {
				t.Errorf("Revoke during an outage returned no error")
			}
		}},
	}
}
