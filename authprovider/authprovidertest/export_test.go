package authprovidertest

// For the fuzz tests of what reads hostile input.
var (
	Resolve      = resolve
	ElementTexts = func(page []byte) (texts [][2]string) {
		for _, e := range elements(page) {
			texts = append(texts, [2]string{e.name, string(e.text)})
		}
		return texts
	}
)
