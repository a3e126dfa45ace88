// A client of the RunComfy Serverless API on reqwest.
use reqwest::{Client, Method, RequestBuilder, Url, header};
use serde_json::{Value, json};
use std::{env, error};

/// What went wrong: the API's answer, or none.
pub struct ApiError {
    pub message: String,
    pub answer: Option<(u16, Value)>,
}

impl From<reqwest::Error> for ApiError {
    fn from(error: reqwest::Error) -> Self {
        Self { message: error.to_string(), answer: None }
    }
}

pub type Answer = Result<Value, ApiError>;

/// All copies share one pool of connections.
#[derive(Clone)]
pub struct Api {
    http: Client,
    base: Url,
}

impl Api {
    pub fn from_environment() -> Result<Self, Box<dyn error::Error>> {
        let base = env::var("RUNCOMFY_SERVERLESS_BASE_URL").unwrap_or("https://api.runcomfy.net".into());
        let mut headers = header::HeaderMap::new();
        headers.insert(header::AUTHORIZATION, format!("Bearer {}", env::var("RUNCOMFY_API_KEY")?).parse()?);
        headers.insert(header::ACCEPT, "application/json".parse()?);
        Ok(Self { http: Client::builder().default_headers(headers).build()?, base: base.parse()? })
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        self.http.request(method, url)
    }

    fn queue(&self, method: Method, deployment: &str, rest: &[&str]) -> RequestBuilder {
        self.request(method, &[&["prod", "v1", "deployments", deployment], rest].concat())
    }

    fn deployment(&self, method: Method, rest: &[&str]) -> RequestBuilder {
        self.request(method, &[&["prod", "v2", "deployments"], rest].concat())
    }

    pub async fn list_deployments(&self, ids: &[String], payload: bool, readme: bool) -> Answer {
        let ids: Vec<_> = ids.iter().map(|id| ("ids", id)).collect();
        send(self.deployment(Method::GET, &[]).query(&includes(payload, readme)).query(&ids)).await
    }

    pub async fn get_deployment(&self, id: &str, payload: bool, readme: bool) -> Answer {
        send(self.deployment(Method::GET, &[id]).query(&includes(payload, readme))).await
    }

    pub async fn create_deployment(&self, body: &Value) -> Answer {
        send(self.deployment(Method::POST, &[]).json(body)).await
    }

    pub async fn update_deployment(&self, id: &str, body: &Value) -> Answer {
        send(self.deployment(Method::PATCH, &[id]).json(body)).await
    }

    pub async fn delete_deployment(&self, id: &str) -> Answer {
        send(self.deployment(Method::DELETE, &[id])).await
    }

    pub async fn submit(&self, deployment: &str, body: &Value, query: &[(&str, String)]) -> Answer {
        send(self.queue(Method::POST, deployment, &["inference"]).query(query).json(body)).await
    }

    pub async fn status(&self, deployment: &str, request: &str) -> Answer {
        send(self.queue(Method::GET, deployment, &["requests", request, "status"])).await
    }

    pub async fn result(&self, deployment: &str, request: &str) -> Answer {
        send(self.queue(Method::GET, deployment, &["requests", request, "result"])).await
    }

    pub async fn cancel(&self, deployment: &str, request: &str) -> Answer {
        send(self.queue(Method::POST, deployment, &["requests", request, "cancel"])).await
    }

    pub async fn proxy(&self, deployment: &str, instance: &str, path: &str, body: &Value) -> Answer {
        let mut parts = vec![deployment, "instances", instance, "proxy"];
        parts.extend(path.trim_start_matches('/').split('/'));
        send(self.deployment(Method::POST, &parts).json(body)).await
    }
}

fn includes(payload: bool, readme: bool) -> Vec<(&'static str, &'static str)> {
    let asked = [(payload, "payload"), (readme, "readme")];
    asked.into_iter().filter(|(wanted, _)| *wanted).map(|(_, what)| ("includes", what)).collect()
}

async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await?;
    let status = response.status();
    let bytes = response.bytes().await?;
    // the API may answer with text
    let payload = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
    if status.is_success() && payload.get("error_code").is_none_or(Value::is_null) {
        return Ok(payload);
    }
    let told = ["error_message", "message", "error"].iter().find_map(|key| payload.get(key)?.as_str());
    let message = told.map_or_else(|| format!("HTTP {}", status.as_u16()), str::to_owned);
    Err(ApiError { message, answer: Some((status.as_u16(), payload)) })
}
