package oauthadapter

import (
	"context"
	"errors"
	"net/http"

	"example.com/stagedoor/authprovider"
)

// needsPerson reports whether an error code says that the person has to do something at the provider (OpenID Connect Core 3.1.2.6).
func needsPerson(code string) bool {
	switch code {
	case "invalid_scope", "consent_required", "interaction_required", "login_required", "account_selection_required":
		return true
	}
	return false
}

// providerFailure gives a vendor's error its class: what the person did or may not do, what is wrong with the provider for the moment, or
// what is wrong with us. Errors that have a class already keep it.
func providerFailure(err error) error {
	var p *ProviderError
	if !errors.As(err, &p) {
		if errors.Is(err, context.DeadlineExceeded) {
			return &authprovider.Error{Kind: authprovider.ErrUnavailable, Code: "provider_unavailable", Err: err}
		}
		return err
	}
	out := &authprovider.Error{Code: p.Code, Err: err}
	switch {
	case p.Code == "access_denied":
		out.Kind = authprovider.ErrNotAllowed
		out.Message = "The sign-in was cancelled, or the provider refused it."
	case needsPerson(p.Code):
		out.Kind = authprovider.ErrAuthentication
		out.Message = "The provider needs your consent or another sign-in."
	case p.Code == "invalid_grant":
		out.Kind = authprovider.ErrAuthentication
		out.Message = "The provider no longer accepts this sign-in. Please sign in again."
	case p.Code == "temporarily_unavailable", p.Code == "server_error", p.Status >= http.StatusInternalServerError, p.Status == http.StatusTooManyRequests:
		out.Kind, out.Code, out.RetryAfter = authprovider.ErrUnavailable, "provider_unavailable", p.RetryAfter
	default:
		// invalid_client, invalid_request, unauthorized_client and the like are a defect of the set-up: the person cannot help it.
		return err
	}
	return out
}
