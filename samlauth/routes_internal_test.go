package samlauth

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type countingReader struct {
	io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// A form that is too large is not read to its end.
func TestFormIsBounded(t *testing.T) {
	body := &countingReader{Reader: strings.NewReader("SAMLResponse=" + strings.Repeat("A", 4<<20))}
	r := httptest.NewRequest(http.MethodPost, "/", body)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, err := readForm(httptest.NewRecorder(), r)
	require.ErrorContains(t, err, CodeResponseTooLarge)
	require.Less(t, body.n, 1<<20)
}
