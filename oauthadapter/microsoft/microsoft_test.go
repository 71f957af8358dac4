package microsoft_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/microsoft"
)

func TestVendor(t *testing.T) {
	for name, change := range map[string]func(*microsoft.Config){
		"one tenant":      func(c *microsoft.Config) { c.TenantID = contoso },
		"without profile": func(c *microsoft.Config) { c.TenantID, c.SkipProfile = contoso, true },
		"by domain":       func(c *microsoft.Config) { c.TenantID = "Contoso.com" },
		"several tenants": func(c *microsoft.Config) { c.TenantID, c.AllowedTenants = "organizations", []string{fabrikam, contoso} },
	} {
		t.Run(name, func(t *testing.T) {
			e := newEntra(t, contoso, authprovidertest.DefaultPeople()...)
			c := e.config()
			change(&c)
			ofHost := c
			ofHost.HTTPClient, ofHost.Now = nil, nil
			authprovidertest.TestVendor(t, authprovidertest.VendorTest[microsoft.Profile]{
				Vendor: e.Vendor, Handlers: newAuthenticator(t, c), Config: c,
				Provider: func(signIn ...authprovider.SignInResolver[microsoft.Result]) authprovider.ProviderFactory {
					return microsoft.Provider(ofHost, signIn...)
				},
			})
			require.Equal(t, c.SkipProfile, len(e.graphCalls()) == 0)
		})
	}
}

func TestNothingPretends(t *testing.T) {
	_, revokes := any(newAuthenticator(t, microsoft.Config{TenantID: contoso, ClientID: "id", ClientSecret: "s"})).(oauthadapter.Revoker)
	require.False(t, revokes, "Entra has no revocation endpoint")
}

func TestNewRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*microsoft.Config)
		want   string
	}{
		"no client":        {func(c *microsoft.Config) { c.ClientID = "" }, "microsoft: Config.ClientID is required"},
		"no secret":        {func(c *microsoft.Config) { c.ClientSecret = "" }, "microsoft: Config.ClientSecret is required"},
		"no tenant":        {func(c *microsoft.Config) { c.TenantID = "" }, "microsoft: Config.TenantID is required"},
		"no such tenant":   {func(c *microsoft.Config) { c.TenantID = "contoso" }, "microsoft: Config.TenantID"},
		"tenant with path": {func(c *microsoft.Config) { c.TenantID = "contoso.com/x" }, "microsoft: Config.TenantID"},
		"address":          {func(c *microsoft.Config) { c.TenantID = "1.2.3.4" }, "microsoft: Config.TenantID"},
		"braces":           {func(c *microsoft.Config) { c.TenantID = "{tenantid}" }, "microsoft: Config.TenantID"},
		"personal":         {func(c *microsoft.Config) { c.TenantID = personal }, "personal accounts"},
		"consumers":        {func(c *microsoft.Config) { c.TenantID = "consumers" }, "personal accounts"},
		"everybody's":      {func(c *microsoft.Config) { c.TenantID = "organizations" }, "anybody can have a tenant"},
		"common":           {func(c *microsoft.Config) { c.TenantID = "Common" }, "anybody can have a tenant"},
		"common and list":  {func(c *microsoft.Config) { c.TenantID, c.AllowedTenants = "common", []string{contoso} }, "personal accounts, which no list"},
		"empty list":       {func(c *microsoft.Config) { c.TenantID, c.AllowedTenants = "common", []string{} }, "anybody can have a tenant"},
		"list and any": {func(c *microsoft.Config) {
			c.TenantID, c.AllowedTenants, c.DangerouslyAllowAnyTenant = "organizations", []string{contoso}, true
		}, "either"},
		"list for one":            {func(c *microsoft.Config) { c.AllowedTenants = []string{contoso} }, "microsoft: Config.AllowedTenants"},
		"any for one":             {func(c *microsoft.Config) { c.DangerouslyAllowAnyTenant = true }, "DangerouslyAllowAnyTenant"},
		"domain in list":          {func(c *microsoft.Config) { c.TenantID, c.AllowedTenants = "organizations", []string{"contoso.com"} }, "microsoft: Config.AllowedTenants"},
		"personal in list":        {func(c *microsoft.Config) { c.TenantID, c.AllowedTenants = "organizations", []string{personal} }, "personal accounts"},
		"another host":            {func(c *microsoft.Config) { c.AuthorityHost = "login.evil.example" }, "microsoft: Config.AuthorityHost"},
		"host with path":          {func(c *microsoft.Config) { c.AuthorityHost = publicCloud + "/x" }, "microsoft: Config.AuthorityHost"},
		"another Graph":           {func(c *microsoft.Config) { c.GraphHost = "graph.evil.example" }, "microsoft: Config.GraphHost"},
		"Graph of another cloud":  {func(c *microsoft.Config) { c.GraphHost = "graph.microsoft.us" }, "microsoft: Config.GraphHost"},
		"domain hint":             {func(c *microsoft.Config) { c.DomainHint = "jane@contoso.com" }, "microsoft: Config.DomainHint"},
		"redirect without a page": {func(c *microsoft.Config) { c.PostLogoutRedirect = true }, "microsoft: Config.PostLogoutRedirect"},
	} {
		t.Run(name, func(t *testing.T) {
			c := microsoft.Config{TenantID: contoso, ClientID: "id", ClientSecret: "secret-marker"}
			tt.change(&c)
			_, err := microsoft.New(c)
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), "secret-marker")
		})
	}
}

func TestAuthorizationRequest(t *testing.T) {
	const signIn = "openid profile email offline_access"
	for name, tt := range map[string]struct {
		change func(*microsoft.Config)
		query  url.Values
		scopes []string // that the app asks for
		want   map[string]string
	}{
		"default":         {want: map[string]string{"scope": signIn + " User.Read"}},
		"no profile":      {change: func(c *microsoft.Config) { c.SkipProfile = true }, want: map[string]string{"scope": signIn}},
		"prompt, domain":  {change: func(c *microsoft.Config) { c.Prompt, c.DomainHint = "select_account", "contoso.com" }, want: map[string]string{"scope": signIn + " User.Read", "prompt": "select_account", "domain_hint": "contoso.com"}},
		"login hint":      {query: url.Values{"login_hint": {"jane+x@contoso.com"}}, want: map[string]string{"scope": signIn + " User.Read", "login_hint": "jane+x@contoso.com"}},
		"another's":       {query: url.Values{"domain_hint": {"evil"}, "amr_values": {"evil"}, "prompt": {"evil"}}, want: map[string]string{"scope": signIn + " User.Read"}},
		"Graph":           {scopes: []string{"Mail.Read"}, want: map[string]string{"scope": "Mail.Read " + signIn + " User.Read"}},
		"Graph in full":   {scopes: []string{"https://graph.microsoft.com/User.Read"}, want: map[string]string{"scope": "https://graph.microsoft.com/User.Read " + signIn}},
		"profile already": {scopes: []string{"user.readwrite"}, want: map[string]string{"scope": "user.readwrite " + signIn}},
		"foreign":         {scopes: []string{foreign}, want: map[string]string{"scope": foreign + " " + signIn}},
		"foreign first":   {scopes: []string{foreign, "User.Read", "https://vault.azure.net/.default"}, want: map[string]string{"scope": foreign + " " + signIn}},
		"Graph first":     {scopes: []string{"openid", "Mail.Read", foreign}, want: map[string]string{"scope": "openid Mail.Read profile email offline_access User.Read"}},
		"slashes":         {scopes: []string{"https://management.core.windows.net//.default"}, want: map[string]string{"scope": "https://management.core.windows.net//.default " + signIn}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newEntra(t, contoso).config()
			if tt.change != nil {
				tt.change(&c)
			}
			a := newAuthenticator(t, c)
			address, q, err := authprovidertest.AuthorizationRequest(t, a, tt.query, tt.scopes...)
			require.NoError(t, err)
			require.Equal(t, "https://login.microsoftonline.com/"+contoso+"/oauth2/v2.0/authorize", address)
			want := url.Values{"client_id": {authprovidertest.DefaultClientID}}
			for name, value := range tt.want {
				want.Set(name, value)
			}
			require.Equal(t, want, q)
		})
	}
}

func TestLoginHintRefused(t *testing.T) {
	a := newAuthenticator(t, newEntra(t, contoso).config())
	for _, hint := range [][]string{{""}, {"jane"}, {"jane@"}, {"@contoso.com"}, {"jane@contoso.com\n"}, {"ja ne@contoso.com"}, {"a@b@c"}, {"\u202ejane@contoso.com"}, {"a@b.c", "d@e.f"}} {
		_, _, err := authprovidertest.AuthorizationRequest(t, a, url.Values{"login_hint": hint})
		require.ErrorIs(t, err, authprovider.ErrInput, "%q", hint)
	}
}

// Tenants: the ID token's own, its issuer and what is allowed must agree.
func TestTenants(t *testing.T) {
	one := func(c *microsoft.Config) {}
	listed := func(ids ...string) func(*microsoft.Config) {
		return func(c *microsoft.Config) { c.TenantID, c.AllowedTenants = "organizations", ids }
	}
	anyTenant := func(c *microsoft.Config) { c.TenantID, c.DangerouslyAllowAnyTenant = "common", true }
	for name, tt := range map[string]struct {
		tenant string // whose issuer it is
		claims map[string]any
		change func(*microsoft.Config)
		want   error
	}{
		"one":                     {contoso, nil, one, nil},
		"one, another tid":        {contoso, map[string]any{"tid": fabrikam}, one, authprovider.ErrNotAllowed},
		"one, no tid":             {contoso, map[string]any{"tid": nil}, one, authprovider.ErrAuthentication},
		"one, no oid":             {contoso, map[string]any{"oid": nil}, one, authprovider.ErrAuthentication},
		"one, oid no GUID":        {contoso, map[string]any{"oid": "jane"}, one, authprovider.ErrAuthentication},
		"one, oid no text":        {contoso, map[string]any{"oid": 1}, one, authprovider.ErrAuthentication},
		"listed":                  {contoso, nil, listed(contoso), nil},
		"listed, upper case":      {contoso, nil, listed(fabrikam, "AAAABBBB-0000-CCCC-1111-DDDD2222EEEE"), nil},
		"not listed":              {contoso, nil, listed(fabrikam), authprovider.ErrNotAllowed},
		"not listed, claims it":   {contoso, map[string]any{"tid": fabrikam}, listed(fabrikam), authprovider.ErrAuthentication},
		"listed, claims another":  {contoso, map[string]any{"tid": fabrikam}, listed(contoso), authprovider.ErrAuthentication},
		"listed, no tid":          {contoso, map[string]any{"tid": nil}, listed(contoso), authprovider.ErrAuthentication},
		"listed, tid not lower":   {contoso, map[string]any{"tid": "AAAABBBB-0000-CCCC-1111-DDDD2222EEEE"}, listed(contoso), authprovider.ErrAuthentication},
		"any":                     {contoso, nil, anyTenant, nil},
		"any, personal":           {personal, nil, anyTenant, nil},
		"any, claims another tid": {contoso, map[string]any{"tid": fabrikam}, anyTenant, authprovider.ErrAuthentication},
		"any, no oid":             {contoso, map[string]any{"oid": nil}, anyTenant, authprovider.ErrAuthentication},
		"listed, personal":        {personal, nil, listed(contoso), authprovider.ErrNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEntra(t, tt.tenant, jane(tt.claims))
			c := e.config()
			tt.change(&c)
			a := newAuthenticator(t, c)
			if c.AllowedTenants != nil {
				c.AllowedTenants[0] = tt.tenant // too late
			}
			result, err := signIn(t, e, a)
			require.ErrorIs(t, err, tt.want)
			if tt.want != nil {
				require.Nil(t, result)
				require.Empty(t, e.graphCalls())
				return
			}
			require.Equal(t, tt.tenant, result.FullProfile.TenantID)
			require.Equal(t, janeID, result.FullProfile.ObjectID)
			require.Equal(t, "https://"+publicCloud+"/"+tt.tenant+"/v2.0", result.FullProfile.Issuer)

			e.SetPerson(jane(map[string]any{"tid": "ffffffff-1111-dddd-2222-eeee3333ffff"}))
			_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: result.Session})
			require.ErrorIs(t, err, oauthadapter.ErrSessionEnded)
		})
	}
}

// A domain stands for the tenant that it belonged to when it was first asked for.
func TestDomain(t *testing.T) {
	const issuer = "https://login.microsoftonline.com/"
	for name, tt := range map[string]struct {
		issuer string
		want   error
	}{
		"tenant":           {issuer + contoso + "/v2.0", nil},
		"template":         {issuer + "{tenantid}/v2.0", authprovider.ErrUnavailable},
		"another host":     {"https://login.evil.example/" + contoso + "/v2.0", authprovider.ErrUnavailable},
		"v1":               {"https://sts.windows.net/" + contoso + "/", authprovider.ErrUnavailable},
		"personal":         {issuer + personal + "/v2.0", authprovider.ErrUnavailable},
		"none":             {authprovidertest.Omit, authprovider.ErrUnavailable},
		"a path too many":  {issuer + contoso + "/x/v2.0", authprovider.ErrUnavailable},
		"not in lowercase": {issuer + "AAAABBBB-0000-CCCC-1111-DDDD2222EEEE/v2.0", authprovider.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEntra(t, contoso)
			e.Set(func(b *authprovidertest.Behavior) { b.DiscoveryIssuer = tt.issuer })
			c := e.config()
			c.TenantID, c.SkipProfile, c.EndSession = "contoso.com", true, true
			a := newAuthenticator(t, c)
			_, err := signIn(t, e, a)
			require.ErrorIs(t, err, tt.want)
			if tt.want != nil {
				_, err = a.Authenticate(t.Context(), oauthadapter.CallbackRequest{Nonce: "n"})
				require.ErrorIs(t, err, tt.want)
				_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: oauthadapter.Session{RefreshToken: "r", Subject: "s"}})
				require.ErrorIs(t, err, tt.want)
				_, err = a.EndSessionURL(t.Context(), oauthadapter.LogoutRequest{})
				require.ErrorIs(t, err, tt.want)
				e.Set(func(b *authprovidertest.Behavior) { b.DiscoveryIssuer = "" })
				_, err = signIn(t, e, a)
				require.NoError(t, err, "it is asked again")
				return
			}
			e.Set(func(b *authprovidertest.Behavior) { b.DiscoveryIssuer = issuer + fabrikam + "/v2.0" })
			_, err = signIn(t, e, a)
			require.NoError(t, err, "it is asked once")
		})
	}
}

func TestClouds(t *testing.T) {
	for _, tt := range []struct{ cloud, configured, graph string }{
		{publicCloud, "", publicGraph},
		{"login.microsoftonline.us", "", "graph.microsoft.us"},
		{"login.microsoftonline.us", "dod-graph.microsoft.us", "dod-graph.microsoft.us"},
		{"login.partner.microsoftonline.cn", "", "microsoftgraph.chinacloudapi.cn"},
	} {
		t.Run(tt.graph, func(t *testing.T) {
			e := newCloud(t, authprovidertest.MicrosoftVendor{TenantID: contoso, AuthorityHost: tt.cloud, GraphHost: tt.graph})
			c := e.config()
			c.GraphHost = tt.configured
			a := newAuthenticator(t, c)
			for _, scope := range []string{"User.Read", "https://" + tt.graph + "/User.Read"} {
				before := len(e.graphCalls())
				result, err := signIn(t, e, a, scope)
				require.NoError(t, err)
				require.Equal(t, "https://"+tt.cloud+"/"+contoso+"/v2.0", result.FullProfile.Issuer)
				require.Equal(t, []string{tt.graph + mePath, tt.graph + photoPath}, e.graphCalls()[before:])
			}
		})
	}
}

// A scope that nobody consented to is no end of the session, though Entra says invalid_grant.
func TestRefreshWithoutConsent(t *testing.T) {
	e := newEntra(t, contoso)
	e.answer(mePath, write(200, "application/json", meAnswer))
	a := newAuthenticator(t, e.config())
	result, err := signIn(t, e, a)
	require.NoError(t, err)
	_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: result.Session, Scopes: []string{"Mail.Read"}})
	var refused *oauthadapter.ProviderError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "consent_required", refused.Code)
	require.NotErrorIs(t, err, oauthadapter.ErrSessionEnded)
}

func TestRefresh(t *testing.T) {
	e := newEntra(t, contoso)
	e.answer(mePath, write(200, "application/json", meAnswer))
	a := newAuthenticator(t, e.config())
	for _, consent := range []string{foreign, "Mail.Read"} {
		_, err := signIn(t, e, a, consent)
		require.NoError(t, err)
	}
	result, err := signIn(t, e, a)
	require.NoError(t, err)
	form := e.Last(authprovidertest.Token).Form
	require.Equal(t, e.ClientID(), form.Get("client_id"))
	require.Equal(t, e.ClientSecret(), form.Get("client_secret"))
	require.Equal(t, "User.Read openid profile email", result.Session.Scope, "without offline_access, as Entra does")

	graph, stored := len(e.graphCalls()), result.Session
	for _, tt := range []struct {
		session string // its scope, if the adapter knows it
		scopes  []string
		want    string // what is asked for
		graph   bool
	}{
		{"", nil, "", true},
		{"User.Read openid profile email", nil, "User.Read openid profile email offline_access", true},
		{"", []string{foreign, "User.Read", "openid"}, foreign + " openid profile email offline_access", false},
		{foreign, nil, foreign + " openid profile email offline_access", false},
		{foreign, []string{"Mail.Read", foreign}, "Mail.Read openid profile email offline_access User.Read", true},
	} {
		stored.Scope = tt.session
		refreshed, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: stored, Scopes: tt.scopes})
		require.NoError(t, err)
		require.Equal(t, tt.want, e.tokenScope())
		require.NotEqual(t, stored.RefreshToken, refreshed.Session.RefreshToken)
		require.Equal(t, janeID, refreshed.FullProfile.ObjectID)
		require.Equal(t, tt.graph, len(e.graphCalls()) > graph, "%v", tt)
		if tt.graph {
			require.Equal(t, string(refreshed.Session.AccessToken), e.lastBearer())
			require.Equal(t, "Jane D. (Contoso)", refreshed.Profile.DisplayName)
		} else {
			require.Equal(t, "Jane Doe", refreshed.Profile.DisplayName)
		}
		graph, stored = len(e.graphCalls()), refreshed.Session
	}

	t.Run("Graph is down", func(t *testing.T) {
		e.answer(mePath, write(503, "application/json", `{"error":{"code":"serviceNotAvailable"}}`))
		stored.Scope = ""
		refreshed, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: stored})
		require.ErrorIs(t, err, authprovider.ErrUnavailable)
		require.NotEqual(t, stored.RefreshToken, refreshed.Session.RefreshToken, "the new one is kept")
		stored.RefreshToken = refreshed.Session.RefreshToken
	})
	t.Run("another person at Graph", func(t *testing.T) {
		e.answer(mePath, write(200, "application/json", `{"id":"`+joeID+`"}`))
		_, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: stored})
		require.ErrorIs(t, err, oauthadapter.ErrSessionEnded)
	})
	t.Run("no refresh token", func(t *testing.T) {
		calls := len(e.graphCalls())
		stored.RefreshToken = ""
		_, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: stored})
		require.ErrorIs(t, err, oauthadapter.ErrSessionEnded)
		require.Len(t, e.graphCalls(), calls)
		require.Zero(t, e.Calls(authprovidertest.UserInfo))
	})
}

// Entra's own form of an error.
func TestTokenError(t *testing.T) {
	e := newEntra(t, contoso)
	c := e.config()
	c.SkipProfile = true
	result, err := signIn(t, e, newAuthenticator(t, c))
	require.NoError(t, err)
	e.Set(func(b *authprovidertest.Behavior) {
		b.TokenFailure = authprovidertest.Failure{Times: 1, Code: "interaction_required"}
	})
	_, err = newAuthenticator(t, c).Refresh(t.Context(), oauthadapter.RefreshRequest{Session: result.Session})
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "interaction_required", p.Code)
	require.Contains(t, p.Description, "AADSTS50076")
}

func TestSignOut(t *testing.T) {
	e := newEntra(t, contoso)
	c := e.config()
	c.SkipProfile = true
	for name, tt := range map[string]struct {
		end, back bool
		want      []string // parameters of the page
	}{
		"stays":         {false, false, nil},
		"ends":          {true, false, []string{"client_id", "id_token_hint"}},
		"ends and back": {true, true, []string{"client_id", "id_token_hint", "post_logout_redirect_uri"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.EndSession, c.PostLogoutRedirect = tt.end, tt.back
			a := newAuthenticator(t, c)
			result, err := signIn(t, e, a)
			require.NoError(t, err)
			page, err := a.EndSessionURL(t.Context(), oauthadapter.LogoutRequest{Session: result.Session, ReturnURL: "https://portal.example.com/"})
			require.NoError(t, err)
			u, err := url.Parse(page)
			require.NoError(t, err)
			require.Len(t, u.Query(), len(tt.want))
			for _, name := range tt.want {
				require.Contains(t, u.Query(), name)
			}
			if tt.end {
				require.Equal(t, "/"+contoso+"/oauth2/v2.0/logout", u.Path)
			} else {
				require.Empty(t, page)
			}
		})
	}
}
