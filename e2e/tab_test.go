package e2e

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// tab is a window of a browser, or a popup.
type tab struct {
	t       *testing.T
	ctx     context.Context
	browser *browser
}

// run does steps one after the other.
func (w *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	require.NoError(w.t, chromedp.Do(ctx, steps...))
}

func (w *tab) open(url string) {
	w.t.Helper()
	w.run(chromedp.Navigate(url))
}

func (w *tab) reload() {
	w.t.Helper()
	w.run(chromedp.Reload())
}

// click presses the mouse button over an element, as a person does: the browser opens a popup for nothing less.
func (w *tab) click(selector string) {
	w.t.Helper()
	w.run(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// typeInto replaces the value of a field.
func (w *tab) typeInto(selector, text string) {
	w.t.Helper()
	w.run(chromedp.Clear(chromedp.CSS(selector), chromedp.NodeVisible), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// evaluate returns what a script evaluates to, a promise's result if it is one.
func evaluate[T any](w *tab, script string) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	require.NoError(w.t, err, script)
	return value
}

// wait waits until a script evaluates to true. A page that is on its way out or not yet there counts as false.
func (w *tab) wait(what, script string) {
	w.t.Helper()
	waitUntil(w.t, what, func() bool {
		ctx, cancel := context.WithTimeout(w.ctx, patience)
		defer cancel()
		value, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+script+")"))
		return err == nil && value
	})
}

// waitFor waits until an element is there.
func (w *tab) waitFor(selector string) {
	w.t.Helper()
	w.wait(selector+" is there", `document.querySelector('`+selector+`') && document.readyState === "complete"`)
}

// text is what a person reads on the page, or in one element of it.
func (w *tab) text(selector string) string {
	w.t.Helper()
	return evaluate[string](w, `document.querySelector('`+selector+`').innerText`)
}

func (w *tab) location() string {
	w.t.Helper()
	return evaluate[string](w, "location.href")
}

// everyPage runs a script in all later pages of the window before their own. No policy of a page keeps it out.
func (w *tab) everyPage(script string) {
	w.t.Helper()
	w.run(func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return chromedp.Void{}, err
	})
}

// withoutScripts turns JavaScript off, or on again.
func (w *tab) withoutScripts(off bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off})
	require.NoError(w.t, err)
}

// popup presses a button and returns the window that opens, once it is listened to.
func (w *tab) popup(selector string) *tab {
	w.t.Helper()
	return w.popupBy(func() { w.click(selector) })
}

func (w *tab) popupBy(open func()) *tab {
	w.t.Helper()
	opened := chromedp.WaitNewTarget(w.ctx, func(i *target.Info) bool { return i.Type == "page" })
	open()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	select {
	case id, ok := <-opened:
		require.True(w.t, ok, "no popup")
		return w.browser.attach(id)
	case <-ctx.Done():
		require.FailNow(w.t, "no popup opened")
		return nil
	}
}

func (b *browser) attach(id target.ID) *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(id), chromedp.WithListener(b.console.listen))
	b.t.Cleanup(cancel)
	require.NoError(b.t, chromedp.Do(ctx))
	return &tab{t: b.t, ctx: ctx, browser: b}
}

func (w *tab) id() target.ID { return chromedp.FromContext(w.ctx).Target.TargetID }

func (w *tab) isOpen() bool {
	for _, info := range w.browser.pages() {
		if info.TargetID == w.id() {
			return true
		}
	}
	return false
}

// waitClosed waits until the window has closed itself.
func (w *tab) waitClosed() {
	w.t.Helper()
	waitUntil(w.t, "the window is closed", func() bool { return !w.isOpen() })
}

// close closes the window, as a person does.
func (w *tab) close() {
	w.t.Helper()
	require.NoError(w.t, chromedp.Do(w.ctx, func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, page.Close, struct{}{})
		return chromedp.Void{}, err
	}))
	w.waitClosed()
}

// setCookie puts a cookie into the browser as a site may that shares a domain with it.
func (w *tab) setCookie(path string, c *http.Cookie) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	_, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: path})
	require.NoError(w.t, err)
}

// cookies are those that the browser would send to a URL, by name.
func (w *tab) cookies(url string) map[string]*network.Cookie {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	answer, err := chromedp.Call(ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{url}})
	require.NoError(w.t, err)
	cookies := make(map[string]*network.Cookie, len(answer.Cookies))
	for _, c := range answer.Cookies {
		cookies[c.Name] = c
	}
	return cookies
}

// screenshot keeps a picture of the window for a person to look at.
func (w *tab) screenshot(name string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	require.NoError(w.t, err)
	require.NoError(w.t, os.MkdirAll("screenshots", 0o755))
	require.NoError(w.t, os.WriteFile(filepath.Join("screenshots", name+".png"), picture, 0o644))
}
