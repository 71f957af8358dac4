package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"example.com/stagedoor/authprovider"
)

const webMessageOrigin = "https://app.example.com"

// webMessageOutline is the page as an HTML5 parser sees it, whatever the data is.
const webMessageOutline = `html lang="en"
 head
  meta charset="utf-8"
  meta name="viewport" content="width=device-width, initial-scale=1"
  title
  style
 body
  main
   h1
   p
   p
    a href="https://app.example.com/" rel="noreferrer"
  script type="application/json" id="message"
  script
`

// TestPopupPageHoldsNothingButItsOwnElements parses the page with an HTML5 parser. Whatever a person's name, a token or a message is, it
// becomes text and JSON, and no element, attribute or comment comes of it.
func TestPopupPageHoldsNothingButItsOwnElements(t *testing.T) {
	require.GreaterOrEqual(t, len(hostileTexts), 60)
	constant := constantParts(t)
	for _, text := range hostileTexts {
		requirePopupPage(t, constant, text)
	}
}

func FuzzPopupPage(f *testing.F) {
	for _, text := range hostileTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		requirePopupPage(t, constantParts(t), text)
	})
}

// requirePopupPage checks the pages of an error and of a response that have a text in every place.
func requirePopupPage(t *testing.T, constant map[string]string, text string) {
	t.Helper()
	failure := authprovider.WebMessage{Error: &authprovider.WebMessageError{Name: text, Message: text, Code: text}}
	page := parsePage(t, failure)
	require.Equal(t, webMessageOutline, page.outline, "%q", text)
	require.Equal(t, constant["script"], page.text("script", 1), "%q", text)
	require.Equal(t, constant["style"], page.text("style", 0), "%q", text)
	require.Equal(t, "Sign-in did not work", page.text("title", 0))
	require.Equal(t, "Sign-in did not work", page.text("h1", 0))
	require.Equal(t, asShown(text), asRunes(page.text("p", 0)), "the person reads the message")
	requireData(t, page, map[string]any{"type": "authorization_response", "error": withoutEmpty(map[string]any{"name": asRunes(text), "message": asRunes(text), "code": asRunes(text)}, "code")})

	seconds := int64(3600)
	success := authprovider.WebMessage{Response: &authprovider.ClientAuthResponse{
		Profile:      authprovider.Profile{Email: text, DisplayName: text, Picture: text},
		ProviderInfo: map[string]any{"accessToken": text, "idToken": text, "scope": text},
		BackstageIdentity: &authprovider.BackstageIdentity{Token: text, ExpiresInSeconds: &seconds,
			Identity: authprovider.UserIdentity{Type: "user", UserEntityRef: text, OwnershipEntityRefs: []string{text, text}}},
	}}
	page = parsePage(t, success)
	require.Equal(t, webMessageOutline, page.outline, "%q", text)
	require.Equal(t, constant["script"], page.text("script", 1), "%q", text)
	require.Equal(t, constant["style"], page.text("style", 0), "%q", text)
	require.Equal(t, "You are signed in", page.text("h1", 0))
	require.Equal(t, constant["shown"], page.text("p", 0), "no data is shown")
	requireData(t, page, map[string]any{"type": "authorization_response", "response": map[string]any{
		"profile":      withoutEmpty(map[string]any{"email": asRunes(text), "displayName": asRunes(text), "picture": asRunes(text)}, "email", "displayName", "picture"),
		"providerInfo": map[string]any{"accessToken": asRunes(text), "idToken": asRunes(text), "scope": asRunes(text)},
		"backstageIdentity": map[string]any{"token": asRunes(text), "expiresInSeconds": 3600.0, "identity": map[string]any{
			"type": "user", "userEntityRef": asRunes(text), "ownershipEntityRefs": []any{asRunes(text), asRunes(text)}}},
	}})
}

// requireData checks what the script of the page posts.
func requireData(t *testing.T, page *parsedPage, message map[string]any) {
	t.Helper()
	var data any
	require.NoError(t, json.Unmarshal([]byte(page.text("script", 0)), &data))
	require.Equal(t, map[string]any{"targetOrigin": webMessageOrigin, "message": message}, data)
}

// asRunes replaces what is not UTF-8, as JSON encoders and browsers do.
func asRunes(text string) string { return string([]rune(text)) }

// asShown is a text after an HTML5 parser: it drops NUL and makes every line break a line feed (section 13.2.3.5).
func asShown(text string) string {
	return asRunes(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "").Replace(text))
}

func withoutEmpty(object map[string]any, names ...string) map[string]any {
	for _, name := range names {
		if object[name] == "" {
			delete(object, name)
		}
	}
	return object
}

// constantParts are the parts that must be the same for all data: the hashes of the page's policy are those of script and style.
func constantParts(t *testing.T) map[string]string {
	t.Helper()
	page := parsePage(t, authprovider.WebMessage{Response: &authprovider.ClientAuthResponse{}})
	return map[string]string{"script": page.text("script", 1), "style": page.text("style", 0), "shown": page.text("p", 0)}
}

// parsedPage is a page after an HTML5 parser.
type parsedPage struct {
	outline string
	texts   map[string][]string // by element, in the order of the page
}

func (p *parsedPage) text(element string, n int) string { return p.texts[element][n] }

func parsePage(t *testing.T, m authprovider.WebMessage) *parsedPage {
	t.Helper()
	w := httptest.NewRecorder()
	require.NoError(t, authprovider.WriteWebMessage(w, webMessageOrigin, m))
	require.Equal(t, http.StatusOK, w.Code)
	document, err := html.Parse(w.Body)
	require.NoError(t, err)
	require.Equal(t, html.DoctypeNode, document.FirstChild.Type, "standards mode")
	page := &parsedPage{texts: map[string][]string{}}
	var outline strings.Builder
	page.walk(t, document, -1, &outline)
	page.outline = outline.String()
	return page
}

func (p *parsedPage) walk(t *testing.T, n *html.Node, depth int, outline *strings.Builder) {
	switch n.Type {
	case html.ElementNode:
		outline.WriteString(strings.Repeat(" ", depth) + n.Data)
		for _, a := range n.Attr {
			outline.WriteString(" " + a.Key + `="` + a.Val + `"`)
		}
		outline.WriteString("\n")
		var text strings.Builder
		for child := range n.ChildNodes() {
			if child.Type == html.TextNode {
				text.WriteString(child.Data)
			}
		}
		p.texts[n.Data] = append(p.texts[n.Data], text.String())
	case html.CommentNode:
		require.Fail(t, "a comment", n.Data)
	}
	for child := range n.ChildNodes() {
		p.walk(t, child, depth+1, outline)
	}
}

// The result holds tokens, so the page is not written at all for what is no origin.
func TestPopupPageIsWrittenForOriginsOnly(t *testing.T) {
	for _, origin := range append([]string{"*", "/", "null", "https://app.example.com/", "https://app.example.com/path", "https://*.example.com"}, hostileTexts...) {
		w := httptest.NewRecorder()
		require.Error(t, authprovider.WriteWebMessage(w, origin, authprovider.WebMessage{Response: &authprovider.ClientAuthResponse{}}), "%q", origin)
		require.Zero(t, w.Body.Len())
		require.Empty(t, w.Header())
	}
}
