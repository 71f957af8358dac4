package samlauth

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/crewjam/saml"

	"example.com/stagedoor/authprovider"
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

// serveLogout takes the answer to a LogoutRequest of ours, by the redirect binding, and sends the browser to the app. A LogoutRequest of the
// identity provider's is not served: the session is in the browser's cookie, and in the frame that such a request comes in the browser does
// not send it.
func (rt *routes) serveLogout(w http.ResponseWriter, r *http.Request) error {
	q, err := readLogoutQuery(r.URL.RawQuery)
	if err != nil {
		return refuse(CodeLogoutResponse, err)
	}
	if q.request {
		return &authprovider.Error{Kind: authprovider.ErrNotSupported, Code: CodeLogoutRequest, Message: "Please sign out in the app."}
	}
	if err := rt.auth.checkLogoutResponse(r.Context(), q); err != nil {
		return err
	}
	target := rt.pc.Origins.AppOrigin()
	if rt.pc.Origins.Allowed(q.relay) {
		target = q.relay
	}
	h := w.Header()
	h.Set("Location", target+"/")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// logoutQuery is the query of the redirect binding, taken apart without a guess.
type logoutQuery struct {
	request   bool // it is a LogoutRequest
	message   []byte
	relay     string
	signed    string // what the signature covers, as it was sent
	algorithm string
	signature []byte
}

func readLogoutQuery(raw string) (q logoutQuery, err error) {
	values, texts := make(map[string]string), make(map[string]string)
	for part := range strings.SplitSeq(raw, "&") {
		name, text, _ := strings.Cut(part, "=")
		if _, twice := texts[name]; twice {
			return q, errors.New("samlauth: a parameter stands in the query twice")
		}
		if values[name], err = url.QueryUnescape(text); err != nil {
			return q, errors.New("samlauth: the query is malformed")
		}
		texts[name] = text
	}
	if _, q.request = texts["SAMLRequest"]; q.request {
		return q, nil
	}
	if encoding, ok := values["SAMLEncoding"]; ok && encoding != "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE" {
		return q, errors.New("samlauth: an unknown encoding")
	}
	q.signed = "SAMLResponse=" + texts["SAMLResponse"]
	if text, ok := texts["RelayState"]; ok {
		q.signed += "&RelayState=" + text
	}
	q.signed += "&SigAlg=" + texts["SigAlg"]
	q.relay, q.algorithm = values["RelayState"], values["SigAlg"]
	if q.signature, err = base64.StdEncoding.DecodeString(values["Signature"]); err != nil || len(q.signature) == 0 {
		return q, errors.New("samlauth: no signature")
	}
	deflated, err := base64.StdEncoding.DecodeString(values["SAMLResponse"])
	if err != nil {
		return q, errors.New("samlauth: the message is not base64")
	}
	q.message, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(deflated)), maxMessage+1))
	if err != nil {
		return q, errors.New("samlauth: the message is not deflated")
	}
	return q, nil
}

func (a *authenticator) checkLogoutResponse(ctx context.Context, q logoutQuery) error {
	idp, err := a.source.get(ctx)
	if err != nil {
		return err
	}
	now := a.config.Now()
	v := verifier{certificates: idp.certificates, sha1: a.config.DangerouslyAllowSHA1, now: now}
	if err := v.verifyQuery(q.signed, q.algorithm, q.signature); err != nil {
		return err
	}
	el, err := parseDocument(q.message, maxMessage, false)
	if err != nil {
		return refuse(documentCode(err), err)
	}
	if version, _ := attr(el, "Version"); !is(el, nsProtocol, "LogoutResponse") || version != "2.0" {
		return refuse(CodeLogoutResponse, fmt.Errorf("samlauth: %.40q is no LogoutResponse of SAML 2.0", el.Tag))
	}
	if destination, _ := attr(el, "Destination"); destination != a.urls.slo {
		return refuse(CodeDestination, fmt.Errorf("samlauth: destination %.200q, expected %q", destination, a.urls.slo))
	}
	if id, _ := attr(el, "InResponseTo"); !a.logout.ours(id) {
		return refuse(CodeInResponseTo, fmt.Errorf("samlauth: the answer to %.100q, which is no logout request of ours", id))
	}
	issuer, err := child(el, nsAssertion, "Issuer")
	if err != nil || issuer == nil {
		return refuse(CodeIssuer, errors.New("samlauth: not one Issuer"))
	}
	if err := checkIssuer(issuer, idp.entityID); err != nil {
		return err
	}
	issued, has, err := timeAttr(el, "IssueInstant")
	if err != nil || !has || issued.After(now.Add(a.config.ClockSkew)) || issued.Before(now.Add(-maxAge-a.config.ClockSkew)) {
		return refuse(CodeExpired, fmt.Errorf("samlauth: issued at %s", issued))
	}
	// Whatever the identity provider could or could not end there, the session here has ended, and the person goes back to the app.
	if err := checkStatus(el); err != nil {
		a.config.Logger.LogAttrs(ctx, slog.LevelInfo, "samlauth: the identity provider did not end every session", slog.String("error", err.Error()))
	}
	return nil
}
