// The five tools on requests and instances.
use crate::Server;
use crate::answer::{Found, answer, data};
use crate::runcomfy::ApiError;
use rmcp::handler::server::{tool::schema_for_type, wrapper::Parameters};
use rmcp::model::CallToolResult;
use rmcp::{tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const POLL: Duration = Duration::from_secs(3);
const TERMINAL: [&str; 6] = ["completed", "succeeded", "failed", "error", "cancelled", "canceled"];

type Object = Map<String, Value>;

#[derive(Deserialize, JsonSchema)]
struct Submit {
    /// Id of the deployment
    deployment_id: String,
    /// Node id to {"inputs": {...}}, merged into the stored workflow
    overrides: Option<Object>,
    /// A whole graph in API format, run instead of the stored one
    workflow_api_json: Option<Object>,
    /// Extra data, as the key for partner nodes
    extra_data: Option<Object>,
    /// HTTPS address that is told the outcome
    webhook_url: Option<String>,
    /// Also tell intermediate states
    webhook_intermediate_status: Option<bool>,
    /// Poll until the run has ended
    #[serde(default)]
    wait_for_completion: bool,
    /// Longest wait
    #[serde(default = "five_minutes")]
    timeout_seconds: u64,
}

#[derive(Deserialize, JsonSchema)]
struct Ids {
    /// Id of the deployment
    deployment_id: String,
    /// Id that submit_request returned
    request_id: String,
}

#[derive(Deserialize, JsonSchema)]
struct Proxy {
    /// Id of the deployment
    deployment_id: String,
    /// Id of the running instance
    instance_id: String,
    /// Path on the back end, as api/free
    comfy_backend_path: String,
    /// JSON body
    request_body: Option<Object>,
}

// What the tools declare that they return; the API's own data goes through as it came.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct Submitted {
    ok: bool,
    submission: Option<Object>,
    deployment_id: Option<String>,
    status: Option<Object>,
    result: Option<Object>,
    output_urls: Option<Vec<Value>>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Status { ok: bool, status: Option<Object> }

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Outcome { ok: bool, result: Option<Object>, output_urls: Option<Vec<Value>> }

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Cancelled { ok: bool, cancel: Option<Object> }

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Proxied { ok: bool, response: Option<Value> }

fn five_minutes() -> u64 { 300 }

fn text(value: &Value) -> &str { value.as_str().unwrap_or_default() }

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> { value.as_object().into_iter().flatten() }

fn output_urls(result: &Value) -> Vec<Value> {
    let mut urls = Vec::new();
    for (node_id, channels) in members(&result["outputs"]) {
        for (channel, items) in members(channels) {
            for item in items.as_array().into_iter().flatten().filter(|item| item["url"].is_string()) {
                urls.push(json!({
                    "node_id": node_id, "channel": channel, "url": item["url"], "filename": item["filename"],
                    "subfolder": item["subfolder"], "type": item["type"],
                }));
            }
        }
    }
    urls
}

impl Server {
    async fn submit(&self, input: Submit) -> Found {
        let mut query = Vec::new();
        if let Some(url) = input.webhook_url {
            query.push(("webhook", url));
            query.extend(input.webhook_intermediate_status.map(|on| ("webhook_intermediate_status", on.to_string())));
        }
        let mut body = Object::new();
        let overrides = input.overrides.or_else(|| input.workflow_api_json.is_none().then(Object::new));
        let given = [("overrides", overrides), ("workflow_api_json", input.workflow_api_json), ("extra_data", input.extra_data)];
        body.extend(given.into_iter().filter_map(|(key, object)| Some((key.to_string(), object?.into()))));
        let submission = self.api.submit(&input.deployment_id, &body.into(), &query).await?;
        if input.wait_for_completion {
            return self.wait(input.deployment_id, submission, input.timeout_seconds).await;
        }
        let message = format!("Submitted request {}.", text(&submission["request_id"]));
        Ok((message, data([("submission", submission), ("deployment_id", input.deployment_id.into())])))
    }

    async fn wait(&self, deployment: String, submission: Value, seconds: u64) -> Found {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        let id = text(&submission["request_id"]).to_owned();
        loop {
            let status = self.api.status(&deployment, &id).await?;
            let state = text(&status["status"]);
            if TERMINAL.contains(&state.to_lowercase().as_str()) {
                let message = format!("Request {id} finished: {state}.");
                let result = self.api.result(&deployment, &id).await?;
                let urls = output_urls(&result);
                return Ok((message, data([("submission", submission), ("deployment_id", deployment.into()),
                    ("status", status), ("result", result), ("output_urls", urls.into())])));
            }
            if Instant::now() >= deadline {
                let message = format!("Timed out waiting for request {id} after {seconds} seconds");
                return Err(ApiError { message, answer: None });
            }
            sleep(POLL).await;
        }
    }

    async fn status(&self, Ids { deployment_id, request_id }: Ids) -> Found {
        let status = self.api.status(&deployment_id, &request_id).await?;
        Ok((format!("Request {request_id}: {}.", text(&status["status"])), data([("status", status)])))
    }

    async fn result(&self, Ids { deployment_id, request_id }: Ids) -> Found {
        let result = self.api.result(&deployment_id, &request_id).await?;
        let (message, urls) = (format!("Result for {request_id}: {}.", text(&result["status"])), output_urls(&result));
        Ok((message, data([("result", result), ("output_urls", urls.into())])))
    }

    async fn cancel(&self, Ids { deployment_id, request_id }: Ids) -> Found {
        let outcome = self.api.cancel(&deployment_id, &request_id).await?;
        Ok((format!("Cancel {request_id}: {}.", text(&outcome["outcome"])), data([("cancel", outcome)])))
    }

    async fn proxy(&self, input: Proxy) -> Found {
        let (path, instance) = (&input.comfy_backend_path, &input.instance_id);
        let body = input.request_body.unwrap_or_default().into();
        let response = self.api.proxy(&input.deployment_id, instance, path, &body).await?;
        Ok((format!("Proxied {path} on instance {instance}."), data([("response", response)])))
    }
}

#[tool_router(router = request_tools, vis = "pub")]
impl Server {
    /// Submits a workflow run; with wait_for_completion returns its outputs.
    #[tool(title = "submit_request", output_schema = schema_for_type::<Submitted>(), annotations(read_only_hint = false,
        destructive_hint = true, idempotent_hint = false, open_world_hint = true))]
    async fn submit_request(&self, Parameters(input): Parameters<Submit>) -> CallToolResult {
        answer(self.submit(input).await)
    }

    /// Reads the status of a request.
    #[tool(title = "get_request_status", output_schema = schema_for_type::<Status>(), annotations(read_only_hint = true,
        destructive_hint = false, idempotent_hint = true, open_world_hint = true))]
    async fn get_request_status(&self, Parameters(input): Parameters<Ids>) -> CallToolResult {
        answer(self.status(input).await)
    }

    /// Reads the result of a request.
    #[tool(title = "get_request_result", output_schema = schema_for_type::<Outcome>(), annotations(read_only_hint = true,
        destructive_hint = false, idempotent_hint = true, open_world_hint = true))]
    async fn get_request_result(&self, Parameters(input): Parameters<Ids>) -> CallToolResult {
        answer(self.result(input).await)
    }

    /// Cancels a queued or running request.
    #[tool(title = "cancel_request", output_schema = schema_for_type::<Cancelled>(), annotations(read_only_hint = false,
        destructive_hint = true, idempotent_hint = true, open_world_hint = true))]
    async fn cancel_request(&self, Parameters(input): Parameters<Ids>) -> CallToolResult {
        answer(self.cancel(input).await)
    }

    /// Calls the ComfyUI back end of a running instance.
    #[tool(title = "call_instance_proxy", output_schema = schema_for_type::<Proxied>(), annotations(read_only_hint = false,
        destructive_hint = true, idempotent_hint = false, open_world_hint = true))]
    async fn call_instance_proxy(&self, Parameters(input): Parameters<Proxy>) -> CallToolResult {
        answer(self.proxy(input).await)
    }
}
