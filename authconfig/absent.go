package authconfig

import (
	"net/http"

	"example.com/stagedoor/authprovider"
)

// absent answers every route with one error.
type absent struct{ err error }

var _ authprovider.RouteHandlers = absent{}

func (a absent) Start(http.ResponseWriter, *http.Request) error        { return a.err }
func (a absent) FrameHandler(http.ResponseWriter, *http.Request) error { return a.err }
func (a absent) Refresh(http.ResponseWriter, *http.Request) error      { return a.err }
func (a absent) Logout(http.ResponseWriter, *http.Request) error       { return a.err }
