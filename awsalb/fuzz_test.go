package awsalb_test

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/awsalb"
)

// A signer that is taken is the ARN of an application load balancer in the region, to the letter.
func FuzzSigner(f *testing.F) {
	f.Add(region, signer)
	f.Add("us-gov-west-1", "arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:123456789012:loadbalancer/app/a/0")
	f.Add("cn-north-1", "arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012:loadbalancer/app/a-b/0f")
	f.Fuzz(func(t *testing.T, region, arn string) {
		if _, err := awsalb.New(awsalb.Config{Region: region, Signer: []string{arn}, Issuer: idp}); err != nil {
			return
		}
		host := "public-keys.auth.elb." + region + ".amazonaws.com"
		u, err := url.Parse("https://" + host + "/")
		require.NoError(t, err)
		require.Equal(t, host, u.Hostname(), "the region stays one label")
		p := strings.Split(arn, ":")
		require.Len(t, p, 6)
		require.Equal(t, region, p[3])
		require.Len(t, strings.Split(p[5], "/"), 4)
		require.True(t, strings.HasPrefix(p[5], "loadbalancer/app/"))
		require.Equal(t, arn, strings.TrimSpace(arn))
	})
}

// A token that was touched anywhere authenticates nobody.
func FuzzMutatedToken(f *testing.F) {
	f.Add(0, byte('A'))
	f.Add(40, byte('='))
	f.Add(-1, byte('A'))
	f.Fuzz(func(t *testing.T, at int, c byte) {
		g := newRig(t)
		token := []byte(g.token(nil))
		if at %= len(token); at < 0 {
			at += len(token)
		}
		if token[at] == c {
			return
		}
		token[at] = c
		_, err := g.authenticator.Authenticate(t.Context(), g.refresh(string(token)))
		require.Error(t, err)
	})
}

// No header of a token, whatever it says, makes anything but its region's key endpoint be asked.
func FuzzHeader(f *testing.F) {
	f.Add([]byte(`{"alg":"ES256","kid":"` + keyID + `","signer":"` + signer + `","client":"portal","exp":1893499200}`))
	f.Add([]byte(`{"alg":"ES256","kid":"../x","signer":"` + signer + `","client":"portal","exp":"x"}`))
	f.Fuzz(func(t *testing.T, header []byte) {
		g := newRig(t)
		token := signWith(t, g.key, base64.URLEncoding.EncodeToString(header)+"."+b64(g.claims(nil)))
		got, err := g.authenticator.Authenticate(t.Context(), g.refresh(token))
		for _, u := range g.asked() {
			require.Equal(t, keysURL+u[len(u)-len(keyID):], u)
		}
		if err != nil {
			require.Zero(t, got)
			return
		}
		require.Equal(t, signer, got.Signer)
		require.Equal(t, client, got.ClientID)
		require.True(t, bytes.Contains(header, []byte("exp")))
	})
}
