package samlauth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
)

const (
	bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	// maxAge bounds how old an assertion may be, which is as old as the attempt that it answers.
	maxAge      = 10 * time.Minute
	maxNameID   = 256 // SAML core section 8.3.7, for persistent ones; an e-mail address has at most 254
	maxIDLength = 256
)

// checkAssertion checks a verified assertion, and returns what it says and until when it could be presented again.
func (r *responseReader) checkAssertion(idp *identityProvider, a *etree.Element, requestID string, now time.Time) (p Profile, until time.Time, err error) {
	malformed := func(err error) (Profile, time.Time, error) {
		return Profile{}, time.Time{}, refuse(CodeAssertionMalformed, err)
	}

	version, _ := attr(a, "Version")
	p.AssertionID, _ = attr(a, "ID")
	if version != "2.0" || !validNCName(p.AssertionID) || len(p.AssertionID) > maxIDLength {
		return malformed(errors.New("samlauth: no assertion of SAML 2.0 with an ID"))
	}
	issued, ok, err := timeAttr(a, "IssueInstant")
	if err != nil || !ok {
		return malformed(errors.New("samlauth: no IssueInstant"))
	}
	if issued.After(now.Add(r.skew)) {
		return Profile{}, until, refuse(CodeNotYetValid, fmt.Errorf("samlauth: issued at %s", issued))
	}
	if issued.Before(now.Add(-maxAge - r.skew)) {
		return Profile{}, until, refuse(CodeExpired, fmt.Errorf("samlauth: issued at %s", issued))
	}
	issuer, err := child(a, nsAssertion, "Issuer")
	if err != nil || issuer == nil {
		return malformed(errors.New("samlauth: not one Issuer"))
	}
	if err := checkIssuer(issuer, idp.entityID); err != nil {
		return Profile{}, until, err
	}
	p.Issuer = idp.entityID

	subject, err := child(a, nsAssertion, "Subject")
	if err != nil || subject == nil {
		return malformed(errors.New("samlauth: not one Subject"))
	}
	if p.NameID, err = readNameID(subject); err != nil {
		return Profile{}, until, err
	}
	if until, err = r.checkConfirmations(subject, requestID, now); err != nil {
		return Profile{}, until, err
	}
	if err := r.checkConditions(a, now); err != nil {
		return Profile{}, until, err
	}
	if err := r.readStatements(&p, a, now); err != nil {
		return Profile{}, until, err
	}
	p.Attributes, err = readAttributes(a)
	if err != nil {
		return malformed(err)
	}
	// Whatever it says itself, the age above ends it.
	if last := issued.Add(maxAge); last.Before(until) {
		until = last
	}
	return p, until.Add(r.skew), nil
}

// readNameID takes a name as it is: no white space around it, nothing but text in it.
func readNameID(subject *etree.Element) (NameID, error) {
	bad := func(cause string) (NameID, error) {
		return NameID{}, refuse(CodeNameID, errors.New("samlauth: "+cause))
	}
	el, err := child(subject, nsAssertion, "NameID")
	if err != nil || el == nil {
		return bad("not one NameID in the subject")
	}
	value, ok := text(el)
	if !ok || value == "" || len(value) > maxNameID || strings.TrimSpace(value) != value || hasControl(value) {
		return bad("the NameID is empty, too long, or no plain text")
	}
	n := NameID{Value: value}
	n.Format, _ = attr(el, "Format")
	n.NameQualifier, _ = attr(el, "NameQualifier")
	n.SPNameQualifier, _ = attr(el, "SPNameQualifier")
	return n, nil
}

// checkConfirmations wants a bearer confirmation that was made for this address, this request and this moment (SAML profiles section
// 4.1.4.3), and returns until when it is good. The address of the browser that some have is not looked at: it may have another way here.
func (r *responseReader) checkConfirmations(subject *etree.Element, requestID string, now time.Time) (time.Time, error) {
	failure := refuse(CodeConfirmation, errors.New("samlauth: no bearer confirmation"))
	for i, el := range children(subject, nsAssertion, "SubjectConfirmation") {
		if method, _ := attr(el, "Method"); method != bearer {
			continue
		}
		until, err := r.checkBearer(el, requestID, now)
		if err == nil {
			return until, nil
		}
		failure = err
		if i >= 8 {
			break
		}
	}
	return time.Time{}, failure
}

func (r *responseReader) checkBearer(el *etree.Element, requestID string, now time.Time) (until time.Time, err error) {
	data, err := child(el, nsAssertion, "SubjectConfirmationData")
	if err != nil || data == nil {
		return until, refuse(CodeConfirmation, errors.New("samlauth: a bearer confirmation without data"))
	}
	if recipient, _ := attr(data, "Recipient"); recipient != r.acsURL {
		return until, refuse(CodeRecipient, fmt.Errorf("samlauth: recipient %.200q, expected %q", recipient, r.acsURL))
	}
	if id, _ := attr(data, "InResponseTo"); id != requestID {
		return until, refuse(CodeInResponseTo, fmt.Errorf("samlauth: confirmation for %.100q, expected %q", id, requestID))
	}
	_, has, err := timeAttr(data, "NotOnOrAfter")
	if err != nil || !has {
		return until, refuse(CodeAssertionMalformed, errors.New("samlauth: a bearer confirmation without NotOnOrAfter"))
	}
	return r.checkPeriod(data, now)
}

// checkConditions checks when and for whom an assertion is (SAML core section 2.5.1).
func (r *responseReader) checkConditions(a *etree.Element, now time.Time) error {
	conditions, err := child(a, nsAssertion, "Conditions")
	if err != nil || conditions == nil {
		return refuse(CodeAssertionMalformed, errors.New("samlauth: not one Conditions"))
	}
	if _, err := r.checkPeriod(conditions, now); err != nil {
		return err
	}
	restrictions := 0
	for _, c := range conditions.ChildElements() {
		switch {
		case is(c, nsAssertion, "AudienceRestriction"):
			restrictions++
			audiences := make([]string, 0, 1)
			for _, el := range children(c, nsAssertion, "Audience") {
				if audience, ok := text(el); ok {
					audiences = append(audiences, audience)
				}
			}
			if !slices.Contains(audiences, r.entityID) {
				return refuse(CodeAudience, fmt.Errorf("samlauth: audience %.200q, expected %q", strings.Join(audiences, " "), r.entityID))
			}
		case is(c, nsAssertion, "OneTimeUse"), is(c, nsAssertion, "ProxyRestriction"): // all are used once, and none is passed on
		default:
			return refuse(CodeCondition, fmt.Errorf("samlauth: condition %.100q", c.Tag)) // core section 2.5.1.1: it cannot be called valid
		}
	}
	if restrictions == 0 {
		return refuse(CodeAudience, errors.New("samlauth: for any audience"))
	}
	return nil
}

// checkPeriod checks NotBefore and NotOnOrAfter, and returns the latter.
func (r *responseReader) checkPeriod(el *etree.Element, now time.Time) (until time.Time, err error) {
	from, has, err := timeAttr(el, "NotBefore")
	if err != nil {
		return until, refuse(CodeAssertionMalformed, err)
	}
	if has && from.After(now.Add(r.skew)) {
		return until, refuse(CodeNotYetValid, fmt.Errorf("samlauth: %s is good from %s", el.Tag, from))
	}
	until, has, err = timeAttr(el, "NotOnOrAfter")
	if err != nil {
		return until, refuse(CodeAssertionMalformed, err)
	}
	if has && !until.After(now.Add(-r.skew)) {
		return until, refuse(CodeExpired, fmt.Errorf("samlauth: %s was good until %s", el.Tag, until))
	}
	return until, nil
}

// readStatements reads how and when the person signed in at the identity provider.
func (r *responseReader) readStatements(p *Profile, a *etree.Element, now time.Time) error {
	statements := children(a, nsAssertion, "AuthnStatement")
	if len(statements) == 0 || len(statements) > 8 {
		return refuse(CodeAssertionMalformed, fmt.Errorf("samlauth: %d AuthnStatements", len(statements)))
	}
	for i, s := range statements {
		instant, has, err := timeAttr(s, "AuthnInstant")
		if err != nil || !has {
			return refuse(CodeAssertionMalformed, errors.New("samlauth: an AuthnStatement without AuthnInstant"))
		}
		ends, limited, err := timeAttr(s, "SessionNotOnOrAfter")
		if err != nil {
			return refuse(CodeAssertionMalformed, err)
		}
		if limited && !ends.After(now) {
			return refuse(CodeExpired, fmt.Errorf("samlauth: the session ended at %s", ends))
		}
		if limited && (p.SessionNotOnOrAfter.IsZero() || ends.Before(p.SessionNotOnOrAfter)) {
			p.SessionNotOnOrAfter = ends
		}
		if i > 0 {
			continue
		}
		p.AuthnInstant = instant
		if p.SessionIndex, _ = attr(s, "SessionIndex"); len(p.SessionIndex) > maxIDLength {
			return refuse(CodeAssertionMalformed, errors.New("samlauth: the SessionIndex is too long"))
		}
		if context, _ := child(s, nsAssertion, "AuthnContext"); context != nil {
			if class, _ := child(context, nsAssertion, "AuthnContextClassRef"); class != nil {
				p.AuthnContext, _ = text(class)
			}
		}
	}
	if p.AuthnInstant.After(now.Add(r.skew)) {
		return refuse(CodeNotYetValid, fmt.Errorf("samlauth: signed in at %s", p.AuthnInstant))
	}
	// The request is the browser's to carry, and whoever has the browser can change one that is not signed.
	if r.forceAuthn && p.AuthnInstant.Before(now.Add(-maxAge-r.skew)) {
		return refuse(CodeAuthnTooOld, fmt.Errorf("samlauth: signed in at %s", p.AuthnInstant))
	}
	if len(r.contexts) > 0 && !slices.Contains(r.contexts, p.AuthnContext) {
		return refuse(CodeAuthnContext, fmt.Errorf("samlauth: signed in by %.200q", p.AuthnContext))
	}
	return nil
}

// readAttributes reads all attributes. One that is there twice has the values of both: some identity providers write a group each. A value
// that is not a text, such as an element, is left out.
func readAttributes(a *etree.Element) ([]Attribute, error) {
	var attributes []Attribute
	for _, statement := range children(a, nsAssertion, "AttributeStatement") {
		for _, el := range children(statement, nsAssertion, "Attribute") {
			name, _ := attr(el, "Name")
			if name == "" {
				return nil, errors.New("samlauth: an attribute without a name")
			}
			i := slices.IndexFunc(attributes, func(at Attribute) bool { return at.Name == name })
			if i < 0 {
				friendly, _ := attr(el, "FriendlyName")
				attributes, i = append(attributes, Attribute{Name: name, FriendlyName: friendly}), len(attributes)
			}
			for _, v := range children(el, nsAssertion, "AttributeValue") {
				if value, ok := text(v); ok {
					attributes[i].Values = append(attributes[i].Values, value)
				}
			}
		}
	}
	return attributes, nil
}

func timeAttr(el *etree.Element, name string) (t time.Time, has bool, err error) {
	raw, has := attr(el, name)
	if !has {
		return time.Time{}, false, nil
	}
	if t, err = parseTime(raw); err != nil {
		return time.Time{}, true, fmt.Errorf("samlauth: %s: %w", name, err)
	}
	return t, true, nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return c < 0x20 || c >= 0x7f && c < 0xa0 || c == '\u2028' || c == '\u2029' })
}
