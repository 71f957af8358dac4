package microsoft

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

const (
	maxPhoto     = 64 << 10 // 96 by 96 pixels are a tenth of it
	photoTimeout = 3 * time.Second
)

// graph reads from Microsoft Graph with access tokens that are for it.
type graph struct {
	host      string
	client    *oauthclient.Client
	logger    *slog.Logger
	skipPhoto bool
}

// graphUser is what Graph says about the person, of which raw is all.
type graphUser struct {
	ID                string `json:"id"`
	DisplayName       string `json:"displayName"`
	Mail              string `json:"mail"`
	UserPrincipalName string `json:"userPrincipalName"`

	raw json.RawMessage
}

// me reads the person's profile, which must be that of the ID token: access tokens can be swapped.
func (g graph) me(ctx context.Context, accessToken authprovider.Secret, objectID string) (graphUser, error) {
	answer, err := g.client.Get(ctx, "userinfo", "https://"+g.host+"/v1.0/me", accessToken)
	if err != nil {
		return graphUser{}, fmt.Errorf("microsoft: Graph: %w", err)
	}
	var u graphUser
	if err := answer.JSON("userinfo", &u); err != nil {
		return graphUser{}, err
	}
	if !sameObject(u.ID, objectID) {
		return graphUser{}, &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: "userinfo_subject_mismatch",
			Err: errors.New("microsoft: Graph's profile is another person's than the ID token")}
	}
	u.raw = answer.Body
	return u, nil
}

// sameObject compares Graph's ID with oid. They are one GUID, but for a personal account, whose 16 digits Graph writes alone.
func sameObject(id, objectID string) bool {
	id = strings.ToLower(id)
	if len(id) == 16 {
		id = "00000000-0000-0000-" + id[:4] + "-" + id[4:]
	}
	return id != "" && id == objectID
}

// photo returns the person's photo as a data URL, or "" if there is none. It is an ornament: nobody is turned away for its sake.
func (g graph) photo(ctx context.Context, accessToken authprovider.Secret) string {
	if g.skipPhoto {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, photoTimeout)
	defer cancel()
	picture, err := g.readPhoto(ctx, accessToken)
	var answer *oauthadapter.ProviderError
	if err != nil && !(errors.As(err, &answer) && answer.Status == http.StatusNotFound) {
		g.logger.WarnContext(ctx, "microsoft: photo not read", "error", err)
	}
	return picture
}

func (g graph) readPhoto(ctx context.Context, accessToken authprovider.Secret) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+g.host+"/v1.0/me/photos/96x96/$value", nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Accept", "image/*")
	r.Header.Set("Authorization", "Bearer "+string(accessToken))
	answer, err := g.client.Do("userinfo", r, string(accessToken))
	if err != nil {
		return "", err
	}
	if len(answer.Body) > maxPhoto {
		return "", fmt.Errorf("microsoft: the photo has %d bytes, more than %d", len(answer.Body), maxPhoto)
	}
	// The app shows it as what the data URL says, so that is what the bytes are and not what the answer calls them: an SVG could hold a script.
	kind := http.DetectContentType(answer.Body)
	if !slices.Contains([]string{"image/jpeg", "image/png", "image/gif"}, kind) {
		return "", fmt.Errorf("microsoft: the photo is of type %q", kind)
	}
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(answer.Body), nil
}
