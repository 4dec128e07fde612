package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"quorumbench/bench/experiment"
	"quorumbench/bench/system"
	"quorumbench/configs"
	"quorumbench/netem"
	"quorumbench/protocols"
	"quorumbench/protocols/options"
)

// Names are the names of the schemas.
var Names = []string{"experiment", "topology"}

// The definitions that a schema of experiments has.
const (
	protocolDefinition = "protocol"
	topologyDefinition = "topology"
)

// Text returns the schema of that name, as indented JSON. In that of experiments, protocols are the given drivers.
func Text(name string, drivers protocols.Drivers) ([]byte, error) {
	shipped, err := configs.Schema(name)
	if err != nil || name != "experiment" {
		return shipped, err
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(shipped, &schema); err != nil {
		return nil, fmt.Errorf("reading the schema of experiments: %w", err)
	}
	described := map[string]string{}
	describe("protocols[].", schema.Definitions[protocolDefinition].AnyOf[1], described)
	schema.Definitions[protocolDefinition] = protocolSchema(drivers, described)
	return encode(&schema)
}

// Experiment makes the schema of experiment files, as indented JSON. The drivers are those that a file may name; described says by
// path, such as load.rate, what the keys mean, and ofTopology what those of a topology do.
func Experiment(drivers protocols.Drivers, described, ofTopology map[string]string) ([]byte, error) {
	s := reflected[experiment.Experiment]("", described)
	s.Title = "An experiment of quorumbench"
	topology := topologySchema(ofTopology)
	topology.Version = ""
	s.Definitions = jsonschema.Definitions{topologyDefinition: topology, protocolDefinition: protocolSchema(drivers, described)}

	get(s, "topology").AnyOf = []*jsonschema.Schema{{Type: "string", Pattern: "^[^{]"}, {Ref: "#/$defs/" + topologyDefinition}}
	for _, key := range []string{"regions", "replicas", "clients", "members"} {
		list := get(s, key)
		list.MinItems, list.MaxItems = limit(1), limit(protocols.MaxReplicas)
	}
	get(s, "clients").UniqueItems, get(s, "clients").MaxItems = true, limit(experiment.MaxClientRegions)
	get(s, "name").Pattern, get(s, "name").MaxLength = experiment.NamePattern, limit(experiment.MaxName)
	list := get(s, "protocols")
	list.MinItems, list.UniqueItems, list.Items = limit(1), true, &jsonschema.Schema{Ref: "#/$defs/" + protocolDefinition}
	s.DependentRequired = map[string][]string{"clients": {"replicas"}}
	s.AllOf = []*jsonschema.Schema{
		{Not: &jsonschema.Schema{Required: []string{"regions", "replicas"}}},
		{Not: &jsonschema.Schema{Required: []string{"regions", "clients"}}},
	}
	addLoad(get(s, "load"))
	addConditions(s)
	addFault(get(s, "faults").Items)
	addSweep(s)
	network := get(s, "network") // last, since sweeps look into it
	mapping := *network
	mapping.Description = ""
	*network = jsonschema.Schema{Description: network.Description, AnyOf: []*jsonschema.Schema{{Const: experiment.Real}, &mapping}}
	alone := object("faults", &jsonschema.Schema{MaxItems: limit(0)})
	alone.Not = present([]string{"sweep"})
	s.AllOf = append(s.AllOf, &jsonschema.Schema{If: object("load", isSearch(), "load"), Then: alone})
	return encode(s)
}

// Topology makes the schema of topology files, as indented JSON.
func Topology(described map[string]string) ([]byte, error) {
	s := topologySchema(described)
	s.Title = "A topology of quorumbench"
	return encode(s)
}

func encode(s *jsonschema.Schema) ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

// describe enters the descriptions of a schema's keys, and of those below them, by their paths. Prefix is the path of the schema.
func describe(prefix string, s *jsonschema.Schema, described map[string]string) {
	for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
		described[prefix+pair.Key] = pair.Value.Description
		describe(prefix+pair.Key+".", pair.Value, described)
	}
}

// reflected makes the schema of a struct at a path: its keys by their yaml tags, and the values of each by its type.
func reflected[T any](path string, described map[string]string) *jsonschema.Schema {
	r := jsonschema.Reflector{
		Anonymous: true, DoNotReference: true, FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, Mapper: leaf,
	}
	t := reflect.TypeFor[T]()
	s := r.ReflectFromType(t)
	finish(s, t, path, described)
	return s
}

// finish takes what is not from the file out of a reflected struct, and adds ranges, descriptions, and which keys are required.
func finish(s *jsonschema.Schema, t reflect.Type, path string, described map[string]string) {
	for i := range t.NumField() {
		field := t.Field(i)
		key, option, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if key == "" {
			s.Properties.Delete(field.Name)
			continue
		}
		if option == "required" {
			s.Required = append(s.Required, key)
		}
		value, of, at := get(s, key), field.Type, path+key
		if of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		value.Description = described[at]
		if r, limited := experiment.Ranges[at]; limited {
			number := value
			if of.Kind() == reflect.Map {
				number = value.AdditionalProperties
			}
			number.Maximum, number.Minimum = json.Number(strconv.FormatFloat(r.Most, 'f', -1, 64)), json.Number(strconv.FormatFloat(r.Least, 'f', -1, 64))
			if r.Above {
				number.Minimum, number.ExclusiveMinimum = "", number.Minimum
			}
		}
		if of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Struct && value.Items != nil && value.Items.Properties != nil {
			value, of, at = value.Items, of.Elem(), at+"[]"
		}
		if of.Kind() == reflect.Struct && value.Properties != nil {
			finish(value, of, at+".", described)
		}
	}
}

// leaf is the schema of a type that reads itself, and of numbers; nil for others.
func leaf(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return text(experiment.DurationPattern)
	case reflect.TypeFor[experiment.Protocol](), reflect.TypeFor[experiment.Sweep](), reflect.TypeFor[experiment.TopologyRef](), reflect.TypeFor[netem.RoundTrips]():
		return &jsonschema.Schema{} // filled in later
	}
	switch v := reflect.New(t).Elem().Interface().(type) {
	case interface{ Pattern() string }:
		return text(v.Pattern())
	case interface{ Words() []string }:
		return &jsonschema.Schema{Type: "string", Enum: anys(v.Words())}
	}
	if t.Kind() == reflect.Uint64 {
		return &jsonschema.Schema{Type: "integer", Minimum: "0", Maximum: json.Number(strconv.FormatUint(math.MaxUint64, 10))}
	}
	return nil
}

// text is the schema of a text that matches a pattern as a whole.
func text(pattern string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: "^(" + pattern + ")$"}
}

// addLoad adds what a type does not say: rates by region, and which settings are for which arrivals.
func addLoad(load *jsonschema.Schema) {
	rate := get(load, "rate")
	single := text(experiment.Rate(0).Pattern())
	*rate = jsonschema.Schema{Description: rate.Description, AnyOf: []*jsonschema.Schema{
		single, {Type: "object", AdditionalProperties: single, MinProperties: limit(1)},
	}}
	sizes, keys := get(load, "sizes"), get(load, "keys")
	load.AllOf = append(load.AllOf, &jsonschema.Schema{If: isSearch(), Then: present([]string{"slo"})},
		&jsonschema.Schema{If: isSearch(), Then: object("rate", &jsonschema.Schema{Type: "string"})})

	get(load, "trace").MinLength = limit(1)
	replayed := object("arrivals", &jsonschema.Schema{Const: experiment.Replayed}, "arrivals")
	load.AllOf = append(load.AllOf, &jsonschema.Schema{If: replayed, Then: present([]string{"trace"})})
	table := get(sizes, "table")
	table.MinProperties, table.PropertyNames = limit(1), text(experiment.Size(0).Pattern())
	differ := func(words ...string) *jsonschema.Schema {
		return object("distribution", &jsonschema.Schema{Enum: anys(words)}, "distribution")
	}
	sizes.AllOf = append(sizes.AllOf, &jsonschema.Schema{If: differ(string(experiment.TableSizes)), Then: present([]string{"table"})})
	others := slices.DeleteFunc(experiment.SameSize.Words(), func(word string) bool { return word == string(experiment.SameSize) })
	load.AllOf = append(load.AllOf, &jsonschema.Schema{
		If: object("sizes", differ(others...), "sizes"), Then: &jsonschema.Schema{Not: present([]string{"value_size"})},
	})
	either := &jsonschema.Schema{AnyOf: []*jsonschema.Schema{present([]string{"conflicts"}), present([]string{"foreign"})}}
	keys.AllOf = append(keys.AllOf, &jsonschema.Schema{Not: &jsonschema.Schema{Required: []string{"conflicts", "foreign"}}},
		&jsonschema.Schema{If: differ(string(experiment.Latest)), Then: &jsonschema.Schema{Not: either}})
}

// addConditions adds which settings may be given only with some values of another one. A mix of commands, which an experiment has or
// sweeps over, sets the distribution of keys.
func addConditions(s *jsonschema.Schema) {
	mixed := &jsonschema.Schema{AnyOf: []*jsonschema.Schema{present([]string{"load", "mix"}), present([]string{"sweep", "load.mix"})}}
	for _, c := range experiment.Conditions {
		given := present(strings.Split(c.Path, "."))
		if c.Of == "load.keys.distribution" {
			given.Not = mixed
		}
		s.AllOf = append(s.AllOf, &jsonschema.Schema{If: given, Then: within(strings.Split(c.Of, "."), condition(c))})
	}
	for _, path := range experiment.TraceSays {
		s.AllOf = append(s.AllOf, &jsonschema.Schema{If: present([]string{"load", "trace"}), Then: &jsonschema.Schema{Not: present(strings.Split(path, "."))}})
	}
	for _, path := range []string{"load.reads", "load.rmw.share", "load.keys.distribution"} {
		s.AllOf = append(s.AllOf, &jsonschema.Schema{If: mixed, Then: &jsonschema.Schema{Not: present(strings.Split(path, "."))}})
	}
}

// condition is a schema of mappings in which the setting that a condition is about has one of its values.
func condition(c experiment.Condition) *jsonschema.Schema {
	path := strings.Split(c.Of, ".")
	s := object(path[len(path)-1], &jsonschema.Schema{Enum: anys(c.With)})
	if !c.ByDefault {
		s.Required = path[len(path)-1:]
	}
	return s
}

// isSearch is a schema of loads that search for the highest rate.
func isSearch() *jsonschema.Schema {
	return object("arrivals", &jsonschema.Schema{Const: experiment.Saturate}, "arrivals")
}

// addFault adds that a fault has exactly one kind, and what the values are that say something.
func addFault(fault *jsonschema.Schema) {
	for _, kind := range experiment.FaultKinds {
		fault.OneOf = append(fault.OneOf, &jsonschema.Schema{Required: []string{kind}})
	}
	for _, key := range []string{"crash", "restart", "isolate", "add_learner", "change_membership", "remove"} {
		get(fault, key).MinLength = limit(1)
	}
	get(fault, "heal").Const = true
	for _, key := range []string{"loss", "delay"} {
		get(fault, key).Not = &jsonschema.Schema{Pattern: "^[^1-9]*$"} // nothing but zeros says nothing
	}
	for _, kind := range []string{"restart", "heal", "add_learner", "change_membership", "remove"} { // which cannot be undone
		fault.AllOf = append(fault.AllOf, &jsonschema.Schema{Not: &jsonschema.Schema{Required: []string{kind, "for"}}})
	}
	get(fault, "cut").MinItems, get(fault, "cut").MaxItems, get(fault, "cut").UniqueItems = limit(2), limit(2), true
	get(fault, "partition").MinItems, get(fault, "partition").Items.MinItems, get(fault, "partition").Items.UniqueItems = limit(1), limit(1), true
}

// addSweep adds the settings that may be swept over, each with a list of its values.
func addSweep(s *jsonschema.Schema) {
	sweep := get(s, "sweep")
	*sweep = jsonschema.Schema{
		Type: "object", Description: sweep.Description, Properties: jsonschema.NewProperties(),
		AdditionalProperties: jsonschema.FalseSchema, MinProperties: limit(1), MaxProperties: limit(1),
	}
	for _, path := range experiment.Sweepable() {
		value := s
		for _, key := range strings.Split(path, ".") {
			value = get(value, key)
		}
		if path == "load.rate" {
			value = value.AnyOf[0] // each point has one rate for all regions
		}
		one := *value
		one.Description = ""
		sweep.Properties.Set(path, &jsonschema.Schema{
			Type: "array", Items: &one, MinItems: limit(2), MaxItems: limit(experiment.MaxPoints), UniqueItems: true, Description: value.Description,
		})
		s.AllOf = append(s.AllOf, &jsonschema.Schema{
			If:   object("sweep", present([]string{path}), "sweep"),
			Then: &jsonschema.Schema{Not: present(strings.Split(path, "."))},
		})
		i := slices.IndexFunc(experiment.Conditions, func(c experiment.Condition) bool { return c.Path == path })
		if i < 0 {
			continue
		}
		c := experiment.Conditions[i]
		s.AllOf = append(s.AllOf, &jsonschema.Schema{If: object("sweep", present([]string{path}), "sweep"), Then: within(strings.Split(c.Of, "."), condition(c))})
	}
}

// within is a schema of mappings in which the mapping around the setting at a path matches another schema. It must be there if
// that requires a key.
func within(path []string, inner *jsonschema.Schema) *jsonschema.Schema {
	if len(path) == 1 {
		return inner
	}
	s := object(path[0], within(path[1:], inner))
	if len(inner.Required) > 0 {
		s.Required = path[:1]
	}
	return s
}

// protocolSchema is the schema of an entry of the list of protocols.
func protocolSchema(drivers protocols.Drivers, described map[string]string) *jsonschema.Schema {
	names := anys(drivers.Names())
	about := func(key string, s *jsonschema.Schema) *jsonschema.Schema {
		s.Description = described["protocols[]."+key]
		return s
	}
	mapping := object("name", about("name", &jsonschema.Schema{Type: "string", Enum: names}))
	mapping.Properties.Set("system", about("system", &jsonschema.Schema{Type: "string", Enum: anys(system.Names())}))
	mapping.Properties.Set("command", commandSchema(drivers, described))
	ofSystem := object("options", &jsonschema.Schema{MaxProperties: limit(0)}, "system")
	ofSystem.Not = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{present([]string{"name"}), present([]string{"quorum"})}}
	mapping.OneOf = []*jsonschema.Schema{{Required: []string{"name"}, Not: present([]string{"system"})}, ofSystem}
	mapping.Properties.Set("leader", about("leader", &jsonschema.Schema{Type: "string"}))
	mapping.Properties.Set("options", about("options", &jsonschema.Schema{Type: "object"}))
	mapping.Properties.Set("quorum", about("quorum", &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
		{Type: "string"}, {Type: "object", AdditionalProperties: &jsonschema.Schema{Type: "string"}},
	}}))
	mapping.Properties.Set("witnesses", about("witnesses", &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Type: "string"}, MinItems: limit(1), UniqueItems: true}))
	mapping.Properties.Set("label", about("label", &jsonschema.Schema{Type: "string", Pattern: experiment.LabelPattern}))
	mapping.Type, mapping.AdditionalProperties = "object", jsonschema.FalseSchema
	for _, d := range drivers {
		choices := &jsonschema.Schema{Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
		for _, o := range d.List(0) {
			choices.Properties.Set(o.Name, optionSchema(o))
		}
		then := object("options", choices)
		if !d.HasLeader {
			then.Properties.Set("leader", &jsonschema.Schema{MaxLength: limit(0)})
		}
		var without []*jsonschema.Schema
		if len(d.Meeting) == 0 {
			without = append(without, present([]string{"quorum"}))
		}
		if d.Witnesses == "" {
			without = append(without, present([]string{"witnesses"}))
		}
		if len(without) > 0 {
			then.Not = &jsonschema.Schema{AnyOf: without}
		}
		mapping.AllOf = append(mapping.AllOf, &jsonschema.Schema{If: object("name", &jsonschema.Schema{Const: d.Name}, "name"), Then: then})
	}
	isCommand := object("system", &jsonschema.Schema{Const: system.CommandName}, "system")
	isDescribed := present([]string{"command"})
	var led []string
	for _, d := range drivers {
		if d.HasLeader {
			led = append(led, d.Name)
		}
	}
	hasLeader := object("command", object("floor", &jsonschema.Schema{Enum: anys(led)}))
	mapping.AllOf = append(mapping.AllOf, &jsonschema.Schema{If: isCommand, Then: isDescribed, Else: &jsonschema.Schema{Not: isDescribed}},
		&jsonschema.Schema{If: object("leader", &jsonschema.Schema{MinLength: limit(1)}, "leader", "command"), Then: hasLeader})
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string", Enum: names}, mapping}}
}

// commandSchema is the schema of the description of a system.
func commandSchema(drivers protocols.Drivers, described map[string]string) *jsonschema.Schema {
	s := reflected[system.Command]("protocols[].command.", described)
	s.Version = ""
	get(s, "argv").MinItems, get(s, "argv").MaxItems = limit(1), limit(experiment.MaxArguments)
	get(s, "argv").PrefixItems = []*jsonschema.Schema{{Type: "string", MinLength: limit(1)}}
	get(s, "port").Minimum, get(s, "port").Maximum = "1", "65535"
	get(s, "floor").Enum = anys(drivers.Names())
	get(s, "path").Pattern = "^/"
	get(s, "env").PropertyNames = &jsonschema.Schema{Pattern: experiment.EnvironmentPattern}
	get(s, "connection").Pattern = system.ConnectionPattern
	of := func(client system.ClientKind, key string) *jsonschema.Schema {
		return &jsonschema.Schema{If: present([]string{key}), Then: object("client", &jsonschema.Schema{Const: string(client)}, "client")}
	}
	s.AllOf = append(s.AllOf, of(system.HTTPClient, "path"), of(system.PostgresClient, "connection"))
	return s
}

// optionSchema is the schema of a driver's option.
func optionSchema(o protocols.Option) *jsonschema.Schema {
	s := &jsonschema.Schema{Description: fmt.Sprintf("%s; accepted: %s; default: %s", o.Help, o.Accepted, o.Default)}
	words := &jsonschema.Schema{Enum: anys(o.Words)}
	switch o.Kind {
	case options.Switch:
		s.Enum = append(anys(o.Words), true, false, "true", "false")
		return s
	case options.Word:
		s.Enum = anys(o.Words)
		return s
	case options.Number:
		s.AnyOf = []*jsonschema.Schema{{Type: "integer"}, text(`[+-]?[0-9]+`)}
	case options.Duration:
		s.AnyOf = []*jsonschema.Schema{text(experiment.DurationPattern)}
	default:
		s.AnyOf = []*jsonschema.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}
	}
	if len(o.Words) > 0 {
		s.AnyOf = append(s.AnyOf, words)
	}
	return s
}

// topologySchema is the schema of a topology.
func topologySchema(described map[string]string) *jsonschema.Schema {
	s := reflected[netem.TopologyFile]("", described)
	reserved := &jsonschema.Schema{Enum: anys(netem.Reserved)}
	name := jsonschema.Schema{Type: "string", Pattern: netem.RegionPattern, Not: reserved}
	regions := get(s, "regions")
	regions.MinItems, regions.UniqueItems, regions.Items = limit(1), true, &name
	trip := text(experiment.DurationPattern)
	rtt := get(s, "rtt")
	rtt.AnyOf = []*jsonschema.Schema{
		{Type: "object", AdditionalProperties: &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
			trip, {Type: "object", AdditionalProperties: trip, PropertyNames: &name},
		}}},
		{Type: "array", MinItems: limit(1), Items: &jsonschema.Schema{Type: "array", MinItems: limit(1), Items: trip}},
	}
	for _, key := range []string{"name", "description", "source", "measured"} {
		get(s, key).Pattern = `^[^\x00-\x1f\x7f]*$`
	}
	link := get(s, "links").Items
	for _, key := range []string{"from", "to"} {
		get(link, key).Pattern, get(link, key).Not = netem.RegionPattern, reserved
	}
	s.OneOf = []*jsonschema.Schema{{Required: []string{"rtt"}}, {Required: []string{"links"}}}
	s.DependentRequired = map[string][]string{"mdev": {"rtt"}}
	named := object("rtt", &jsonschema.Schema{Type: "object", MinProperties: limit(1)})
	named.Properties.Set("links", &jsonschema.Schema{MinItems: limit(1)})
	s.AllOf = []*jsonschema.Schema{{If: present([]string{"regions"}), Else: named}} // without a list, they are those that rtt or links name
	return s
}

// get is the schema of a key, of which it is known that it is there.
func get(s *jsonschema.Schema, key string) *jsonschema.Schema {
	value, found := s.Properties.Get(key)
	if !found {
		panic(fmt.Sprintf("schema: there is no key %s", key))
	}
	return value
}

// object is a schema with one key, and with keys that it requires.
func object(key string, value *jsonschema.Schema, keys ...string) *jsonschema.Schema {
	s := &jsonschema.Schema{Properties: jsonschema.NewProperties(), Required: keys}
	s.Properties.Set(key, value)
	return s
}

// present is a schema of mappings that have a value at a path of keys.
func present(path []string) *jsonschema.Schema {
	if len(path) == 1 {
		return &jsonschema.Schema{Required: path}
	}
	return object(path[0], present(path[1:]), path[0])
}

func limit(n int) *uint64 {
	u := uint64(n)
	return &u
}

func anys[T ~string](words []T) []any {
	all := make([]any, len(words))
	for i, word := range words {
		all[i] = string(word)
	}
	return all
}

// Paths lists the keys of a schema as the documents write them: load.keys.count, faults[].slow.by.
func Paths(text []byte) ([]string, error) {
	var s jsonschema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	all := map[string]bool{}
	addPaths(&s, "", all)
	return slices.Sorted(maps.Keys(all)), nil
}

func addPaths(s *jsonschema.Schema, prefix string, all map[string]bool) {
	for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
		value, path := pair.Value, prefix+pair.Key
		if value.Items != nil && value.Items.Properties != nil {
			value, path = value.Items, path+"[]"
		}
		for _, one := range value.AnyOf { // a word, or a mapping
			if one.Properties != nil {
				value = one
			}
		}
		if value.Properties == nil || path == "sweep" {
			all[path] = true
			continue
		}
		addPaths(value, path+".", all)
	}
}
