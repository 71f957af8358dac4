package tokenissuer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
)

// userInfoKey is the key of a sign-in in the store: a user token and the limited token made of it share the uip. It is a
// hash, since the uip of an unexpired token is the signature of a limited token.
func userInfoKey(proof string) [sha256.Size]byte { return sha256.Sum256([]byte(proof)) }

// ServeUserInfo implements [authprovider.UserInfoServer]: it answers {"claims":{"sub":...,"ent":[...],...}} as it was at the
// sign-in that made the presented token, which is a user token or a limited user token made of it.
//
// A user token that carries its ownership is answered from itself. For any other, if there is no record of the sign-in, after a restart
// or on a replica that does not share the store, it is refused as an invalid one is.
func (i *Issuer) ServeUserInfo(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	raw, ok := bearerToken(r.Header["Authorization"])
	if !ok {
		w.Header().Set("WWW-Authenticate", challengeMissing)
		return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: "token_missing", Message: "No token provided"}
	}
	body, err := i.lookUpUserInfo(r.Context(), raw)
	switch {
	case errors.Is(err, ErrInvalidToken):
		w.Header().Set("WWW-Authenticate", challengeInvalid)
		return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: "token_invalid", Message: "The token is not valid.", Err: err}
	case err != nil:
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // the client may be gone; nobody is left to tell
	return nil
}

func (i *Issuer) lookUpUserInfo(ctx context.Context, raw string) ([]byte, error) {
	t, err := i.userInfoVerifier.Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if t.Ownership != nil { // which no limited token has
		return userInfoOf(t.token), nil
	}
	proof, _ := t.token.String("uip")
	if t.Limited {
		proof = raw[strings.LastIndexByte(raw, '.')+1:]
	}
	body, found, err := i.userInfo.UserInfo(ctx, userInfoKey(proof))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: userinfo: %w", authprovider.ErrUnavailable, err)
	case !found:
		return nil, fmt.Errorf("%w: no record of its sign-in", ErrInvalidToken)
	}
	return body, nil
}

// userInfoOf writes the answer that a token with an ent claim implies. Its claims are verified, so the texts can be copied.
func userInfoOf(t *jose.Token) []byte {
	out := []byte(`{"claims":{`)
	add := func(name string) {
		value, ok := t.Raw(name)
		if !ok {
			return
		}
		if out[len(out)-1] != '{' {
			out = append(out, ',')
		}
		out, _ = jose.AppendString(out, name) // it was read from valid UTF-8
		out = append(append(out, ':'), value...)
	}
	add("sub")
	add("ent")
	for _, name := range t.Names() {
		if checkClaimName(name) == nil {
			add(name)
		}
	}
	return append(out, `}}`...)
}
