//! The ways to a phone: ntfy, and a webhook that gets signed JSON.
//!
//! Promise: a message that was not taken is tried a bounded number of times; one that was refused is
//! not tried again. Blocking: runs on a thread of its own.
//! ntfy's form is that of <https://docs.ntfy.sh/publish/#publish-as-json>.

use crate::secret;
use nightshift_model::Millis;
use nightshift_protocol::{Delivery, NoticeChannel, NotificationKind, NotificationOrder};
use ring::hmac;
use serde_json::{Value, json};
use std::time::Duration;

/// The whole of one try.
const TRY_TIMEOUT: Duration = Duration::from_secs(10);
/// Pauses between tries: a stumbling network is back, a broken one is not waited for.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];
/// The raw body's HMAC-SHA256, in hex, as webhooks usually carry it.
const SIGNATURE: &str = "X-Nightshift-Signature-256";
/// ntfy's scale goes from 1 to 5; a question shall ring.
const PRIORITY_USUAL: u32 = 3;
const PRIORITY_QUESTION: u32 = 4;

/// Sends it; what became of it.
pub fn send(order: &NotificationOrder) -> Delivery {
    let mut pauses = PAUSES.iter();
    loop {
        let why = match attempt(order) {
            Ok(()) => return Delivery::Delivered,
            Err(Trouble::Refused(why)) => return Delivery::Failed { why },
            Err(Trouble::Unreached(why)) => why,
        };
        let Some(pause) = pauses.next() else {
            let why = format!("{why} ({} tries)", PAUSES.len() + 1);
            return Delivery::Failed { why };
        };
        std::thread::sleep(*pause);
    }
}

enum Trouble {
    /// Another try would say the same.
    Refused(String),
    Unreached(String),
}

fn attempt(order: &NotificationOrder) -> Result<(), Trouble> {
    let secret = secret::read(&order.secret).map_err(Trouble::Refused)?;
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(TRY_TIMEOUT))
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into();
    let (url, body) = match order.receipt.channel {
        NoticeChannel::Ntfy => ntfy(order).map_err(Trouble::Refused)?,
        NoticeChannel::Webhook | NoticeChannel::Desktop => {
            (order.url.clone(), webhook(order).to_string())
        }
    };
    let mut request = agent.post(&url).content_type("application/json");
    match (order.receipt.channel, &secret) {
        (NoticeChannel::Ntfy, Some(token)) => {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        (NoticeChannel::Webhook, Some(key)) => {
            request = request.header(SIGNATURE, signature(key, &body));
        }
        (NoticeChannel::Ntfy | NoticeChannel::Webhook | NoticeChannel::Desktop, _) => {}
    }
    let unreached = |e: ureq::Error| Trouble::Unreached(format!("{} {e}", place(&url)));
    let answer = request.send(&body).map_err(unreached)?;
    let status = answer.status();
    let words = format!("{} answered {status}", place(&url));
    match status.as_u16() {
        200..=299 => Ok(()),
        // Too much, too slow or broken over there: it may pass.
        408 | 425 | 429 | 500..=599 => Err(Trouble::Unreached(words)),
        _ => Err(Trouble::Refused(words)),
    }
}

/// The address without path and user: a topic's name is a secret, too.
fn place(url: &str) -> String {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = after.split('/').next().unwrap_or(after);
    host.rsplit('@').next().unwrap_or(host).to_owned()
}

/// The server's address and the message for the topic that the channel's address names.
fn ntfy(order: &NotificationOrder) -> Result<(String, String), String> {
    let url = order.url.trim_end_matches('/');
    let unnamed = || "the ntfy address names no topic".to_owned();
    let (server, topic) = url.rsplit_once('/').ok_or_else(unnamed)?;
    if topic.is_empty() || server.ends_with('/') {
        return Err(unnamed());
    }
    let (priority, tag) = match order.receipt.kind {
        NotificationKind::NeedsInput => (PRIORITY_QUESTION, "question"),
        NotificationKind::Finished => (PRIORITY_USUAL, "white_check_mark"),
        NotificationKind::Failed => (PRIORITY_QUESTION, "x"),
        NotificationKind::Push | NotificationKind::Test => (PRIORITY_USUAL, "crescent_moon"),
    };
    let message = json!({
        "topic": topic,
        "title": order.receipt.title,
        "message": order.receipt.text,
        "priority": priority,
        "tags": [tag],
    });
    Ok((server.to_owned(), message.to_string()))
}

fn webhook(order: &NotificationOrder) -> Value {
    let receipt = &order.receipt;
    let Millis(at) = receipt.at;
    json!({
        "id": format!("{}-{at}", receipt.n),
        "at": at,
        "kind": receipt.kind,
        "session": { "id": receipt.session, "name": order.session_name },
        "title": receipt.title,
        "text": receipt.text,
    })
}

fn signature(key: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let tag = hmac::sign(&key, body.as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_protocol::{Receipt, SecretPlace};

    fn order(url: &str) -> NotificationOrder {
        let receipt = Receipt {
            n: 7,
            at: Millis(1_700_000_000_000),
            settled_at: None,
            session: "7c5d0a1b".into(),
            occasion: "push:7".into(),
            kind: NotificationKind::Push,
            channel: NoticeChannel::Ntfy,
            title: "fix the login".into(),
            text: "the build is red".into(),
            delivery: Delivery::Pending,
        };
        NotificationOrder {
            receipt,
            session_name: "fix the login".into(),
            need: None,
            buttons: Vec::new(),
            url: url.into(),
            secret: SecretPlace::default(),
        }
    }

    /// The second test case of RFC 4231.
    #[test]
    fn the_signature_is_the_one_of_the_standard() {
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature("Jefe", "what do ya want for nothing?"), expected);
    }

    #[test]
    fn an_ntfy_address_is_a_server_and_a_topic() {
        for (url, server, topic) in [
            ("https://ntfy.sh/mine", "https://ntfy.sh", Some("mine")),
            ("https://example.org/ntfy/mine/", "https://example.org/ntfy", Some("mine")),
            ("https://ntfy.sh", "", None),
        ] {
            match (ntfy(&order(url)), topic) {
                (Ok((found, body)), Some(topic)) => {
                    let body: Value = serde_json::from_str(&body).unwrap();
                    assert_eq!((found.as_str(), &body["topic"]), (server, &json!(topic)), "{url}");
                }
                (Err(_), None) => {}
                (found, _) => panic!("{url}: {found:?}"),
            }
        }
    }

    #[test]
    fn receipts_name_the_host_and_neither_topic_nor_password() {
        assert_eq!(place("https://user:pass@ntfy.example.org/secret-topic"), "ntfy.example.org");
    }
}
