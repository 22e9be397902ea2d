//! `nightshift daemon status`: whether the supervisor runs, and what it says of itself.

use crate::context::Context;
use crate::failure::{Failure, unexpected};
use crate::render::age;
use nightshift_client::Client;
use nightshift_platform::clock;
use nightshift_protocol::{Command, DaemonStatus, Reply};
use std::process::ExitCode;

pub async fn run(here: Context) -> Result<ExitCode, Failure> {
    let client = Client::connect(&here.home).await?;
    let status = status(&client).await?;
    let mut text = format!(
        "running · pid {} · version {} · protocol {} · {} · up {}\nsocket {}",
        status.pid,
        status.version,
        status.protocol,
        sessions(status.sessions),
        age(clock::now().since(status.started_at)),
        status.socket,
    );
    let own = env!("CARGO_PKG_VERSION");
    if status.version != own {
        text.push_str(&format!(
            "\nwarning: this nightshift has version {own}; restart the \
                                supervisor with `nightshift daemon stop --any --keep-workers`"
        ));
    }
    here.say(&status, &text)
}

pub async fn status(client: &Client) -> Result<DaemonStatus, Failure> {
    match client.call(Command::Status).await? {
        Reply::Status(status) => Ok(status),
        other => Err(unexpected(&other)),
    }
}

pub fn sessions(count: u32) -> String {
    match count {
        1 => "1 live session".to_owned(),
        n => format!("{n} live sessions"),
    }
}
