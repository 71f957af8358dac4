package entity

import "strconv"

// fields lists what a filter can select by beside the members of a user: the leaves of metadata and spec by their path. As in Backstage's
// search index a list stands for each of its items, and an item that is a text makes a path of its own whose value is "true". Relations are
// there by their type; a user has a member for its memberships.
func fields(metadata, spec map[string]any, relations any) map[string][]string {
	all := make(map[string][]string)
	collect(all, "metadata", metadata)
	collect(all, "spec", spec)
	list, _ := relations.([]any)
	for _, item := range list {
		relation, _ := item.(map[string]any)
		name, _ := relation["type"].(string)
		if target, ok := relation["targetRef"].(string); ok && name != "" && name != "memberOf" {
			all["relations."+name] = append(all["relations."+name], target)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func collect(all map[string][]string, path string, value any) {
	switch path {
	case "metadata.name", "metadata.namespace", "metadata.annotations", "spec.profile.email", "spec.profile.displayName", "spec.profile.picture":
		return // a user has members for them
	}
	add := func(path, value string) { all[path] = append(all[path], value) }
	switch v := value.(type) {
	case map[string]any:
		for name, item := range v {
			collect(all, path+"."+name, item)
		}
	case []any:
		for _, item := range v {
			collect(all, path, item)
			if s, ok := item.(string); ok {
				add(path+"."+s, "true")
			}
		}
	case string:
		if v != "" {
			add(path, v)
		}
	case bool:
		add(path, strconv.FormatBool(v))
	case int64:
		add(path, strconv.FormatInt(v, 10))
	case uint64:
		add(path, strconv.FormatUint(v, 10))
	case float64:
		add(path, strconv.FormatFloat(v, 'f', -1, 64))
	}
}
