//! Who judges: chosen from the settings and the session's environment, asked one question at a time.

use crate::call::{Call, Environment, variable};
use crate::chat::Chat;
use crate::clean::cut_end;
use crate::frame::Prompt;
use crate::keys;
use crate::limits::{
    ANSWER_TOKENS, CALL_TIMEOUT, LOCAL_WINDOW_TOKENS, REPAIR_MAX_BYTES, WINDOW_TOKENS,
    WINDOW_TOKENS_MIN,
};
use crate::messages::Messages;
use crate::programs::Printer;
use crate::trouble::{Trouble, TroubleKind};
use crate::usage::{Prices, Usage};
use nightshift_platform::search;
use nightshift_settings::{Judge, JudgeProvider, is_in_the_open};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::time::Duration;

/// The cheapest current models, by the names that stay while versions go.
const ANTHROPIC_MODEL: &str = "claude-haiku-5-5";
const OPENAI_MODEL: &str = "gpt-6-luna";
const CLAUDE_MODEL: &str = "haiku";
const CODEX_MODEL: &str = "gpt-6-luna";
const GEMINI_MODEL: &str = "flash-lite";
const ANTHROPIC_URL: &str = "https://api.anthropic.com";
const OPENAI_URL: &str = "https://api.openai.com/v1";
/// Of `ANTHROPIC_MODEL` at `ANTHROPIC_URL`, below 100,000 tokens of input (public price list).
const ANTHROPIC_PRICES: Prices = Prices { input: 100_000, output: 500_000 };
/// The agent whose sessions cost nothing to try: neither do its goals.
const REHEARSAL: &str = "rehearsal";

/// As it is shown beside a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// The user's own commands alone.
    Checks,
    Fixed,
    Anthropic,
    OpenAi,
    Claude,
    Codex,
    Gemini,
    Command,
}

impl Provider {
    pub fn id(self) -> &'static str {
        match self {
            Provider::Checks => "checks",
            Provider::Fixed => "fixed",
            Provider::Anthropic => "anthropic",
            Provider::OpenAi => "openai",
            Provider::Claude => "claude",
            Provider::Codex => "codex",
            Provider::Gemini => "gemini",
            Provider::Command => "command",
        }
    }
}

/// Somebody to ask.
#[derive(Clone, Debug)]
pub struct Evaluator {
    provider: Provider,
    model: String,
    backend: Backend,
    window_tokens: u32,
    max_tokens: u32,
    prices: Option<Prices>,
    timeout: Duration,
}

#[derive(Clone, Debug)]
enum Backend {
    Fixed,
    Messages(Messages),
    Chat(Chat),
    Printer(Printer),
}

/// What a model said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Completion {
    pub text: String,
    pub usage: Usage,
    /// Why the text may be no whole answer.
    pub stopped: Option<&'static str>,
}

/// One question, and for the second try what was wrong with the first answer.
pub(crate) struct Ask<'a> {
    pub prompt: &'a Prompt,
    pub repair: Option<&'a Repair>,
}

pub(crate) struct Repair {
    pub answer: String,
    pub why: String,
}

impl Ask<'_> {
    fn again(&self) -> Option<String> {
        let Repair { why, .. } = self.repair?;
        let form = self.prompt.form;
        Some(format!(
            "Your last answer could not be read: {why}. Answer the question again with exactly one \
             JSON object and nothing else: {form}"
        ))
    }

    /// As turns of a conversation.
    pub fn messages(&self) -> Vec<Value> {
        let user = |text: &str| json!({"role": "user", "content": text});
        let mut messages = vec![user(&self.prompt.user)];
        if let (Some(repair), Some(again)) = (self.repair, self.again()) {
            let answer = cut_end(repair.answer.trim(), REPAIR_MAX_BYTES).trim_end();
            if answer.is_empty() {
                return vec![user(&format!("{}\n{again}", self.prompt.user))];
            }
            messages.push(json!({"role": "assistant", "content": answer}));
            messages.push(user(&again));
        }
        messages
    }

    /// As one text, for those who know no turns.
    pub fn text(&self) -> String {
        match self.again() {
            Some(again) => format!("{}\n{again}\n", self.prompt.user),
            None => self.prompt.user.clone(),
        }
    }
}

impl Evaluator {
    /// The one that is set, else the first that this environment offers: a key of Anthropic's, the
    /// program of the session's own agent, another agent's program, a key of OpenAI's. May ask the
    /// keyring, and then blocks for some seconds.
    pub fn choose(
        settings: &Judge,
        env: &Environment,
        agent: Option<&str>,
    ) -> Result<Evaluator, Trouble> {
        let provider = match settings.provider {
            JudgeProvider::Auto => automatic(env, agent)?,
            JudgeProvider::None => {
                let message = "the settings say that nobody judges (provider = \"none\")";
                return Err(Trouble::new(TroubleKind::NotConfigured, message));
            }
            JudgeProvider::Fixed => Provider::Fixed,
            JudgeProvider::Anthropic => Provider::Anthropic,
            JudgeProvider::Openai => Provider::OpenAi,
            JudgeProvider::Claude => Provider::Claude,
            JudgeProvider::Codex => Provider::Codex,
            JudgeProvider::Gemini => Provider::Gemini,
            JudgeProvider::Command => Provider::Command,
        };
        let set = settings.model.clone();
        let or = |model: &str| set.clone().unwrap_or_else(|| model.to_owned());
        let printer =
            |command: &[String]| Backend::Printer(Printer { provider, command: command.to_vec() });
        let (model, backend) = match provider {
            Provider::Checks | Provider::Fixed => ("rules".to_owned(), Backend::Fixed),
            Provider::Anthropic => (or(ANTHROPIC_MODEL), anthropic(settings, env)?),
            Provider::OpenAi => openai(settings, env)?,
            Provider::Claude => (or(CLAUDE_MODEL), printer(&[])),
            Provider::Codex => (or(CODEX_MODEL), printer(&[])),
            Provider::Gemini => (or(GEMINI_MODEL), printer(&[])),
            Provider::Command => (or("default"), printer(&settings.command)),
        };
        let window = match &backend {
            Backend::Chat(chat) if is_own_machine(&chat.base_url) => LOCAL_WINDOW_TOKENS,
            _ => WINDOW_TOKENS,
        };
        Ok(Evaluator {
            provider,
            prices: prices(settings, &model, &backend),
            model,
            backend,
            window_tokens: settings.window_tokens.unwrap_or(window).max(WINDOW_TOKENS_MIN),
            max_tokens: settings.max_tokens.unwrap_or(ANSWER_TOKENS),
            timeout: settings.timeout_s.map_or(CALL_TIMEOUT, Duration::from_secs),
        })
    }

    pub fn provider(&self) -> Provider {
        self.provider
    }

    pub fn model(&self) -> &str {
        &self.model
    }

    /// How long one judgement may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(crate) fn is_fixed(&self) -> bool {
        matches!(self.backend, Backend::Fixed)
    }

    pub(crate) fn window_tokens(&self) -> u32 {
        self.window_tokens
    }

    pub(crate) fn complete(&self, ask: &Ask<'_>, call: &Call<'_>) -> Result<Completion, Trouble> {
        let model = self.model.as_str();
        let mut completion = match &self.backend {
            // Rules are applied before anybody is asked.
            Backend::Fixed => Ok(Completion::default()),
            Backend::Messages(backend) => backend.complete(model, self.max_tokens, ask, call),
            Backend::Chat(backend) => backend.complete(model, self.max_tokens, ask, call),
            Backend::Printer(backend) => backend.complete(model, ask, call),
        }?;
        let usage = &mut completion.usage;
        if let (None, Some(prices)) = (usage.cost_usd_micros, self.prices) {
            let cost = prices.cost(usage.input_tokens, usage.output_tokens);
            usage.cost_usd_micros = Some(cost);
        }
        Ok(completion)
    }
}

fn automatic(env: &Environment, agent: Option<&str>) -> Result<Provider, Trouble> {
    if agent == Some(REHEARSAL) {
        return Ok(Provider::Fixed);
    }
    let is_set = |names: &[&str]| names.iter().any(|name| variable(env, name).is_some());
    if is_set(&["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"]) {
        return Ok(Provider::Anthropic);
    }
    let mut programs =
        [("claude", Provider::Claude), ("codex", Provider::Codex), ("gemini", Provider::Gemini)];
    programs.sort_by_key(|(name, _)| agent != Some(*name));
    if let Some((_, provider)) = programs.iter().find(|(name, _)| is_installed(name, env)) {
        return Ok(*provider);
    }
    if is_set(&["OPENAI_API_KEY", "OPENAI_BASE_URL"]) {
        return Ok(Provider::OpenAi);
    }
    if keys::find(&["ANTHROPIC_API_KEY"], env).is_some() {
        return Ok(Provider::Anthropic);
    }
    let message = "nobody can judge goals: no key and no agent's program was found";
    let hint = "set ANTHROPIC_API_KEY, or `provider` in the settings' table [judge]";
    Err(Trouble::new(TroubleKind::NotConfigured, message).hint(hint))
}

fn anthropic(settings: &Judge, env: &Environment) -> Result<Backend, Trouble> {
    let set = settings.base_url.as_deref().or_else(|| variable(env, "ANTHROPIC_BASE_URL"));
    let base_url = set.unwrap_or(ANTHROPIC_URL).to_owned();
    let own = settings.key_env.as_deref();
    let names = own.map_or(vec!["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"], |name| vec![name]);
    // A server of the user's own gets a key only where one is named: theirs is for the vendor.
    let may_have = own.is_some() || settings.base_url.is_none();
    let key = may_have.then(|| keys::find(&names, env)).flatten();
    if key.is_none() && (own.is_some() || set.is_none()) {
        return Err(no_key(&names));
    }
    check_way(settings, &base_url, key.is_some())?;
    Ok(Backend::Messages(Messages { base_url, key }))
}

fn openai(settings: &Judge, env: &Environment) -> Result<(String, Backend), Trouble> {
    let set = settings.base_url.as_deref().or_else(|| variable(env, "OPENAI_BASE_URL"));
    let base_url = set.unwrap_or(OPENAI_URL).to_owned();
    let own = settings.key_env.as_deref();
    let names = [own.unwrap_or("OPENAI_API_KEY")];
    let may_have = own.is_some() || settings.base_url.is_none();
    let key = may_have.then(|| keys::find(&names, env)).flatten();
    if key.is_none() && (own.is_some() || set.is_none()) {
        return Err(no_key(&names));
    }
    check_way(settings, &base_url, key.is_some())?;
    let model = settings.model.as_deref().or_else(|| variable(env, "OPENAI_MODEL"));
    let model = match (model, set) {
        (Some(model), _) => model.to_owned(),
        (None, None) => OPENAI_MODEL.to_owned(),
        (None, Some(base)) => {
            let message = format!("which model of {base} judges is not set");
            return Err(Trouble::new(TroubleKind::ModelMissing, message));
        }
    };
    Ok((model, Backend::Chat(Chat { base_url, key })))
}

/// A key goes where nobody on the way reads it.
fn check_way(settings: &Judge, base_url: &str, has_key: bool) -> Result<(), Trouble> {
    if !has_key || settings.allow_plain_http || !is_in_the_open(base_url) {
        return Ok(());
    }
    let message =
        format!("the evaluator's key is not sent to {base_url}: http can be read on the way");
    let hint = "use https, or set `allow_plain_http = true` in [judge] if that network is yours";
    Err(Trouble::new(TroubleKind::NotConfigured, message).hint(hint))
}

fn no_key(names: &[&str]) -> Trouble {
    let name = names[0];
    let message = format!("there is no key for the evaluator: {} is not set", names.join(" or "));
    Trouble::new(TroubleKind::SignIn, message).hint(format!(
        "set it where the session is started, or run `secret-tool store --label=Nightshift \
         service nightshift key {name}`"
    ))
}

fn prices(settings: &Judge, model: &str, backend: &Backend) -> Option<Prices> {
    let set = settings.input_usd_per_million.zip(settings.output_usd_per_million);
    if let Some((input, output)) = set {
        return Some(Prices { input: input.micros(), output: output.micros() });
    }
    match backend {
        Backend::Messages(messages) => {
            let known = model == ANTHROPIC_MODEL && messages.base_url == ANTHROPIC_URL;
            known.then_some(ANTHROPIC_PRICES)
        }
        Backend::Fixed => Some(Prices { input: 0, output: 0 }),
        Backend::Chat(_) | Backend::Printer(_) => None,
    }
}

fn is_own_machine(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    ["localhost", "127.", "[::1]"].iter().any(|own| host.starts_with(own))
}

fn is_installed(name: &str, env: &Environment) -> bool {
    let path = variable(env, "PATH").map(OsStr::new);
    path.is_some_and(|path| search::find(OsStr::new(name), Some(path)).is_some())
}
