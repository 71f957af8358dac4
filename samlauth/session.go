package samlauth

import (
	"encoding/json"
	"errors"
	"fmt"

	"example.com/stagedoor/authprovider"
)

// maxSession is what of an adapter's session, which holds twelve kibibytes, is left to the profile.
const maxSession = 8 << 10

// marshalProfile writes a profile for the session's cookie.
func marshalProfile(p Profile) (authprovider.Secret, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("samlauth: encode the session: %w", err)
	}
	if len(data) > maxSession {
		// Of no class: it is the set-up that is wrong, and not the person.
		return "", fmt.Errorf("samlauth: the profile has %d bytes and a session holds %d: name the attributes to keep in Config.Attributes", len(data), maxSession)
	}
	return authprovider.Secret(data), nil
}

func unmarshalProfile(s authprovider.Secret) (Profile, error) {
	var p Profile
	if err := json.Unmarshal([]byte(s), &p); err != nil {
		return Profile{}, errors.New("samlauth: the session cannot be read")
	}
	if p.NameID.Value == "" {
		return Profile{}, errors.New("samlauth: the session names nobody")
	}
	return p, nil
}
