package cfaccess_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/resolver"
)

const baseURL = "https://portal.example.com/api/auth"

// portal is a host with the edge in front.
type portal struct {
	*edge
	issuer  *authprovidertest.Issuer
	handler http.Handler
}

func newPortal(e *edge, c cfaccess.Config, signIn ...authprovider.SignInResolver[cfaccess.Result]) portal {
	e.t.Helper()
	if len(signIn) == 0 {
		signIn = append(signIn, resolver.EmailMatchingUserEntityProfileEmail[cfaccess.Result], cfaccess.ServiceTokenMatchingSubject)
	}
	p := portal{edge: e, issuer: &authprovidertest.Issuer{Now: e.clock.Now}}
	handler, err := authprovider.New(authprovider.Config{
		BaseURL: baseURL,
		Secrets: [][]byte{[]byte("32 bytes from a random generator")},
		Issuer:  p.issuer,
		Users: authprovidertest.Users(e.t,
			authprovider.User{Ref: "user:default/jane", Email: email},
			authprovider.User{Ref: "user:default/ci-bot", Email: "bot@example.com"}),
		Providers: map[string]authprovider.ProviderFactory{"cfaccess": cfaccess.Provider(c, signIn...)},
		Now:       e.clock.Now,
		Logger:    e.log.Logger(),
	})
	require.NoError(e.t, err)
	p.handler = handler
	return p
}

func (p portal) do(r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result()
}

// errorBody is the JSON shape of errors.
type errorBody struct {
	Error struct {
		Name    string `json:"name"`
		Message string `json:"message"`
	} `json:"error"`
}

func decode[T any](t testing.TB, res *http.Response) T {
	t.Helper()
	var v T
	require.NoError(t, json.NewDecoder(res.Body).Decode(&v))
	return v
}

// requireRefused sends the request to the authenticator and to the refresh route: it is refused by both, for this reason, and nothing of
// it is fetched, told or logged.
func (p portal) requireRefused(r *http.Request, code string, secrets ...string) {
	p.t.Helper()
	result, err := p.authenticator().Authenticate(r.Context(), r)
	require.Equal(p.t, cfaccess.Result{}, result)
	require.ErrorIs(p.t, err, authprovider.ErrAuthentication)
	for _, class := range []error{authprovider.ErrUnavailable, authprovider.ErrNotAllowed, authprovider.ErrInput, authprovider.ErrNoMatch} {
		require.NotErrorIs(p.t, err, class)
	}
	var e *authprovider.Error
	require.ErrorAs(p.t, err, &e)
	require.Equal(p.t, code, e.Code, "%v", err)
	require.Empty(p.t, e.Message, "the public message is that of the class")

	res := p.do(r)
	require.Equal(p.t, http.StatusUnauthorized, res.StatusCode)
	require.Empty(p.t, res.Header.Values("Set-Cookie"))
	raw := decode[map[string]json.RawMessage](p.t, res)
	require.NotContains(p.t, raw, "backstageIdentity")
	var body errorBody
	require.NoError(p.t, json.Unmarshal(raw["error"], &body.Error))
	require.Equal(p.t, "AuthenticationError", body.Error.Name)
	require.Equal(p.t, "Sign-in failed. Please sign in again.", body.Error.Message)

	require.Empty(p.t, p.issuer.Issued())
	require.Empty(p.t, p.foreignCalls())
	p.requireSilent(err.Error(), secrets...)
}

// requireSilent looks for secrets, and the segments of those that are tokens, in the log and in text.
func (p portal) requireSilent(text string, secrets ...string) {
	p.t.Helper()
	text += p.log.Text()
	for _, secret := range append(secrets, email) {
		for _, part := range append(strings.Split(secret, "."), secret) {
			if len(part) > 8 {
				require.NotContains(p.t, text, part)
			}
		}
	}
}

const goodHeader = `{"alg":"RS256","kid":"key-1","typ":"JWT"}`

func TestRequestsThatAreRefused(t *testing.T) {
	const invalid, ambiguous = "credential_invalid", "credential_ambiguous"
	good := func(e *edge) string { return e.token(e.person(nil)) }
	for _, test := range []struct {
		name    string
		request func(e *edge, good string) *http.Request
		code    string
	}{
		{"nothing", func(e *edge, good string) *http.Request { return request() }, "credential_missing"},
		{"the unsigned headers alone", func(e *edge, good string) *http.Request {
			return request("Cf-Access-Authenticated-User-Email", email, "X-Forwarded-Email", email)
		}, "credential_missing"},
		{"header empty", func(e *edge, good string) *http.Request { return request(header, "") }, invalid},
		{"header empty beside a good cookie", func(e *edge, good string) *http.Request { return request(header, "", "Cookie", cookie+"="+good) }, invalid},
		{"header of blanks", func(e *edge, good string) *http.Request { return request(header, "   ") }, invalid},
		{"bad header beside a good cookie", func(e *edge, good string) *http.Request {
			return request(header, "rubbish", "Cookie", cookie+"="+good)
		}, invalid},
		{"header twice", func(e *edge, good string) *http.Request { return request(header, good, header, good) }, ambiguous},
		{"header joined by a comma", func(e *edge, good string) *http.Request { return request(header, good+","+good) }, ambiguous},
		{"underscore twin", func(e *edge, good string) *http.Request { return request("Cf_access_jwt_assertion", good) }, ambiguous},
		{"underscore twin beside the header", func(e *edge, good string) *http.Request {
			return request(header, good, "CF_Access_Jwt_Assertion", good)
		}, ambiguous},
		{"underscore twin beside a good cookie", func(e *edge, good string) *http.Request {
			return request("Cf_Access-Jwt-Assertion", "x", "Cookie", cookie+"="+good)
		}, ambiguous},
		{"named in Connection", func(e *edge, good string) *http.Request {
			return request("Connection", "close, cf-access-jwt-assertion", "Cookie", cookie+"="+good)
		}, ambiguous},
		{"not UTF-8", func(e *edge, good string) *http.Request { return request(header, good+"\xff") }, invalid},
		{"oversized header", func(e *edge, good string) *http.Request {
			return request(header, e.token(e.person(claims{"pad": strings.Repeat("x", 64<<10)})))
		}, invalid},
		{"oversized cookie", func(e *edge, good string) *http.Request {
			return request("Cookie", cookie+"="+e.token(e.person(claims{"pad": strings.Repeat("x", 64<<10)})))
		}, invalid},
		{"cookie twice", func(e *edge, good string) *http.Request {
			return request("Cookie", cookie+"="+good+"; "+cookie+"="+good)
		}, ambiguous},
		{"cookie in two headers", func(e *edge, good string) *http.Request {
			return request("Cookie", cookie+"="+good, "Cookie", cookie+"="+good)
		}, ambiguous},
		{"cookie empty", func(e *edge, good string) *http.Request { return request("Cookie", cookie+"=") }, invalid},
		{"cookie of another case", func(e *edge, good string) *http.Request { return request("Cookie", "cf_authorization="+good) }, "credential_missing"},
		{"in Authorization", func(e *edge, good string) *http.Request { return request("Authorization", "Bearer "+good) }, "credential_missing"},
		{"scheme Basic", func(e *edge, good string) *http.Request { return request(header, "Basic "+good) }, invalid},
		{"scheme twice", func(e *edge, good string) *http.Request { return request(header, "Bearer Bearer "+good) }, invalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEdge(t)
			token := good(e)
			newPortal(e, e.config()).requireRefused(test.request(e, token), test.code, token)
			require.Zero(t, e.calls(identityURL))
		})
	}
}

func TestTokensThatAreRefused(t *testing.T) {
	const invalid, expired = "credential_invalid", "credential_expired"
	// person is a token whose claims are changed and that is right otherwise.
	person := func(change claims) func(*edge) string {
		return func(e *edge) string { return e.token(e.person(change)) }
	}
	// payload is a token with a payload that no map can hold.
	payload := func(change func(good string) string) func(*edge) string {
		return func(e *edge) string { return sign(t, teamKey(), goodHeader, change(marshal(t, e.person(nil)))) }
	}
	head := func(header string) func(*edge) string {
		return func(e *edge) string { return sign(t, teamKey(), header, marshal(t, e.person(nil))) }
	}
	signature := func(change func(signed string) string) func(*edge) string {
		return func(e *edge) string {
			signed := b64(goodHeader) + "." + b64(marshal(t, e.person(nil)))
			return signed + "." + change(signed)
		}
	}
	spoil := func(change func(good string) string) func(*edge) string {
		return func(e *edge) string { return change(e.token(e.person(nil))) }
	}
	withKey := func(key *rsa.PrivateKey, header string) func(*edge) string {
		return func(e *edge) string { return sign(t, key, header, marshal(t, e.person(nil))) }
	}
	hs256 := func(secret []byte) func(*edge) string {
		return func(e *edge) string {
			signed := b64(`{"alg":"HS256","kid":"key-1","typ":"JWT"}`) + "." + b64(marshal(t, e.person(nil)))
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(signed))
			return signed + "." + b64(string(mac.Sum(nil)))
		}
	}
	public, err := x509.MarshalPKIXPublicKey(&teamKey().PublicKey)
	require.NoError(t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	jwk := `"jwk":{"kty":"RSA","n":"` + base64.RawURLEncoding.EncodeToString(otherKey().N.Bytes()) + `","e":"AQAB"}`
	in := func(d time.Duration) func(*edge) int64 {
		return func(e *edge) int64 { return e.clock.Now().Add(d).Unix() }
	}
	at := func(name string, when func(*edge) int64) func(*edge) string {
		return func(e *edge) string { return e.token(e.person(claims{name: when(e)})) }
	}

	for _, test := range []struct {
		name  string
		token func(*edge) string
		code  string
	}{
		// Algorithms and keys
		{"alg none, no signature", func(e *edge) string {
			return b64(`{"alg":"none","typ":"JWT"}`) + "." + b64(marshal(t, e.person(nil))) + "."
		}, invalid},
		{"alg none, good signature", head(`{"alg":"none","kid":"key-1","typ":"JWT"}`), invalid},
		{"alg None", head(`{"alg":"None","kid":"key-1","typ":"JWT"}`), invalid},
		{"alg missing", head(`{"kid":"key-1","typ":"JWT"}`), invalid},
		{"HS256 with the public key as DER", hs256(public), invalid},
		{"HS256 with the public key as PEM", hs256(publicPEM), invalid},
		{"HS256 with the modulus", hs256(teamKey().N.Bytes()), invalid},
		{"alg RS512 over SHA-256", head(`{"alg":"RS512","kid":"key-1","typ":"JWT"}`), invalid},
		{"alg PS256", head(`{"alg":"PS256","kid":"key-1","typ":"JWT"}`), invalid},
		{"alg ES256 under the RSA kid, DER", func(e *edge) string {
			signed := b64(`{"alg":"ES256","kid":"key-1","typ":"JWT"}`) + "." + b64(marshal(t, e.person(nil)))
			sum := sha256.Sum256([]byte(signed))
			der, err := ecdsa.SignASN1(rand.Reader, ec, sum[:])
			require.NoError(t, err)
			return signed + "." + b64(string(der))
		}, invalid},
		{"other key under the same kid", withKey(otherKey(), goodHeader), invalid},
		{"unknown kid", withKey(otherKey(), `{"alg":"RS256","kid":"key-9","typ":"JWT"}`), invalid},
		{"other key, no kid", withKey(otherKey(), `{"alg":"RS256","typ":"JWT"}`), invalid},
		{"kid with a path", withKey(otherKey(), `{"alg":"RS256","kid":"../../evil.example/certs","typ":"JWT"}`), invalid},
		{"kid is a URL", withKey(otherKey(), `{"alg":"RS256","kid":"https://evil.example/certs","typ":"JWT"}`), invalid},
		{"kid is a number", head(`{"alg":"RS256","kid":1,"typ":"JWT"}`), invalid},
		{"kid in another case", head(`{"alg":"RS256","kid":"KEY-1","typ":"JWT"}`), invalid},
		{"own key in jwk", withKey(otherKey(), `{"alg":"RS256","kid":"key-1","typ":"JWT",`+jwk+`}`), invalid},
		{"own key in jwk, no kid", withKey(otherKey(), `{"alg":"RS256","typ":"JWT",`+jwk+`}`), invalid},
		{"own keys at jku", withKey(otherKey(), `{"alg":"RS256","kid":"evil","typ":"JWT","jku":"https://evil.example/certs"}`), invalid},
		{"own certificate at x5u", withKey(otherKey(), `{"alg":"RS256","kid":"evil","typ":"JWT","x5u":"https://evil.example/c.pem"}`), invalid},
		{"own certificate in x5c", withKey(otherKey(), `{"alg":"RS256","kid":"key-1","typ":"JWT","x5c":["`+base64.StdEncoding.EncodeToString(public)+`"]}`), invalid},
		{"crit", head(`{"alg":"RS256","kid":"key-1","typ":"JWT","crit":["exp"]}`), invalid},
		{"crit empty", head(`{"alg":"RS256","kid":"key-1","typ":"JWT","crit":[]}`), invalid},
		{"b64 false", head(`{"alg":"RS256","kid":"key-1","typ":"JWT","b64":false}`), invalid},
		{"zip", head(`{"alg":"RS256","kid":"key-1","typ":"JWT","zip":"DEF"}`), invalid},
		{"header member twice", head(`{"alg":"RS256","alg":"RS256","kid":"key-1","typ":"JWT"}`), invalid},
		{"header case twin", head(`{"alg":"RS256","kid":"key-1","typ":"JWT","Kid":"key-2"}`), invalid},
		{"typ missing", head(`{"alg":"RS256","kid":"key-1"}`), invalid},
		{"typ of an access token", head(`{"alg":"RS256","kid":"key-1","typ":"at+jwt"}`), invalid},
		{"typ is a number", head(`{"alg":"RS256","kid":"key-1","typ":1}`), invalid},

		// Signatures
		{"signature empty", signature(func(string) string { return "" }), invalid},
		{"signature zero", signature(func(string) string { return b64(string(make([]byte, 256))) }), invalid},
		{"signature truncated", spoil(func(s string) string { return s[:len(s)-4] }), invalid},
		{"signature longer", spoil(func(s string) string { return s + "AAAA" }), invalid},
		{"signature of another token", func(e *edge) string {
			a, b := e.token(e.person(nil)), e.token(e.person(claims{"country": "DE"}))
			return a[:strings.LastIndexByte(a, '.')] + b[strings.LastIndexByte(b, '.'):]
		}, invalid},
		{"payload exchanged", func(e *edge) string {
			parts := strings.Split(e.token(e.person(nil)), ".")
			return parts[0] + "." + b64(marshal(t, e.person(claims{"email": "admin@example.com"}))) + "." + parts[2]
		}, invalid},

		// Text
		{"two parts", spoil(func(s string) string { return s[:strings.LastIndexByte(s, '.')] }), invalid},
		{"four parts", spoil(func(s string) string { return s + ".e30" }), invalid},
		{"five parts, as of a JWE", func(*edge) string {
			return b64(`{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"key-1","typ":"JWT"}`) + ".AAAA.AAAA.AAAA.AAAA"
		}, invalid},
		{"JWE's enc in a JWS", head(`{"alg":"RS256","enc":"A256GCM","kid":"key-1","typ":"JWT"}`), invalid},
		{"padded", spoil(func(s string) string { return strings.Replace(s, ".", "=.", 1) }), invalid},
		{"padded at the end", spoil(func(s string) string { return s + "==" }), invalid},
		{"standard alphabet", spoil(func(s string) string { return s[:len(s)-2] + "+/" }), invalid},
		{"trailing line feed", spoil(func(s string) string { return s + "\n" }), invalid},
		{"trailing blank", spoil(func(s string) string { return s + " " }), invalid},
		{"line feed inside", spoil(func(s string) string { return s[:20] + "\n" + s[20:] }), invalid},
		{"flattened JSON", spoil(func(s string) string {
			p := strings.Split(s, ".")
			return `{"protected":"` + p[0] + `","payload":"` + p[1] + `","signature":"` + p[2] + `"}`
		}), "credential_ambiguous"}, // it has commas

		// JSON
		{"claim twice", payload(func(s string) string { return s[:len(s)-1] + `,"sub":"admin"}` }), invalid},
		{"unknown claim twice", payload(func(s string) string { return s[:len(s)-1] + `,"x":1,"x":2}` }), invalid},
		{"case twin of sub", payload(func(s string) string { return s[:len(s)-1] + `,"Sub":"admin"}` }), invalid},
		{"case twin of exp", payload(func(s string) string { return s[:len(s)-1] + `,"EXP":99999999999}` }), invalid},
		{"case twin of email", payload(func(s string) string { return s[:len(s)-1] + `,"Email":"admin@example.com"}` }), invalid},
		{"more after the JSON", payload(func(s string) string { return s + `{}` }), invalid},
		{"an array", payload(func(s string) string { return "[" + s + "]" }), invalid},
		{"null", payload(func(string) string { return "null" }), invalid},
		{"not UTF-8", payload(func(s string) string { return strings.Replace(s, `"US"`, "\"\xff\"", 1) }), invalid},
		{"deep", payload(func(s string) string {
			return s[:len(s)-1] + `,"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}"
		}), invalid},

		// iss, aud
		{"iss missing", person(claims{"iss": nil}), invalid},
		{"another team", person(claims{"iss": "https://evil.cloudflareaccess.com"}), invalid},
		{"iss with a slash", person(claims{"iss": issuer + "/"}), invalid},
		{"iss cut", person(claims{"iss": issuer[:len(issuer)-1]}), invalid},
		{"iss longer", person(claims{"iss": issuer + ".evil.example"}), invalid},
		{"iss upper case", person(claims{"iss": strings.ToUpper(issuer)}), invalid},
		{"iss an array", person(claims{"iss": []string{issuer}}), invalid},
		{"aud missing", person(claims{"aud": nil}), invalid},
		{"aud empty", person(claims{"aud": []string{}}), invalid},
		{"aud of another application", person(claims{"aud": []string{strings.Repeat("0", 64)}}), invalid},
		{"aud cut", person(claims{"aud": audience[:63]}), invalid},
		{"aud longer", person(claims{"aud": audience + "0"}), invalid},
		{"aud upper case", person(claims{"aud": strings.ToUpper(audience)}), invalid},
		{"aud a list in a text", person(claims{"aud": audience + " x"}), invalid},
		{"aud nested", person(claims{"aud": []any{[]string{audience}}}), invalid},
		{"aud a number", person(claims{"aud": 1}), invalid},

		// Times
		{"exp missing", person(claims{"exp": nil}), invalid},
		{"exp null", payload(func(s string) string { return strings.Replace(s, `"exp":`, `"exp":null,"x":`, 1) }), invalid},
		{"exp a text", person(claims{"exp": "99999999999"}), invalid},
		{"exp in milliseconds", at("exp", func(e *edge) int64 { return e.clock.Now().UnixMilli() }), invalid},
		{"exp past", at("exp", in(-2*time.Minute)), expired},
		{"exp zero", person(claims{"exp": 0}), expired},
		{"nbf in the future", at("nbf", in(2*time.Minute)), invalid},
		{"iat in the future", at("iat", in(2*time.Minute)), invalid},
		{"nbf a text", person(claims{"nbf": "0"}), invalid},

		// Access's own
		{"type org", person(claims{"type": "org"}), "token_type"},
		{"type missing", person(claims{"type": nil}), "token_type"},
		{"type in another case", person(claims{"type": "App"}), "token_type"},
		{"type an array", person(claims{"type": []string{"app"}}), "token_type"},
		{"sub missing", person(claims{"sub": nil}), "subject_missing"},
		{"sub empty", person(claims{"sub": ""}), "subject_missing"},
		{"sub a number", person(claims{"sub": 7}), invalid},
		{"sub null", payload(func(s string) string { return strings.Replace(s, `"`+subject+`"`, "null", 1) }), invalid},
		{"sub an array", person(claims{"sub": []string{subject}}), invalid},
		{"service token that is not configured", func(e *edge) string { return e.token(e.service(nil)) }, "service_token_unknown"},
		{"service token without name", func(e *edge) string { return e.token(e.service(claims{"common_name": ""})) }, "subject_missing"},
		{"service token whose name is an array", func(e *edge) string { return e.token(e.service(claims{"common_name": []string{clientID}})) }, "subject_missing"},
		{"service token of type org", func(e *edge) string { return e.token(e.service(claims{"type": "org"})) }, "token_type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, where := range []string{"header", "cookie"} {
				e := newEdge(t)
				token := test.token(e)
				r := request(header, token)
				code := test.code
				if where == "cookie" {
					if strings.ContainsAny(token, "\n \"") {
						continue // net/http reads no such cookie
					}
					r = request("Cookie", cookie+"="+token)
				}
				newPortal(e, e.config()).requireRefused(r, code, token)
				require.Zero(t, e.calls(identityURL), "nobody asks about a token that is no good")
			}
		})
	}
}

// A key that Access has withdrawn is refused once the set with the new one has been fetched.
func TestARotatedKeyIsRefused(t *testing.T) {
	e := newEdge(t)
	a := e.authenticator()
	old := e.token(e.person(claims{"exp": e.clock.Now().Add(48 * time.Hour).Unix()}))
	_, err := a.Authenticate(t.Context(), request(header, old))
	require.NoError(t, err)

	e.publish(map[string]*rsa.PrivateKey{"key-2": nextKey()})
	e.clock.Advance(time.Minute)
	fresh := sign(t, nextKey(), `{"alg":"RS256","kid":"key-2","typ":"JWT"}`, marshal(t, e.person(nil)))
	_, err = a.Authenticate(t.Context(), request(header, fresh))
	require.NoError(t, err)
	_, err = a.Authenticate(t.Context(), request(header, old))
	require.ErrorIs(t, err, authprovider.ErrAuthentication)
}

// Access signs with RS256. A token of another algorithm is refused even under a key that is published for it.
func TestOtherAlgorithmsAreRefused(t *testing.T) {
	e := newEdge(t)
	key, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	jwk, err := jose.NewJWK(jose.PublicKey{KeyID: "key-1", Algorithm: jose.ES256, Key: key.Public()})
	require.NoError(t, err)
	e.serveCerts(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []jose.JWK{jwk}})
	})
	signer, err := jose.NewSigner(key, jose.ES256, "key-1")
	require.NoError(t, err)
	var list []jose.Claim
	for name, value := range e.person(nil) {
		list = append(list, jose.Claim{Name: name, Value: value})
	}
	token, err := signer.SignJWT("JWT", list...)
	require.NoError(t, err)
	newPortal(e, e.config()).requireRefused(request(header, token), "credential_invalid", token)
}

func TestKeysThatCannotBeHad(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"down":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"HTML":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>Sign in</html>")) },
		"no keys": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[]}`)) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/certs", http.StatusFound)
		},
		"reset":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"balloon": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 8<<20)) },
	} {
		t.Run(name, func(t *testing.T) {
			e := newEdge(t)
			e.serveCerts(serve)
			p := newPortal(e, e.config())
			token := e.token(e.person(nil))
			_, err := e.authenticator().Authenticate(t.Context(), request(header, token))
			p.requireUnavailable(err, request(header, token), token)
		})
	}
}

// requireUnavailable: nothing is known about the person, and err and the answer say so.
func (p portal) requireUnavailable(err error, r *http.Request, secrets ...string) {
	p.t.Helper()
	require.ErrorIs(p.t, err, authprovider.ErrUnavailable)
	require.NotErrorIs(p.t, err, authprovider.ErrAuthentication)
	res := p.do(r)
	require.Equal(p.t, http.StatusServiceUnavailable, res.StatusCode)
	require.NotEmpty(p.t, res.Header.Get("Retry-After"))
	require.Empty(p.t, res.Header.Values("Set-Cookie"))
	require.Empty(p.t, p.issuer.Issued())
	require.Empty(p.t, p.foreignCalls())
	p.requireSilent(err.Error(), secrets...)
}
