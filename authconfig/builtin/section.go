package builtin

import (
	"fmt"
	"reflect"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/proxyauth"
)

// client is what every OAuth vendor's section has.
type client struct {
	ClientID     string              `key:"clientId,required" doc:"The client's ID at the vendor."`
	ClientSecret authprovider.Secret `key:"clientSecret,required" doc:"The client's secret at the vendor."`
}

// oauth makes a provider of a vendor's package. The fields of a section S are those of the vendor's Config C that have the same name;
// adjust, which may be nil, sees to those that are not. They have the tag own.
func oauth[S, C, P any](c C, o oauthadapter.Options[P], signIn []authprovider.SignInResolver[*oauthadapter.Result[P]],
	provider func(C, ...authprovider.SignInResolver[*oauthadapter.Result[P]]) authprovider.ProviderFactory, adjust func(S, *C) error) *authconfig.OAuth[P] {
	build := func(s S, o oauthadapter.Options[P], signIn ...authprovider.SignInResolver[*oauthadapter.Result[P]]) (authprovider.ProviderFactory, error) {
		c := c
		if err := configure(s, &c, o, adjust); err != nil {
			return nil, err
		}
		return provider(c, signIn...), nil
	}
	p := authconfig.NewOAuth(sectionOf[S](c), build)
	p.Options, p.SignIn, p.Resolvers = o, signIn, EmailResolvers[*oauthadapter.Result[P]]()
	return p
}

// proxy is oauth for a package behind a proxy.
func proxy[S, C, R any](c C, o proxyauth.Options[R], signIn []authprovider.SignInResolver[R],
	provider func(C, ...authprovider.SignInResolver[R]) authprovider.ProviderFactory, adjust func(S, *C) error) *authconfig.Proxy[R] {
	build := func(s S, o proxyauth.Options[R], signIn ...authprovider.SignInResolver[R]) (authprovider.ProviderFactory, error) {
		c := c
		if err := configure(s, &c, o, adjust); err != nil {
			return nil, err
		}
		return provider(c, signIn...), nil
	}
	p := authconfig.NewProxy(sectionOf[S](c), build)
	p.Options, p.SignIn, p.Resolvers = o, signIn, EmailResolvers[R]()
	return p
}

func configure[S, C any](s S, c *C, options any, adjust func(S, *C) error) error {
	copyFields(reflect.ValueOf(c).Elem(), reflect.ValueOf(s))
	reflect.ValueOf(c).Elem().FieldByName("Options").Set(reflect.ValueOf(options))
	if adjust == nil {
		return nil
	}
	return adjust(s, c)
}

// sectionOf returns the section that says what c says.
func sectionOf[S, C any](c C) S {
	var s S
	to, from := reflect.ValueOf(&s).Elem(), reflect.ValueOf(c)
	eachField(to, func(f reflect.StructField, v reflect.Value) {
		v.Set(counterpart(from, f).Convert(v.Type()))
	})
	return s
}

func copyFields(config, section reflect.Value) {
	eachField(section, func(f reflect.StructField, v reflect.Value) {
		to := counterpart(config, f)
		to.Set(v.Convert(to.Type()))
	})
}

// eachField calls do for each field of a section that has a counterpart in the vendor's Config.
func eachField(section reflect.Value, do func(reflect.StructField, reflect.Value)) {
	for i := range section.NumField() {
		f := section.Type().Field(i)
		_, own := f.Tag.Lookup("own")
		switch {
		case f.Anonymous:
			eachField(section.Field(i), do)
		case own, f.Type == reflect.TypeFor[authconfig.Ignored](), f.Type == reflect.TypeFor[authconfig.Unsupported]():
		default:
			do(f, section.Field(i))
		}
	}
}

func counterpart(config reflect.Value, f reflect.StructField) reflect.Value {
	v := config.FieldByName(f.Name)
	if !v.IsValid() || !f.Type.ConvertibleTo(v.Type()) {
		panic(fmt.Sprintf("builtin: %s has no field %s of type %s", config.Type(), f.Name, f.Type)) // a mistake of ours, at the first call
	}
	return v
}
