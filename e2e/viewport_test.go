package e2e

import (
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// phone makes the window as narrow as a small phone.
func (w *tab) phone() {
	w.t.Helper()
	w.run(chromedp.EmulateViewport(360, 740, chromedp.EmulateScale(2), chromedp.EmulateMobile))
}

func (w *tab) requireNoSidewaysScroll() {
	w.t.Helper()
	require.True(w.t, evaluate[bool](w, "document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the window")
}
