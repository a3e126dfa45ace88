// A client of the RunComfy Serverless API on net/http.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
)

type api struct {
	http *http.Client
	base string
	key  string
}

type apiError struct {
	message string
	status  int
	payload json.RawMessage
}

// What the API says of a failure; texts and lists hold none of these.
type complaint struct {
	Code    any    `json:"error_code"`
	Text    string `json:"error_message"`
	Message string `json:"message"`
	Error   string `json:"error"`
}

func (e *apiError) Error() string { return e.message }

func newAPI() *api {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	// The defaults keep two connections of a host and 100 in all: a burst would connect anew for each call.
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, 4096
	return &api{
		http: &http.Client{Transport: transport},
		base: cmp.Or(os.Getenv("RUNCOMFY_SERVERLESS_BASE_URL"), "https://api.runcomfy.net"),
		key:  os.Getenv("RUNCOMFY_API_KEY"),
	}
}

func deploymentPath(rest ...string) string { return "/prod/v2/deployments" + joined(rest) }
func queuePath(rest ...string) string      { return "/prod/v1/deployments" + joined(rest) }

func joined(parts []string) string {
	var path strings.Builder
	for _, part := range parts {
		path.WriteByte('/')
		path.WriteString(url.PathEscape(part))
	}
	return path.String()
}

func includes(payload, readme bool) url.Values {
	query := url.Values{}
	if payload {
		query.Add("includes", "payload")
	}
	if readme {
		query.Add("includes", "readme")
	}
	return query
}

func (a *api) get(ctx context.Context, path string, query url.Values) (json.RawMessage, error) {
	return a.send(ctx, http.MethodGet, path, query, nil)
}

// send returns the answer's JSON; an answer that is text comes as a JSON string.
func (a *api) send(ctx context.Context, method, path string, query url.Values, body any) (json.RawMessage, error) {
	address := a.base + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, address, &content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+a.key)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return a.receive(request)
}

func (a *api) receive(request *http.Request) (json.RawMessage, error) {
	response, err := a.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var content bytes.Buffer
	content.Grow(int(max(response.ContentLength, 0)) + bytes.MinRead)
	if _, err := content.ReadFrom(response.Body); err != nil {
		return nil, err
	}
	payload, told := json.RawMessage(content.Bytes()), complaint{}
	var broken *json.SyntaxError
	if err := json.Unmarshal(payload, &told); errors.As(err, &broken) {
		payload, _ = json.Marshal(content.String())
	}
	if response.StatusCode < 300 && told.Code == nil {
		return payload, nil
	}
	status := fmt.Sprintf("HTTP %d", response.StatusCode)
	return nil, &apiError{cmp.Or(told.Text, told.Message, told.Error, status), response.StatusCode, payload}
}
