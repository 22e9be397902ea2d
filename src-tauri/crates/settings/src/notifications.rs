//! The table `notifications`: what is told to the user outside of the board, when and how.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::PathBuf;

/// What a notification may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    NeedsInput,
    Finished,
    Failed,
    /// What agents send of their own accord.
    Push,
}

/// Kinds that are not set are on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notifications {
    pub needs_input: Option<bool>,
    pub finished: Option<bool>,
    pub failed: Option<bool>,
    pub push: Option<bool>,
    /// Told even while the user looks at the session.
    pub while_looking: Option<bool>,
    /// Local time in which nothing is told.
    pub quiet_hours: Option<QuietHours>,
    pub even_in_quiet_hours: Vec<Kind>,
    pub ntfy: Option<Ntfy>,
    pub webhook: Option<Webhook>,
}

/// A topic of an ntfy server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ntfy {
    /// The topic's address, as `https://ntfy.sh/my-topic`.
    pub url: String,
    /// What goes there; what agents push when nothing is set.
    pub kinds: Option<Vec<Kind>>,
    /// Where the access token is, for topics that need one. Never the token itself.
    pub token_env: Option<String>,
    pub token_file: Option<PathBuf>,
    /// The token may go to another machine where everybody on the way can read it.
    pub allow_plain_http: bool,
}

/// An address that gets signed JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Webhook {
    pub url: String,
    pub kinds: Option<Vec<Kind>>,
    /// Where the key of the signature is. Never the key itself.
    pub secret_env: Option<String>,
    pub secret_file: Option<PathBuf>,
    /// What is sent may go to another machine where everybody on the way can read it.
    pub allow_plain_http: bool,
}

/// What a phone gets when nothing else is set: what an agent thought worth a message.
const PHONE_KINDS: &[Kind] = &[Kind::Push];

impl Ntfy {
    pub fn takes(&self, kind: Kind) -> bool {
        self.kinds.as_deref().unwrap_or(PHONE_KINDS).contains(&kind)
    }
}

impl Webhook {
    pub fn takes(&self, kind: Kind) -> bool {
        self.kinds.as_deref().unwrap_or(PHONE_KINDS).contains(&kind)
    }
}

impl Notifications {
    pub fn is_on(&self, kind: Kind) -> bool {
        let set = match kind {
            Kind::NeedsInput => self.needs_input,
            Kind::Finished => self.finished,
            Kind::Failed => self.failed,
            Kind::Push => self.push,
        };
        set.unwrap_or(true)
    }

    /// The first key that cannot be meant so, and why.
    pub(crate) fn first_wrong(&self) -> Option<(&'static str, String)> {
        let ntfy = self.ntfy.as_ref().map(|n| ("notifications.ntfy", n.url.as_str()));
        let webhook = self.webhook.as_ref().map(|w| ("notifications.webhook", w.url.as_str()));
        for (key, url) in [ntfy, webhook].into_iter().flatten() {
            if !(url.starts_with("https://") || url.starts_with("http://")) {
                return Some((key, "`url` must be a web address".to_owned()));
            }
        }
        let unsigned = |w: &&Webhook| w.secret_env.is_none() && w.secret_file.is_none();
        self.webhook.as_ref().filter(unsigned).map(|_| {
            let why = "name a `secret_env` or `secret_file`: what is sent is signed";
            ("notifications.webhook", why.to_owned())
        })
    }
}

/// Minutes since midnight, local time; may go over midnight. Written `22:00-07:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    pub from: u16,
    pub to: u16,
}

impl QuietHours {
    pub fn contain(self, minute: u16) -> bool {
        if self.from <= self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }

    fn parse(text: &str) -> Option<QuietHours> {
        let minute = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        };
        let (from, to) = text.split_once(['-', '–'])?;
        Some(QuietHours { from: minute(from)?, to: minute(to)? })
    }
}

impl<'de> Deserialize<'de> for QuietHours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<QuietHours, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom("write the hours as \"22:00-07:00\"");
        QuietHours::parse(&text).ok_or_else(wrong)
    }
}

impl Serialize for QuietHours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let QuietHours { from, to } = self;
        let text = format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60);
        serializer.serialize_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_may_go_over_midnight() {
        for (hours, minute, quiet) in [
            ("22:00-07:00", 23 * 60, true),
            ("22:00-07:00", 6 * 60 + 59, true),
            ("22:00-07:00", 7 * 60, false),
            ("9:30 – 10:00", 9 * 60 + 30, true),
            ("9:30-10:00", 10 * 60, false),
            ("00:00-00:00", 0, false),
        ] {
            let parsed = QuietHours::parse(hours).unwrap();
            assert_eq!(parsed.contain(minute), quiet, "{hours} {minute}");
        }
        for text in ["", "22-7", "24:00-07:00", "22:60-1:00", "22:00"] {
            assert_eq!(QuietHours::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_table_is_read_and_its_mistakes_are_placed() {
        let text = r#"
            [notifications]
            finished = false
            quiet_hours = "22:00-07:00"
            even_in_quiet_hours = ["needs_input"]
            [notifications.ntfy]
            url = "https://ntfy.example.org/topic"
            kinds = ["needs_input", "push"]
            token_env = "NTFY_TOKEN"
        "#;
        let table = crate::parse(text).unwrap().settings.notifications;
        assert!(!table.is_on(Kind::Finished) && table.is_on(Kind::Failed));
        let ntfy = table.ntfy.unwrap();
        assert!(ntfy.takes(Kind::NeedsInput) && !ntfy.takes(Kind::Finished));
        assert!(Ntfy::default().takes(Kind::Push) && !Ntfy::default().takes(Kind::Failed));
        for (text, line, part) in [
            ("[notifications]\nquiet_hours = \"late\"\n", 2, "22:00-07:00"),
            ("[notifications.ntfy]\nurl = \"topic\"\n", 1, "web address"),
            ("[notifications.webhook]\nurl = \"https://a\"\n", 1, "secret_env"),
        ] {
            let remark = crate::parse(text).unwrap_err();
            assert!(remark.line == line && remark.message.contains(part), "{text}: {remark}");
        }
    }
}
