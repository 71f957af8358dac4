package jose_test

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// oracle decides what jose should, written another way: regular expressions,
// encoding/json and crypto, a map of claims, exact arithmetic; slow and plain. It
// shares no code with jose, so that a defect has to be made twice to be missed.
type oracle struct {
	keys       []oracleKey
	algorithms []string
	types      []string
	issuer     string
	audiences  []string // nil: anyone
	now        int64    // seconds; the leeway is 60
	maxAge     int64    // seconds; 0: any
	needIssued bool
	padded     bool
}

type oracleKey struct {
	kid, alg string
	key      crypto.PublicKey
}

// oracleClaims is what the oracle read.
type oracleClaims struct {
	iss, sub, jti string
	aud           []string
	exp, nbf, iat *big.Float
	all           map[string]any
}

func corpusOracle() oracle {
	o := oracle{
		algorithms: []string{"ES256", "ES384", "RS256", "PS256", "EdDSA"},
		types:      []string{"JWT", ""},
		issuer:     "https://issuer.example.com",
		audiences:  []string{"app", "app2"},
		now:        1_700_000_000,
	}
	for kid, k := range corpusKeys() {
		o.keys = append(o.keys, oracleKey{kid, string(k.public.Algorithm), k.public.Key})
	}
	return o
}

var (
	threeParts       = regexp.MustCompile(`\A([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\z`)
	threePaddedParts = regexp.MustCompile(`\A([A-Za-z0-9_-]+={0,2})\.([A-Za-z0-9_-]+={0,2})\.([A-Za-z0-9_-]+={0,2})\z`)

	knownAlgorithms = []string{"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"}
	headerNames     = []string{"alg", "b64", "crit", "enc", "jku", "jwk", "kid", "typ", "x5c", "x5u", "zip"}
	claimNames      = []string{
		"_claim_names", "_claim_sources", "acr", "amr", "at_hash", "aud", "auth_time", "azp", "c_hash", "email", "email_verified", "exp", "iat",
		"iss", "jti", "nbf", "nonce", "sid", "sub",
	}
)

// judge returns the claims of a good token, or why it is none.
func (o oracle) judge(raw string) (oracleClaims, error) {
	var c oracleClaims
	if len(raw) > 65536 {
		return c, errors.New("too large")
	}
	shape, enc := threeParts, base64.RawURLEncoding
	if o.padded {
		shape, enc = threePaddedParts, base64.URLEncoding
	}
	part := shape.FindStringSubmatch(raw)
	if part == nil {
		return c, errors.New("not three parts of the alphabet")
	}
	var text [3][]byte
	for i := range text {
		var err error
		if text[i], err = enc.DecodeString(part[i+1]); err != nil {
			return c, err
		}
		if enc.EncodeToString(text[i]) != part[i+1] {
			return c, errors.New("another spelling of base64")
		}
	}
	header, err := oracleObject(string(text[0]))
	if err != nil {
		return c, fmt.Errorf("header: %w", err)
	}
	if c.all, err = oracleObject(string(text[1])); err != nil {
		return c, fmt.Errorf("payload: %w", err)
	}
	if err := wrongCase(header, headerNames); err != nil {
		return c, err
	}
	if err := wrongCase(c.all, claimNames); err != nil {
		return c, err
	}
	for _, name := range []string{"crit", "b64", "enc", "zip"} {
		if _, there := header[name]; there {
			return c, fmt.Errorf("header has %s", name)
		}
	}
	var alg, kid, typ string
	if err := errors.Join(optionalText(header, "alg", &alg), optionalText(header, "kid", &kid), optionalText(header, "typ", &typ)); err != nil {
		return c, err
	}
	if len(kid) > 512 {
		return c, errors.New("kid too long")
	}
	if !slices.Contains(knownAlgorithms, alg) || !slices.Contains(o.algorithms, alg) {
		return c, fmt.Errorf("alg %q", alg)
	}
	if !o.permitsType(typ) {
		return c, fmt.Errorf("typ %q", typ)
	}
	if err := c.read(); err != nil {
		return c, err
	}
	if c.iss != o.issuer {
		return c, fmt.Errorf("iss %q", c.iss)
	}
	if o.audiences != nil && !slices.ContainsFunc(c.aud, func(aud string) bool { return slices.Contains(o.audiences, aud) }) {
		return c, fmt.Errorf("aud %q", c.aud)
	}
	if err := o.verify(alg, kid, part[1]+"."+part[2], text[2]); err != nil {
		return c, err
	}
	return c, o.checkTimes(c)
}

func (o oracle) permitsType(typ string) bool {
	for _, permitted := range o.types {
		if typ == permitted || permitted != "" && typ == "application/"+permitted {
			return true
		}
	}
	return false
}

func (o oracle) verify(alg, kid, signed string, signature []byte) error {
	for _, k := range o.keys {
		if k.kid == kid {
			if k.alg != "" && k.alg != alg {
				return fmt.Errorf("key is for %s", k.alg)
			}
			return oracleVerify(alg, k.key, signed, signature)
		}
	}
	return errors.New("unknown key")
}

// wrongCase refuses names that are a registered one but for case.
func wrongCase(object map[string]any, registered []string) error {
	for name := range object {
		for _, right := range registered {
			if name != right && strings.EqualFold(name, right) {
				return fmt.Errorf("%q instead of %q", name, right)
			}
		}
	}
	return nil
}

// optionalText stores a member in to, if it is there; it must be a text then.
func optionalText(object map[string]any, name string, to *string) error {
	value, there := object[name]
	if !there {
		return nil
	}
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("%s is no text", name)
	}
	*to = text
	return nil
}

func (c *oracleClaims) read() error {
	if err := errors.Join(optionalText(c.all, "iss", &c.iss), optionalText(c.all, "sub", &c.sub), optionalText(c.all, "jti", &c.jti)); err != nil {
		return err
	}
	switch aud := c.all["aud"].(type) {
	case string:
		c.aud = []string{aud}
	case []any:
		for _, one := range aud {
			text, ok := one.(string)
			if !ok {
				return errors.New("aud holds no text")
			}
			c.aud = append(c.aud, text)
		}
	default:
		if _, there := c.all["aud"]; there {
			return errors.New("aud is neither text nor array")
		}
	}
	for name, to := range map[string]**big.Float{"exp": &c.exp, "nbf": &c.nbf, "iat": &c.iat} {
		value, there := c.all[name]
		if !there {
			continue
		}
		number, ok := value.(json.Number)
		if !ok {
			return fmt.Errorf("%s is no number", name)
		}
		// A JSON number is a double (RFC 8259 section 6); from there on it is exact.
		f, err := number.Float64()
		if err != nil || f < 0 || f > 253402300799 {
			return fmt.Errorf("%s is no time", name)
		}
		*to = big.NewFloat(f)
	}
	return nil
}

func (o oracle) checkTimes(c oracleClaims) error {
	early, late := big.NewFloat(float64(o.now-60)), big.NewFloat(float64(o.now+60))
	switch {
	case c.exp == nil:
		return errors.New("no exp")
	case c.exp.Cmp(early) <= 0:
		return errors.New("expired")
	case c.nbf != nil && c.nbf.Cmp(late) > 0:
		return errors.New("not yet valid")
	case c.iat != nil && c.iat.Cmp(late) > 0:
		return errors.New("issued in the future")
	case c.iat == nil && (o.needIssued || o.maxAge > 0):
		return errors.New("no iat")
	case o.maxAge > 0 && c.iat.Cmp(big.NewFloat(float64(o.now-60-o.maxAge))) < 0:
		return errors.New("too old")
	}
	return nil
}
