package stagedoor_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/azureeasyauth"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/gcpiap"
	"example.com/stagedoor/internal/signin"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/atlassian"
	"example.com/stagedoor/oauthadapter/auth0"
	"example.com/stagedoor/oauthadapter/bitbucket"
	"example.com/stagedoor/oauthadapter/bitbucketserver"
	"example.com/stagedoor/oauthadapter/gitea"
	"example.com/stagedoor/oauthadapter/github"
	"example.com/stagedoor/oauthadapter/gitlab"
	"example.com/stagedoor/oauthadapter/google"
	"example.com/stagedoor/oauthadapter/keycloak"
	"example.com/stagedoor/oauthadapter/microsoft"
	"example.com/stagedoor/oauthadapter/oauth2provider"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/oauthadapter/okta"
	"example.com/stagedoor/oauthadapter/onelogin"
	"example.com/stagedoor/oauthadapter/openshift"
	"example.com/stagedoor/oauthadapter/pinniped"
	"example.com/stagedoor/oauthadapter/vmwarecloud"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
)

// The resolvers of vendors and proxies, against what somebody sends who would like to be somebody else. Every row is tried with every
// resolver that takes such an input; those of package resolver are in resolver/hostile_test.go.

// signInFunc signs in the person of whom a provider says one thing, an ID, a name or an address.
type signInFunc func(ctx context.Context, said string, rc *authprovider.ResolverContext) (*authprovider.Identity, error)

// of makes a signInFunc of a resolver and of a result that says so.
func of[R any](resolve authprovider.SignInResolver[R], result func(said string) R) signInFunc {
	return func(ctx context.Context, said string, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return resolve(ctx, authprovider.SignInInfo[R]{Result: result(said)}, rc)
	}
}

// ofProfile is of for an OAuth vendor's profile.
func ofProfile[P any](resolve authprovider.SignInResolver[*oauthadapter.Result[P]], profile func(said string) P) signInFunc {
	return of(resolve, func(said string) *oauthadapter.Result[P] { return &oauthadapter.Result[P]{FullProfile: profile(said)} })
}

type annotated struct {
	annotation string
	signIn     signInFunc
}

const acmeID = "acme.example/id"

// byID are the resolvers that go by an ID in an annotation.
func byID() map[string]annotated {
	return map[string]annotated{
		"github": {"github.com/user-id", ofProfile(github.UserIDMatchingUserEntityAnnotation, func(id string) github.Profile {
			return github.Profile{NodeID: id, ID: "42", Username: "42"}
		})},
		"github With": {acmeID, ofProfile(github.UserIDMatchingUserEntityAnnotationWith(acmeID), func(id string) github.Profile {
			return github.Profile{NodeID: id, ID: "42", Username: "42"}
		})},
		"gitlab": {"gitlab.example.com/user-id", ofProfile(gitlab.UserIDMatchingUserEntityAnnotation, func(id string) gitlab.Profile {
			return gitlab.Profile{Profile: oidcprovider.Profile{Issuer: "https://gitlab.example.com", Subject: id}, Username: "42"}
		})},
		"google": {"google.com/user-id", ofProfile(google.UserIDMatchingUserEntityAnnotation, func(id string) google.Profile {
			return google.Profile{Profile: oidcprovider.Profile{Subject: id, Name: "42"}}
		})},
		"microsoft": {"graph.microsoft.com/user-id", ofProfile(microsoft.UserIDMatchingUserEntityAnnotation, func(id string) microsoft.Profile {
			return microsoft.Profile{ObjectID: id, Profile: oidcprovider.Profile{Subject: "42"}, UserPrincipalName: "42"}
		})},
		"okta": {"okta.com/user-id", ofProfile(okta.UserIDMatchingUserEntityAnnotation, func(id string) okta.Profile {
			return okta.Profile{Profile: oidcprovider.Profile{Subject: id, PreferredUsername: "42"}}
		})},
		"onelogin": {acmeID, ofProfile(onelogin.UserIDMatchingUserEntityAnnotationWith(acmeID), func(id string) onelogin.Profile {
			return onelogin.Profile{Profile: oidcprovider.Profile{Subject: id, PreferredUsername: "42"}}
		})},
		"auth0": {acmeID, ofProfile(auth0.UserIDMatchingUserEntityAnnotationWith(acmeID), func(id string) auth0.Profile {
			return auth0.Profile{Profile: oidcprovider.Profile{Subject: id}, Nickname: "42"}
		})},
		"keycloak": {"keycloak.org/id", ofProfile(keycloak.UserIDMatchingUserEntityAnnotation, func(id string) keycloak.Profile {
			return keycloak.Profile{Profile: oidcprovider.Profile{Subject: id, PreferredUsername: "42"}}
		})},
		"atlassian": {acmeID, ofProfile(atlassian.UserIDMatchingUserEntityAnnotationWith(acmeID), func(id string) atlassian.Profile {
			return atlassian.Profile{AccountID: id, Nickname: "42"}
		})},
		"bitbucket": {"bitbucket.org/user-id", ofProfile(bitbucket.UserIDMatchingUserEntityAnnotation, func(id string) bitbucket.Profile {
			return bitbucket.Profile{UUID: id, AccountID: "42", Username: "42"}
		})},
		"bitbucket name": {"bitbucket.org/username", ofProfile(bitbucket.UsernameMatchingUserEntityAnnotation, func(id string) bitbucket.Profile {
			return bitbucket.Profile{Username: id, UUID: "42", Nickname: "42"}
		})},
		"bitbucketserver": {acmeID, ofProfile(bitbucketserver.UserIDMatchingUserEntityAnnotationWith(acmeID), func(id string) bitbucketserver.Profile {
			return bitbucketserver.Profile{ID: id, Username: "42", Slug: "42"}
		})},
		"gitea": {acmeID, ofProfile(gitea.UserIDMatchingUserEntityAnnotationWith(acmeID), func(id string) gitea.Profile {
			return gitea.Profile{Profile: oidcprovider.Profile{Subject: id, PreferredUsername: "42"}}
		})},
		"openshift": {acmeID, ofProfile(openshift.UserIDMatchingUserEntityAnnotationWith(acmeID), func(id string) openshift.Profile {
			return openshift.Profile{UID: id, Username: "42"}
		})},
		"pinniped": {acmeID, ofProfile(pinniped.UserIDMatchingUserEntityAnnotationWith(acmeID), func(id string) pinniped.Profile {
			return pinniped.Profile{Profile: oidcprovider.Profile{Subject: id}, Username: "42"}
		})},
		"vmwarecloud": {acmeID, ofProfile(vmwarecloud.UserIDMatchingUserEntityAnnotationWith(acmeID), func(id string) vmwarecloud.Profile {
			return vmwarecloud.Profile{Profile: oidcprovider.Profile{Subject: id}, OrganizationID: "42"}
		})},
		"oidcprovider": {acmeID, ofProfile(oidcprovider.UserIDMatchingUserEntityAnnotationWith(acmeID), func(id string) oidcprovider.Profile {
			return oidcprovider.Profile{Subject: id, PreferredUsername: "42"}
		})},
		"oauth2provider": {acmeID, ofProfile(oauth2provider.UserIDMatchingUserEntityAnnotationWith(acmeID), func(id string) oauth2provider.Profile {
			return oauth2provider.Profile{ID: id, Username: "42"}
		})},
		"gcpiap": {"google.com/user-id", of(gcpiap.IDMatchingUserEntityAnnotation, func(id string) gcpiap.Result {
			return gcpiap.Result{IdentityProvider: gcpiap.GoogleAccounts, UserID: id, Email: "42"}
		})},
		"azureeasyauth": {"graph.microsoft.com/user-id", of(azureeasyauth.IDMatchingUserEntityAnnotation, func(id string) azureeasyauth.Result {
			return azureeasyauth.Result{ObjectID: id, PreferredUsername: "42"}
		})},
		"resolver": {acmeID, of(resolver.AnnotationMatching(acmeID, func(said string) string { return said }), func(said string) string { return said })},
	}
}

// byName are the resolvers that go by a user name.
func byName() map[string]signInFunc {
	return map[string]signInFunc{
		"github": ofProfile(github.UsernameMatchingUserEntityName, func(name string) github.Profile {
			return github.Profile{Username: name, Name: "jane"}
		}),
		"gitlab": ofProfile(gitlab.UsernameMatchingUserEntityName, func(name string) gitlab.Profile { return gitlab.Profile{Username: name} }),
		"onelogin": ofProfile(onelogin.UsernameMatchingUserEntityName, func(name string) onelogin.Profile {
			return onelogin.Profile{Profile: oidcprovider.Profile{PreferredUsername: name, Name: "jane"}}
		}),
		"keycloak": ofProfile(keycloak.UsernameMatchingUserEntityName, func(name string) keycloak.Profile {
			return keycloak.Profile{Profile: oidcprovider.Profile{PreferredUsername: name, Name: "jane"}}
		}),
		"gitea": ofProfile(gitea.UsernameMatchingUserEntityName, func(name string) gitea.Profile {
			return gitea.Profile{Profile: oidcprovider.Profile{PreferredUsername: name, Name: "jane"}}
		}),
		"openshift": ofProfile(openshift.DisplayNameMatchingUserEntityName, func(name string) openshift.Profile {
			return openshift.Profile{Username: name, FullName: "jane"}
		}),
		"pinniped": ofProfile(pinniped.UsernameMatchingUserEntityName, func(name string) pinniped.Profile {
			return pinniped.Profile{Username: name, Profile: oidcprovider.Profile{PreferredUsername: "jane"}}
		}),
		"oauth2provider": ofProfile(oauth2provider.UsernameMatchingUserEntityName, func(name string) oauth2provider.Profile {
			return oauth2provider.Profile{Username: name, Name: "jane"}
		}),
		"oauth2proxy user": of(oauth2proxy.ForwardedUserMatchingUserEntityName, func(name string) oauth2proxy.Result {
			return oauth2proxy.Result{User: name, PreferredUsername: "jane"}
		}),
		"oauth2proxy preferred": of(oauth2proxy.ForwardedPreferredUsernameMatchingUserEntityName, func(name string) oauth2proxy.Result {
			return oauth2proxy.Result{PreferredUsername: name, User: "jane"}
		}),
		"resolver": of(resolver.UsernameMatchingUserEntityName(func(said string) string { return said }), func(said string) string { return said }),
	}
}

type addressed struct {
	annotation string
	signIn     func(authprovider.EmailVerification) signInFunc
	unverified error // the class
	unsaid     error // nil if an address is believed about which the vendor says nothing
}

// byAddress are the resolvers that go by an address in an annotation.
func byAddress() map[string]addressed {
	return map[string]addressed{
		"google": {"google.com/email", func(v authprovider.EmailVerification) signInFunc {
			return ofProfile(google.EmailMatchingUserEntityAnnotation, func(email string) google.Profile {
				return google.Profile{Profile: oidcprovider.Profile{Email: email, EmailVerified: v}}
			})
		}, authprovider.ErrNoMatch, authprovider.ErrNoMatch},
		"microsoft": {"microsoft.com/email", func(v authprovider.EmailVerification) signInFunc {
			return ofProfile(microsoft.EmailMatchingUserEntityAnnotation, func(email string) microsoft.Profile {
				return microsoft.Profile{Profile: oidcprovider.Profile{Email: email, EmailVerified: v}, UserPrincipalName: "jane@acme.example"}
			})
		}, authprovider.ErrNotAllowed, nil},
		"okta": {"okta.com/email", func(v authprovider.EmailVerification) signInFunc {
			return ofProfile(okta.EmailMatchingUserEntityAnnotation, func(email string) okta.Profile {
				return okta.Profile{Profile: oidcprovider.Profile{Email: email, EmailVerified: v, PreferredUsername: "jane@acme.example"}}
			})
		}, authprovider.ErrNotAllowed, nil},
		"gcpiap": {"google.com/email", func(v authprovider.EmailVerification) signInFunc {
			return of(gcpiap.EmailMatchingUserEntityAnnotation, func(email string) gcpiap.Result {
				return gcpiap.Result{IdentityProvider: gcpiap.GoogleAccounts, Email: email, EmailVerified: v}
			})
		}, authprovider.ErrNoMatch, authprovider.ErrNoMatch},
	}
}

// A service token is whom the host's configuration says, and a person never is one.
func TestServiceTokenResolver(t *testing.T) {
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(
		authprovider.User{Ref: "user:default/ci-bot", Email: "bot@acme.example"}, authprovider.User{Ref: "group:default/bots", Email: "bots@acme.example"})})
	signIn := of(cfaccess.ServiceTokenMatchingSubject, func(subject string) cfaccess.Result {
		return cfaccess.Result{ServiceToken: &cfaccess.ServiceToken{ClientID: "x.access", Subject: subject}}
	})
	for _, subject := range []string{"user:default/ci-bot", "bot@acme.example"} {
		id, err := signIn(t.Context(), subject, rc)
		require.NoError(t, err)
		require.Equal(t, "user:default/ci-bot", id.UserRef)
	}
	for subject, reason := range map[string]authprovider.Reason{
		"":                   signin.ReasonNoServiceToken,
		"user:default/none":  signin.ReasonUserNotFound,
		"group:default/bots": signin.ReasonUserNotFound,
		"bots@acme.example":  signin.ReasonUserNotFound,
		"none@acme.example":  signin.ReasonUserNotFound,
	} {
		id, err := signIn(t.Context(), subject, rc)
		requireDecision(t, id, err, authprovider.ErrNoMatch, reason)
	}
	person := cfaccess.Result{Subject: "user:default/ci-bot", Email: "bot@acme.example"}
	id, err := cfaccess.ServiceTokenMatchingSubject(t.Context(), cfaccess.SignInInfo{Result: person}, rc)
	requireDecision(t, id, err, authprovider.ErrNoMatch, signin.ReasonNoServiceToken)
}

// An ID of one GitLab is nobody's at another, and whatever an issuer is called, it chooses no other vendor's annotation.
func TestGitLabInstances(t *testing.T) {
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(authprovider.User{Ref: "user:default/jane",
		Annotations: map[string]string{"gitlab.com/user-id": "42", "github.com/user-id": "42", "user-id": "42", "/user-id": "42"}})})
	for issuer, reason := range map[string]authprovider.Reason{
		"https://gitlab.com":              "",
		"https://gitlab.com/":             "",
		"https://gitlab.com/a/b":          "",
		"":                                signin.ReasonAnnotationValueMissing,
		"gitlab.com":                      signin.ReasonAnnotationValueMissing,
		"https:gitlab.com":                signin.ReasonAnnotationValueMissing,
		"https:///gitlab.com":             signin.ReasonAnnotationValueMissing,
		"https://gitlab.com:bad":          signin.ReasonAnnotationValueMissing,
		"https://gitlab.com.evil.example": signin.ReasonUserNotFound,
		"https://gitlab.com:8443":         signin.ReasonUserNotFound,
		"https://GITLAB.com":              signin.ReasonUserNotFound,
		"https://gitlab.com@evil.example": signin.ReasonUserNotFound,
		"https://evil.example/gitlab.com": signin.ReasonUserNotFound,
		"https://evil.example#gitlab.com": signin.ReasonUserNotFound,
	} {
		t.Run(issuer, func(t *testing.T) {
			signIn := ofProfile(gitlab.UserIDMatchingUserEntityAnnotation, func(id string) gitlab.Profile {
				return gitlab.Profile{Profile: oidcprovider.Profile{Issuer: issuer, Subject: id}, ProfileURL: "https://gitlab.com/jane"}
			})
			id, err := signIn(t.Context(), "42", rc)
			if reason == "" {
				require.NoError(t, err)
				require.Equal(t, "user:default/jane", id.UserRef)
				return
			}
			requireDecision(t, id, err, authprovider.ErrNoMatch, reason)
		})
	}
}

// Google's IDs and those that other identity providers of IAP give are never mixed up.
func TestIAPProviders(t *testing.T) {
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(
		authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"google.com/user-id": "42"}})})
	for _, provider := range []string{
		"", "securetoken.google.com/project", "sts.google.com", "accounts.google.com.evil.example", "Accounts.Google.com", "accounts.google.com ",
	} {
		result := gcpiap.Result{IdentityProvider: provider, UserID: "42"}
		id, err := gcpiap.IDMatchingUserEntityAnnotation(t.Context(), gcpiap.SignInInfo{Result: result}, rc)
		requireDecision(t, id, err, authprovider.ErrNoMatch, signin.ReasonAnnotationValueMissing)
	}
}

// A form that takes an annotation without a name is the host's mistake: nobody is signed in, and no laxer resolver takes over.
func TestAnnotationWithoutName(t *testing.T) {
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(
		authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"": "42"}})})
	for vendor, signIn := range map[string]signInFunc{
		"github": ofProfile(github.UserIDMatchingUserEntityAnnotationWith(""), func(id string) github.Profile { return github.Profile{NodeID: id} }),
		"atlassian": ofProfile(atlassian.UserIDMatchingUserEntityAnnotationWith(""), func(id string) atlassian.Profile {
			return atlassian.Profile{AccountID: id}
		}),
		"bitbucketserver": ofProfile(bitbucketserver.UserIDMatchingUserEntityAnnotationWith(""), func(id string) bitbucketserver.Profile {
			return bitbucketserver.Profile{ID: id}
		}),
		"oauth2provider": ofProfile(oauth2provider.UserIDMatchingUserEntityAnnotationWith(""), func(id string) oauth2provider.Profile {
			return oauth2provider.Profile{ID: id}
		}),
		"oidcprovider": ofProfile(oidcprovider.UserIDMatchingUserEntityAnnotationWith(""), func(id string) oidcprovider.Profile {
			return oidcprovider.Profile{Subject: id}
		}),
	} {
		id, err := signIn(t.Context(), "42", rc)
		require.Nil(t, id, vendor)
		require.ErrorContains(t, err, fmt.Sprintf("resolver: %s.", vendor))
		for _, class := range []error{authprovider.ErrNoMatch, authprovider.ErrNotAllowed, authprovider.ErrInput} {
			require.NotErrorIs(t, err, class, vendor)
		}
	}
}

// TestOneAnswer: at the edge, people who are unknown, refused, unverified or misspelt get the same answer, byte for byte.
func TestOneAnswer(t *testing.T) {
	no := false
	edge := authprovidertest.NewOAuth2ProxyEdge(t, authprovidertest.OAuth2Proxy{}, authprovidertest.EdgeConfig{People: []authprovidertest.Person{
		{Subject: "known", PreferredUsername: "jane", Email: "jane@acme.example"},
		{Subject: "unknown", PreferredUsername: "joe", Email: "joe@acme.example"},
		{Subject: "nothing"},
		{Subject: "reference", PreferredUsername: "admins/root"},
		{Subject: "dots", PreferredUsername: ".."},
		{Subject: "look-alike", PreferredUsername: "j\u0430ne"},
		{Subject: "unverified", Email: "jane@acme.example", EmailVerified: &no},
		{Subject: "two at signs", Email: "jane@evil.example@acme.example"},
		{Subject: "elsewhere", Email: "jane@evil.example"},
		{Subject: "group", PreferredUsername: "staff"},
	}})
	handler, err := authprovider.New(authprovider.Config{
		BaseURL: "https://portal.example.com/api/auth", InsecureEphemeralSecret: true, Issuer: &authprovidertest.Issuer{}, HTTPClient: edge.Client(),
		Users: memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@acme.example"}, authprovider.User{Ref: "user:admins/root"},
			authprovider.User{Ref: "group:default/staff"}),
		Providers: map[string]authprovider.ProviderFactory{"proxy": oauth2proxy.Provider(oauth2proxy.Config{Issuer: edge.Issuer, Audience: []string{edge.ClientID}},
			oauth2proxy.ForwardedPreferredUsernameMatchingUserEntityName,
			resolver.EmailMatchingUserEntityProfileEmailWith[oauth2proxy.Result](resolver.EmailOptions{AllowedDomains: []string{"acme.example"}}))},
	})
	require.NoError(t, err)
	poll := func(subject string) (int, string) {
		r := httptest.NewRequest(http.MethodGet, "https://portal.example.com/api/auth/proxy/refresh", nil)
		r.Header.Set("X-Requested-With", "XMLHttpRequest")
		edge.Vouch(r, subject)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	status, _ := poll("known")
	require.Equal(t, http.StatusOK, status)
	_, want := poll("unknown")
	for _, subject := range []string{"unknown", "nothing", "reference", "dots", "look-alike", "unverified", "two at signs", "elsewhere", "group"} {
		status, body := poll(subject)
		require.Equal(t, http.StatusForbidden, status, subject)
		require.Equal(t, want, body, subject)
	}
}

// TestEveryResolverIsTried: a resolver that a package exports, and the tables do not try, is one that nobody has attacked.
func TestEveryResolverIsTried(t *testing.T) {
	tests := make(map[string]string)
	for _, pattern := range []string{"resolvers_test.go", "resolver/hostile*_test.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			tests[pattern] += string(source)
		}
	}
	exported := regexp.MustCompile(`(?m)^func ([A-Z]\w*)(?:\[|\(ctx|\(annotation)`)
	count := 0
	for _, pattern := range []string{"*/resolvers.go", "oauthadapter/*/resolvers.go", "resolver/*.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), "go.mod")); err == nil || strings.HasSuffix(file, "_test.go") {
				continue // a module of its own is tested there
			}
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, m := range exported.FindAllStringSubmatch(string(source), -1) {
				name := filepath.Base(filepath.Dir(file)) + "." + m[1]
				tried := regexp.MustCompile(regexp.QuoteMeta(name) + `\b`)
				require.True(t, tried.MatchString(tests["resolvers_test.go"]) || tried.MatchString(tests["resolver/hostile*_test.go"]), name)
				count++
			}
		}
	}
	require.Greater(t, count, 50)
}
