package github

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

const (
	pageSize = 100 // the most that GitHub gives
	maxPages = 10
)

// profileReader reads profiles from one REST API.
type profileReader struct {
	api           string
	organizations bool
	teams         bool
	logger        *slog.Logger
}

// read implements [oauth2provider.ProfileFunc].
func (r *profileReader) read(ctx context.Context, api *oauth2provider.API) (person oauth2provider.Person[Profile], err error) {
	answer, err := api.Get(ctx, r.api+"/user")
	if err != nil {
		return person, err
	}
	var user userAnswer
	if err := answer.JSON(&user); err != nil {
		return person, err
	}
	p := user.profile(answer.Body)
	// What the token of an OAuth App is good for at this moment: the person can take scopes back one by one. A GitHub App has permissions instead.
	scopes := strings.FieldsFunc(answer.Header.Get("X-OAuth-Scopes"), func(c rune) bool { return c == ',' || c == ' ' })
	if p.Email, p.EmailVerified, err = r.email(ctx, api, scopes, p); err != nil {
		return person, err
	}
	if r.organizations {
		if p.Organizations, err = r.readOrganizations(ctx, api); err != nil {
			return person, err
		}
	}
	if r.teams {
		if p.Teams, err = r.readTeams(ctx, api); err != nil {
			return person, err
		}
	}
	return oauth2provider.Person[Profile]{Subject: p.ID, Profile: p.defaultProfile(), FullProfile: p, Scope: strings.Join(scopes, " ")}, nil
}

// email returns the person's primary address, or the public one if GitHub does not let the list be read.
func (r *profileReader) email(ctx context.Context, api *oauth2provider.API, scopes []string, p Profile) (string, authprovider.EmailVerification, error) {
	if len(scopes) > 0 && !slices.Contains(implied(scopes), "user:email") {
		return p.Email, authprovider.EmailVerificationUnknown, nil
	}
	var list []struct {
		Email    string `json:"email"`
		Primary  bool   `json:"primary"`
		Verified bool   `json:"verified"`
	}
	err := api.GetJSON(ctx, fmt.Sprintf("%s/user/emails?per_page=%d", r.api, pageSize), &list)
	if isRefusal(err) {
		r.logger.LogAttrs(ctx, slog.LevelDebug, "github: the list of e-mail addresses may not be read", slog.String("user_id", p.ID), slog.Any("error", err))
		return p.Email, authprovider.EmailVerificationUnknown, nil
	}
	if err != nil {
		return "", 0, err
	}
	for _, e := range list {
		switch {
		case !e.Primary:
		case e.Verified:
			return e.Email, authprovider.EmailVerified, nil
		default:
			return e.Email, authprovider.EmailUnverified, nil
		}
	}
	return p.Email, authprovider.EmailVerificationUnknown, nil
}

// isRefusal tells "not with this token" from a token that has ended and from an outage.
func isRefusal(err error) bool {
	var answer *oauthadapter.ProviderError
	return errors.As(err, &answer) && !errors.Is(err, authprovider.ErrUnavailable) && (answer.Status == http.StatusForbidden || answer.Status == http.StatusNotFound)
}

type organizationAnswer struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
}

func (o organizationAnswer) organization() Organization {
	return Organization{ID: decimal(o.ID), Login: o.Login}
}

func (r *profileReader) readOrganizations(ctx context.Context, api *oauth2provider.API) ([]Organization, error) {
	list, err := readAll[organizationAnswer](ctx, api, r.api+"/user/orgs")
	if err != nil {
		return nil, err
	}
	out := make([]Organization, len(list))
	for i, o := range list {
		out[i] = o.organization()
	}
	return out, nil
}

func (r *profileReader) readTeams(ctx context.Context, api *oauth2provider.API) ([]Team, error) {
	list, err := readAll[struct {
		ID           int64              `json:"id"`
		Slug         string             `json:"slug"`
		Organization organizationAnswer `json:"organization"`
	}](ctx, api, r.api+"/user/teams")
	if err != nil {
		return nil, err
	}
	out := make([]Team, len(list))
	for i, t := range list {
		out[i] = Team{ID: decimal(t.ID), Slug: t.Slug, Organization: t.Organization.organization()}
	}
	return out, nil
}

// readAll reads a list page by page, at addresses of our own making. A list that has no end within bounds is an error: a part of it could let
// somebody in whom the whole would keep out.
func readAll[T any](ctx context.Context, api *oauth2provider.API, url string) ([]T, error) {
	var all []T
	for page := 1; page <= maxPages; page++ {
		answer, err := api.Get(ctx, fmt.Sprintf("%s?per_page=%d&page=%d", url, pageSize, page))
		if isRefusal(err) { // the person took read:org back, or never gave it
			return nil, &oauthadapter.ProviderError{Endpoint: "userinfo", Status: http.StatusForbidden, Code: "consent_required", Description: "GitHub does not let organizations and teams be read"}
		}
		if err != nil {
			return nil, err
		}
		var list []T
		if err := answer.JSON(&list); err != nil {
			return nil, err
		}
		all = append(all, list...)
		if !strings.Contains(answer.Header.Get("Link"), `rel="next"`) {
			return all, nil
		}
	}
	return nil, fmt.Errorf("github: the person has more than %d organizations or teams", maxPages*pageSize)
}
