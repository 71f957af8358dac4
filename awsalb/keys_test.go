package awsalb_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/awsalb"
)

// While the region's keys cannot be had, nobody is told that they are not signed in.
func TestKeysUnavailable(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"down":    func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "down", http.StatusBadGateway) },
		"HTML":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>maintenance</html>")) },
		"empty":   func(http.ResponseWriter, *http.Request) {},
		"endless": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(strings.Repeat(" ", 8<<20))) },
		"redirected": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example.com/key", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			g.serve(answer)
			g.turnedAway(g.refresh(g.token(nil)), authprovider.ErrUnavailable, "keys_unavailable", http.StatusServiceUnavailable, unavailable)
			require.NotEmpty(t, g.asked())
		})
	}
}

type stalled struct{}

func (stalled) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// A key server that does not answer holds nobody for long.
func TestKeysSlow(t *testing.T) {
	g := newRig(t)
	token := g.token(nil)
	synctest.Test(t, func(t *testing.T) {
		a, err := awsalb.New(awsalb.Config{Region: region, Signer: []string{signer}, Issuer: idp, HTTPClient: &http.Client{Transport: stalled{}}, Now: g.clock.Now})
		require.NoError(t, err)
		start := time.Now()
		_, err = a.Authenticate(t.Context(), g.refresh(token))
		require.ErrorIs(t, err, authprovider.ErrUnavailable)
		require.LessOrEqual(t, time.Since(start), 10*time.Second)
	})
}

// A key that AWS does not have, or withdrew, is nobody's; one that it added is fetched on sight.
func TestKeyRotated(t *testing.T) {
	g := newRig(t)
	require.Equal(t, http.StatusOK, g.do(g.refresh(g.token(nil))).Code)
	old := g.key
	g.key = newKey(t)
	added := pemOf(t, &g.key.PublicKey)
	g.serve(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/"+otherKeyID {
			http.NotFound(w, r)
			return
		}
		added(w, r)
	})
	rotated := func() string { return g.sign(g.header(object{"kid": otherKeyID}), g.claims(nil)) }
	_, err := g.authenticator.Authenticate(t.Context(), g.refresh(rotated()))
	require.NoError(t, err)

	g.clock.Advance(25 * time.Hour) // no key is used for longer than a day without being asked for again
	withdrawn := signWith(t, old, b64(g.header(nil))+"."+b64(g.claims(nil)))
	_, err = g.authenticator.Authenticate(t.Context(), g.refresh(withdrawn))
	require.ErrorIs(t, err, authprovider.ErrAuthentication)
	_, err = g.authenticator.Authenticate(t.Context(), g.refresh(rotated()))
	require.NoError(t, err)
}

func TestUnknownKeyIsAskedForOnce(t *testing.T) {
	g := newRig(t)
	g.serve(http.NotFound)
	g.refused(g.refresh(g.from(object{"kid": otherKeyID})), invalid)
	before := len(g.asked())
	for range 10 {
		_, err := g.authenticator.Authenticate(t.Context(), g.refresh(g.from(object{"kid": otherKeyID})))
		require.ErrorIs(t, err, authprovider.ErrAuthentication)
	}
	require.Len(t, g.asked(), before)
}

// Keys are fetched once for many requests, from the region's endpoint.
func TestKeyEndpoints(t *testing.T) {
	for region, row := range map[string]struct{ partition, url string }{
		"eu-central-1":   {"aws", "https://public-keys.auth.elb.eu-central-1.amazonaws.com/" + keyID},
		"ap-southeast-2": {"aws", "https://public-keys.auth.elb.ap-southeast-2.amazonaws.com/" + keyID},
		"us-gov-west-1":  {"aws-us-gov", "https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1/" + keyID},
		"us-gov-east-1":  {"aws-us-gov", "https://s3-us-gov-east-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-east-1/" + keyID},
		"cn-north-1":     {"aws-cn", "https://public-keys.auth.elb.cn-north-1.amazonaws.com.cn/" + keyID},
		"cn-northwest-1": {"aws-cn", "https://public-keys.auth.elb.cn-northwest-1.amazonaws.com.cn/" + keyID},
	} {
		t.Run(region, func(t *testing.T) {
			arn := "arn:" + row.partition + ":elasticloadbalancing:" + region + ":123456789012:loadbalancer/app/portal/50dc6c495c0c9188"
			g := newRig(t, func(c *awsalb.Config) { c.Region, c.Signer = region, []string{arn} })
			require.Empty(t, g.asked(), "construction needs no network")
			for range 5 {
				got, err := g.authenticator.Authenticate(t.Context(), g.refresh(g.from(object{"signer": arn})))
				require.NoError(t, err)
				require.Equal(t, arn, got.Signer)
			}
			require.Equal(t, []string{row.url}, g.asked())
		})
	}
}
