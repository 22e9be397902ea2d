//! Whether something is told, and through which channels.

use crate::occasion::Occasion;
use nightshift_protocol::{NoticeChannel, NotificationKind, SecretPlace, Silence};
use nightshift_settings::{Kind, Notifications};

/// The settings' word for a kind; none for what no setting keeps back.
fn setting(kind: NotificationKind) -> Option<Kind> {
    match kind {
        NotificationKind::NeedsInput => Some(Kind::NeedsInput),
        NotificationKind::Finished => Some(Kind::Finished),
        NotificationKind::Failed => Some(Kind::Failed),
        NotificationKind::Push => Some(Kind::Push),
        NotificationKind::Test => None,
    }
}

/// Where it would go.
pub fn channels(kind: NotificationKind, settings: &Notifications) -> Vec<NoticeChannel> {
    let kind = setting(kind);
    let ntfy = settings.ntfy.as_ref().is_some_and(|n| kind.is_none_or(|kind| n.takes(kind)));
    let webhook = settings.webhook.as_ref().is_some_and(|w| kind.is_none_or(|kind| w.takes(kind)));
    let phone = [(ntfy, NoticeChannel::Ntfy), (webhook, NoticeChannel::Webhook)];
    let phone = phone.into_iter().filter(|(takes, _)| *takes).map(|(_, channel)| channel);
    std::iter::once(NoticeChannel::Desktop).chain(phone).collect()
}

/// Address and secret of a channel.
pub fn address(channel: NoticeChannel, settings: &Notifications) -> (String, SecretPlace) {
    let place = |env: &Option<String>, file: &Option<std::path::PathBuf>| SecretPlace {
        env: env.clone(),
        file: file.as_ref().map(|file| file.to_string_lossy().into_owned()),
    };
    match (channel, &settings.ntfy, &settings.webhook) {
        (NoticeChannel::Ntfy, Some(ntfy), _) => {
            (ntfy.url.clone(), place(&ntfy.token_env, &ntfy.token_file))
        }
        (NoticeChannel::Webhook, _, Some(webhook)) => {
            (webhook.url.clone(), place(&webhook.secret_env, &webhook.secret_file))
        }
        (NoticeChannel::Desktop | NoticeChannel::Ntfy | NoticeChannel::Webhook, _, _) => {
            Default::default()
        }
    }
}

/// Why it is kept back; none when it is told. `minute` is the local time since midnight.
pub fn silence(
    occasion: &Occasion,
    settings: &Notifications,
    looking: bool,
    minute: u16,
) -> Option<(Silence, String)> {
    let kind = setting(occasion.kind)?;
    let quiet = settings.quiet_hours.is_some_and(|hours| hours.contain(minute));
    let word = match kind {
        Kind::NeedsInput => "needs_input",
        Kind::Finished => "finished",
        Kind::Failed => "failed",
        Kind::Push => "push",
    };
    if !settings.is_on(kind) {
        Some((Silence::SwitchedOff, format!("`{word}` is off in the settings")))
    } else if occasion.standing {
        let text = "the session continues automatically; only its questions are sent";
        Some((Silence::Standing, text.to_owned()))
    } else if quiet && !settings.even_in_quiet_hours.contains(&kind) {
        Some((Silence::QuietHours, "it came in the quiet hours".to_owned()))
    } else if looking && !settings.while_looking.unwrap_or_default() {
        Some((Silence::Looking, "you were looking at the session".to_owned()))
    } else {
        None
    }
}
