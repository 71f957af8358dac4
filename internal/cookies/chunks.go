package cookies

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// maxCookie is what browsers keep of one cookie, name, value and attributes together (RFC 6265 section 6.1).
	maxCookie = 4096
	// attributeRoom is more than any Set-Cookie line of ours has beside name, value and path.
	attributeRoom = 160
	maxChunks     = 6
)

// Chunked keeps one value in as many cookies as it needs: name, name.1, name.2 and so on. The first begins with the
// count, so that left-over chunks of an older, longer value are never joined to a newer one.
//
// The value must be authenticated by the caller as a whole: a chunk alone proves nothing.
type Chunked struct {
	Scope Scope
	Name  string // from Scope.Name
}

// Set sets the value, and expires the chunks that the request carries beyond it. Nothing is set if the value does not fit.
func (c Chunked) Set(w http.ResponseWriter, r *http.Request, value string, lifetime time.Duration, sameSite http.SameSite) error {
	size := c.chunkSize()
	if size <= 0 {
		return fmt.Errorf("cookies: a name of %d and a path of %d bytes leave no room for a value", len(c.Name), len(c.Scope.Path))
	}
	count := (len(value) + 2 + size - 1) / size
	if count > maxChunks {
		return fmt.Errorf("cookies: value of %d bytes does not fit into %d cookies", len(value), maxChunks)
	}
	value = strconv.Itoa(count) + "." + value
	for i := range count {
		chunk := value[i*size : min((i+1)*size, len(value))]
		c.Scope.Set(w, c.chunkName(i), chunk, lifetime, sameSite)
	}
	c.expire(w, r, sameSite, count)
	return nil
}

// Get joins the value again. Errors are [ErrMissing] and [ErrTwice].
func (c Chunked) Get(r *http.Request) (string, error) {
	first, err := Get(r, c.Name)
	if err != nil {
		return "", err
	}
	digit, value, ok := strings.Cut(first, ".")
	if !ok || len(digit) != 1 || digit[0] < '1' || digit[0] > '0'+maxChunks {
		return "", ErrTwice
	}
	count := int(digit[0] - '0')
	if count == 1 {
		return value, nil
	}
	parts := make([]string, 1, count)
	parts[0] = value
	for i := 1; i < count; i++ {
		part, err := Get(r, c.chunkName(i))
		if err != nil {
			return "", ErrTwice
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ""), nil
}

// Expire removes every chunk that the request carries, and the first in any case.
func (c Chunked) Expire(w http.ResponseWriter, r *http.Request, sameSite http.SameSite) {
	c.Scope.Expire(w, c.Name, sameSite)
	c.expire(w, r, sameSite, 1)
}

func (c Chunked) expire(w http.ResponseWriter, r *http.Request, sameSite http.SameSite, from int) {
	sent := NamesWithPrefix(r, c.Name+".")
	for i := from; i < maxChunks; i++ {
		if name := c.chunkName(i); slices.Contains(sent, name) {
			c.Scope.Expire(w, name, sameSite)
		}
	}
}

func (c Chunked) chunkName(i int) string {
	if i == 0 {
		return c.Name
	}
	return c.Name + "." + strconv.Itoa(i)
}

func (c Chunked) chunkSize() int { return ChunkSize(c.Scope, c.Name) }

// ChunkSize is how long a value of one cookie may be for the whole Set-Cookie line to stay under 4,096 bytes.
func ChunkSize(s Scope, name string) int {
	return maxCookie - attributeRoom - len(name) - len(".0") - len(s.Path)
}
