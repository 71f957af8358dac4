package samlauth

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"example.com/stagedoor/authprovider"
)

// responseReader turns the answer of an identity provider into a profile, or refuses it. crewjam/saml has such a reader too, which is not
// used: it reads the document as it was sent and not the bytes that were verified, takes the first of several assertions and assertions that
// only their response signs, asks a global clock, and follows pointers that a hostile document leaves nil.
type responseReader struct {
	entityID   string // ours
	acsURL     string
	key        *rsa.PrivateKey // nil if there is none
	sha1       bool
	skew       time.Duration
	contexts   []string
	forceAuthn bool
	now        func() time.Time
	used       *usedAssertions
}

// read checks everything that SAML profiles section 4.1.4.3 asks for, and more. requestID is the ID of the one request that may be answered.
func (r *responseReader) read(idp *identityProvider, data []byte, requestID string) (Profile, error) {
	now := r.now()
	v := verifier{certificates: idp.certificates, sha1: r.sha1, now: now}
	response, err := parseDocument(data, maxMessage, false)
	if err != nil {
		return Profile{}, refuse(documentCode(err), err)
	}
	if version, _ := attr(response, "Version"); !is(response, nsProtocol, "Response") || version != "2.0" {
		return Profile{}, refuse(CodeResponseMalformed, fmt.Errorf("samlauth: %.40q is no Response of SAML 2.0", response.Tag))
	}
	assertions, encrypted := count(response, nsAssertion, "Assertion"), count(response, nsAssertion, "EncryptedAssertion")
	if assertions+encrypted > 1 {
		// Signature wrapping needs a second one: the signed one, put where nobody reads it.
		return Profile{}, refuse(CodeAssertionRepeated, fmt.Errorf("samlauth: %d assertions and %d encrypted ones", assertions, encrypted))
	}
	if response, err = r.verifyResponse(v, response); err != nil {
		return Profile{}, err
	}
	if err := r.checkEnvelope(idp, response, requestID); err != nil {
		return Profile{}, err
	}
	assertion, err := r.assertion(v, response)
	if err != nil {
		return Profile{}, err
	}
	profile, until, err := r.checkAssertion(idp, assertion, requestID, now)
	if err != nil {
		return Profile{}, err
	}
	if !r.used.use(profile.AssertionID, until, now) {
		return Profile{}, refuse(CodeReplayed, fmt.Errorf("samlauth: assertion %.100q has been used", profile.AssertionID))
	}
	return profile, nil
}

// verifyResponse checks where signatures are and, if the response itself is signed, that one. The response then is what was verified.
func (r *responseReader) verifyResponse(v verifier, response *etree.Element) (*etree.Element, error) {
	own := children(response, nsDSig, "Signature")
	expected := len(own)
	if assertion, _ := child(response, nsAssertion, "Assertion"); assertion != nil {
		expected += len(children(assertion, nsDSig, "Signature"))
	}
	if n := count(response, nsDSig, "Signature"); n != expected || len(own) > 1 {
		return nil, refuse(CodeSignatureMisplaced, fmt.Errorf("samlauth: %d signatures, %d where they belong", n, expected))
	}
	if len(own) == 0 {
		return response, nil // the assertion's own is what counts
	}
	verified, err := v.verify(response)
	if err != nil {
		return nil, err
	}
	if !is(verified, nsProtocol, "Response") {
		return nil, refuse(CodeSignatureReference, errors.New("samlauth: the response's signature covers something else"))
	}
	if _, ok := attr(verified, "Destination"); !ok { // SAML bindings section 3.5.5.2
		return nil, refuse(CodeDestination, errors.New("samlauth: a signed response without Destination"))
	}
	return verified, nil
}

// checkEnvelope checks the response around the assertion. Unless it is signed all of this is only what anybody wrote: it can refuse, and the
// assertion says it again.
func (r *responseReader) checkEnvelope(idp *identityProvider, response *etree.Element, requestID string) error {
	if destination, ok := attr(response, "Destination"); ok && destination != r.acsURL {
		return refuse(CodeDestination, fmt.Errorf("samlauth: destination %.200q, expected %q", destination, r.acsURL))
	}
	if id, _ := attr(response, "InResponseTo"); id != requestID {
		return refuse(CodeInResponseTo, fmt.Errorf("samlauth: response to %.100q, expected %q", id, requestID))
	}
	issuer, err := child(response, nsAssertion, "Issuer")
	if err != nil {
		return refuse(CodeResponseMalformed, err)
	}
	if issuer != nil {
		if err := checkIssuer(issuer, idp.entityID); err != nil {
			return err
		}
	}
	return checkStatus(response)
}

func checkIssuer(el *etree.Element, entityID string) error {
	issuer, ok := text(el)
	if format, has := attr(el, "Format"); !ok || issuer != entityID || has && format != "urn:oasis:names:tc:SAML:2.0:nameid-format:entity" {
		return refuse(CodeIssuer, fmt.Errorf("samlauth: issuer %.200q, expected %q", issuer, entityID))
	}
	return nil
}

// checkStatus gives what the identity provider reports its class. Its message is logged, bounded, and not shown.
func checkStatus(response *etree.Element) error {
	status, err := child(response, nsProtocol, "Status")
	if err != nil || status == nil {
		return refuse(CodeResponseMalformed, errors.New("samlauth: a response without one Status"))
	}
	code, err := child(status, nsProtocol, "StatusCode")
	if err != nil || code == nil {
		return refuse(CodeResponseMalformed, errors.New("samlauth: a Status without one StatusCode"))
	}
	value, _ := attr(code, "Value")
	if value == saml.StatusSuccess {
		return nil
	}
	second := ""
	if inner, _ := child(code, nsProtocol, "StatusCode"); inner != nil {
		second, _ = attr(inner, "Value")
	}
	words := ""
	if el, _ := child(status, nsProtocol, "StatusMessage"); el != nil {
		words, _ = text(el)
	}
	cause := fmt.Errorf("samlauth: status %.100q, %.100q (%.200q)", value, second, words)
	switch second {
	case saml.StatusAuthnFailed, saml.StatusRequestDenied:
		return &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "access_denied", Message: "The sign-in was cancelled, or the provider refused it.", Err: cause}
	}
	return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: CodeStatus, Message: "The provider ended the sign-in with an error.", Err: cause}
}

// assertion returns the verified assertion of a response.
func (r *responseReader) assertion(v verifier, response *etree.Element) (*etree.Element, error) {
	plain, err := child(response, nsAssertion, "Assertion")
	if err != nil {
		return nil, refuse(CodeAssertionRepeated, err)
	}
	if plain != nil {
		return verifyAssertion(v, plain)
	}
	encrypted, err := child(response, nsAssertion, "EncryptedAssertion")
	switch {
	case err != nil:
		return nil, refuse(CodeAssertionRepeated, err)
	case encrypted == nil:
		return nil, refuse(CodeAssertionMissing, errors.New("samlauth: no assertion in the response"))
	case r.key == nil:
		return nil, refuse(CodeEncryptionUnexpected, errors.New("samlauth: an encrypted assertion, and no Config.Key of type *rsa.PrivateKey"))
	}
	assertion, err := decrypt(r.key, encrypted)
	if err == nil && (!is(assertion, nsAssertion, "Assertion") || count(assertion, nsAssertion, "Assertion")+count(assertion, nsAssertion, "EncryptedAssertion") != 1 ||
		count(assertion, nsDSig, "Signature") != len(children(assertion, nsDSig, "Signature"))) {
		err = errors.New("samlauth: what was encrypted is not one signed assertion")
	}
	if err == nil {
		assertion, err = verifyAssertion(v, assertion)
	}
	if err != nil {
		return nil, refuse(CodeEncryption, err)
	}
	return assertion, nil
}

func verifyAssertion(v verifier, assertion *etree.Element) (*etree.Element, error) {
	if len(children(assertion, nsDSig, "Signature")) == 0 {
		return nil, refuse(CodeAssertionUnsigned, errors.New("samlauth: the assertion is not signed; a signature of the response alone is not enough"))
	}
	verified, err := v.verify(assertion)
	if err != nil {
		return nil, err
	}
	if !is(verified, nsAssertion, "Assertion") {
		return nil, refuse(CodeSignatureReference, errors.New("samlauth: the assertion's signature covers something else"))
	}
	return verified, nil
}
