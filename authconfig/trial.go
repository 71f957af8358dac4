package authconfig

import (
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
)

// try builds one provider as authprovider.New will, and reports its complaints at the keys that they speak of.
func (l *loading) try(id string, i instance) {
	if i.factory == nil || l.trial == nil {
		return
	}
	pc := *l.trial
	pc.ProviderID, pc.URL, pc.Environment = id, pc.BaseURL+"/"+id, i.environment
	if _, err := i.factory(&pc); err != nil {
		l.vendorFault(i.from, err)
	}
}

// mount makes one factory of the instances of a provider.
func (l *loading) mount(f field, path string, instances []instance, environment string) authprovider.ProviderFactory {
	if len(instances) == 1 && instances[0].environment == "" {
		return instances[0].factory
	}
	environments := make(map[string]authprovider.ProviderFactory, len(instances))
	for _, i := range instances {
		environments[i.environment] = i.factory
	}
	if _, ok := environments[environment]; !ok && len(instances) > 1 && environment != "" {
		l.fault(f.at, path, "%s", withoutSecrets(fmt.Sprintf("has no environment %.64q, which auth.environment asks for", environment), l.secrets))
	}
	return oauthadapter.EnvironmentHandler(environments)
}
