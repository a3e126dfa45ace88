// The five tools on deployments.
use crate::Server;
use crate::answer::{Found, answer, data};
use crate::runcomfy::ApiError;
use rmcp::handler::server::{tool::schema_for_type, wrapper::Parameters};
use rmcp::model::CallToolResult;
use rmcp::{tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

const KEYS: [&str; 13] = [
    "id", "name", "workflow_id", "workflow_version", "hardware", "min_instances", "max_instances", "queue_size",
    "keep_warm_duration_in_seconds", "status", "is_enabled", "created_at", "updated_at",
];

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[allow(non_camel_case_types)]
enum Hardware { TURING_16, AMPERE_24, AMPERE_48, ADA_48_PLUS, AMPERE_80, ADA_80_PLUS, HOPPER_141 }

#[derive(Deserialize, JsonSchema)]
struct List {
    /// Only these
    #[serde(default)]
    ids: Vec<String>,
    /// Also return the workflow graph and the default overrides
    #[serde(default)]
    include_payload: bool,
    /// Also return the readme
    #[serde(default)]
    include_readme: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Get {
    /// Id of the deployment
    deployment_id: String,
    /// Also return the workflow graph and the default overrides
    #[serde(default)]
    include_payload: bool,
    /// Also return the readme
    #[serde(default)]
    include_readme: bool,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Create {
    /// Name of the deployment
    name: String,
    /// Id of the workflow
    workflow_id: String,
    /// Version of the workflow, as v1
    workflow_version: String,
    /// GPU class
    #[serde(default = "ampere_48")]
    hardware: Hardware,
    /// Instances kept running
    #[serde(default)]
    #[schemars(range(min = 0, max = 30))]
    min_instances: u32,
    /// Most instances at once
    #[serde(default = "number::<1>")]
    #[schemars(range(min = 1, max = 60))]
    max_instances: u32,
    /// Queued requests per instance before another one starts
    #[serde(default = "number::<1>")]
    queue_size: u32,
    /// Seconds an idle instance is kept
    #[serde(default = "number::<60>")]
    keep_warm_duration_in_seconds: u32,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Update {
    /// Id of the deployment
    #[serde(skip_serializing)]
    deployment_id: String,
    /// New name
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// New version
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow_version: Option<String>,
    /// GPU class
    #[serde(skip_serializing_if = "Option::is_none")]
    hardware: Option<Hardware>,
    /// Instances kept running
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 30))]
    min_instances: Option<u32>,
    /// Most instances at once
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 60))]
    max_instances: Option<u32>,
    /// Queued requests per instance before another one starts
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_size: Option<u32>,
    /// Seconds an idle instance is kept
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_warm_duration_in_seconds: Option<u32>,
    /// False fails all its requests at once
    #[serde(skip_serializing_if = "Option::is_none")]
    is_enabled: Option<bool>,
}

#[derive(Deserialize, JsonSchema)]
struct Delete {
    /// Id of the deployment
    deployment_id: String,
}

// What the tools declare that they return; the API's own data goes through as it came.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct Many { ok: bool, deployments: Option<Vec<Value>> }

#[derive(JsonSchema)]
#[allow(dead_code)]
struct One { ok: bool, deployment: Option<Map<String, Value>>, payload_summary: Option<Map<String, Value>> }

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Gone { ok: bool, response: Option<Value> }

fn ampere_48() -> Hardware { Hardware::AMPERE_48 }

fn number<const N: u32>() -> u32 { N }

fn compact(deployment: &Value) -> Value {
    KEYS.iter().map(|key| (key.to_string(), deployment[key].clone())).collect::<Map<_, _>>().into()
}

fn sorted_keys(object: &Value, most: usize) -> Vec<&String> {
    let mut keys: Vec<_> = object.as_object().into_iter().flat_map(Map::keys).collect();
    keys.sort();
    keys.truncate(most);
    keys
}

fn summary(payload: &Value) -> Value {
    if !payload.is_object() {
        return json!({ "payload_keys": [] });
    }
    let nodes = payload["workflow_api_json"].as_object().into_iter().flatten().take(200);
    json!({
        "payload_keys": sorted_keys(payload, usize::MAX),
        "has_object_info_url": payload["object_info_url"].is_string(),
        "default_override_node_ids": sorted_keys(&payload["overrides"], 100),
        "workflow_node_summary": nodes.map(|(node_id, node)| json!({
            "node_id": node_id,
            "title": node["_meta"]["title"],
            "class_type": node["class_type"],
            "input_names": sorted_keys(&node["inputs"], usize::MAX),
        })).collect::<Vec<_>>(),
    })
}

impl Server {
    async fn list(&self, List { ids, include_payload, include_readme }: List) -> Found {
        let found = self.api.list_deployments(&ids, include_payload, include_readme).await?;
        let Value::Array(mut deployments) = found else {
            return Err(ApiError { message: "The API answered with no list.".into(), answer: None });
        };
        if !include_payload && !include_readme {
            deployments = deployments.iter().map(compact).collect();
        }
        let message = format!("Found {} deployment(s).", deployments.len());
        Ok((message, data([("deployments", deployments.into())])))
    }

    async fn get(&self, Get { deployment_id, include_payload, include_readme }: Get) -> Found {
        let deployment = self.api.get_deployment(&deployment_id, include_payload, include_readme).await?;
        let summary = include_payload.then(|| summary(&deployment["payload"]));
        let mut data = data([("deployment", deployment)]);
        if let Some(summary) = summary {
            data["payload_summary"] = summary;
        }
        Ok((format!("Loaded deployment {deployment_id}."), data))
    }

    async fn create(&self, input: Create) -> Found {
        let mut body = json!(input);
        body["hardware"] = json!([input.hardware]);
        let made = self.api.create_deployment(&body).await?;
        let id = made["id"].as_str().unwrap_or_default();
        Ok((format!("Created deployment {id}."), data([("deployment", compact(&made))])))
    }

    async fn update(&self, input: Update) -> Found {
        let (mut body, id) = (json!(input), &input.deployment_id);
        if sorted_keys(&body, 1).is_empty() {
            return Err(ApiError { message: "No fields supplied to update.".into(), answer: None });
        }
        if let Some(hardware) = &input.hardware {
            body["hardware"] = json!([hardware]);
        }
        if input.name.is_none() {
            body["name"] = self.api.get_deployment(id, false, false).await?["name"].take();
        }
        let changed = self.api.update_deployment(id, &body).await?;
        Ok((format!("Updated deployment {id}."), data([("deployment", compact(&changed))])))
    }

    async fn delete(&self, Delete { deployment_id }: Delete) -> Found {
        let response = self.api.delete_deployment(&deployment_id).await?;
        Ok((format!("Deleted deployment {deployment_id}."), data([("response", response)])))
    }
}

#[tool_router(router = deployment_tools, vis = "pub")]
impl Server {
    /// Lists the deployments of the account.
    #[tool(title = "list_deployments", output_schema = schema_for_type::<Many>(), annotations(read_only_hint = true,
        destructive_hint = false, idempotent_hint = true, open_world_hint = true))]
    async fn list_deployments(&self, Parameters(input): Parameters<List>) -> CallToolResult {
        answer(self.list(input).await)
    }

    /// Reads one deployment.
    #[tool(title = "get_deployment", output_schema = schema_for_type::<One>(), annotations(read_only_hint = true,
        destructive_hint = false, idempotent_hint = true, open_world_hint = true))]
    async fn get_deployment(&self, Parameters(input): Parameters<Get>) -> CallToolResult {
        answer(self.get(input).await)
    }

    /// Deploys a version of a cloud-saved workflow.
    #[tool(title = "create_deployment", output_schema = schema_for_type::<One>(), annotations(read_only_hint = false,
        destructive_hint = true, idempotent_hint = false, open_world_hint = true))]
    async fn create_deployment(&self, Parameters(input): Parameters<Create>) -> CallToolResult {
        answer(self.create(input).await)
    }

    /// Changes a deployment; what is not given stays.
    #[tool(title = "update_deployment", output_schema = schema_for_type::<One>(), annotations(read_only_hint = false,
        destructive_hint = true, idempotent_hint = false, open_world_hint = true))]
    async fn update_deployment(&self, Parameters(input): Parameters<Update>) -> CallToolResult {
        answer(self.update(input).await)
    }

    /// Deletes a deployment for good.
    #[tool(title = "delete_deployment", output_schema = schema_for_type::<Gone>(), annotations(read_only_hint = false,
        destructive_hint = true, idempotent_hint = true, open_world_hint = true))]
    async fn delete_deployment(&self, Parameters(input): Parameters<Delete>) -> CallToolResult {
        answer(self.delete(input).await)
    }
}
