//! Tokens of the fire endpoint and secrets of webhooks: made, exchanged, taken away.
//!
//! Promises: of a token only its hash is kept, and it is told once; each is good for one routine; comparing takes as
//! long whatever is compared. Must not know: who brings one.

use super::intake;
use crate::clients::ConnId;
use crate::core::Core;
use crate::features::routines::{acts, wall_ms};
use crate::handlers::quoted;
use crate::ports::storage::fault;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nightshift_protocol::intake::{OutsideResult, Secret, TokenMade, TokenView};
use nightshift_protocol::{Fault, FaultCode};
use nightshift_store::outside::{OutsideWrite, TokenKind, TokenRow};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;

/// As many bytes as nobody guesses.
const TOKEN_BYTES: usize = 32;
const TOKEN_PREFIX: &str = "nst_";
const SECRET_PREFIX: &str = "nsw_";
/// Tokens of one routine: each call compares with all of them.
const TOKENS_MAX: usize = 20;
/// How long GitHub may go on to sign with the secret before.
const ROTATION_MS: i64 = 7 * 24 * 60 * 60 * 1000;

fn drawn(prefix: &str) -> Result<String, Fault> {
    let mut bytes = [0_u8; TOKEN_BYTES];
    let none = |_| Fault::new(FaultCode::Internal, "the system gives no random bytes");
    SystemRandom::new().fill(&mut bytes).map_err(none)?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// SHA-256 in hexadecimal.
pub(super) fn hash(text: &str) -> Secret {
    let digest = digest(&SHA256, text.as_bytes());
    Secret(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The secrets of this row that count now.
pub(super) fn valid(token: &TokenRow) -> Vec<Secret> {
    let previous = token.previous.iter().filter(|(_, until_ms)| *until_ms > wall_ms());
    std::iter::once(&token.secret).chain(previous.map(|(secret, _)| secret)).cloned().collect()
}

/// The token with this hash; all are compared.
pub(super) fn found(core: &Core, hash: &Secret) -> Option<TokenRow> {
    let fire = core.routines.outside.tokens.values().filter(|it| it.kind == TokenKind::Fire);
    let same = |token: &TokenRow| bool::from(token.secret.0.as_bytes().ct_eq(hash.0.as_bytes()));
    fire.fold(None, |found, token| if same(token) { Some(token.clone()) } else { found })
}

/// A new token or secret; answered when it can be used.
pub fn create(
    core: &mut Core,
    client: (ConnId, u64),
    named: &str,
    kind: TokenKind,
) -> Result<(), Fault> {
    let routine = acts::find(core, named)?;
    check(core, &routine, kind)?;
    let own = core.routines.outside.tokens.values();
    let own = own.filter(|token| token.routine == routine && token.kind == kind);
    let most = if kind == TokenKind::Fire { TOKENS_MAX } else { 1 };
    if own.count() >= most {
        return Err(full(core, &routine, kind));
    }
    let text = drawn(prefix(kind))?;
    let row = TokenRow {
        id: format!("tok_{}", core.world.fresh_uuid().simple()),
        routine,
        kind,
        secret: kept(&text, kind),
        previous: None,
        created_ms: wall_ms(),
        rotated_ms: None,
        last_used_ms: None,
    };
    store(core, client, row, text)
}

fn prefix(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Fire => TOKEN_PREFIX,
        TokenKind::Webhook => SECRET_PREFIX,
    }
}

fn kept(text: &str, kind: TokenKind) -> Secret {
    match kind {
        TokenKind::Fire => hash(text),
        TokenKind::Webhook => Secret(text.to_owned()),
    }
}

fn full(core: &Core, routine: &str, kind: TokenKind) -> Fault {
    let name = name(core, routine);
    match kind {
        TokenKind::Fire => {
            let message = format!("routine {name} has {TOKENS_MAX} tokens already");
            Fault::new(FaultCode::Limit, message)
                .hint("take one away with `nightshift routines token revoke`")
        }
        TokenKind::Webhook => {
            Fault::new(FaultCode::Refused, format!("routine {name} has a webhook secret already"))
                .hint(format!("exchange it with `nightshift routines webhook rotate {name}`"))
        }
    }
}

/// Whether the routine can be reached that way.
fn check(core: &Core, routine: &str, kind: TokenKind) -> Result<(), Fault> {
    let name = name(core, routine);
    let (has, line) = match kind {
        TokenKind::Fire => (super::has_api_trigger(core, routine), "api = true"),
        TokenKind::Webhook => (!super::github_triggers(core, routine).is_empty(), "github = { … }"),
    };
    if !has {
        let trigger = if kind == TokenKind::Fire { "API" } else { "GitHub" };
        let message = format!("routine {name} has no {trigger} trigger, so nothing could use it");
        return Err(Fault::new(FaultCode::Refused, message).hint(format!(
            "add `[[trigger]]` with `{line}` to its file ({}/{name}.md)",
            core.routines.place
        )));
    }
    if core.routines.list.get(routine).is_some_and(|routine| !routine.is_planned()) {
        return Err(Fault::new(FaultCode::Refused, format!("routine {name} is disabled"))
            .hint(format!("turn it on first: `nightshift routines enable {name}`")));
    }
    Ok(())
}

fn name(core: &Core, routine: &str) -> String {
    core.routines.list.get(routine).map(|routine| routine.row.name.clone()).unwrap_or_default()
}

fn store(core: &mut Core, client: (ConnId, u64), row: TokenRow, text: String) -> Result<(), Fault> {
    let write = OutsideWrite { tokens: vec![row.clone()], ..OutsideWrite::default() };
    super::commit(core, write).map_err(|e| fault(&e))?;
    let made = TokenMade {
        id: row.id.clone(),
        routine: name(core, &row.routine),
        token: Secret(text),
        url: String::new(),
        previous_until: row.previous.as_ref().map(|(_, until_ms)| *until_ms),
    };
    let kind = row.kind;
    core.routines.outside.tokens.insert(row.id.clone(), row);
    super::stir(core);
    intake::promise(core, client, made, kind);
    Ok(())
}

/// The token of this id.
fn by_id(core: &Core, id: &str) -> Result<TokenRow, Fault> {
    core.routines.outside.tokens.get(id.trim()).cloned().ok_or_else(|| {
        Fault::new(FaultCode::NotFound, format!("no token `{}`", quoted(id)))
            .hint("list them with `nightshift routines token list`")
    })
}

/// The secret of a routine's webhook.
fn secret_of(core: &Core, named: &str) -> Result<TokenRow, Fault> {
    let routine = acts::find(core, named)?;
    let mut own = core.routines.outside.tokens.values();
    let own = own.find(|token| token.routine == routine && token.kind == TokenKind::Webhook);
    own.cloned().ok_or_else(|| {
        let name = name(core, &routine);
        Fault::new(FaultCode::NotFound, format!("routine {name} has no webhook secret"))
            .hint(format!("make one with `nightshift routines webhook create {name}`"))
    })
}

/// Another token in the place of this one, which ends at once; a secret of a webhook counts for some days more.
pub fn rotate(core: &mut Core, client: (ConnId, u64), which: Which<'_>) -> Result<(), Fault> {
    let row = which.row(core)?;
    check(core, &row.routine, row.kind)?;
    let text = drawn(prefix(row.kind))?;
    let now = wall_ms();
    let previous = match row.kind {
        TokenKind::Fire => None,
        TokenKind::Webhook => Some((row.secret.clone(), now.saturating_add(ROTATION_MS))),
    };
    let (secret, rotated_ms) = (kept(&text, row.kind), Some(now));
    store(core, client, TokenRow { secret, previous, rotated_ms, ..row }, text)
}

/// Which token is meant.
#[derive(Clone, Copy)]
pub enum Which<'a> {
    Id(&'a str),
    SecretOf(&'a str),
}

impl Which<'_> {
    fn row(self, core: &Core) -> Result<TokenRow, Fault> {
        match self {
            Which::Id(id) => by_id(core, id),
            Which::SecretOf(routine) => secret_of(core, routine),
        }
    }
}

pub fn revoke(core: &mut Core, which: Which<'_>) -> Result<OutsideResult, Fault> {
    let TokenRow { id, .. } = which.row(core)?;
    let write = OutsideWrite { revoked: vec![id.clone()], ..OutsideWrite::default() };
    super::commit(core, write).map_err(|e| fault(&e))?;
    core.routines.outside.tokens.remove(&id);
    super::stir(core);
    Ok(OutsideResult::Revoked { id })
}

pub fn list(core: &Core, named: Option<&str>) -> Result<OutsideResult, Fault> {
    let routine = named.map(|named| acts::find(core, named)).transpose()?;
    let all = core.routines.outside.tokens.values();
    let wanted = all.filter(|token| routine.as_ref().is_none_or(|id| *id == token.routine));
    let mut tokens: Vec<TokenView> = wanted.map(|token| view(core, token)).collect();
    tokens
        .sort_by(|a, b| (&a.routine, a.created_at, &a.id).cmp(&(&b.routine, b.created_at, &b.id)));
    Ok(OutsideResult::Tokens { tokens })
}

fn view(core: &Core, token: &TokenRow) -> TokenView {
    let kind = match token.kind {
        TokenKind::Fire => "fire",
        TokenKind::Webhook => "webhook",
    };
    let counts = |until_ms: &i64| *until_ms > wall_ms();
    TokenView {
        id: token.id.clone(),
        routine: name(core, &token.routine),
        kind: kind.to_owned(),
        url: intake::url(core, &token.routine, token.kind),
        created_at: token.created_ms,
        rotated_at: token.rotated_ms,
        last_used_at: token.last_used_ms,
        previous_until: token.previous.as_ref().map(|(_, until_ms)| *until_ms).filter(counts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_32_random_bytes_that_go_into_a_header() {
        let (one, other) = (drawn(TOKEN_PREFIX).unwrap(), drawn(TOKEN_PREFIX).unwrap());
        assert_ne!(one, other);
        let bytes = URL_SAFE_NO_PAD.decode(one.strip_prefix("nst_").unwrap()).unwrap();
        assert_eq!(bytes.len(), TOKEN_BYTES);
    }

    #[test]
    fn the_hash_is_sha_256_in_hexadecimal() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash("abc").0, expected);
    }
}
