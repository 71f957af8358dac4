package authprovider_test

import (
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

func TestParseEntityRef(t *testing.T) {
	long := strings.Repeat("a", 253)
	good := map[string]string{
		"user:default/jane":                        "user:default/jane",
		"user:jane":                                "user:default/jane",
		"User:Default/JANE":                        "user:default/jane",
		"group:other/team-a":                       "group:other/team-a",
		"user:default/jane@acme.example":           "user:default/jane@acme.example",
		"user:default/.":                           "user:default/.",
		long + ":" + long + "/" + long:             long + ":" + long + "/" + long,
		"user:default/~!#$%&'*+-.=?^_`{|}\"\\<>,;": "user:default/~!#$%&'*+-.=?^_`{|}\"\\<>,;",
	}
	for in, want := range good {
		t.Run(in[:min(len(in), 40)], func(t *testing.T) {
			ref, err := authprovider.ParseEntityRef(in)
			require.NoError(t, err)
			require.Equal(t, want, ref.String())
		})
	}

	bad := map[string]string{
		"empty":                        "",
		"no kind":                      "jane",
		"no kind but a namespace":      "default/jane",
		"empty kind":                   ":default/jane",
		"empty namespace":              "user:/jane",
		"empty name":                   "user:default/",
		"kind alone":                   "user:",
		"two kinds":                    "user:group:default/jane",
		"kind within":                  "user:default/group:jane",
		"two slashes":                  "user:default/a/b",
		"path":                         "user:default/../admin",
		"slash before the colon":       "user/default:jane",
		"space":                        "user:default/ja ne",
		"space in front":               " user:default/jane",
		"newline":                      "user:default/jane\n",
		"NUL":                          "user:default/jane\x00",
		"DEL":                          "user:default/jane\x7f",
		"Cyrillic a":                   "user:default/j\u0430ne",
		"long s, which folds to s":     "u\u017fer:default/jane",
		"invalid UTF-8":                "user:default/\xff",
		"long name":                    "user:default/" + long + "a",
		"long kind":                    "a" + long + ":default/jane",
		"long namespace":               "user:a" + long + "/jane",
		"a megabyte":                   "user:default/" + strings.Repeat("a", 1<<20),
		"a megabyte without a kind":    strings.Repeat("a", 1<<20),
		"a megabyte of invalid UTF-8":  "user:" + strings.Repeat("\xff", 1<<20),
		"a megabyte of empty segments": "user:" + strings.Repeat("/", 1<<20),
	}
	for name, in := range bad {
		t.Run(name, func(t *testing.T) {
			ref, err := authprovider.ParseEntityRef(in)
			require.ErrorIs(t, err, authprovider.ErrInput)
			require.Zero(t, ref)
			require.Less(t, len(err.Error()), 2000, "hostile input does not flood the log")
		})
	}
}

func TestUserRef(t *testing.T) {
	for name, want := range map[string]string{
		"jane":              "user:default/jane",
		"Jane":              "user:default/jane",
		"jane@acme.example": "user:default/jane@acme.example",
		"user":              "user:default/user",
	} {
		ref, err := authprovider.UserRef(name)
		require.NoError(t, err)
		require.Equal(t, want, ref)
	}
	for _, name := range []string{"", "user:default/jane", "other/jane", "group:jane", "a:b", "/", ":", " ", "ja ne", "jane\n", "jané", "\x00", ".", "..", "...",
		strings.Repeat("a", 254)} {
		ref, err := authprovider.UserRef(name)
		require.ErrorIs(t, err, authprovider.ErrInput, "%q", name)
		require.Empty(t, ref)
	}
}

// FuzzParseEntityRef: what parses is one reference, in ASCII, whose spelling parses to itself.
func FuzzParseEntityRef(f *testing.F) {
	for _, seed := range []string{"user:default/jane", "user:jane", "User:A/B", "", ":", "/", "a:b/c/d", "a:b:c", "u\u017fer:x/y", "user:default/\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		ref, err := authprovider.ParseEntityRef(in)
		if err != nil {
			require.ErrorIs(t, err, authprovider.ErrInput)
			require.Zero(t, ref)
			return
		}
		text := ref.String()
		require.Equal(t, 1, strings.Count(text, ":"))
		require.Equal(t, 1, strings.Count(text, "/"))
		require.False(t, strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }), "%q", text)
		again, err := authprovider.ParseEntityRef(text)
		require.NoError(t, err)
		require.Equal(t, text, again.String())

		user, err := authprovider.UserRef(in)
		require.Error(t, err, "a reference is no name, but became %q", user)
	})
}
