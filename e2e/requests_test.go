package e2e

import (
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// requests are the URLs that a window asked for.
type requests struct {
	mu   sync.Mutex
	urls []string
}

// requests begins to write down what the window asks for.
func (w *tab) requests() *requests {
	w.t.Helper()
	r := &requests{}
	require.NoError(w.t, chromedp.Listen(w.ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.urls = append(r.urls, e.Request.URL)
		}
	}))
	return r
}

// all returns the URLs with a prefix.
func (r *requests) all(prefix string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []string
	for _, url := range r.urls {
		if strings.HasPrefix(url, prefix) {
			found = append(found, url)
		}
	}
	return found
}

// find returns the first URL with a prefix.
func (r *requests) find(t *testing.T, prefix string) string {
	t.Helper()
	found := r.all(prefix)
	require.NotEmpty(t, found, "%s was not asked for", prefix)
	return found[0]
}
