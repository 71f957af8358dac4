package fakeproxy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// Claims returns the payload of the token that a person would get now, for tests that change it and have it signed by [Edge.Sign].
func (e *Edge) Claims(p Person) map[string]any {
	return e.vendor.claims(p, e.times())
}

// Header returns the header of the token that anybody would get now, to be changed and signed likewise.
func (e *Edge) Header() map[string]any {
	return e.header(e.currentKey().id, e.times())
}

func (e *Edge) times() times {
	now := e.now().Truncate(time.Second)
	return times{issued: now, expires: now.Add(e.lifetime)}
}

func (e *Edge) header(kid string, t times) map[string]any {
	header := map[string]any{"alg": e.wire.algorithm, "kid": kid, "typ": "JWT"}
	if e.wire.header != nil {
		for name, value := range e.wire.header(t) {
			header[name] = value
		}
	}
	return header
}

// Sign signs any header and payload, which are JSON or are meant not to be. The key is the one that the header's kid names, a withdrawn one
// too; without one it is the current. What alg says does not matter.
func (e *Edge) Sign(header, payload []byte) (string, error) {
	var named struct {
		Kid string `json:"kid"`
	}
	key := e.currentKey()
	if json.Unmarshal(header, &named) == nil {
		for _, k := range e.allKeys() {
			if k.id == named.Kid {
				key = k
			}
		}
	}
	input := e.encode(header) + "." + e.encode(payload)
	signature, err := key.signature(input)
	if err != nil {
		return "", err
	}
	return input + "." + e.encode(signature), nil
}

func (e *Edge) encode(data []byte) string {
	if e.wire.padded {
		return base64.URLEncoding.EncodeToString(data)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// Token returns the token that a person gets now, with the fault of the behavior in it.
func (e *Edge) Token(p Person) (string, error) {
	fault, t := e.currentBehavior().Token, e.times()
	if fault == Expired {
		ago := e.lifetime + time.Hour
		t = times{issued: t.issued.Add(-ago), expires: t.expires.Add(-ago)}
	}
	key := e.currentKey()
	header, claims := e.header(key.id, t), e.vendor.claims(p, t)
	if err := spoil(fault, header, claims, t); err != nil {
		return "", err
	}
	switch fault {
	case ForeignKey, UnknownKeyID, EmbeddedKey:
		var err error
		if key, err = newSigningKey(e.wire.algorithm); err != nil {
			return "", err
		}
	}
	switch fault {
	case UnknownKeyID:
		header["kid"] = key.id
	case EmbeddedKey:
		header["jwk"] = key.jwk()
	}
	h, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("fakeproxy: token header: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("fakeproxy: claims of %q: %w", p.Subject, err)
	}
	switch fault {
	case DuplicateClaim:
		payload = withMember(payload, `"sub":"somebody-else"`)
	case CaseTwinClaim:
		payload = withMember(payload, `"Sub":"somebody-else"`)
	}
	input := e.encode(h) + "." + e.encode(payload)
	signature, err := faultySignature(fault, key, input)
	if err != nil {
		return "", err
	}
	return input + "." + e.encode(signature), nil
}

// faultySignature makes those faults that are in the signature.
func faultySignature(fault TokenFault, key signingKey, input string) ([]byte, error) {
	switch fault {
	case AlgNone:
		return nil, nil
	case HMACWithPublicKey:
		public, err := key.pem()
		if err != nil {
			return nil, err
		}
		mac := hmac.New(sha256.New, public)
		mac.Write([]byte(input))
		return mac.Sum(nil), nil
	case BadSignature:
		return key.signature(input + " ")
	case TruncatedSignature:
		signature, err := key.signature(input)
		return signature[:min(3, len(signature))], err
	}
	return key.signature(input)
}

// spoil puts those faults into a token that are in its texts.
func spoil(fault TokenFault, header, claims map[string]any, t times) error {
	change := func(in map[string]any, name string, value any) error {
		if _, there := in[name]; !there {
			return fmt.Errorf("fakeproxy: fault %q: this vendor's tokens have no %s", fault, name)
		}
		in[name] = value
		if value == nil {
			delete(in, name)
		}
		return nil
	}
	switch fault {
	case WrongAudience:
		return change(claims, "aud", "another-application")
	case MissingAudience:
		return change(claims, "aud", nil)
	case WrongIssuer:
		const another = "https://another-issuer.example.net"
		if _, there := header["iss"]; there { // load balancers write it twice
			header["iss"] = another
		}
		return change(claims, "iss", another)
	case WrongSigner:
		return change(header, "signer", "arn:aws:elasticloadbalancing:eu-west-1:999999999999:loadbalancer/app/another/0123456789abcdef")
	case MissingExpiry:
		return change(claims, "exp", nil)
	case MissingSubject:
		return change(claims, "sub", nil)
	case FutureIssuedAt:
		return change(claims, "iat", t.issued.Add(time.Hour).Unix())
	case NotYetValid:
		claims["nbf"] = t.issued.Add(time.Hour).Unix()
	case AlgNone:
		header["alg"] = "none"
	case HMACWithPublicKey:
		header["alg"] = "HS256"
	case "", Expired, DuplicateClaim, CaseTwinClaim, ForeignKey, UnknownKeyID, EmbeddedKey, BadSignature, TruncatedSignature:
	default:
		return fmt.Errorf("fakeproxy: fault %q: no proxy's tokens have it", fault)
	}
	return nil
}

// withMember adds a member at the end, where a lenient reader takes it in place of the first.
func withMember(object []byte, member string) []byte {
	return append(append(object[:len(object)-1:len(object)-1], ','), member+"}"...)
}
