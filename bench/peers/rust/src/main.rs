// The ten tools on the official Rust SDK, over stdio.
mod answer;
mod deployments;
mod requests;
mod runcomfy;

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::transport::io::{stdio, stdio_pipes};
use rmcp::{ServerHandler, ServiceExt, tool_handler};

#[derive(Clone)]
pub struct Server {
    api: runcomfy::Api,
    tools: ToolRouter<Self>,
}

#[tool_handler(router = self.tools, name = "runcomfy-rust", version = "1.0.0")]
impl ServerHandler for Server {}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server {
        api: runcomfy::Api::from_environment()?,
        tools: Server::deployment_tools() + Server::request_tools(),
    };
    // The SDK has two transports: that of its guides, which hands each read and write to a thread of its own, and one that
    // polls the pipes, which its reference advises where both streams are pipes.
    if std::env::args().any(|word| word == "--pipes") {
        server.serve(stdio_pipes()).await?.waiting().await?;
    } else {
        server.serve(stdio()).await?.waiting().await?;
    }
    Ok(())
}
