package cfaccess

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"example.com/stagedoor/internal/jose"
)

// Identity is what the team's get-identity endpoint says about a person, most of which comes from the identity provider behind Access.
// What is absent there, or of another type, is empty.
type Identity struct {
	// ID is the person's ID at the identity provider.
	ID string
	// UserUUID is the person's ID in the team, as Result.Subject.
	UserUUID string
	Name     string
	Email    string
	// Groups are those that the identity provider was set up to tell Access.
	Groups []Group
	IDP    IDP

	answer json.RawMessage
}

// Group is a group at the identity provider. Identity providers that tell only a list of texts have them as Name.
type Group struct {
	ID    string
	Name  string
	Email string
}

// IDP is the identity provider through which a person signed in.
type IDP struct {
	ID string
	// Type is Access's name for its kind, such as "azureAD" or "onetimepin".
	Type string
}

// Claims decodes the whole answer into v, by exact name: for devicePosture, geo, amr and what else there is.
func (i *Identity) Claims(v any) error {
	if i == nil || i.answer == nil {
		return errors.New("cfaccess: there is no identity")
	}
	if err := jose.UnmarshalStrict(i.answer, v); err != nil {
		return fmt.Errorf("cfaccess: identity: %w", err)
	}
	return nil
}

// parseIdentity reads an answer strictly, and its members as tolerantly as identity providers differ. It keeps answer.
func parseIdentity(answer []byte) (*Identity, error) {
	var m members
	if err := jose.UnmarshalStrict(answer, &m); err != nil {
		return nil, fmt.Errorf("cfaccess: identity: %w", err)
	}
	if m == nil { // null
		return nil, errors.New("cfaccess: identity: not an object")
	}
	id := &Identity{ID: m.id("id"), UserUUID: m.text("user_uuid"), Name: m.text("name"), Email: m.text("email"), answer: answer}
	var groups []json.RawMessage
	if json.Unmarshal(m["groups"], &groups) == nil {
		for _, raw := range groups {
			if g, ok := parseGroup(raw); ok {
				id.Groups = append(id.Groups, g)
			}
		}
	}
	var idp members
	if json.Unmarshal(m["idp"], &idp) == nil {
		id.IDP = IDP{ID: idp.id("id"), Type: idp.text("type")}
	}
	return id, nil
}

// parseGroup reads {"id": ..., "name": ..., "email": ...} or a text. A group of which neither ID nor name is known is none.
func parseGroup(raw json.RawMessage) (Group, bool) {
	var g Group
	var m members
	if json.Unmarshal(raw, &m) == nil {
		g = Group{ID: m.id("id"), Name: m.text("name"), Email: m.text("email")}
	} else if json.Unmarshal(raw, &g.Name) != nil {
		return Group{}, false
	}
	return g, g.ID != "" || g.Name != ""
}

// members are those of an object that was read strictly: its names are unique in any case, so nothing is left to be strict about.
type members map[string]json.RawMessage

// text returns a member, or "" if it is not a text.
func (m members) text(name string) string {
	var text string
	if raw, ok := m[name]; !ok || json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return text
}

// id is text for identifiers, which some identity providers (GitHub) write as a whole number.
func (m members) id(name string) string {
	if raw := string(m[name]); strings.Trim(raw, "0123456789") == "" {
		return raw
	}
	return m.text(name)
}

// isOf reports whether the identity is that of the person whom a token names. sub and user_uuid are the same ID, and an address can
// pass on to somebody else within a token's life; so what both sides have must be equal, and there must be something that both have.
func (i *Identity) isOf(subject, email string) bool {
	if i.UserUUID != "" && i.UserUUID != subject {
		return false
	}
	if email != "" {
		return equalFold(i.Email, email)
	}
	return i.UserUUID != ""
}

// equalFold compares without regard to ASCII case. [strings.EqualFold] would take a Kelvin sign for a k.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
