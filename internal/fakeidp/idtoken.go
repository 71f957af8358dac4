package fakeidp

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// idToken makes the ID token of a grant (OIDC Core §2), with the fault in it.
func (s *Server) idToken(b Behavior, fault IDTokenFault, g *grant, p Person, scopes []string, accessToken, nonce string) (string, error) {
	now := s.now()
	claims := s.claims(p, scopes)
	maps.Copy(claims, map[string]any{
		"iss":       s.issuer,
		"sub":       p.Subject,
		"aud":       g.clientID,
		"iat":       now.Unix(),
		"exp":       now.Add(s.lifetime).Unix(),
		"auth_time": g.authTime.Unix(),
		"at_hash":   accessTokenHash(accessToken),
	})
	for _, name := range []string{"nonce", "azp"} {
		delete(claims, name) // not for a person's claims to set
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	if b.AuthorizedParty {
		claims["azp"] = g.clientID
	}
	if b.IDTokenPadding > 0 {
		claims["padding"] = strings.Repeat("x", b.IDTokenPadding)
	}
	other := p.Subject + "-other"
	switch fault {
	case WrongNonce:
		claims["nonce"] = "another nonce"
	case MissingNonce:
		delete(claims, "nonce")
	case WrongAudience:
		claims["aud"] = "another-client"
	case ExtraAudience:
		claims["aud"] = []string{g.clientID, "another-client"}
		delete(claims, "azp")
	case MissingAudience:
		delete(claims, "aud")
	case WrongIssuer:
		claims["iss"] = "https://another-issuer.example"
	case WrongAzp:
		claims["azp"] = "another-client"
	case WrongAtHash:
		claims["at_hash"] = accessTokenHash("another access token")
	case Expired:
		claims["iat"] = now.Add(-2 * s.lifetime).Unix()
		claims["exp"] = now.Add(-s.lifetime).Unix()
	case MissingExpiry:
		delete(claims, "exp")
	case FutureIssuedAt:
		claims["iat"] = now.Add(s.lifetime).Unix()
		claims["exp"] = now.Add(2 * s.lifetime).Unix()
	case MissingSubject:
		delete(claims, "sub")
	case OtherSubject:
		claims["sub"] = other
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("fakeidp: claims of %q: %w", p.Subject, err)
	}
	switch fault {
	case DuplicateClaim:
		return s.signWithMember(payload, "sub", other)
	case CaseTwinClaim:
		return s.signWithMember(payload, "Sub", other)
	}
	return s.signWithFault(fault, payload)
}

// signWithMember signs the payload with one more member at its end, where a lenient reader takes it in place of the first.
func (s *Server) signWithMember(payload []byte, name, value string) (string, error) {
	member, err := json.Marshal(map[string]string{name: value})
	if err != nil {
		return "", fmt.Errorf("fakeidp: claim %q: %w", name, err)
	}
	payload = append(payload[:len(payload)-1], ',')
	return s.signWithFault("", append(payload, member[1:]...))
}

func (s *Server) signWithFault(fault IDTokenFault, payload []byte) (string, error) {
	key := s.currentKey()
	switch fault {
	case AlgNone:
		input, err := signingInput(map[string]any{"alg": "none", "typ": "JWT"}, payload)
		return input + ".", err
	case BadSignature:
		signed, err := key.sign(key.id, payload)
		if err != nil {
			return "", err
		}
		other, err := key.sign(key.id, append(payload, ' '))
		if err != nil {
			return "", err
		}
		input, _, _ := cutLast(signed, ".")
		_, signature, _ := cutLast(other, ".")
		return input + "." + signature, nil
	case ForeignKey, UnknownKeyID:
		foreign, err := s.foreignKey()
		if err != nil {
			return "", err
		}
		if fault == UnknownKeyID {
			return foreign.sign(foreign.id, payload)
		}
		return foreign.sign(key.id, payload)
	}
	return key.sign(key.id, payload)
}

// accessTokenHash is the left half of the digest that goes with ES256 and RS256 (OIDC Core §3.1.3.6).
func accessTokenHash(token string) string {
	digest := sha256.Sum256([]byte(token))
	return b64(digest[:sha256.Size/2])
}
