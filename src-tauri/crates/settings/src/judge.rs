//! The table `[judge]`: who judges goals, and what that may take.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgeProvider {
    /// The first that the session's environment offers.
    #[default]
    Auto,
    /// Nobody.
    None,
    /// The Messages interface of Anthropic, or of a gateway that speaks it.
    Anthropic,
    /// Chat completions: OpenAI, gateways, Ollama.
    Openai,
    /// Agents' own programs in print mode.
    Claude,
    Codex,
    Gemini,
    /// A program of the user's: `command`.
    Command,
    /// No model: rules in the condition.
    Fixed,
}

/// Keys stand in the environment or the keyring, never here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Judge {
    pub provider: JudgeProvider,
    pub model: Option<String>,
    pub base_url: Option<String>,
    /// The name of the variable that holds the key.
    pub key_env: Option<String>,
    /// The key may go to another machine where everybody on the way can read it.
    pub allow_plain_http: bool,
    /// Program and arguments; the prompt comes on its standard input, `{model}` is filled in.
    pub command: Vec<String>,
    /// One judgement, at most.
    pub timeout_s: Option<u64>,
    /// One check of the user's, at most.
    pub check_timeout_s: Option<u64>,
    /// Of an answer, thoughts included.
    pub max_tokens: Option<u32>,
    /// Of a question: what the model takes.
    pub window_tokens: Option<u32>,
    pub input_usd_per_million: Option<Usd>,
    pub output_usd_per_million: Option<Usd>,
    /// Also settles how a turn ended, where the agent's words leave it open.
    pub settle_turn_ends: bool,
}

/// An amount of money, exact to a millionth of a dollar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usd(u64);

/// More is a mistake in the unit.
const USD_MAX: f64 = 10_000.0;
const MICROS: f64 = 1_000_000.0;

impl Usd {
    pub fn micros(self) -> u64 {
        self.0
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / MICROS)
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Usd, D::Error> {
        let dollars = f64::deserialize(deserializer)?;
        if (0.0..=USD_MAX).contains(&dollars) {
            return Ok(Usd((dollars * MICROS).round() as u64));
        }
        Err(de::Error::custom(format!("{dollars} is no price in US dollars")))
    }
}

impl Judge {
    /// The first key that cannot be meant so, and why.
    pub(crate) fn first_wrong(&self) -> Option<(&'static str, String)> {
        let wrong = |key: &'static str, why: &str| Some((key, format!("judge: {why}")));
        let is_http = matches!(self.provider, JudgeProvider::Anthropic | JudgeProvider::Openai);
        let belongs = matches!(self.provider, JudgeProvider::Auto | JudgeProvider::None);
        if belongs && self.model.is_some() {
            return wrong("model", "a `model` needs the `provider` that it belongs to");
        }
        if self.model.as_deref().is_some_and(|model| model.trim().is_empty()) {
            return wrong("model", "the `model` is empty");
        }
        if let Some(url) = &self.base_url {
            if !is_http {
                return wrong("base_url", "`base_url` is for provider anthropic or openai");
            }
            if !(url.starts_with("http://") || url.starts_with("https://")) {
                return wrong("base_url", "`base_url` must begin with http:// or https://");
            }
        }
        if let Some(name) = &self.key_env {
            let fine = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(fine) {
                return wrong("key_env", "`key_env` is the name of a variable, not a key");
            }
            if !is_http {
                return wrong("key_env", "`key_env` is for provider anthropic or openai");
            }
        }
        let has_command = self.command.first().is_some_and(|word| !word.trim().is_empty());
        match (self.provider == JudgeProvider::Command, has_command) {
            (true, false) => return wrong("provider", "provider command needs a `command`"),
            (false, true) => return wrong("command", "`command` is for provider command"),
            _ => {}
        }
        let zeros = [
            ("timeout_s", self.timeout_s == Some(0)),
            ("check_timeout_s", self.check_timeout_s == Some(0)),
            ("max_tokens", self.max_tokens == Some(0)),
            ("window_tokens", self.window_tokens == Some(0)),
        ];
        let zero = zeros.into_iter().find(|(_, is_zero)| *is_zero);
        zero.and_then(|(key, _)| wrong(key, &format!("`{key}` must be at least 1")))
    }
}

/// What more to say about a key that is not known.
pub(crate) fn hint(path: &str) -> Option<&'static str> {
    let (table, key) = path.split_once('.')?;
    let is_key = ["key", "api_key", "token", "auth_token", "secret"].contains(&key);
    (table == "judge" && is_key).then_some(
        ": keys do not belong in this file; set the variable that `key_env` names, or put the key \
         into the keyring",
    )
}
