package builtin_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authconfig/builtin"
)

// validator is as much of JSON Schema as schema.json uses.
type validator struct{ definitions map[string]any }

func (v validator) check(schema map[string]any, value any) error {
	if ref, ok := schema["$ref"].(string); ok {
		name, err := url.PathUnescape(strings.TrimPrefix(ref, "#/definitions/"))
		if err != nil {
			return err
		}
		definition, ok := v.definitions[name].(map[string]any)
		if !ok {
			return fmt.Errorf("no definition %q", name)
		}
		return v.check(definition, value)
	}
	if all, ok := schema["anyOf"].([]any); ok {
		var errs []string
		for _, s := range all {
			err := v.check(s.(map[string]any), value)
			if err == nil {
				return nil
			}
			errs = append(errs, err.Error())
		}
		return fmt.Errorf("none of (%s)", strings.Join(errs, " | "))
	}
	if want, ok := schema["const"]; ok && value != want {
		return fmt.Errorf("%v is not %v", value, want)
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, value) {
		return fmt.Errorf("%v is none of %v", value, enum)
	}
	if pattern, ok := schema["pattern"].(string); ok {
		if s, ok := value.(string); !ok || !regexp.MustCompile(pattern).MatchString(s) {
			return fmt.Errorf("%v does not match", value)
		}
	}
	switch value := value.(type) {
	case map[string]any:
		return v.object(schema, value)
	case []any:
		if want := schema["type"]; want != nil && want != "array" {
			return fmt.Errorf("a list, want %v", want)
		}
		items, ok := schema["items"].(map[string]any)
		for _, item := range value {
			if !ok {
				break
			}
			if err := v.check(items, item); err != nil {
				return err
			}
		}
		return nil
	case nil:
		return scalar(schema, "null")
	case string:
		return scalar(schema, "string")
	case bool:
		return scalar(schema, "boolean")
	}
	return scalar(schema, "integer")
}

func scalar(schema map[string]any, is string) error {
	if want := schema["type"]; want != nil && want != is {
		return fmt.Errorf("%s, want %v", is, want)
	}
	return nil
}

func (v validator) object(schema, value map[string]any) error {
	if want := schema["type"]; want != nil && want != "object" {
		return fmt.Errorf("a mapping, want %v", want)
	}
	required, _ := schema["required"].([]any)
	for _, key := range required {
		if _, ok := value[key.(string)]; !ok {
			return fmt.Errorf("no %v", key)
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	for key, member := range value {
		s, ok := properties[key].(map[string]any)
		if !ok {
			if schema["additionalProperties"] == false {
				return fmt.Errorf("unknown key %s", key)
			}
			if s, ok = schema["additionalProperties"].(map[string]any); !ok {
				continue
			}
		}
		if err := v.check(s, member); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

func validate(t *testing.T, text string) error {
	t.Helper()
	raw, err := os.ReadFile("../schema.json")
	require.NoError(t, err)
	var schema map[string]any
	require.NoError(t, json.Unmarshal(raw, &schema))
	var value any
	require.NoError(t, yaml.Unmarshal([]byte(text), &value))
	return validator{schema["definitions"].(map[string]any)}.check(schema, value)
}

// TestSchemaTakesWhatLoads: an editor must not mark what Load takes, and should mark what it does not know.
func TestSchemaTakesWhatLoads(t *testing.T) {
	pages, err := filepath.Glob("../testdata/backstage/*.yaml")
	require.NoError(t, err)
	marked := map[string]string{ // and refused by Load for the same reason
		"atlassian-scopes.yaml":         "unknown key scopes",
		"atlassian.yaml":                "usernameMatchingUserEntityName is not",
		"keycloak.yaml":                 "unknown key development",
		"oauth2-proxy-environment.yaml": "unknown key development",
		"oidc-scope.yaml":               "unknown key my-auth-provider",
		"okta-scopes.yaml":              "unknown key scopes",
		"vmware-cloud.yaml":             "vmwareCloudSignInResolvers is not",
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		err = validate(t, string(text))
		if why, ok := marked[filepath.Base(page)]; ok {
			require.ErrorContains(t, err, why, page)
			continue
		}
		require.NoError(t, err, page)
	}
	known := sections(t, builtin.Registry())
	for id, section := range everyKey {
		text := "auth: {providers: {" + id + ": " + section + "}}"
		if known[id].environments {
			text = "auth: {providers: {" + id + ": {development: " + section + "}}}"
		}
		require.NoError(t, validate(t, text), id)
	}
	for _, text := range []string{
		"auth: {session: {secret: [{$env: A}, {$file: b}, '${C}']}, keyStore: {provider: '${STORE}'}, omitIdentityTokenOwnershipClaim: '${FLAG}', backstageTokenExpiration: {hours: 1}}",
		"auth: {providers: {google: null}, autologout: {enabled: true}, experimentalRefreshToken: {enabled: false}}",
		"auth: {keyStore: {provider: static, static: {keys: [{keyId: a, privateKeyFile: b, publicKeyFile: c}]}}}",
	} {
		require.NoError(t, validate(t, text), text)
	}
	for text, want := range map[string]string{
		"auth: {enviroment: a}":                                        "unknown key enviroment",
		"auth: {keyStore: {provider: firestore}}":                      "firestore is none of",
		"auth: {providers: {github: {development: {clientID: a}}}}":    "unknown key clientID",
		"auth: {providers: {github: {clientId: a}}}":                   "string, want object",
		"auth: {session: {secret: 1}}":                                 "integer, want string",
		"auth: {omitIdentityTokenOwnershipClaim: 'true'}":              "does not match",
		"auth: {session: {secret: {$env: A, $file: b}}}":               "unknown key",
		"auth: {providers: {google: {a: {signIn: {resolvers: [x]}}}}}": "string, want object",
	} {
		require.ErrorContains(t, validate(t, text), want, text)
	}
}
