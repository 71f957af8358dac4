package authconfig

// authSection is the auth block, but for providers, whose form is the registry's.
type authSection struct {
	Environment        string             `key:"environment" doc:"The environment of the providers that have several, when a request names none."`
	Session            sessionSection     `key:"session"`
	KeyStore           keyStoreSection    `key:"keyStore" doc:"Where the keys are that sign user tokens."`
	TTL                Duration           `key:"backstageTokenExpiration" doc:"The life of a user token, 10 minutes to 24 hours. One hour if it is absent."`
	OmitOwnership      *bool              `key:"omitIdentityTokenOwnershipClaim" doc:"Leaves the ent claim out of user tokens. True if it is absent."`
	Algorithm          string             `key:"identityTokenAlgorithm" doc:"The algorithm of new keys. ES256 if it is absent." enum:"ES256 ES384 RS256 PS256 EdDSA"`
	AllowedOrigins     []string           `key:"experimentalExtraAllowedOrigins" doc:"Further origins that may sign in, such as https://*.preview.example.com, in which * is one whole label."`
	Providers          *node              `key:"providers"`
	Autologout         Ignored            `key:"autologout" doc:"is read by the app"`
	RefreshToken       unsupportedFeature `key:"refreshToken" doc:"Not supported: refresh tokens for other OAuth clients."`
	ExperimentalTokens unsupportedFeature `key:"experimentalRefreshToken" doc:"Not supported: refresh tokens for other OAuth clients."`
	Registration       unsupportedFeature `key:"experimentalDynamicClientRegistration" doc:"Not supported: an authorization server for other OAuth clients."`
	ClientDocuments    unsupportedFeature `key:"clientIdMetadataDocuments" doc:"Not supported: an authorization server for other OAuth clients."`
	ExperimentalCIMD   unsupportedFeature `key:"experimentalClientIdMetadataDocuments" doc:"Not supported: an authorization server for other OAuth clients."`
}

type sessionSection struct {
	// Secrets may be several: the first seals, all open.
	Secrets Strings `key:"secret" doc:"Seals cookies: at least 32 bytes from a random generator, the same on every replica. Of several, the first seals and all open."`
}

type keyStoreSection struct {
	Provider  string         `key:"provider" doc:"database, memory or static." enum:"database memory static"`
	Static    *staticSection `key:"static" doc:"Keys in PEM files."`
	Firestore *node          `key:"firestore" doc:"Not supported: give tokenissuer.Config.Keys a KeyStore of your own."`
}

type staticSection struct {
	Keys []staticKey `key:"keys,required" doc:"The first signs, all verify."`
}

// staticKey is a tokenissuer.KeyFile.
type staticKey struct {
	PrivateKeyFile string `key:"privateKeyFile" doc:"Path of the private key, PKCS #8 in PEM."`
	PublicKeyFile  string `key:"publicKeyFile" doc:"Path of the public key, PKIX in PEM."`
	KeyID          string `key:"keyId" doc:"The kid."`
	Algorithm      string `key:"algorithm" doc:"ES256 if it is absent."`
}

// unsupportedFeature is a block that may stand there as long as it is not switched on.
type unsupportedFeature struct{}

func (*unsupportedFeature) decodeNode(d *decoder, n *node, path string) {
	if enabled := n.get("enabled"); enabled != nil {
		if s, err := d.resolve(enabled); err == nil && s.text == "false" {
			return
		}
	}
	d.fault(n.at, path, "is not supported: there is no authorization server for other clients here. Remove it, or set enabled: false")
}

// secretBytes returns the session secrets.
func secretBytes(secrets []string) [][]byte {
	var all [][]byte
	for _, s := range secrets {
		all = append(all, []byte(s))
	}
	return all
}
