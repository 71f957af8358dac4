package samlauth

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"example.com/stagedoor/oauthadapter"
)

// maxRelayState is SAML's limit (bindings section 3.4.3), which some identity providers enforce.
const maxRelayState = 80

// requestID derives the ID of a request from the attempt's nonce: so the attempt's sealed cookie says which answer belongs to it, and the ID,
// which is public, does not say the nonce.
func requestID(nonce string) string {
	sum := sha256.Sum256([]byte("samlauth request\x00" + nonce))
	return "_" + hex.EncodeToString(sum[:20])
}

// relayState is the adapter's state without its environment, which is in the address of the answer: with it, it could be too long.
func relayState(env, state string) string { return strings.TrimPrefix(state, env+".") }

// stateOf undoes relayState.
func stateOf(env, relayState string) string { return env + "." + relayState }

// Start implements [oauthadapter.OAuthHandlers]: it builds the AuthnRequest. Scopes, PKCE and the caller's query have no place in it.
func (a *authenticator) Start(ctx context.Context, req oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
	relay := relayState(a.env, req.State)
	if len(relay) > maxRelayState {
		return oauthadapter.StartResponse{}, fmt.Errorf("samlauth: a RelayState of %d bytes", len(relay))
	}
	idp, err := a.source.get(ctx)
	if err != nil {
		return oauthadapter.StartResponse{}, err
	}
	if idp.wantsSigned && a.signer == nil {
		return oauthadapter.StartResponse{}, errors.New("samlauth: the identity provider wants signed requests, and there is no Config.Key")
	}
	binding, location, err := a.ssoService(idp)
	if err != nil {
		return oauthadapter.StartResponse{}, err
	}
	request := a.authnRequest(requestID(req.Nonce), location)
	if binding == BindingRedirect {
		target, err := a.redirectURL(location, "SAMLRequest", request, relay)
		return oauthadapter.StartResponse{URL: target}, err
	}
	form, ok := formFrom(ctx)
	if !ok {
		return oauthadapter.StartResponse{}, errors.New("samlauth: the POST binding needs the routes of Provider")
	}
	signed, err := a.signed(request)
	if err != nil {
		return oauthadapter.StartResponse{}, err
	}
	*form = postForm{action: location, fields: []field{{"SAMLRequest", base64.StdEncoding.EncodeToString(signed)}, {"RelayState", relay}}}
	return oauthadapter.StartResponse{URL: location}, nil
}

// ssoService chooses a binding and its address.
func (a *authenticator) ssoService(idp *identityProvider) (Binding, string, error) {
	switch a.config.RequestBinding {
	case BindingRedirect:
		if idp.ssoRedirect == "" {
			return "", "", errors.New("samlauth: the identity provider has no SingleSignOnService for Config.RequestBinding redirect")
		}
		return BindingRedirect, idp.ssoRedirect, nil
	case BindingPost:
		if idp.ssoPost == "" {
			return "", "", errors.New("samlauth: the identity provider has no SingleSignOnService for Config.RequestBinding post")
		}
		return BindingPost, idp.ssoPost, nil
	}
	if idp.ssoRedirect != "" {
		return BindingRedirect, idp.ssoRedirect, nil
	}
	return BindingPost, idp.ssoPost, nil
}

func (a *authenticator) authnRequest(id, destination string) *etree.Element {
	request := saml.AuthnRequest{
		ID: id, Version: "2.0", IssueInstant: a.config.Now().UTC(), Destination: destination, Issuer: &saml.Issuer{Value: a.config.EntityID},
		AssertionConsumerServiceURL: a.urls.acs, ProtocolBinding: saml.HTTPPostBinding,
	}
	if a.config.NameIDFormat != "" {
		request.NameIDPolicy = &saml.NameIDPolicy{Format: &a.config.NameIDFormat, AllowCreate: new(true)}
	}
	if a.config.ForceAuthn {
		request.ForceAuthn = new(true)
	}
	el := request.Element()
	if len(a.config.AuthnContexts) > 0 { // crewjam/saml knows only one
		contexts := el.CreateElement("samlp:RequestedAuthnContext")
		contexts.CreateAttr("Comparison", "exact")
		for _, class := range a.config.AuthnContexts {
			contexts.CreateElement("saml:AuthnContextClassRef").SetText(class)
		}
	}
	return el
}

// redirectURL encodes a message for the redirect binding, and signs the query if there is a key (SAML bindings section 3.4.4.1): parameter is
// SAMLRequest. What the address has of its own in its query is not signed.
func (a *authenticator) redirectURL(location, parameter string, message *etree.Element, relay string) (string, error) {
	data, err := serialize(message)
	if err != nil {
		return "", err
	}
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(data); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	query := parameter + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated.Bytes()))
	if relay != "" {
		query += "&RelayState=" + url.QueryEscape(relay)
	}
	if a.signer != nil {
		query += "&SigAlg=" + url.QueryEscape(signatureMethod)
		signature, err := a.signer.signText(query)
		if err != nil {
			return "", err
		}
		query += "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
	}
	separator := "?"
	if strings.Contains(location, "?") {
		separator = "&"
	}
	return location + separator + query, nil
}

// signed returns a message for the POST binding, with a signature in it if there is a key.
func (a *authenticator) signed(message *etree.Element) ([]byte, error) {
	if a.signer != nil {
		var err error
		if message, err = a.signer.sign(message); err != nil {
			return nil, err
		}
	}
	return serialize(message)
}

func serialize(el *etree.Element) ([]byte, error) {
	doc := etree.NewDocument()
	doc.SetRoot(el)
	data, err := doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("samlauth: write a message: %w", err)
	}
	return data, nil
}
