package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
)

// console collects what the pages of a browser complain about: errors and warnings on the console, exceptions that nobody caught, and the
// browser's own entries, such as a violated Content-Security-Policy. A complaint that no test expected fails the test.
type console struct {
	mu         sync.Mutex
	complaints []string
	expected   []string
}

// listen gets the events of a window, in the loop that reads them.
func (c *console) listen(event any) {
	var text string
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.ConsoleAPICalledTypeError && e.Type != runtime.ConsoleAPICalledTypeWarning && e.Type != runtime.ConsoleAPICalledTypeAssert {
			return
		}
		text = "console " + string(e.Type)
		for _, argument := range e.Args {
			text += fmt.Sprintf(" %s %s", argument.Value, argument.Description)
		}
	case *runtime.EventExceptionThrown:
		text = "exception " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError && e.Entry.Level != log.EntryLevelWarning {
			return
		}
		text = fmt.Sprintf("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
	default:
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.complaints = append(c.complaints, text)
}

// expect lets complaints pass that hold all of the words.
func (c *console) expect(words ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expected = append(c.expected, strings.Join(words, "\x00"))
}

// seen reports whether there is a complaint that holds all of the words.
func (c *console) seen(words ...string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, complaint := range c.complaints {
		if holdsAll(complaint, words) {
			return true
		}
	}
	return false
}

func (c *console) check(t *testing.T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, complaint := range c.complaints {
		known := false
		for _, expected := range c.expected {
			known = known || holdsAll(complaint, strings.Split(expected, "\x00"))
		}
		if !known {
			t.Errorf("a page complained: %s", shortened(complaint))
		}
	}
}

func holdsAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}
