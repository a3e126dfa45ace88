// The five tools on deployments.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type listInput struct {
	IDs            []string `json:"ids,omitempty" jsonschema:"Only these"`
	IncludePayload bool     `json:"include_payload,omitempty" jsonschema:"Also return the workflow graph and the default overrides"`
	IncludeReadme  bool     `json:"include_readme,omitempty" jsonschema:"Also return the readme"`
}

type getInput struct {
	DeploymentID   string `json:"deployment_id" jsonschema:"Id of the deployment"`
	IncludePayload bool   `json:"include_payload,omitempty" jsonschema:"Also return the workflow graph and the default overrides"`
	IncludeReadme  bool   `json:"include_readme,omitempty" jsonschema:"Also return the readme"`
}

// What a deployment may cost.
type scaling struct {
	Hardware     *string `json:"hardware,omitempty" jsonschema:"GPU class"`
	MinInstances *int    `json:"min_instances,omitempty" jsonschema:"Instances kept running"`
	MaxInstances *int    `json:"max_instances,omitempty" jsonschema:"Most instances at once"`
	QueueSize    *int    `json:"queue_size,omitempty" jsonschema:"Queued requests per instance before another one starts"`
	KeepWarm     *int    `json:"keep_warm_duration_in_seconds,omitempty" jsonschema:"Seconds an idle instance is kept"`
}

type createInput struct {
	Name            string `json:"name" jsonschema:"Name of the deployment"`
	WorkflowID      string `json:"workflow_id" jsonschema:"Id of the workflow"`
	WorkflowVersion string `json:"workflow_version" jsonschema:"Version of the workflow, as v1"`
	scaling
}

type updateInput struct {
	DeploymentID    string  `json:"deployment_id" jsonschema:"Id of the deployment"`
	Name            *string `json:"name,omitempty" jsonschema:"New name"`
	WorkflowVersion *string `json:"workflow_version,omitempty" jsonschema:"New version"`
	scaling
	IsEnabled *bool `json:"is_enabled,omitempty" jsonschema:"False fails all its requests at once"`
}

type deleteInput struct {
	DeploymentID string `json:"deployment_id" jsonschema:"Id of the deployment"`
}

type deployment struct {
	ID              json.RawMessage `json:"id"`
	Name            json.RawMessage `json:"name"`
	WorkflowID      json.RawMessage `json:"workflow_id"`
	WorkflowVersion json.RawMessage `json:"workflow_version"`
	Hardware        json.RawMessage `json:"hardware"`
	MinInstances    json.RawMessage `json:"min_instances"`
	MaxInstances    json.RawMessage `json:"max_instances"`
	QueueSize       json.RawMessage `json:"queue_size"`
	KeepWarm        json.RawMessage `json:"keep_warm_duration_in_seconds"`
	Status          json.RawMessage `json:"status"`
	IsEnabled       json.RawMessage `json:"is_enabled"`
	CreatedAt       json.RawMessage `json:"created_at"`
	UpdatedAt       json.RawMessage `json:"updated_at"`
}

type listData struct {
	OK          bool              `json:"ok"`
	Deployments []json.RawMessage `json:"deployments"`
}

type oneData struct {
	OK         bool            `json:"ok"`
	Deployment json.RawMessage `json:"deployment,omitempty"`
	Summary    map[string]any  `json:"payload_summary,omitempty"`
}

type deleteData struct {
	OK       bool            `json:"ok"`
	Response json.RawMessage `json:"response,omitempty"`
}

var scalingRules = []rule{
	oneOf("hardware", "TURING_16", "AMPERE_24", "AMPERE_48", "ADA_48_PLUS", "AMPERE_80", "ADA_80_PLUS", "HOPPER_141"),
	between("min_instances", 0, 30), between("max_instances", 1, 60),
	atLeast("queue_size", 0), atLeast("keep_warm_duration_in_seconds", 0),
}

var scalingDefaults = []rule{
	byDefault("hardware", `"AMPERE_48"`), byDefault("min_instances", "0"), byDefault("max_instances", "1"),
	byDefault("queue_size", "1"), byDefault("keep_warm_duration_in_seconds", "60"),
}

func compact(full json.RawMessage) (json.RawMessage, error) {
	var d deployment
	if err := json.Unmarshal(full, &d); err != nil {
		return nil, err
	}
	return json.Marshal(d)
}

type node struct {
	Meta struct {
		Title any `json:"title"`
	} `json:"_meta"`
	ClassType any                        `json:"class_type"`
	Inputs    map[string]json.RawMessage `json:"inputs"`
}

func sortedKeys[V any](object map[string]V, most int) []string {
	keys := slices.Sorted(maps.Keys(object))
	return keys[:min(len(keys), most)]
}

// summarizeNodes reads the first nodes of a graph in their order, which a map would lose.
func summarizeNodes(graph json.RawMessage, most int) ([]map[string]any, error) {
	summary := []map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(graph))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	for len(summary) < most && decoder.More() {
		id, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var n node
		if err := decoder.Decode(&n); err != nil {
			return nil, err
		}
		summary = append(summary, map[string]any{
			"node_id": id, "title": n.Meta.Title, "class_type": n.ClassType, "input_names": sortedKeys(n.Inputs, len(n.Inputs)),
		})
	}
	return summary, nil
}

func summarize(full json.RawMessage) (map[string]any, error) {
	var d struct {
		Payload map[string]json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(full, &d); err != nil || d.Payload == nil {
		return map[string]any{"payload_keys": []string{}}, err
	}
	var overrides map[string]json.RawMessage
	if given := d.Payload["overrides"]; given != nil {
		if err := json.Unmarshal(given, &overrides); err != nil {
			return nil, err
		}
	}
	nodes := []map[string]any{}
	if graph := d.Payload["workflow_api_json"]; graph != nil {
		var err error
		if nodes, err = summarizeNodes(graph, 200); err != nil {
			return nil, err
		}
	}
	return map[string]any{
		"payload_keys":              sortedKeys(d.Payload, len(d.Payload)),
		"has_object_info_url":       d.Payload["object_info_url"] != nil,
		"default_override_node_ids": sortedKeys(overrides, 100),
		"workflow_node_summary":     nodes,
	}, nil
}

func (s scaling) add(body map[string]any) {
	if s.Hardware != nil {
		body["hardware"] = []string{*s.Hardware}
	}
	given := map[string]*int{
		"min_instances": s.MinInstances, "max_instances": s.MaxInstances,
		"queue_size": s.QueueSize, "keep_warm_duration_in_seconds": s.KeepWarm,
	}
	for name, value := range given {
		if value != nil {
			body[name] = *value
		}
	}
}

func (a *api) listDeployments(ctx context.Context, in listInput) (string, *listData, error) {
	query := includes(in.IncludePayload, in.IncludeReadme)
	query["ids"] = in.IDs
	answer, err := a.get(ctx, deploymentPath(), query)
	if err != nil {
		return "", nil, err
	}
	data := &listData{OK: true, Deployments: []json.RawMessage{}}
	if err := json.Unmarshal(answer, &data.Deployments); err != nil {
		return "", nil, err
	}
	if !in.IncludePayload && !in.IncludeReadme {
		for i, full := range data.Deployments {
			if data.Deployments[i], err = compact(full); err != nil {
				return "", nil, err
			}
		}
	}
	return fmt.Sprintf("Found %d deployment(s).", len(data.Deployments)), data, nil
}

func (a *api) getDeployment(ctx context.Context, in getInput) (string, *oneData, error) {
	full, err := a.get(ctx, deploymentPath(in.DeploymentID), includes(in.IncludePayload, in.IncludeReadme))
	if err != nil {
		return "", nil, err
	}
	data := &oneData{OK: true, Deployment: full}
	if in.IncludePayload {
		if data.Summary, err = summarize(full); err != nil {
			return "", nil, err
		}
	}
	return fmt.Sprintf("Loaded deployment %s.", in.DeploymentID), data, nil
}

func (a *api) createDeployment(ctx context.Context, in createInput) (string, *oneData, error) {
	body := map[string]any{"name": in.Name, "workflow_id": in.WorkflowID, "workflow_version": in.WorkflowVersion}
	in.add(body)
	full, err := a.send(ctx, http.MethodPost, deploymentPath(), nil, body)
	if err != nil {
		return "", nil, err
	}
	var made struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(full, &made); err != nil {
		return "", nil, err
	}
	short, err := compact(full)
	return fmt.Sprintf("Created deployment %s.", made.ID), &oneData{OK: true, Deployment: short}, err
}

func (a *api) nameOf(ctx context.Context, id string) (string, error) {
	full, err := a.get(ctx, deploymentPath(id), nil)
	if err != nil {
		return "", err
	}
	var d struct {
		Name string `json:"name"`
	}
	return d.Name, json.Unmarshal(full, &d)
}

func (a *api) updateDeployment(ctx context.Context, in updateInput) (string, *oneData, error) {
	body := map[string]any{}
	in.add(body)
	if in.WorkflowVersion != nil {
		body["workflow_version"] = *in.WorkflowVersion
	}
	if in.IsEnabled != nil {
		body["is_enabled"] = *in.IsEnabled
	}
	if in.Name != nil {
		body["name"] = *in.Name
	}
	if len(body) == 0 {
		return "", nil, errors.New("No fields supplied to update.")
	}
	if in.Name == nil {
		name, err := a.nameOf(ctx, in.DeploymentID)
		if err != nil {
			return "", nil, err
		}
		body["name"] = name
	}
	full, err := a.send(ctx, http.MethodPatch, deploymentPath(in.DeploymentID), nil, body)
	if err != nil {
		return "", nil, err
	}
	short, err := compact(full)
	return fmt.Sprintf("Updated deployment %s.", in.DeploymentID), &oneData{OK: true, Deployment: short}, err
}

func (a *api) deleteDeployment(ctx context.Context, in deleteInput) (string, *deleteData, error) {
	response, err := a.send(ctx, http.MethodDelete, deploymentPath(in.DeploymentID), nil, nil)
	return fmt.Sprintf("Deleted deployment %s.", in.DeploymentID), &deleteData{OK: true, Response: response}, err
}

func addDeploymentTools(server *mcp.Server, api *api) {
	addTool(server, "list_deployments", "Lists the deployments of the account.", reading, api.listDeployments)
	addTool(server, "get_deployment", "Reads one deployment.", reading, api.getDeployment)
	addTool(server, "create_deployment", "Deploys a version of a cloud-saved workflow.", changing, api.createDeployment,
		append(scalingDefaults, scalingRules...)...)
	addTool(server, "update_deployment", "Changes a deployment; what is not given stays.", changing, api.updateDeployment,
		scalingRules...)
	addTool(server, "delete_deployment", "Deletes a deployment for good.", ending, api.deleteDeployment)
}
