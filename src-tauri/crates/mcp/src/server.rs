//! The tools over the Model Context Protocol.
//!
//! Promise: a call that takes long is kept alive with progress where the agent wants some.
//! Must not know: what a tool does.

use crate::bridge::Bridge;
use crate::tools::{self, Definition};
use nightshift_protocol::tools::SERVER;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ServerCapabilities,
    ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use std::sync::Arc;
use std::time::Duration;

/// Agents give up on a call after a minute, some earlier, unless they hear of it.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);
/// What the model is told of all tools together.
const INSTRUCTIONS: &str = "Tools of Nightshift, which supervises this session: schedules (CronCreate, \
    ScheduleWakeup), monitors, goals and notifications. They outlive this process where they say so.";

#[derive(Clone)]
pub struct Server {
    bridge: Bridge,
}

impl Server {
    pub fn new(bridge: Bridge) -> Server {
        Server { bridge }
    }
}

fn tool(definition: Definition) -> Tool {
    let input = definition.input.as_object().cloned().unwrap_or_default();
    let hints = ToolAnnotations::new().read_only(definition.only_reads);
    Tool::new(definition.name, definition.description, Arc::new(input)).with_annotations(hints)
}

/// Every tool as it is listed.
pub fn list() -> Vec<Tool> {
    tools::all().into_iter().map(tool).collect()
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let mut info = ServerConfig::new(capabilities).with_instructions(INSTRUCTIONS);
        info.server_info = Implementation::new(SERVER, env!("CARGO_PKG_VERSION"));
        info
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        self.bridge.tell_ready();
        Ok(ListToolsResult::with_all_items(list()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let mut call =
            Box::pin(tools::call(&self.bridge, &request.name, arguments, context.ct.clone()));
        let mut told = 0.0;
        let answer = loop {
            match tokio::time::timeout(PROGRESS_INTERVAL, &mut call).await {
                Ok(answer) => break answer,
                Err(_) => {
                    told += 1.0;
                    if let Some(token) = context.meta.get_progress_token() {
                        let progress = ProgressNotificationParam::new(token, told);
                        // An agent that is gone is noticed by the end of our input.
                        context.peer.notify_progress(progress).await.ok();
                    }
                }
            }
        };
        let text = |text: String| vec![ContentBlock::text(text)];
        Ok(match answer {
            Some(Ok(value)) => CallToolResult::success(text(value.to_string())).into(),
            Some(Err(words)) => {
                CallToolResult::error(text(format!("{}: {words}", request.name))).into()
            }
            None => {
                let message = format!("there is no tool `{}`", request.name);
                return Err(ErrorData::invalid_params(message, None));
            }
        })
    }
}
