package samlauth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/crewjam/saml"

	"example.com/stagedoor/oauthadapter"
)

// EndSessionURL implements [oauthadapter.SessionEnder]: it is a signed LogoutRequest to the identity provider, if that and we can do single
// logout (SAML profiles section 4.4). The session here has ended by then, whatever comes of it.
func (a *authenticator) EndSessionURL(ctx context.Context, req oauthadapter.LogoutRequest) (string, error) {
	if a.signer == nil { // a logout request has to be signed
		return "", nil
	}
	idp, err := a.source.get(ctx)
	if err != nil || idp.sloRedirect == "" {
		return "", err
	}
	p, err := unmarshalProfile(req.Session.RefreshToken)
	if err != nil || p.Issuer != idp.entityID {
		return "", err
	}
	request := saml.LogoutRequest{
		ID: a.logout.create(), Version: "2.0", IssueInstant: a.config.Now().UTC(), Destination: idp.sloRedirect, Issuer: &saml.Issuer{Value: a.config.EntityID},
		NameID: &saml.NameID{Value: p.NameID.Value, Format: p.NameID.Format, NameQualifier: p.NameID.NameQualifier, SPNameQualifier: p.NameID.SPNameQualifier},
	}
	if p.SessionIndex != "" {
		request.SessionIndex = &saml.SessionIndex{Value: p.SessionIndex}
	}
	relay := strings.TrimSuffix(req.ReturnURL, "/")
	if len(relay) > maxRelayState {
		relay = ""
	}
	return a.redirectURL(idp.sloRedirect, "SAMLRequest", request.Element(), relay)
}

// logoutIDs makes IDs of logout requests that can be recognised without being remembered: the session that they belong to is gone.
type logoutIDs struct{ keys [][]byte } // the first makes, all recognise

const logoutIDSize = 16

func (l logoutIDs) create() string {
	id := make([]byte, logoutIDSize)
	rand.Read(id)
	return "_" + hex.EncodeToString(append(id, l.mac(l.keys[0], id)...))
}

func (l logoutIDs) ours(text string) bool {
	raw, err := hex.DecodeString(strings.TrimPrefix(text, "_"))
	if err != nil || len(raw) != 2*logoutIDSize {
		return false
	}
	for _, key := range l.keys {
		if hmac.Equal(raw[logoutIDSize:], l.mac(key, raw[:logoutIDSize])) {
			return true
		}
	}
	return false
}

func (l logoutIDs) mac(key, id []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(id)
	return h.Sum(nil)[:logoutIDSize]
}
