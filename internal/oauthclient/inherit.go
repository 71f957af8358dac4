package oauthclient

import (
	"log/slog"
	"net/http"
	"time"

	"example.com/stagedoor/authprovider"
)

// Inherit fills those parts of a vendor's configuration that were left open with the host's.
func Inherit(pc *authprovider.ProviderContext, client **http.Client, now *func() time.Time, logger **slog.Logger) {
	if *client == nil {
		*client = pc.HTTPClient
	}
	if *now == nil {
		*now = pc.Now
	}
	if *logger == nil {
		*logger = pc.Logger
	}
}
