package authconfig

type schemas struct{}
type schema struct{}

func (p *OAuth[P]) schema(s *schemas) *schema { return nil }
func (p *Proxy[R]) schema(s *schemas) *schema { return nil }
func (p *Custom) schema(s *schemas) *schema   { return nil }
