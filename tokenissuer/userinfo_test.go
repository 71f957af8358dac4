package tokenissuer_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/tokenissuer"
)

const janeInfo = `{"claims":{"sub":"user:default/jane","ent":["user:default/jane","group:default/team-a"]}}`

// foreign signs claims with a key of its own, under the kid of a good token.
func foreign(t testing.TB, good, typ string, claims ...jose.Claim) string {
	t.Helper()
	token, err := jose.Parse(good)
	require.NoError(t, err)
	key, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	signer, err := jose.NewSigner(key, jose.ES256, token.Header().KeyID)
	require.NoError(t, err)
	compact, err := signer.SignJWT(typ, claims...)
	require.NoError(t, err)
	return compact
}

// changed replaces text in the header or payload of a token and keeps the signature.
func changed(t testing.TB, token, from, to string) string {
	t.Helper()
	header, payload := texts(t, token)
	require.Contains(t, header+payload, from)
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(strings.ReplaceAll(header, from, to))) + "." + encode([]byte(strings.ReplaceAll(payload, from, to))) +
		token[strings.LastIndexByte(token, '.'):]
}

func TestUserInfo(t *testing.T) {
	issuer, clock := newIssuer(t)
	other, _ := newIssuer(t)
	token := issue(t, issuer, jane)
	small := limited(t, token)
	header, payload := texts(t, token)
	now := clock.Now().Unix()
	full := []jose.Claim{{Name: "iss", Value: issuerURL}, {Name: "sub", Value: "user:default/jane"}, {Name: "aud", Value: "backstage"},
		{Name: "iat", Value: now}, {Name: "exp", Value: now + 3600}, {Name: "uip", Value: claimsOf(t, token)["uip"]}}
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(header, "ES256", "none", 1))) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(payload)) + "."

	const missing, invalid = "token_missing", "token_invalid"
	tests := map[string]struct {
		header []string
		code   string // empty: the record is answered
	}{
		"token":                       {[]string{"Authorization", "Bearer " + token}, ""},
		"limited token":               {[]string{"Authorization", "Bearer " + small}, ""},
		"scheme in lower case":        {[]string{"Authorization", "bearer " + token}, ""},
		"several spaces":              {[]string{"Authorization", "Bearer   " + token}, ""},
		"no header":                   {nil, missing},
		"empty header":                {[]string{"Authorization", ""}, missing},
		"scheme alone":                {[]string{"Authorization", "Bearer"}, missing},
		"no token":                    {[]string{"Authorization", "Bearer "}, missing},
		"other scheme":                {[]string{"Authorization", "Basic " + token}, missing},
		"no scheme":                   {[]string{"Authorization", token}, missing},
		"two tokens":                  {[]string{"Authorization", "Bearer " + token + " " + token}, missing},
		"two headers":                 {[]string{"Authorization", "Bearer " + token, "Authorization", "Bearer " + token}, missing},
		"tab":                         {[]string{"Authorization", "Bearer\t" + token}, missing},
		"in another header":           {[]string{"X-Authorization", "Bearer " + token}, missing},
		"garbage":                     {[]string{"Authorization", "Bearer garbage"}, invalid},
		"huge":                        {[]string{"Authorization", "Bearer " + strings.Repeat("a.", 1<<20)}, invalid},
		"signature cut":               {[]string{"Authorization", "Bearer " + token[:len(token)-2]}, invalid},
		"line at the end":             {[]string{"Authorization", "Bearer " + token + "\n"}, invalid},
		"another's subject":           {[]string{"Authorization", "Bearer " + changed(t, token, "jane", "john")}, invalid},
		"another's subject, limited":  {[]string{"Authorization", "Bearer " + changed(t, small, "jane", "john")}, invalid},
		"later expiry, limited":       {[]string{"Authorization", "Bearer " + changed(t, small, `"exp":18`, `"exp":19`)}, invalid},
		"no signature":                {[]string{"Authorization", "Bearer " + unsigned}, invalid},
		"no signature, limited":       {[]string{"Authorization", "Bearer " + changed(t, small, "ES256", "none")}, invalid},
		"full as limited":             {[]string{"Authorization", "Bearer " + changed(t, token, "vnd.backstage.user", "vnd.backstage.limited-user")}, invalid},
		"limited as full":             {[]string{"Authorization", "Bearer " + changed(t, small, "vnd.backstage.limited-user", "vnd.backstage.user")}, invalid},
		"no typ":                      {[]string{"Authorization", "Bearer " + changed(t, token, `"typ":"vnd.backstage.user",`, "")}, invalid},
		"unknown kid":                 {[]string{"Authorization", "Bearer " + changed(t, small, `"kid":"`, `"kid":"x`)}, invalid},
		"another issuer's":            {[]string{"Authorization", "Bearer " + issue(t, other, jane)}, invalid},
		"another issuer's, limited":   {[]string{"Authorization", "Bearer " + limited(t, issue(t, other, jane))}, invalid},
		"foreign key under our kid":   {[]string{"Authorization", "Bearer " + foreign(t, token, "vnd.backstage.user", full...)}, invalid},
		"foreign key, limited":        {[]string{"Authorization", "Bearer " + foreign(t, token, "vnd.backstage.limited-user", full[1], full[3], full[4])}, invalid},
		"plugin token of a foreigner": {[]string{"Authorization", "Bearer " + foreign(t, token, "vnd.backstage.plugin", full...)}, invalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w, err := serve(t, issuer.ServeUserInfo, tt.header...)
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			if tt.code == "" {
				require.NoError(t, err)
				require.Equal(t, janeInfo, w.Body.String())
				require.Equal(t, "application/json", w.Header().Get("Content-Type"))
				return
			}
			require.ErrorIs(t, err, authprovider.ErrAuthentication)
			var public *authprovider.Error
			require.ErrorAs(t, err, &public)
			require.Equal(t, tt.code, public.Code)
			require.Contains(t, w.Header().Get("WWW-Authenticate"), "Bearer")
			require.Empty(t, w.Body.String())
		})
	}
}

// What our own key signed for other purposes is refused too.
func TestUserInfoOfOtherTokensUnderOurKey(t *testing.T) {
	key, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	signer, err := jose.NewSigner(key, jose.ES256, "k1")
	require.NoError(t, err)
	issuer, clock := newIssuer(t, func(c *tokenissuer.Config) {
		record, err := tokenissuer.WriteRecord(secret, "k1", signer, time.Unix(1_900_000_000, 0))
		require.NoError(t, err)
		store := new(tokenissuer.MemoryKeyStore)
		require.NoError(t, store.CreateKey(t.Context(), record))
		c.Keys = store
	})
	now := clock.Now().Unix()
	claims := func(change map[string]any) (list []jose.Claim) {
		for _, c := range []jose.Claim{{Name: "iss", Value: issuerURL}, {Name: "sub", Value: "user:default/jane"}, {Name: "ent", Value: []string{"a"}},
			{Name: "aud", Value: "backstage"}, {Name: "iat", Value: now}, {Name: "exp", Value: now + 3600}} {
			if v, ok := change[c.Name]; ok {
				c.Value = v
			}
			if c.Value != nil {
				list = append(list, c)
			}
		}
		return list
	}
	sub, iat, exp := jose.Claim{Name: "sub", Value: "user:default/jane"}, jose.Claim{Name: "iat", Value: now}, jose.Claim{Name: "exp", Value: now + 3600}
	tests := map[string]struct {
		typ    string
		claims []jose.Claim
		ok     bool
	}{
		"good":                      {"vnd.backstage.user", claims(nil), true},
		"no typ":                    {"", claims(nil), false},
		"typ JWT":                   {"JWT", claims(nil), false},
		"typ plugin":                {"vnd.backstage.plugin", claims(nil), false},
		"other issuer":              {"vnd.backstage.user", claims(map[string]any{"iss": "https://other.example.com"}), false},
		"no issuer":                 {"vnd.backstage.user", claims(map[string]any{"iss": nil}), false},
		"other audience":            {"vnd.backstage.user", claims(map[string]any{"aud": "other"}), false},
		"no audience":               {"vnd.backstage.user", claims(map[string]any{"aud": nil}), false},
		"expired":                   {"vnd.backstage.user", claims(map[string]any{"exp": now - 61}), false},
		"no expiry":                 {"vnd.backstage.user", claims(map[string]any{"exp": nil}), false},
		"no iat":                    {"vnd.backstage.user", claims(map[string]any{"iat": nil}), false},
		"iat in the future":         {"vnd.backstage.user", claims(map[string]any{"iat": now + 301}), false},
		"limited without a record":  {"vnd.backstage.limited-user", []jose.Claim{sub, iat, exp}, false},
		"limited with more claims":  {"vnd.backstage.limited-user", claims(nil), false},
		"limited without expiry":    {"vnd.backstage.limited-user", []jose.Claim{sub, iat}, false},
		"full without ownership":    {"vnd.backstage.user", claims(map[string]any{"ent": nil}), false},
		"full for an application":   {"application/vnd.backstage.limited-user", []jose.Claim{sub, iat, exp}, false},
		"limited with other claims": {"vnd.backstage.limited-user", []jose.Claim{iat, sub, exp}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			token, err := signer.SignJWT(tt.typ, tt.claims...)
			require.NoError(t, err)
			w, err := serve(t, issuer.ServeUserInfo, "Authorization", "Bearer "+token)
			if tt.ok {
				require.NoError(t, err)
				require.Equal(t, `{"claims":{"sub":"user:default/jane","ent":["a"]}}`, w.Body.String())
				return
			}
			require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
			require.Empty(t, w.Body.String())
		})
	}
}

func userInfo(t testing.TB, i *tokenissuer.Issuer, token string) (string, error) {
	t.Helper()
	w, err := serve(t, i.ServeUserInfo, "Authorization", "Bearer "+token)
	return w.Body.String(), err
}

func TestUserInfoBelongsToTheSignIn(t *testing.T) {
	issuer, clock := newIssuer(t)
	one := issue(t, issuer, jane)
	two := issue(t, issuer, authprovider.TokenClaims{Subject: jane.Subject, Claims: map[string]any{"b": "<x>", "a": 1}}) // in the same second
	for _, token := range []string{one, limited(t, one)} {
		body, err := userInfo(t, issuer, token)
		require.NoError(t, err)
		require.Equal(t, janeInfo, body)
	}
	for _, token := range []string{two, limited(t, two)} {
		body, err := userInfo(t, issuer, token)
		require.NoError(t, err)
		require.Equal(t, `{"claims":{"sub":"user:default/jane","ent":["user:default/jane"],"a":1,"b":"<x>"}}`, body)
	}
	clock.Advance(-5*time.Minute - time.Second)
	for _, token := range []string{one, limited(t, one)} {
		_, err := userInfo(t, issuer, token)
		require.ErrorIs(t, err, tokenissuer.ErrInvalidToken, "issued in the future")
	}
	clock.Advance(time.Hour + 6*time.Minute + time.Second)
	for _, token := range []string{one, limited(t, one)} {
		_, err := userInfo(t, issuer, token)
		require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
	}
}

// brokenUserInfo is a store that is out of order.
type brokenUserInfo struct{ put, get error }

func (s brokenUserInfo) PutUserInfo(context.Context, [sha256.Size]byte, []byte, time.Time) error {
	return s.put
}

func (s brokenUserInfo) UserInfo(context.Context, [sha256.Size]byte) ([]byte, bool, error) {
	return nil, false, s.get
}

func TestUserInfoWithoutRecord(t *testing.T) {
	down := errors.New("connection refused")
	asked := authprovider.TokenClaims{Subject: jane.Subject, Ownership: jane.Ownership, Claims: map[string]any{"a": map[string]any{"b": "<\u2028"}, "email": "j@example.com"}}
	fromToken := `{"claims":{"sub":"user:default/jane","ent":["user:default/jane","group:default/team-a"],"a":{"b":"<` + "\u2028" + `"},"email":"j@example.com"}}`

	for name, tt := range map[string]struct {
		store         brokenUserInfo
		inToken       bool
		full, limited error // nil: answered from the token
	}{
		"another replica's":             {brokenUserInfo{}, false, tokenissuer.ErrInvalidToken, tokenissuer.ErrInvalidToken},
		"another replica's, ownership":  {brokenUserInfo{}, true, nil, tokenissuer.ErrInvalidToken},
		"store down":                    {brokenUserInfo{put: down, get: down}, false, nil, authprovider.ErrUnavailable}, // the token got the ownership
		"store down since, no ent":      {brokenUserInfo{get: down}, false, authprovider.ErrUnavailable, authprovider.ErrUnavailable},
		"store down since, ownership":   {brokenUserInfo{get: down}, true, nil, authprovider.ErrUnavailable},
		"store was down at the sign-in": {brokenUserInfo{put: down}, false, nil, tokenissuer.ErrInvalidToken},
	} {
		t.Run(name, func(t *testing.T) {
			issuer, _ := newIssuer(t, func(c *tokenissuer.Config) { c.UserInfo, c.OwnershipInToken = tt.store, tt.inToken })
			token := issue(t, issuer, asked)
			body, err := userInfo(t, issuer, token)
			require.ErrorIs(t, err, tt.full)
			if tt.full == nil {
				require.Equal(t, fromToken, body)
			}
			body, err = userInfo(t, issuer, limited(t, token))
			require.ErrorIs(t, err, tt.limited)
			require.Empty(t, body)
		})
	}
}

// FuzzUserInfoAuthorization: nothing but the two tokens of this sign-in is ever answered.
func FuzzUserInfoAuthorization(f *testing.F) {
	issuer, _ := newIssuer(f)
	token, err := issuer.IssueToken(f.Context(), jane)
	if err != nil {
		f.Fatal(err)
	}
	small := limited(f, token)
	for _, t := range []string{token, small} {
		f.Add("Bearer " + t)
		f.Add("bearer  " + t)
		f.Add("Bearer " + t + "=")
		f.Add("Bearer " + t[:len(t)-1] + "A")
		f.Add("Bearer " + strings.ReplaceAll(t, ".", ".."))
	}
	f.Add("Basic a:b")
	f.Fuzz(func(t *testing.T, authorization string) {
		w, err := serve(t, issuer.ServeUserInfo, "Authorization", authorization)
		if err != nil {
			require.ErrorIs(t, err, authprovider.ErrAuthentication)
			require.Empty(t, w.Body.String())
			require.NotEmpty(t, w.Header().Get("WWW-Authenticate"))
			return
		}
		scheme, presented, _ := strings.Cut(authorization, " ")
		require.True(t, strings.EqualFold(scheme, "bearer"))
		require.Contains(t, []string{token, small}, strings.TrimLeft(presented, " "))
		require.Equal(t, janeInfo, w.Body.String())
	})
}
