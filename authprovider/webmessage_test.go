package authprovider_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

// webPage is the page of WriteWebMessage, taken apart by its fixed skeleton. Every part in it is text that holds no "<".
type webPage struct {
	title, style, heading, text, href, data, script string
}

var webPageSkeleton = regexp.MustCompile(`^<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>([^<]*)</title>
<style>([^<]*)</style>
</head>
<body>
<main>
<h1>([^<]*)</h1>
<p>([^<]*)</p>
<p><a href="([^"<]*)" rel="noreferrer">Back to the app</a></p>
</main>
<script type="application/json" id="message">([^<]*)</script>
<script>([^<]*)</script>
</body>
</html>
$`)

func writePage(t testing.TB, origin string, m authprovider.WebMessage) (webPage, *http.Response) {
	t.Helper()
	w := httptest.NewRecorder()
	require.NoError(t, authprovider.WriteWebMessage(w, origin, m))
	parts := webPageSkeleton.FindStringSubmatch(w.Body.String())
	require.NotNil(t, parts, "the page has another structure: %s", w.Body)
	return webPage{parts[1], parts[2], parts[3], parts[4], parts[5], parts[6], parts[7]}, w.Result()
}

func errorMessage(name, message, code string) authprovider.WebMessage {
	return authprovider.WebMessage{Error: &authprovider.WebMessageError{Name: name, Message: message, Code: code}}
}

func responseMessage(name string) authprovider.WebMessage {
	return authprovider.WebMessage{Response: &authprovider.ClientAuthResponse{Profile: authprovider.Profile{DisplayName: name}, ProviderInfo: map[string]any{"accessToken": name}}}
}

func TestWebMessageHeaders(t *testing.T) {
	for name, m := range map[string]authprovider.WebMessage{"response": responseMessage("Jane"), "error": errorMessage("NotAllowedError", "No.", "c")} {
		t.Run(name, func(t *testing.T) {
			page, resp := writePage(t, appOrigin, m)
			require.Equal(t, http.StatusOK, resp.StatusCode)
			hash := func(s string) string {
				sum := sha256.Sum256([]byte(s))
				return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
			}
			require.Equal(t, http.Header{
				"Content-Type": {"text/html; charset=utf-8"},
				"Content-Security-Policy": {"default-src 'none'; script-src " + hash(page.script) + "; style-src " + hash(page.style) +
					"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
				"X-Content-Type-Options":     {"nosniff"},
				"X-Frame-Options":            {"DENY"},
				"Referrer-Policy":            {"no-referrer"},
				"Cache-Control":              {"no-store"},
				"Cross-Origin-Opener-Policy": {"unsafe-none"},
			}, resp.Header)
		})
	}
}

// TestWebMessageReplacesHeaders: what a host sets for all its pages must not cut the opener off, nor be doubled.
func TestWebMessageReplacesHeaders(t *testing.T) {
	w := httptest.NewRecorder()
	for _, name := range []string{"Cross-Origin-Opener-Policy", "Content-Security-Policy", "X-Frame-Options", "Cache-Control", "Referrer-Policy", "Content-Type", "X-Content-Type-Options"} {
		w.Header()[name] = []string{"same-origin", "host"}
	}
	require.NoError(t, authprovider.WriteWebMessage(w, appOrigin, responseMessage("Jane")))
	for name, values := range w.Header() {
		require.Len(t, values, 1, name)
		require.NotContains(t, values[0], "host", name)
	}
	require.Equal(t, "unsafe-none", w.Header().Get("Cross-Origin-Opener-Policy"))
}

// TestWebMessageScript reads the one constant script for what it promises. That it runs is for a real browser to say.
func TestWebMessageScript(t *testing.T) {
	page, _ := writePage(t, appOrigin, responseMessage("Jane"))
	other, _ := writePage(t, "http://localhost:3000", errorMessage("E", "</script>", ""))
	require.Equal(t, page.script, other.script)
	require.Equal(t, page.style, other.style)

	inOrder := []string{
		`history.replaceState(null, "", location.pathname)`,
		`if (!opener) { return; }`,
		`opener.postMessage({ type: "config_info", targetOrigin: data.targetOrigin }, "*")`,
		`opener.postMessage(data.message, data.targetOrigin)`,
		`setTimeout(function () { window.close(); }, 100)`,
	}
	at := -1
	for _, piece := range inOrder {
		next := strings.Index(page.script, piece)
		require.Greater(t, next, at, "%s is missing or too early", piece)
		at = next
	}
	require.Equal(t, 2, strings.Count(page.script, "postMessage"))
	require.Equal(t, 1, strings.Count(page.script, `"*"`), "only the app's origin goes to an unknown opener")
	for _, word := range []string{"eval", "innerHTML", "document.write", "location.href", "parent", "fetch", "src"} {
		require.NotContains(t, page.script, word)
	}
}

func TestWebMessageContent(t *testing.T) {
	left := int64(3600)
	page, _ := writePage(t, "http://localhost:3000", authprovider.WebMessage{Response: &authprovider.ClientAuthResponse{
		Profile:      authprovider.Profile{Email: "jane@example.com"},
		ProviderInfo: map[string]any{"accessToken": "at"},
		BackstageIdentity: &authprovider.BackstageIdentity{Token: "a.b.c", ExpiresInSeconds: &left,
			Identity: authprovider.UserIdentity{Type: "user", UserEntityRef: "user:default/jane", OwnershipEntityRefs: []string{"user:default/jane"}}},
	}})
	require.JSONEq(t, `{"targetOrigin":"http://localhost:3000","message":{"type":"authorization_response","response":{
		"profile":{"email":"jane@example.com"},"providerInfo":{"accessToken":"at"},
		"backstageIdentity":{"token":"a.b.c","expiresInSeconds":3600,"identity":{"type":"user","userEntityRef":"user:default/jane","ownershipEntityRefs":["user:default/jane"]}}}}}`, page.data)
	require.Equal(t, "You are signed in", page.title)
	require.Equal(t, "You are signed in", page.heading)
	require.NotContains(t, page.text, "jane", "tokens and names are not for the eye")
	require.Equal(t, "http://localhost:3000/", page.href)

	page, _ = writePage(t, appOrigin, errorMessage("NotAllowedError", "Ask your administrator.", "sign_in_refused"))
	require.JSONEq(t, `{"targetOrigin":"https://portal.example.com","message":{"type":"authorization_response","error":{"name":"NotAllowedError","message":"Ask your administrator.","code":"sign_in_refused"}}}`, page.data)
	require.Equal(t, "Sign-in did not work", page.title)
	require.Equal(t, "Ask your administrator.", page.text, "readable without JavaScript")

	page, _ = writePage(t, appOrigin, errorMessage("E", "m", ""))
	require.JSONEq(t, `{"targetOrigin":"https://portal.example.com","message":{"type":"authorization_response","error":{"name":"E","message":"m"}}}`, page.data)
}

// hostileTexts is what an attacker would like to see in a page.
var hostileTexts = []string{
	"</script>", "</SCRIPT >", "</script\n>", "</script/x>", "<script>alert(1)</script>", "<!--", "-->", "<!-- <script>", "<!--<script", "--!>", "<![CDATA[", "]]>", "<", ">", "&", "&lt;/script&gt;", "&#60;script&#62;", "&quot;", "&amp;amp;",
	`"`, `'`, "`", `\`, `\"`, `\\"`, `\u003c/script\u003e`, `";alert(1)//`, `'-alert(1)-'`, "${alert(1)}", "*/alert(1)/*", "{{constructor}}", `"}],"x":[{"`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, "</title><script>alert(1)</script>",
	"</h1></p></main>", "</style>", "<svg/onload=alert(1)>", "<math><mtext>", "<iframe srcdoc='<script>'>", "<base href=//evil.example>", "<meta http-equiv=refresh content=0>", "<noscript><p title=\"</noscript><img>\">", "<plaintext>", "<template>",
	"\u2028", "\u2029", "a\u2028alert(1)\u2029", "\x00", "a\x00b", "\ufeff", "\ufffd", "\u202egnp.exe", "\u200b", "\x1b[31m", "\r\n", "\n\n<x>", "\t", "\x7f", "\u0085",
	"\xff", "\xc0\xbc", "\xe2\x80", "a\xf0\x9f", "\xed\xa0\x80", "\xfe\xff<", "Jürgen", "日本語", "👩‍👩‍👧", "𝕏", "a'ö'b", "javascript:alert(1)", "data:text/html,<script>", "%3Cscript%3E", "%s%d%n%!", "__proto__", "null", "undefined", "",
	"＜script＞", "+ADw-script+AD4-", strings.Repeat("<", 10_000),
}

func TestWebMessageHostileText(t *testing.T) {
	require.GreaterOrEqual(t, len(hostileTexts), 60)
	for _, text := range hostileTexts {
		t.Run(text, func(t *testing.T) { checkHostileText(t, text) })
	}
}

func checkHostileText(t *testing.T, text string) {
	valid := strings.ToValidUTF8(text, "\ufffd") // each bad run; encoding/json replaces each byte
	same := func(got string) {
		t.Helper()
		if valid == text {
			require.Equal(t, text, got)
			return
		}
		require.Equal(t, strings.ReplaceAll(valid, "\ufffd", ""), strings.ReplaceAll(got, "\ufffd", ""))
	}
	// A page of the right structure already says that nothing broke out of its place.
	page, _ := writePage(t, appOrigin, errorMessage(text, text, text))
	require.NotContains(t, page.data, ">")
	require.NotContains(t, page.data, "&")
	require.NotContains(t, page.data, "\u2028")
	require.NotContains(t, page.data, "\u2029")
	require.NotContains(t, page.text, `"`)
	require.NotContains(t, page.text, `'`)
	require.NotContains(t, page.text, ">")
	require.Equal(t, text, html.UnescapeString(page.text))
	var got struct {
		TargetOrigin string
		Message      struct {
			Type  string
			Error struct{ Name, Message, Code string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(page.data), &got))
	require.Equal(t, appOrigin, got.TargetOrigin)
	require.Equal(t, "authorization_response", got.Message.Type)
	same(got.Message.Error.Name)
	same(got.Message.Error.Message)
	same(got.Message.Error.Code)

	raw, err := json.Marshal(text)
	require.NoError(t, err)
	unescaped := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\u2028`, "\u2028", `\u2029`, "\u2029").Replace(string(raw))
	if !json.Valid([]byte(unescaped)) { // text that itself spells an escape
		unescaped = string(raw)
	}
	page, _ = writePage(t, appOrigin, authprovider.WebMessage{Response: &authprovider.ClientAuthResponse{
		Profile: authprovider.Profile{DisplayName: text, Email: text, Picture: text},
		// A provider's raw answer, which no encoder of ours has escaped.
		ProviderInfo: map[string]any{text: json.RawMessage(unescaped), "s": text},
	}})
	require.NotContains(t, page.data, ">")
	require.NotContains(t, page.data, "\u2028")
	require.NotContains(t, page.data, "&")
	var response struct {
		Message struct {
			Response authprovider.ClientAuthResponse
		}
	}
	require.NoError(t, json.Unmarshal([]byte(page.data), &response))
	same(response.Message.Response.Profile.DisplayName)
	same(response.Message.Response.ProviderInfo.(map[string]any)["s"].(string))
}

func TestWebMessageRefuses(t *testing.T) {
	response := &authprovider.ClientAuthResponse{}
	for name, tc := range map[string]struct {
		origin string
		m      authprovider.WebMessage
	}{
		"neither":       {appOrigin, authprovider.WebMessage{}},
		"both":          {appOrigin, authprovider.WebMessage{Response: response, Error: &authprovider.WebMessageError{}}},
		"not JSON":      {appOrigin, authprovider.WebMessage{Response: &authprovider.ClientAuthResponse{ProviderInfo: func() {}}}},
		"no origin":     {"", authprovider.WebMessage{Response: response}},
		"any origin":    {"*", authprovider.WebMessage{Response: response}},
		"own origin":    {"/", authprovider.WebMessage{Response: response}},
		"null":          {"null", authprovider.WebMessage{Response: response}},
		"script":        {"javascript:alert(1)//", authprovider.WebMessage{Response: response}},
		"URL":           {"https://portal.example.com/", authprovider.WebMessage{Response: response}},
		"upper case":    {"https://PORTAL.example.com", authprovider.WebMessage{Response: response}},
		"default port":  {"https://portal.example.com:443", authprovider.WebMessage{Response: response}},
		"pattern":       {"https://*.example.com", authprovider.WebMessage{Response: response}},
		"error to any":  {"*", errorMessage("E", "m", "")},
		"broken origin": {`https://a"><script>`, errorMessage("E", "m", "")},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			require.ErrorContains(t, authprovider.WriteWebMessage(w, tc.origin, tc.m), "authprovider: ")
			require.Empty(t, w.Body.String())
			require.Empty(t, w.Header())
		})
	}
}

func FuzzWriteWebMessage(f *testing.F) {
	for _, text := range hostileTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkHostileText(t, text) })
}
