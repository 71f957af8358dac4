package fakevendor

import (
	"net/http"
	"strings"

	"example.com/stagedoor/internal/fakeidp"
)

// Gitea is a Gitea or Forgejo with an OAuth2 application, as docs.gitea.com describes it. A person's Subject is the account's number at a real one;
// PreferredUsername is the user name; EmailVerified says whether the account is active. It has one nonce for a person and an application, so
// that the ID token of a refresh has that of another sign-in.
type Gitea struct {
	// BaseURL is its address. If empty, "https://git.example.com".
	BaseURL string
	// Issuer is what it calls itself. If empty, BaseURL without a slash at its end.
	Issuer string
}

// Spec implements [Vendor].
func (g Gitea) Spec(string) Spec {
	pages := base(g.BaseURL, "https://git.example.com")
	issuer := g.Issuer
	if issuer == "" {
		issuer = pages
	}
	s := Spec{
		Name:   "Gitea",
		Issuer: issuer,
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize: pages + "/login/oauth/authorize",
			fakeidp.Token:     pages + "/login/oauth/access_token",
			fakeidp.JWKS:      pages + "/login/oauth/keys",
			fakeidp.UserInfo:  pages + "/login/oauth/userinfo",
		},
		Behavior: fakeidp.Behavior{
			IssuerParameter: fakeidp.Omit, IssuerParameterUnadvertised: true, RefreshIDToken: fakeidp.WrongNonce, TokenType: "bearer", Scope: fakeidp.Omit,
		},
		Dialect: fakeidp.Dialect{
			Denied: map[string]string{"error_description": "the request is denied"},
			Refuse: refuseAsGitea,
		},
	}
	if strings.TrimSuffix(issuer, "/") != pages { // the metadata stay where they are
		s.Dialect.Aliases = map[string]fakeidp.Endpoint{pages + "/.well-known/openid-configuration": fakeidp.Discovery}
	}
	return s
}

// refuseAsGitea says "unauthorized_client" of most that is wrong.
func refuseAsGitea(r *http.Request, why fakeidp.Refusal) (int, map[string]any) {
	code, words := why.Code, why.Description
	switch refresh := r.PostForm.Get("grant_type") == "refresh_token"; {
	case code == "invalid_client" && refresh:
		words = "invalid client secret"
	case code == "invalid_client":
		code, words = "unauthorized_client", "invalid client secret"
	case code == "invalid_grant" && refresh && strings.Contains(words, "used before"):
		code, words = "unauthorized_client", "token was already used"
	case code == "invalid_grant" && refresh:
		code, words = "unauthorized_client", "unable to parse refresh token"
	case code == "invalid_grant" && strings.HasPrefix(words, "code_verifier"):
		code, words = "unauthorized_client", "failed PKCE code challenge"
	case code == "invalid_grant" && strings.HasPrefix(words, "redirect_uri"):
		code, words = "unauthorized_client", "unexpected redirect URI"
	case code == "invalid_grant" && words != "the code has expired":
		code, words = "unauthorized_client", "client is not authorized"
	case code == "invalid_token":
		return http.StatusUnauthorized, map[string]any{"message": "no valid authorization"}
	}
	return http.StatusBadRequest, map[string]any{"error": code, "error_description": words}
}
