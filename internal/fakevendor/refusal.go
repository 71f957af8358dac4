package fakevendor

import (
	"net/http"

	"example.com/stagedoor/internal/fakeidp"
)

// said is how a vendor says why it refuses a token request.
type said struct {
	status            int
	code, description string
}

// refusals are how a vendor says that a code, a refresh token or the client's secret is wrong. Anything else is said as RFC 6749 says it.
type refusals struct{ code, refreshToken, client said }

func (s refusals) refuse(r *http.Request, why fakeidp.Refusal) (int, map[string]any) {
	out := said{why.Status, why.Code, why.Description}
	switch {
	case why.Code == "invalid_grant" && r.PostForm.Get("grant_type") == "refresh_token":
		out = s.refreshToken
	case why.Code == "invalid_grant":
		out = s.code
	case why.Code == "invalid_client":
		out = s.client
	}
	members := map[string]any{"error": out.code}
	if out.description != "" {
		members["error_description"] = out.description
	}
	return out.status, members
}
