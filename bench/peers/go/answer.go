// Tools and their results: the message, then the data, in both faces.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const limit = 20_000

var (
	yes, no  = true, false
	reading  = &mcp.ToolAnnotations{ReadOnlyHint: true, DestructiveHint: &no, IdempotentHint: true, OpenWorldHint: &yes}
	changing = &mcp.ToolAnnotations{DestructiveHint: &yes, OpenWorldHint: &yes}
	ending   = &mcp.ToolAnnotations{DestructiveHint: &yes, IdempotentHint: true, OpenWorldHint: &yes}
)

// A rule narrows what a schema says of one argument.
type rule struct {
	of      string
	narrows func(*jsonschema.Schema)
}

func between(name string, least, most float64) rule {
	return rule{name, func(s *jsonschema.Schema) { s.Minimum, s.Maximum = &least, &most }}
}

func atLeast(name string, least float64) rule {
	return rule{name, func(s *jsonschema.Schema) { s.Minimum = &least }}
}

func oneOf(name string, values ...any) rule {
	return rule{name, func(s *jsonschema.Schema) { s.Enum = values }}
}

func byDefault(name, value string) rule {
	return rule{name, func(s *jsonschema.Schema) { s.Default = json.RawMessage(value) }}
}

// The API's own JSON goes through as it came.
var passed = &jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{reflect.TypeFor[json.RawMessage](): {}}}

func schemaOf[T any](rules ...rule) *jsonschema.Schema {
	schema, err := jsonschema.For[T](passed)
	if err != nil {
		panic(err)
	}
	for _, property := range schema.Properties {
		if len(property.Types) == 2 { // what may be left out cannot be null
			property.Type, property.Types = property.Types[1], nil
		}
	}
	for _, rule := range rules {
		rule.narrows(schema.Properties[rule.of])
	}
	return schema
}

// addTool adds a tool whose function returns its message and its data.
func addTool[In, Data any](server *mcp.Server, name, description string, hints *mcp.ToolAnnotations,
	run func(context.Context, In) (string, *Data, error), rules ...rule) {
	tool := &mcp.Tool{
		Name: name, Title: name, Description: description, Annotations: hints,
		InputSchema: schemaOf[In](rules...), OutputSchema: schemaOf[Data](),
	}
	mcp.AddTool(server, tool, func(ctx context.Context, _ *mcp.CallToolRequest, input In) (*mcp.CallToolResult, any, error) {
		message, data, err := run(ctx, input)
		if err != nil {
			return failed(err), nil, nil
		}
		result, err := done(message, data)
		return result, nil, err
	})
}

func cut(text []byte) string {
	if len(text) <= limit {
		return string(text)
	}
	return strings.ToValidUTF8(string(text[:limit]), "") + " (cut)"
}

// The data is written once, for both faces.
func done(message string, data any) (*mcp.CallToolResult, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	return &mcp.CallToolResult{
		Content:           []mcp.Content{&mcp.TextContent{Text: message}, &mcp.TextContent{Text: cut(text)}},
		StructuredContent: json.RawMessage(text),
	}, nil
}

func failed(err error) *mcp.CallToolResult {
	data := map[string]any{"ok": false, "error": err.Error()}
	var refused *apiError
	if errors.As(err, &refused) {
		data["status_code"], data["payload"] = refused.status, refused.payload
	}
	return &mcp.CallToolResult{
		Content:           []mcp.Content{&mcp.TextContent{Text: err.Error()}},
		StructuredContent: data,
		IsError:           true,
	}
}
