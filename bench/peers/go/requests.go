// The five tools on requests and instances.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const poll = 3 * time.Second

var terminal = []string{"completed", "succeeded", "failed", "error", "cancelled", "canceled"}

type object = map[string]json.RawMessage

type submitInput struct {
	DeploymentID      string  `json:"deployment_id" jsonschema:"Id of the deployment"`
	Overrides         object  `json:"overrides,omitempty" jsonschema:"Node id to {\"inputs\": {...}}, merged into the stored workflow"`
	WorkflowAPIJSON   object  `json:"workflow_api_json,omitempty" jsonschema:"A whole graph in API format, run instead of the stored one"`
	ExtraData         object  `json:"extra_data,omitempty" jsonschema:"Extra data, as the key for partner nodes"`
	WebhookURL        *string `json:"webhook_url,omitempty" jsonschema:"HTTPS address that is told the outcome"`
	WebhookSteps      *bool   `json:"webhook_intermediate_status,omitempty" jsonschema:"Also tell intermediate states"`
	WaitForCompletion bool    `json:"wait_for_completion,omitempty" jsonschema:"Poll until the run has ended"`
	TimeoutSeconds    int     `json:"timeout_seconds,omitempty" jsonschema:"Longest wait"`
}

type idsInput struct {
	DeploymentID string `json:"deployment_id" jsonschema:"Id of the deployment"`
	RequestID    string `json:"request_id" jsonschema:"Id that submit_request returned"`
}

type proxyInput struct {
	DeploymentID string `json:"deployment_id" jsonschema:"Id of the deployment"`
	InstanceID   string `json:"instance_id" jsonschema:"Id of the running instance"`
	Path         string `json:"comfy_backend_path" jsonschema:"Path on the back end, as api/free"`
	RequestBody  object `json:"request_body,omitempty" jsonschema:"JSON body"`
}

type outputURL struct {
	NodeID    string          `json:"node_id"`
	Channel   string          `json:"channel"`
	URL       string          `json:"url"`
	Filename  json.RawMessage `json:"filename"`
	Subfolder json.RawMessage `json:"subfolder"`
	Type      json.RawMessage `json:"type"`
}

type submitData struct {
	OK           bool            `json:"ok"`
	Submission   json.RawMessage `json:"submission,omitempty"`
	DeploymentID string          `json:"deployment_id,omitempty"`
	Status       json.RawMessage `json:"status,omitempty"`
	Result       json.RawMessage `json:"result,omitempty"`
	OutputURLs   []outputURL     `json:"output_urls,omitempty"`
}

type statusData struct {
	OK     bool            `json:"ok"`
	Status json.RawMessage `json:"status,omitempty"`
}

type resultData struct {
	OK         bool            `json:"ok"`
	Result     json.RawMessage `json:"result,omitempty"`
	OutputURLs []outputURL     `json:"output_urls,omitempty"`
}

type cancelData struct {
	OK     bool            `json:"ok"`
	Cancel json.RawMessage `json:"cancel,omitempty"`
}

type proxyData struct {
	OK       bool            `json:"ok"`
	Response json.RawMessage `json:"response,omitempty"`
}

// What the messages tell of an answer.
type state struct {
	RequestID string `json:"request_id"`
	Status    string `json:"status"`
	Outcome   string `json:"outcome"`
}

func stateOf(answer json.RawMessage) (s state, err error) {
	return s, json.Unmarshal(answer, &s)
}

func outputURLs(result json.RawMessage) []outputURL {
	urls := []outputURL{}
	var r struct {
		Outputs map[string]map[string]json.RawMessage `json:"outputs"`
	}
	if json.Unmarshal(result, &r) != nil {
		return urls
	}
	for _, nodeID := range sortedKeys(r.Outputs, len(r.Outputs)) {
		channels := r.Outputs[nodeID]
		for _, channel := range sortedKeys(channels, len(channels)) {
			var items []outputURL
			if json.Unmarshal(channels[channel], &items) != nil {
				continue
			}
			for _, item := range items {
				if item.URL != "" {
					item.NodeID, item.Channel = nodeID, channel
					urls = append(urls, item)
				}
			}
		}
	}
	return urls
}

func requestPath(deployment, request, what string) string {
	return queuePath(deployment, "requests", request, what)
}

func (a *api) submitRequest(ctx context.Context, in submitInput) (string, *submitData, error) {
	query := url.Values{}
	if in.WebhookURL != nil {
		query.Set("webhook", *in.WebhookURL)
		if in.WebhookSteps != nil {
			query.Set("webhook_intermediate_status", strconv.FormatBool(*in.WebhookSteps))
		}
	}
	body := map[string]object{}
	for name, given := range map[string]object{
		"overrides": in.Overrides, "workflow_api_json": in.WorkflowAPIJSON, "extra_data": in.ExtraData,
	} {
		if given != nil {
			body[name] = given
		}
	}
	if in.Overrides == nil && in.WorkflowAPIJSON == nil {
		body["overrides"] = object{}
	}
	submission, err := a.send(ctx, http.MethodPost, queuePath(in.DeploymentID, "inference"), query, body)
	if err != nil {
		return "", nil, err
	}
	s, err := stateOf(submission)
	if err != nil {
		return "", nil, err
	}
	data := &submitData{OK: true, Submission: submission, DeploymentID: in.DeploymentID}
	if in.WaitForCompletion {
		return a.wait(ctx, data, s.RequestID, in.TimeoutSeconds)
	}
	return fmt.Sprintf("Submitted request %s.", s.RequestID), data, nil
}

func (a *api) wait(ctx context.Context, data *submitData, id string, seconds int) (string, *submitData, error) {
	deadline := time.Now().Add(time.Duration(seconds) * time.Second)
	for {
		status, err := a.get(ctx, requestPath(data.DeploymentID, id, "status"), nil)
		if err != nil {
			return "", nil, err
		}
		s, err := stateOf(status)
		if err != nil {
			return "", nil, err
		}
		if slices.Contains(terminal, strings.ToLower(s.Status)) {
			data.Status = status
			if data.Result, err = a.get(ctx, requestPath(data.DeploymentID, id, "result"), nil); err != nil {
				return "", nil, err
			}
			data.OutputURLs = outputURLs(data.Result)
			return fmt.Sprintf("Request %s finished: %s.", id, s.Status), data, nil
		}
		if !time.Now().Before(deadline) {
			return "", nil, fmt.Errorf("Timed out waiting for request %s after %d seconds", id, seconds)
		}
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			return "", nil, ctx.Err()
		}
	}
}

func (a *api) getRequestStatus(ctx context.Context, in idsInput) (string, *statusData, error) {
	status, err := a.get(ctx, requestPath(in.DeploymentID, in.RequestID, "status"), nil)
	if err != nil {
		return "", nil, err
	}
	s, err := stateOf(status)
	return fmt.Sprintf("Request %s: %s.", in.RequestID, s.Status), &statusData{OK: true, Status: status}, err
}

func (a *api) getRequestResult(ctx context.Context, in idsInput) (string, *resultData, error) {
	result, err := a.get(ctx, requestPath(in.DeploymentID, in.RequestID, "result"), nil)
	if err != nil {
		return "", nil, err
	}
	s, err := stateOf(result)
	data := &resultData{OK: true, Result: result, OutputURLs: outputURLs(result)}
	return fmt.Sprintf("Result for %s: %s.", in.RequestID, s.Status), data, err
}

func (a *api) cancelRequest(ctx context.Context, in idsInput) (string, *cancelData, error) {
	outcome, err := a.send(ctx, http.MethodPost, requestPath(in.DeploymentID, in.RequestID, "cancel"), nil, nil)
	if err != nil {
		return "", nil, err
	}
	s, err := stateOf(outcome)
	return fmt.Sprintf("Cancel %s: %s.", in.RequestID, s.Outcome), &cancelData{OK: true, Cancel: outcome}, err
}

func (a *api) callInstanceProxy(ctx context.Context, in proxyInput) (string, *proxyData, error) {
	parts := append([]string{in.DeploymentID, "instances", in.InstanceID, "proxy"},
		strings.Split(strings.TrimLeft(in.Path, "/"), "/")...)
	body := in.RequestBody
	if body == nil {
		body = object{}
	}
	response, err := a.send(ctx, http.MethodPost, deploymentPath(parts...), nil, body)
	message := fmt.Sprintf("Proxied %s on instance %s.", in.Path, in.InstanceID)
	return message, &proxyData{OK: true, Response: response}, err
}

func addRequestTools(server *mcp.Server, api *api) {
	addTool(server, "submit_request", "Submits a workflow run; with wait_for_completion returns its outputs.", changing,
		api.submitRequest, byDefault("wait_for_completion", "false"), byDefault("timeout_seconds", "300"))
	addTool(server, "get_request_status", "Reads the status of a request.", reading, api.getRequestStatus)
	addTool(server, "get_request_result", "Reads the result of a request.", reading, api.getRequestResult)
	addTool(server, "cancel_request", "Cancels a queued or running request.", ending, api.cancelRequest)
	addTool(server, "call_instance_proxy", "Calls the ComfyUI back end of a running instance.", changing,
		api.callInstanceProxy)
}
