//! `nightshift agents --registry`: which agents can be dispatched from here, and how to get others.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::plain::{one_line, width};
use nightshift_client::dispatch_environment;
use nightshift_protocol::{AgentView, calls};
use std::process::ExitCode;

pub async fn run(here: Context) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    // Detected with the caller's own PATH, as a dispatch from here would be.
    let agents = client.ask(calls::Agents { env: dispatch_environment() }).await?;
    if here.json {
        print_json(&agents)?;
    } else {
        print(&for_people(&agents))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn for_people(agents: &[AgentView]) -> String {
    let widest = |text: fn(&AgentView) -> &str| {
        agents.iter().map(|agent| width(&one_line(text(agent)))).max().unwrap_or(0)
    };
    let widths = (widest(|agent| &agent.id), widest(|agent| &agent.title));
    agents.iter().map(|agent| line(agent, widths)).collect()
}

fn line(agent: &AgentView, (id_columns, title_columns): (usize, usize)) -> String {
    let padded = |text: &str, columns: usize| {
        let text = one_line(text);
        let pad = columns.saturating_sub(width(&text));
        text + &" ".repeat(pad)
    };
    let mut facts = vec![match (agent.installed, &agent.version) {
        (true, Some(version)) => format!("installed {version}"),
        (true, None) => "installed".to_owned(),
        (false, _) => "not installed".to_owned(),
    }];
    facts.extend(agent.is_default.then(|| "default".to_owned()));
    facts.extend(agent.signed_in.map(|yes| match yes {
        true => "signed in".to_owned(),
        false => "not signed in".to_owned(),
    }));
    let more = [&agent.sign_in, &agent.how_to];
    facts.extend(more.into_iter().filter(|text| !text.is_empty()).cloned());
    facts.extend(agent.path.clone());
    format!(
        "{}  {}  {}\n",
        padded(&agent.id, id_columns),
        padded(&agent.title, title_columns),
        one_line(&facts.join(" · "))
    )
}
