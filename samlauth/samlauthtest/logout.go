package samlauthtest

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
)

// serveLogout answers a LogoutRequest by the redirect binding, signed. It remembers no sessions, so it always succeeds.
func (p *Provider) serveLogout(w http.ResponseWriter, r *http.Request) {
	if p.called(r).Down {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	deflated, err := base64.StdEncoding.DecodeString(r.URL.Query().Get("SAMLRequest"))
	var request saml.LogoutRequest
	if err == nil {
		var data []byte
		if data, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(deflated)), 1<<20)); err == nil {
			err = xml.Unmarshal(data, &request)
		}
	}
	if err != nil || request.Issuer == nil || r.URL.Query().Get("Signature") == "" {
		http.Error(w, "samlauthtest: not a signed LogoutRequest", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	entity := p.trusted[request.Issuer.Value]
	keys := p.keys
	p.mu.Unlock()
	location := ""
	if entity != nil {
		for _, role := range entity.SPSSODescriptors {
			for _, service := range role.SingleLogoutServices {
				location = service.Location
			}
		}
	}
	if location == "" {
		http.Error(w, "samlauthtest: nowhere to answer", http.StatusBadRequest)
		return
	}
	response := saml.LogoutResponse{
		ID: "_" + rand.Text(), InResponseTo: request.ID, Version: "2.0", IssueInstant: p.now().UTC(), Destination: location,
		Issuer: &saml.Issuer{Value: p.EntityID()}, Status: saml.Status{StatusCode: saml.StatusCode{Value: saml.StatusSuccess}},
	}
	target, err := redirect(location, response.Element(), r.URL.Query().Get("RelayState"), keys)
	if err != nil {
		http.Error(w, "samlauthtest: "+err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, target, http.StatusFound)
}

func redirect(location string, el *etree.Element, relay string, keys keyPair) (string, error) {
	data, err := serialize(el)
	if err != nil {
		return "", err
	}
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.DefaultCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(data); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	query := "SAMLResponse=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated.Bytes()))
	if relay != "" {
		query += "&RelayState=" + url.QueryEscape(relay)
	}
	query += "&SigAlg=" + url.QueryEscape(dsig.RSASHA256SignatureMethod)
	sum := sha256.Sum256([]byte(query))
	signature, err := keys.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return "", err
	}
	separator := "?"
	if u, err := url.Parse(location); err == nil && u.RawQuery != "" {
		separator = "&"
	}
	return location + separator + query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature)), nil
}
