package samlauth

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
)

// Result is what a sign-in resolver gets.
type Result = *oauthadapter.Result[Profile]

// SignInInfo is the argument of sign-in resolvers for this provider.
type SignInInfo = authprovider.SignInInfo[Result]

// Provider returns the factory of a provider. The sign-in resolvers are tried in order; without one the app gets a profile, but no identity.
// What is wrong with c shows when the factory is called. It needs no network.
func Provider(c Config, signIn ...authprovider.SignInResolver[Result]) authprovider.ProviderFactory {
	return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		c := c
		pc.Inherit(&c.HTTPClient, &c.Now, &c.Logger)
		if err := c.check(); err != nil {
			return nil, err
		}
		urls := ownURLs(pc, c.Options.CallbackURL)
		if c.EntityID == "" {
			c.EntityID = urls.metadata
		}
		source, err := newMetadataSource(c)
		if err != nil {
			return nil, err
		}
		a := newAuthenticator(c, pc, urls, source)
		inner, err := oauthadapter.Provider[Profile](a, c.Options, signIn...)(pc)
		if err != nil {
			return nil, err
		}
		return newRoutes(pc, a, inner)
	}
}

// addresses are where an identity provider finds us.
type addresses struct{ acs, metadata, slo string }

// ownURLs: an answer is posted, and names its environment in the query, since the cookie-less first post cannot be asked for more.
func ownURLs(pc *authprovider.ProviderContext, callbackURL string) addresses {
	if callbackURL == "" {
		callbackURL = pc.URL + "/handler/frame"
	}
	query := ""
	if pc.Environment != "" {
		query = "?env=" + pc.Environment // of characters that need no escape
	}
	return addresses{acs: callbackURL + query, metadata: pc.URL + "/metadata" + query, slo: pc.URL + "/slo" + query}
}

// authenticator is the part that knows SAML. The adapter around it keeps state, cookies and sessions: its nonce becomes the request's ID, its
// state the RelayState, and its code is the response.
type authenticator struct {
	config Config
	urls   addresses
	source *metadataSource
	signer *signer // nil without a key
	reader *responseReader
	env    string
	logout logoutIDs
}

var (
	_ oauthadapter.OAuthHandlers[Profile] = (*authenticator)(nil)
	_ oauthadapter.Refresher[Profile]     = (*authenticator)(nil)
	_ oauthadapter.SessionEnder           = (*authenticator)(nil)
)

func newAuthenticator(c Config, pc *authprovider.ProviderContext, urls addresses, source *metadataSource) *authenticator {
	a := &authenticator{config: c, urls: urls, source: source, env: pc.Environment, logout: logoutIDs{keys: pc.Keys("saml logout")}}
	if c.Key != nil {
		a.signer = &signer{key: c.Key, certificate: c.Certificate}
	}
	key, _ := c.Key.(*rsa.PrivateKey)
	a.reader = &responseReader{
		entityID: c.EntityID, acsURL: urls.acs, key: key, sha1: c.DangerouslyAllowSHA1, skew: c.ClockSkew,
		contexts: c.AuthnContexts, forceAuthn: c.ForceAuthn, now: c.Now, used: &usedAssertions{},
	}
	return a
}

// Authenticate implements [oauthadapter.OAuthHandlers]. The nonce comes from the sealed cookie of the attempt, which only this browser has
// and which is used up by now: so the answer is to this browser's request, and to that once.
func (a *authenticator) Authenticate(ctx context.Context, req oauthadapter.CallbackRequest) (Result, error) {
	data, err := base64.StdEncoding.DecodeString(req.Code)
	if err != nil {
		return nil, refuse(CodeResponseMalformed, errors.New("samlauth: the response is not base64"))
	}
	idp, err := a.source.get(ctx)
	if err != nil {
		return nil, err
	}
	p, err := a.reader.read(idp, data, requestID(req.Nonce))
	if mayBeOtherKey(err) {
		// The identity provider may have changed its key since its metadata was read.
		if next := a.source.newer(ctx, idp); next != nil {
			p, err = a.reader.read(next, data, requestID(req.Nonce))
		}
	}
	if err != nil {
		return nil, err
	}
	return a.signedIn(p)
}

// mayBeOtherKey reports whether a signature was not made with a known key. Of what was encrypted that is not said, so that nobody learns by a
// fetch how far decryption got.
func mayBeOtherKey(err error) bool {
	var e *authprovider.Error
	return errors.As(err, &e) && (e.Code == CodeSignatureInvalid || e.Code == CodeEncryption)
}

// signedIn makes the result of a sign-in.
func (a *authenticator) signedIn(p Profile) (Result, error) {
	if a.config.Attributes != nil {
		p.Attributes = slices.DeleteFunc(p.Attributes, func(at Attribute) bool {
			return !slices.Contains(a.config.Attributes, at.Name) && (at.FriendlyName == "" || !slices.Contains(a.config.Attributes, at.FriendlyName))
		})
	}
	text, err := marshalProfile(p)
	if err != nil {
		return nil, err
	}
	ends := a.config.Now().Add(a.config.Options.SessionDuration)
	if !p.SessionNotOnOrAfter.IsZero() && p.SessionNotOnOrAfter.Before(ends) {
		ends = p.SessionNotOnOrAfter
	}
	return a.result(p, text, ends), nil
}

func (a *authenticator) result(p Profile, text authprovider.Secret, ends time.Time) Result {
	return &oauthadapter.Result[Profile]{
		Profile:     a.config.shown(p),
		FullProfile: p,
		// What is kept rests where a refresh token would: sealed in the browser's cookie, and never shown to the app.
		Session: oauthadapter.Session{RefreshToken: text, ExpiresAt: ends, Subject: p.NameID.Value},
	}
}

// Refresh implements [oauthadapter.Refresher]. SAML has no refresh: the session is read again, and the resolvers decide again.
func (a *authenticator) Refresh(_ context.Context, req oauthadapter.RefreshRequest) (Result, error) {
	if !a.config.Now().Before(req.Session.ExpiresAt) {
		return nil, fmt.Errorf("%w: it was to end at %s", oauthadapter.ErrSessionEnded, req.Session.ExpiresAt)
	}
	p, err := unmarshalProfile(req.Session.RefreshToken)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", oauthadapter.ErrSessionEnded, err)
	}
	if now := a.source.knownEntityID(); now != "" && p.Issuer != now {
		return nil, fmt.Errorf("%w: it is %q's, and %q is asked now", oauthadapter.ErrSessionEnded, p.Issuer, now)
	}
	return a.result(p, req.Session.RefreshToken, req.Session.ExpiresAt), nil
}
