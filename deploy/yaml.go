package deploy

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mapping is a YAML mapping of keys and values in turn, in this order. Keys whose value is nil, an empty string or an empty
// collection are left out.
func mapping(pairs ...any) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i < len(pairs); i += 2 {
		if v := reflect.ValueOf(pairs[i+1]); !v.IsValid() || v.IsZero() && (v.Kind() == reflect.String || v.Kind() == reflect.Pointer) || v.Kind() == reflect.Slice && v.Len() == 0 {
			continue
		}
		node.Content = append(node.Content, scalar(pairs[i].(string)), nodeOf(pairs[i+1]))
	}
	return node
}

// list is a YAML list.
func list(values ...any) *yaml.Node {
	node := &yaml.Node{Kind: yaml.SequenceNode}
	for _, v := range values {
		node.Content = append(node.Content, nodeOf(v))
	}
	return node
}

// nodeOf is a value as YAML: a node itself, a text, a number, a truth value, or a list of texts or nodes.
func nodeOf(value any) *yaml.Node {
	if node, is := value.(*yaml.Node); is {
		return node
	}
	var node yaml.Node
	if err := node.Encode(value); err != nil {
		panic(fmt.Sprintf("deploy: encoding %T as YAML: %v", value, err)) // of a type that is known here
	}
	return &node
}

func scalar(text string) *yaml.Node { return nodeOf(text) }

// octal is the mode of a file as people write it.
func octal(mode int) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: fmt.Sprintf("0%o", mode)}
}

// writeYAML writes documents below a comment.
func writeYAML(w io.Writer, comment string, documents ...*yaml.Node) error {
	var b strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(comment), "\n") {
		b.WriteString(strings.TrimRight("# "+line, " ") + "\n")
	}
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	for _, d := range documents {
		if err := encoder.Encode(d); err != nil {
			return fmt.Errorf("encoding YAML: %w", err)
		}
	}
	if err := encoder.Close(); err != nil {
		return fmt.Errorf("encoding YAML: %w", err)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
