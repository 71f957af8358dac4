package samlauth

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/beevik/etree"

	"example.com/stagedoor/authprovider"
)

// serveLogout takes the answer to a LogoutRequest of ours, by the redirect or the POST binding, and sends the browser to the app. Nothing else
// hangs on it: the session here ended before the request was sent, and the page is one of the app's. So an answer without a signature is taken,
// which Entra sends; one whose signature is bad, or that belongs to no request of ours, is not.
//
// A LogoutRequest of the identity provider's is not served: the session is in the browser's cookie, which the browser does not send in the
// frame that such a request comes in.
func (rt *routes) serveLogout(w http.ResponseWriter, r *http.Request) error {
	m, err := readLogout(w, r)
	if err != nil {
		return refuse(CodeLogoutResponse, err)
	}
	if m.request {
		return &authprovider.Error{Kind: authprovider.ErrNotSupported, Code: CodeLogoutRequest, Message: "Please sign out in the app."}
	}
	if err := rt.auth.checkLogoutResponse(r.Context(), m); err != nil {
		return err
	}
	target := rt.pc.Origins.AppOrigin()
	if rt.pc.Origins.Allowed(m.relay) {
		target = m.relay
	}
	h := w.Header()
	h.Set("Location", target+"/")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// logoutMessage is a message of the single logout endpoint, as it came.
type logoutMessage struct {
	request bool // it is a LogoutRequest
	message []byte
	relay   string
	query   *querySignature // of the redirect binding; nil if there is none
}

// querySignature is the signature of a query.
type querySignature struct {
	signed    string // what it covers, as it was sent
	algorithm string
	value     []byte
}

func readLogout(w http.ResponseWriter, r *http.Request) (logoutMessage, error) {
	if r.Method != http.MethodPost {
		return readLogoutQuery(r.URL.RawQuery)
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return logoutMessage{}, errors.New("samlauth: the form is malformed, or too large")
	}
	m := logoutMessage{request: r.PostForm.Has("SAMLRequest"), relay: r.PostForm.Get("RelayState")}
	if len(r.PostForm["SAMLResponse"]) > 1 || len(r.PostForm["RelayState"]) > 1 {
		return logoutMessage{}, errors.New("samlauth: a field stands in the form twice")
	}
	var err error
	if m.message, err = base64.StdEncoding.DecodeString(r.PostForm.Get("SAMLResponse")); err != nil {
		return logoutMessage{}, errors.New("samlauth: the message is not base64")
	}
	return m, nil
}

// readLogoutQuery takes the query of the redirect binding apart (SAML bindings section 3.4.4.1), without a guess.
func readLogoutQuery(raw string) (m logoutMessage, err error) {
	values, texts := make(map[string]string), make(map[string]string)
	for part := range strings.SplitSeq(raw, "&") {
		name, text, _ := strings.Cut(part, "=")
		if _, twice := texts[name]; twice {
			return m, errors.New("samlauth: a parameter stands in the query twice")
		}
		if values[name], err = url.QueryUnescape(text); err != nil {
			return m, errors.New("samlauth: the query is malformed")
		}
		texts[name] = text
	}
	if _, m.request = texts["SAMLRequest"]; m.request {
		return m, nil
	}
	m.relay = values["RelayState"]
	if values["SigAlg"] != "" || values["Signature"] != "" {
		q := &querySignature{signed: "SAMLResponse=" + texts["SAMLResponse"], algorithm: values["SigAlg"]}
		if text, ok := texts["RelayState"]; ok {
			q.signed += "&RelayState=" + text
		}
		q.signed += "&SigAlg=" + texts["SigAlg"]
		if q.value, err = base64.StdEncoding.DecodeString(values["Signature"]); err != nil {
			return m, errors.New("samlauth: the signature is not base64")
		}
		m.query = q
	}
	deflated, err := base64.StdEncoding.DecodeString(values["SAMLResponse"])
	if err != nil {
		return m, errors.New("samlauth: the message is not base64")
	}
	m.message, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(deflated)), maxMessage+1))
	if err != nil {
		return m, errors.New("samlauth: the message is not deflated")
	}
	return m, nil
}

func (a *authenticator) checkLogoutResponse(ctx context.Context, m logoutMessage) error {
	idp, err := a.source.get(ctx)
	if err != nil {
		return err
	}
	now := a.config.Now()
	el, err := a.verifyLogout(verifier{certificates: idp.certificates, sha1: a.config.DangerouslyAllowSHA1, now: now}, m)
	if err != nil {
		return err
	}
	if version, _ := attr(el, "Version"); !is(el, nsProtocol, "LogoutResponse") || version != "2.0" {
		return refuse(CodeLogoutResponse, fmt.Errorf("samlauth: %.40q is no LogoutResponse of SAML 2.0", el.Tag))
	}
	if destination, ok := attr(el, "Destination"); ok && destination != a.urls.slo {
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
	// Whatever the identity provider could or could not end there, the person goes back to the app.
	if err := checkStatus(el); err != nil {
		a.config.Logger.LogAttrs(ctx, slog.LevelInfo, "samlauth: the identity provider did not end every session", slog.String("error", err.Error()))
	}
	return nil
}

// verifyLogout returns the message, verified if it has a signature: in the query or, by the POST binding, in itself.
func (a *authenticator) verifyLogout(v verifier, m logoutMessage) (*etree.Element, error) {
	if m.query != nil {
		if err := v.verifyQuery(m.query.signed, m.query.algorithm, m.query.value); err != nil {
			return nil, err
		}
	}
	el, err := parseDocument(m.message, maxMessage, false)
	if err != nil {
		return nil, refuse(documentCode(err), err)
	}
	if count(el, nsDSig, "Signature") == 0 {
		return el, nil
	}
	return v.verify(el)
}
