package authprovidertest_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/awsalb"
	"example.com/stagedoor/proxyauth"
)

const conformanceCookie = "assertion"

// broken is an authenticator with one mistake.
type broken struct {
	proxyauth.Authenticator[proxyauth.JWTResult] // a sound one
	mistake

	edge  *authprovidertest.SignedHeaderEdge
	kid   atomic.Pointer[string] // of the first token
	spent atomic.Bool
}

// mistake is one way to be wrong. One of the functions is set, or two.
type mistake struct {
	// heal changes the request first, as a reader does that sees no harm in it.
	heal func(b *broken, r *http.Request)
	// trust accepts a token that the sound one refuses.
	trust func(b *broken, t lookedAt) bool
	// do replaces the whole.
	do func(b *broken, ctx context.Context, r *http.Request) (proxyauth.JWTResult, error)
}

// lookedAt is a token that nobody refused yet.
type lookedAt struct {
	header, claims map[string]any
	text           string
	signature      []byte
	signed         bool // with a key that is published
}

func (b *broken) Authenticate(ctx context.Context, r *http.Request) (proxyauth.JWTResult, error) {
	r = r.Clone(ctx)
	if b.heal != nil {
		b.heal(b, r)
	}
	if b.do != nil {
		return b.do(b, ctx, r)
	}
	result, err := b.Authenticator.Authenticate(ctx, r)
	if err == nil || b.trust == nil {
		return result, err
	}
	parts := strings.Split(r.Header.Get(b.edge.Header), ".")
	if len(parts) != 3 {
		return result, err
	}
	t := lookedAt{text: parts[0] + "." + parts[1]}
	t.signature, _ = base64.RawURLEncoding.DecodeString(parts[2])
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	if json.Unmarshal(header, &t.header) != nil || json.Unmarshal(payload, &t.claims) != nil {
		return result, err
	}
	if public, ok := b.edge.PublicKey().(*ecdsa.PublicKey); ok && len(t.signature) == 64 {
		digest := sha256.Sum256([]byte(t.text))
		t.signed = ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(t.signature[:32]), new(big.Int).SetBytes(t.signature[32:]))
	}
	if !b.trust(b, t) {
		return result, err
	}
	return proxyauth.JWTResult{Subject: "somebody"}, nil
}

func (b *broken) sound(ctx context.Context, r *http.Request) (proxyauth.JWTResult, error) {
	return b.Authenticator.Authenticate(ctx, r)
}

func TestBrokenAuthenticatorsFail(t *testing.T) {
	somebody := proxyauth.JWTResult{Subject: "somebody"}
	refusal := func(err error) func(*broken, context.Context, *http.Request) (proxyauth.JWTResult, error) {
		return func(b *broken, ctx context.Context, r *http.Request) (proxyauth.JWTResult, error) {
			result, soundErr := b.sound(ctx, r)
			if soundErr != nil {
				soundErr = err
			}
			return result, soundErr
		}
	}
	tests := []struct {
		name    string
		mistake mistake
		want    string // the rule, or what is said beside it
	}{
		{"everybody is let in", mistake{do: func(*broken, context.Context, *http.Request) (proxyauth.JWTResult, error) { return somebody, nil }}, "is nobody's, whatever else"},
		{"nobody is let in", mistake{do: func(*broken, context.Context, *http.Request) (proxyauth.JWTResult, error) {
			return proxyauth.JWTResult{}, authprovider.ErrAuthentication
		}}, "is accepted, each time"},
		{"Authorization too", mistake{heal: func(b *broken, r *http.Request) {
			if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && len(r.Header[b.edge.Header]) == 0 {
				r.Header.Set(b.edge.Header, token)
			}
		}}, "is nobody's, whatever else"},
		{"the first of several", mistake{heal: func(b *broken, r *http.Request) {
			r.Header[b.edge.Header] = r.Header[b.edge.Header][:min(1, len(r.Header[b.edge.Header]))]
		}}, "there twice is in doubt"},
		{"the first of a list", mistake{heal: func(b *broken, r *http.Request) {
			for i, v := range r.Header[b.edge.Header] {
				r.Header[b.edge.Header][i], _, _ = strings.Cut(v, ",")
			}
		}}, "joined by a comma"},
		{"blind to twins", mistake{heal: func(_ *broken, r *http.Request) {
			for name := range r.Header {
				if strings.Contains(name, "_") {
					delete(r.Header, name)
				}
			}
		}}, "spelled with underscores"},
		{"blind to Connection", mistake{heal: func(_ *broken, r *http.Request) { r.Header.Del("Connection") }}, "Connection names"},
		{"a panic", mistake{heal: func(b *broken, r *http.Request) {
			if len(r.Header.Get(b.edge.Header)) > 32<<10 {
				panic("too long")
			}
		}}, "panic: too long"},
		{"any spelling", mistake{heal: func(b *broken, r *http.Request) {
			for i, v := range r.Header[b.edge.Header] {
				r.Header[b.edge.Header][i] = strings.Trim(v, " .=\"\n")
			}
		}}, "A token has one spelling"},
		{"the cookie for a bad header", mistake{do: func(b *broken, ctx context.Context, r *http.Request) (proxyauth.JWTResult, error) {
			result, err := b.sound(ctx, r)
			if err != nil {
				r.Header.Del(b.edge.Header)
				return b.sound(ctx, r)
			}
			return result, nil
		}}, "must not fall back to it"},
		{"one refusal for all", mistake{do: func(b *broken, ctx context.Context, r *http.Request) (proxyauth.JWTResult, error) {
			result, err := b.sound(ctx, r)
			if err != nil || b.spent.Load() {
				b.spent.Store(true)
				return proxyauth.JWTResult{}, authprovider.ErrAuthentication
			}
			return result, nil
		}}, "no request changes what another is told"},
		{"a context of its own", mistake{do: func(b *broken, _ context.Context, r *http.Request) (proxyauth.JWTResult, error) {
			return b.sound(context.Background(), r)
		}}, "is not kept waiting"},
		{"refused for leaving", mistake{do: refusal(authprovider.ErrAuthentication)}, "its request is not refused for that"},

		{"errors without a class", mistake{do: refusal(errors.New("no"))}, "is not of class authprovider.ErrAuthentication"},
		{"refused as unavailable", mistake{do: refusal(authprovider.ErrUnavailable)}, "is not of class authprovider.ErrAuthentication"},
		{"told what is wrong", mistake{do: refusal(&authprovider.Error{Kind: authprovider.ErrAuthentication, Message: "wrong audience"})}, "which check failed is for the log"},
		{"told the token", mistake{do: func(b *broken, ctx context.Context, r *http.Request) (proxyauth.JWTResult, error) {
			result, err := b.sound(ctx, r)
			if err != nil {
				err = fmt.Errorf("%w: %q", err, r.Header.Get(b.edge.Header))
			}
			return result, err
		}}, "repeats a part of the credential"},
		{"told the signature", mistake{do: func(b *broken, ctx context.Context, r *http.Request) (proxyauth.JWTResult, error) {
			result, err := b.sound(ctx, r)
			if err != nil {
				value := r.Header.Get(b.edge.Header)
				err = fmt.Errorf("%w: %s", err, value[strings.LastIndex(value, ".")+1:])
			}
			return result, err
		}}, "repeats a part of the credential"},
		{"a result in any case", mistake{do: func(b *broken, ctx context.Context, r *http.Request) (proxyauth.JWTResult, error) {
			_, err := b.sound(ctx, r)
			return somebody, err
		}}, "a result beside the error"},
		{"no result", mistake{do: func(b *broken, ctx context.Context, r *http.Request) (proxyauth.JWTResult, error) {
			_, err := b.sound(ctx, r)
			return proxyauth.JWTResult{}, err
		}}, "neither a result nor an error"},

		{"signatures are for others", mistake{trust: func(_ *broken, t lookedAt) bool { return t.header["alg"] == "ES256" && len(t.signature) == 64 }}, "What was signed is what is read"},
		{"short signatures", mistake{trust: func(_ *broken, t lookedAt) bool { return t.header["alg"] == "ES256" && len(t.signature) < 64 }}, "as long as its algorithm makes it"},
		{"ASN.1 signatures", mistake{trust: func(b *broken, t lookedAt) bool {
			digest := sha256.Sum256([]byte(t.text))
			return ecdsa.VerifyASN1(b.edge.PublicKey().(*ecdsa.PublicKey), digest[:], t.signature)
		}}, "as long as its algorithm makes it"},
		{"lenient base64", mistake{heal: func(b *broken, r *http.Request) {
			value := r.Header.Get(b.edge.Header)
			cut := strings.LastIndex(value, ".") + 1
			if raw, err := base64.RawURLEncoding.DecodeString(value[cut:]); err == nil && len(r.Header[b.edge.Header]) == 1 {
				r.Header.Set(b.edge.Header, value[:cut]+base64.RawURLEncoding.EncodeToString(raw))
			}
		}}, "another spelling of the same bytes"},
		{"alg none", mistake{trust: func(_ *broken, t lookedAt) bool {
			alg, _ := t.header["alg"].(string)
			return strings.EqualFold(alg, "none")
		}}, "is the key's, not the token's to choose"},
		{"alg HS256", mistake{trust: func(_ *broken, t lookedAt) bool { return t.header["alg"] == "HS256" && !t.signed }}, "is the key's, not the token's to choose"},
		{"the token's own key", mistake{trust: func(_ *broken, t lookedAt) bool { return t.header["jwk"] != nil }}, "never from the token"},
		{"no kid, any key", mistake{trust: func(_ *broken, t lookedAt) bool { return t.header["kid"] == nil }}, "never from the token"},
		{"fetches jku", mistake{trust: func(b *broken, t lookedAt) bool {
			if jku, ok := t.header["jku"].(string); ok {
				if resp, err := b.edge.Client().Get(jku); err == nil {
					resp.Body.Close()
				}
			}
			return false
		}}, "a request went to another host"},
		{"any time", mistake{trust: func(_ *broken, t lookedAt) bool { return t.signed && t.claims["exp"] != nil }}, "is of no use after it"},
		{"no exp", mistake{trust: func(_ *broken, t lookedAt) bool { return t.signed && t.claims["exp"] == nil }}, "A token has an exp"},
		{"nbf is not read", mistake{trust: func(_ *broken, t lookedAt) bool { return t.signed && t.claims["nbf"] != nil }}, "nor before its nbf"},
		{"any issuer", mistake{trust: func(b *broken, t lookedAt) bool { return t.signed && t.claims["iss"] != b.edge.Issuer }}, "compared as a whole"},
		{"issuers by prefix", mistake{trust: func(b *broken, t lookedAt) bool {
			iss, _ := t.claims["iss"].(string)
			return t.signed && iss != b.edge.Issuer && strings.HasPrefix(iss, b.edge.Issuer)
		}}, "compared as a whole"},
		{"any audience", mistake{trust: func(b *broken, t lookedAt) bool { return t.signed && t.claims["aud"] != b.edge.Audience }}, "somebody else's to use"},
		{"no audience", mistake{trust: func(_ *broken, t lookedAt) bool { return t.signed && t.claims["aud"] == nil }}, "somebody else's to use"},
		{"no subject", mistake{trust: func(_ *broken, t lookedAt) bool { return t.signed && t.claims["sub"] == nil }}, "names nobody"},
		{"any type", mistake{trust: func(_ *broken, t lookedAt) bool { return t.signed && t.header["typ"] != "JWT" }}, "of another kind"},
		{"crit is not read", mistake{trust: func(_ *broken, t lookedAt) bool { return t.signed && t.header["crit"] != nil }}, "declares critical"},
		{"any algorithm for a key", mistake{trust: func(_ *broken, t lookedAt) bool { return t.signed && t.header["alg"] == "ES384" }}, "one that fits the key"},
		{"the last of two", mistake{trust: func(_ *broken, t lookedAt) bool { return t.signed && t.claims["sub"] == "somebody-else" }}, "Two readers see the same claims"},
		{"case does not matter", mistake{trust: func(_ *broken, t lookedAt) bool { return t.signed && t.claims["Sub"] != nil }}, "Two readers see the same claims"},

		{"outages refuse", mistake{do: func(b *broken, ctx context.Context, r *http.Request) (proxyauth.JWTResult, error) {
			result, err := b.sound(ctx, r)
			if errors.Is(err, authprovider.ErrUnavailable) {
				err = authprovider.ErrAuthentication
			}
			return result, err
		}}, "nobody is signed out for an outage"},
		{"keys for each request", mistake{heal: func(b *broken, _ *http.Request) {
			if resp, err := b.edge.Client().Get(b.edge.JWKSURL); err == nil {
				resp.Body.Close()
			}
		}}, "not fetched for each request"},
		{"the first key for good", mistake{heal: func(b *broken, r *http.Request) {
			kid := kidOf(r.Header.Get(b.edge.Header))
			if kid != "" && !b.kid.CompareAndSwap(nil, &kid) && *b.kid.Load() != kid {
				r.Header.Set(b.edge.Header, "unknown key")
			}
		}}, "A new key is found"},
		{"only the newest key", mistake{heal: func(b *broken, r *http.Request) {
			kid := kidOf(r.Header.Get(b.edge.Header))
			if old := b.kid.Swap(&kid); old != nil && *old != kid && b.spent.Swap(true) {
				r.Header.Set(b.edge.Header, "old key")
			}
		}}, "stay good as long as they are published"},
		{"keys that never end", mistake{
			heal: func(b *broken, r *http.Request) {
				kid := kidOf(r.Header.Get(b.edge.Header))
				b.kid.CompareAndSwap(nil, &kid)
			},
			trust: func(b *broken, t lookedAt) bool { return t.header["kid"] == *b.kid.Load() && len(t.signature) == 64 },
		}, "of no use a day later"},
		{"a fetch for each unknown key", mistake{trust: func(b *broken, _ lookedAt) bool {
			if resp, err := b.edge.Client().Get(b.edge.JWKSURL); err == nil {
				resp.Body.Close()
			}
			return false
		}}, "made-up keys cause few fetches"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			clock, r := authprovidertest.NewClock(time.Time{}), &recorder{TB: t}
			edge := authprovidertest.NewSignedHeaderEdge(r, authprovidertest.SignedHeader{}, authprovidertest.EdgeConfig{Now: clock.Now})
			c := jwtConfig(edge)
			c.Now, c.Cookie = clock.Now, conformanceCookie
			authprovidertest.TestAuthenticator(r, authprovidertest.AuthenticatorConfig[proxyauth.JWTResult]{
				New: func(testing.TB) proxyauth.Authenticator[proxyauth.JWTResult] {
					return &broken{Authenticator: newAuthenticator(t, c), mistake: test.mistake, edge: edge}
				},
				Header: edge.Header, Cookie: conformanceCookie, Edge: edge.Edge, Clock: clock,
			})
			r.requireFailure(t, test.want)
		})
	}
}

// kidOf reads a token's kid, or returns "".
func kidOf(token string) string {
	var h struct {
		Kid string `json:"kid"`
	}
	part, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil || json.Unmarshal(raw, &h) != nil {
		return ""
	}
	return h.Kid
}

func TestAnySignerFails(t *testing.T) {
	clock, r := authprovidertest.NewClock(time.Time{}), &recorder{TB: t}
	edge := authprovidertest.NewALBEdge(r, authprovidertest.ALBProxy{}, authprovidertest.EdgeConfig{Now: clock.Now})
	authprovidertest.TestAuthenticator(r, authprovidertest.AuthenticatorConfig[awsalb.Result]{
		New: func(t testing.TB) proxyauth.Authenticator[awsalb.Result] {
			c := albConfig(edge, clock)
			c.Signer, c.DangerouslyAllowAnySigner = nil, true
			return built[awsalb.Result, *awsalb.Authenticator](t)(awsalb.New(c))
		},
		Header: "X-Amzn-Oidc-Data", Edge: edge.Edge, Clock: clock,
	})
	r.requireFailure(t, "the signer says whose token it is")
}

func TestAuthenticatorConfigIsChecked(t *testing.T) {
	newOne := func(testing.TB) proxyauth.Authenticator[string] { return nil }
	for want, c := range map[string]authprovidertest.AuthenticatorConfig[string]{
		"AuthenticatorConfig.New is required":             {},
		"AuthenticatorConfig.Header is required":          {New: newOne},
		"AuthenticatorConfig.Edge or Vouch is required":   {New: newOne, Header: "X-User"},
		"AuthenticatorConfig.Clock is required with Edge": {New: newOne, Header: "X-User", Edge: &authprovidertest.Edge{}},
	} {
		r := &recorder{TB: t}
		r.run(func() { authprovidertest.TestAuthenticator(r, c) })
		if len(r.failures) != 1 || !strings.Contains(r.failures[0], want) {
			t.Errorf("failures %q, want %q", r.failures, want)
		}
	}
}
