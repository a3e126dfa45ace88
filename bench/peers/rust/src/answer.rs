// Results of tools: the message, then the data, in both faces.
use crate::runcomfy::ApiError;
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Map, Value, json};

const LIMIT: usize = 20_000;

fn cut(mut text: String) -> String {
    if text.len() > LIMIT {
        text.truncate(text.floor_char_boundary(LIMIT));
        text.push_str(" (cut)");
    }
    text
}

fn done(message: String, data: Value) -> CallToolResult {
    let text = cut(data.to_string());
    let mut result = CallToolResult::success(vec![ContentBlock::text(message), ContentBlock::text(text)]);
    result.structured_content = Some(data);
    result
}

fn failed(error: ApiError) -> CallToolResult {
    let mut data = json!({ "ok": false, "error": error.message });
    if let Some((status, payload)) = error.answer {
        data["status_code"] = status.into();
        data["payload"] = payload;
    }
    let mut result = CallToolResult::error(vec![ContentBlock::text(error.message)]);
    result.structured_content = Some(data);
    result
}

/// The data of a success; json!() would copy what it is given.
pub fn data<const N: usize>(members: [(&str, Value); N]) -> Value {
    let mut object = Map::from_iter([("ok".to_owned(), true.into())]);
    object.extend(members.into_iter().map(|(key, value)| (key.to_owned(), value)));
    object.into()
}

/// What a tool found: its message and its data.
pub type Found = Result<(String, Value), ApiError>;

pub fn answer(found: Found) -> CallToolResult {
    match found {
        Ok((message, data)) => done(message, data),
        Err(error) => failed(error),
    }
}
