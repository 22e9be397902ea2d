//! `nightshift routines token|webhook|deliveries|replay`: events from outside.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::outside::{delivery_line, token_line};
use nightshift_client::Client;
use nightshift_platform::clock;
use nightshift_protocol::intake::{
    DeliveryPage, DeliveryView, OutsideAct, OutsideResult, TokenMade, TokenView,
};
use nightshift_protocol::{Fault, FaultCode, calls};
use serde::Serialize;
use std::process::ExitCode;

/// Deliveries that are asked for at once.
const PAGE: u32 = 200;

#[derive(Debug, clap::Subcommand)]
pub enum Token {
    /// Make a token by which calls fire a routine; it is shown once.
    Create { routine: String },
    /// List tokens: of which routine, when they were used last.
    List { routine: Option<String> },
    /// Exchange a token for a new one; the old one ends at once.
    Rotate {
        /// Its id, from `token list`.
        token: String,
    },
    /// Take a token away.
    Revoke {
        /// Its id, from `token list`.
        token: String,
    },
}

#[derive(Debug, clap::Subcommand)]
pub enum Webhook {
    /// Make the secret by which GitHub signs what it sends to a routine; it is shown once.
    Create { routine: String },
    /// Exchange the secret for a new one; the old one counts for seven days more.
    Rotate { routine: String },
    /// Take the secret away: nothing is taken from GitHub's webhook any more.
    Revoke { routine: String },
}

#[derive(Debug, clap::Args)]
pub struct Deliveries {
    routine: String,
    /// No more than so many.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: u32,
}

/// A token as it is told once.
#[derive(Serialize)]
struct Told {
    id: String,
    routine: String,
    token: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_until: Option<i64>,
}

#[derive(Serialize)]
struct Revoked {
    id: String,
    revoked: bool,
}

/// The supervisor answers another question.
pub fn unexpected(result: &OutsideResult) -> Failure {
    let kind = format!("{result:?}");
    let kind: String = kind.chars().take_while(|c| c.is_alphanumeric()).collect();
    Fault::new(FaultCode::Protocol, format!("the supervisor answered with `{kind}`")).into()
}

async fn ask(client: &Client, act: OutsideAct) -> Result<OutsideResult, Failure> {
    Ok(client.ask(calls::OutsideRoutines { act }).await?)
}

pub async fn token(here: &Context, client: &Client, verb: Token) -> Result<ExitCode, Failure> {
    match verb {
        Token::Create { routine } => made(here, client, OutsideAct::TokenCreate { routine }).await,
        Token::Rotate { token } => made(here, client, OutsideAct::TokenRotate { token }).await,
        Token::Revoke { token } => revoked(here, client, OutsideAct::TokenRevoke { token }).await,
        Token::List { routine } => list(here, client, routine).await,
    }
}

pub async fn webhook(here: &Context, client: &Client, verb: Webhook) -> Result<ExitCode, Failure> {
    match verb {
        Webhook::Create { routine } => {
            made(here, client, OutsideAct::SecretCreate { routine }).await
        }
        Webhook::Rotate { routine } => {
            made(here, client, OutsideAct::SecretRotate { routine }).await
        }
        Webhook::Revoke { routine } => {
            revoked(here, client, OutsideAct::SecretRevoke { routine }).await
        }
    }
}

async fn made(here: &Context, client: &Client, act: OutsideAct) -> Result<ExitCode, Failure> {
    match ask(client, act).await? {
        OutsideResult::Made(TokenMade { id, routine, token, url, previous_until }) => {
            let token = token.0;
            let line = format!("{token}\n{url}\nkeep it now: it is not shown again ({id})");
            here.say(&Told { id, routine, token, url, previous_until }, &line)
        }
        other => Err(unexpected(&other)),
    }
}

async fn revoked(here: &Context, client: &Client, act: OutsideAct) -> Result<ExitCode, Failure> {
    match ask(client, act).await? {
        OutsideResult::Revoked { id } => {
            let line = format!("revoked · {id}");
            here.say(&Revoked { id, revoked: true }, &line)
        }
        other => Err(unexpected(&other)),
    }
}

async fn list(
    here: &Context,
    client: &Client,
    routine: Option<String>,
) -> Result<ExitCode, Failure> {
    let tokens: Vec<TokenView> = match ask(client, OutsideAct::TokenList { routine }).await? {
        OutsideResult::Tokens { tokens } => tokens,
        other => return Err(unexpected(&other)),
    };
    if here.json {
        print_json(&tokens)?;
    } else if tokens.is_empty() {
        print("no tokens; make one with `nightshift routines token create`\n")?;
    } else {
        let now = clock::now();
        print(&tokens.iter().map(|token| token_line(token, now)).collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}

pub async fn deliveries(
    here: &Context,
    client: &Client,
    args: Deliveries,
) -> Result<ExitCode, Failure> {
    let mut all: Vec<DeliveryView> = Vec::new();
    let mut before = None;
    loop {
        let have = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let limit = args.limit.saturating_sub(have).min(PAGE);
        if limit == 0 {
            break;
        }
        let act = OutsideAct::Deliveries { routine: args.routine.clone(), before, limit };
        let DeliveryPage { deliveries, next } = match ask(client, act).await? {
            OutsideResult::Deliveries(page) => page,
            other => return Err(unexpected(&other)),
        };
        all.extend(deliveries);
        before = next;
        if before.is_none() {
            break;
        }
    }
    if here.json {
        print_json(&all)?;
    } else if all.is_empty() {
        print("nothing has come yet\n")?;
    } else {
        let now = clock::now();
        print(&all.iter().map(|delivery| delivery_line(delivery, now)).collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}

pub async fn replay(
    here: &Context,
    client: &Client,
    delivery: String,
) -> Result<ExitCode, Failure> {
    let started = client.ask(calls::ReplayDelivery { delivery }).await?;
    let line = match &started.session {
        Some(session) => format!("started · {session} · nightshift attach {session}"),
        None => format!("waits for its turn · {}", started.occurrence),
    };
    here.say(&started, &line)
}
