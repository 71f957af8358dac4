package e2e

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// patience is an upper bound for a single step. Nothing waits for it to pass.
const patience = 30 * time.Second

// browser is a Chromium of its own with an empty profile: nobody has ever been anywhere with it.
type browser struct {
	t       *testing.T
	ctx     context.Context
	first   bool // the window that a browser opens by itself is still free
	console *console
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	path := os.Getenv("CHROMIUM")
	if path == "" {
		path = "/usr/bin/chromium"
	}
	b := &browser{t: t, first: true, console: &console{}}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(1280, 900),
		chromedp.Flag("headless", "new"),
		chromedp.Flag("no-sandbox", true), // it cannot start as root otherwise
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-dev-shm-usage", true), // /dev/shm is small in containers
		chromedp.Flag("no-first-run", true),
		chromedp.Flag("no-default-browser-check", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("force-color-profile", "srgb"),
		// No name leads off this machine, whatever a page or the browser itself asks for.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
	)
	t.Cleanup(cancel)
	b.ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(b.console.listen))
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(b.ctx), "start %s", path)
	t.Cleanup(func() { b.console.check(t) })
	return b
}

// newTab opens a window of its own. All windows of a browser share its cookies.
func (b *browser) newTab() *tab {
	b.t.Helper()
	if b.first {
		b.first = false
		return &tab{t: b.t, ctx: b.ctx, browser: b}
	}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithListener(b.console.listen))
	b.t.Cleanup(cancel)
	require.NoError(b.t, chromedp.Do(ctx))
	return &tab{t: b.t, ctx: ctx, browser: b}
}

// pages are the open windows.
func (b *browser) pages() []*target.Info {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	infos, err := chromedp.Targets(ctx)
	require.NoError(b.t, err)
	return slices.DeleteFunc(infos, func(i *target.Info) bool { return i.Type != "page" })
}

// waitUntil asks a condition again and again.
func waitUntil(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			require.FailNow(t, "waited in vain", "until %s", what)
		}
		time.Sleep(15 * time.Millisecond) // a real browser has no clock to hold
	}
}

// shortened keeps a failure readable.
func shortened(text string) string {
	text = strings.TrimSpace(text)
	return text[:min(len(text), 2000)]
}
