//! One request to the REST API of GitHub, and what its headers say about the next.
//!
//! Promise: bounded in time and size; the token goes to the host of the API alone.

use super::look::Trouble;
use nightshift_platform::clock;
use serde_json::Value;
use std::time::Duration;
use ureq::Agent;
use ureq::config::RedirectAuthHeaders;
use ureq::http::HeaderMap;
use ureq::tls::{RootCerts, TlsConfig};

const TIMEOUT: Duration = Duration::from_secs(30);
/// A page of 100 events with the longest bodies.
const PAGE_MAX_BYTES: u64 = 32 * 1024 * 1024;
/// GitHub's own, where it does not say another.
pub const INTERVAL: Duration = Duration::from_secs(60);
/// A secondary limit that does not say how long it lasts.
const LIMITED: Duration = Duration::from_secs(60);

pub struct Github {
    agent: Agent,
    api: String,
    token: Option<String>,
}

pub struct Page {
    pub body: Value,
    pub etag: Option<String>,
    pub next: Option<String>,
    /// When the same may be asked again.
    pub again_in: Duration,
}

/// What a request gave.
pub enum Got {
    Page(Box<Page>),
    /// Nothing has changed; when to ask again.
    Same(Duration),
}

impl Github {
    pub fn new(api: &str, token: Option<String>) -> Github {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let agent = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .tls_config(tls)
            .build()
            .into();
        Github { agent, api: api.trim_end_matches('/').to_owned(), token }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.api)
    }

    /// Whether an address that GitHub gave is one of the same API.
    fn is_own(&self, url: &str) -> bool {
        url.strip_prefix(&self.api).is_some_and(|rest| rest.starts_with('/'))
    }

    pub fn get(&self, url: &str, etag: Option<&str>) -> Result<Got, Trouble> {
        if !self.is_own(url) {
            return Err(Trouble::of(format!("an address leads away from {}", self.api)));
        }
        let mut request = self
            .agent
            .get(url)
            .header("Accept", "application/vnd.github+json")
            .header("X-GitHub-Api-Version", "2022-11-28")
            .header("User-Agent", "nightshift");
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(etag) = etag {
            request = request.header("If-None-Match", etag);
        }
        let unreached = |e: ureq::Error| Trouble::of(format!("GitHub cannot be reached: {e}"));
        let mut answer = request.call().map_err(unreached)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let again_in = interval(&headers);
        match status {
            304 => return Ok(Got::Same(again_in)),
            200 => {}
            _ => return Err(self.refused(status, &headers)),
        }
        let body = answer.body_mut().with_config().limit(PAGE_MAX_BYTES).read_to_vec();
        let body = serde_json::from_slice(&body.map_err(unreached)?)
            .map_err(|e| Trouble::of(format!("GitHub's answer is not JSON: {e}")))?;
        let etag = text(&headers, "etag").map(str::to_owned);
        let next = text(&headers, "link").and_then(next_of).filter(|next| self.is_own(next));
        Ok(Got::Page(Box::new(Page { body, etag, next, again_in })))
    }

    fn refused(&self, status: u16, headers: &HeaderMap) -> Trouble {
        let why = match (status, &self.token) {
            (401, _) => "GitHub does not take the token; sign in with `gh auth login`".to_owned(),
            (403 | 429, _) if limited(headers).is_some() => "GitHub's rate limit is used up".into(),
            (404, None) => {
                "GitHub does not show it; sign in with `gh auth login`, or set GH_TOKEN".to_owned()
            }
            (404, Some(_)) => "GitHub does not show it to the owner of the token".to_owned(),
            _ => format!("GitHub answered {status}"),
        };
        let again_in = limited(headers);
        let again_in = again_in.or((status == 429).then_some(LIMITED));
        Trouble { why, again_in }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}

fn interval(headers: &HeaderMap) -> Duration {
    let said =
        number(headers, "x-poll-interval").map(|seconds| Duration::from_secs(seconds.max(1)));
    said.unwrap_or(INTERVAL).max(limited(headers).unwrap_or_default())
}

/// How long a limit lasts that is reached: the secondary one says it, the primary one by its end.
fn limited(headers: &HeaderMap) -> Option<Duration> {
    if let Some(seconds) = number(headers, "retry-after") {
        return Some(Duration::from_secs(seconds.max(1)));
    }
    let used_up = number(headers, "x-ratelimit-remaining") == Some(0);
    let resets = number(headers, "x-ratelimit-reset").filter(|_| used_up)?;
    let left_ms = resets.saturating_mul(1000).saturating_sub(clock::now().0);
    Some(Duration::from_millis(left_ms).max(Duration::from_secs(1)))
}

/// The address of `<…>; rel="next"`.
fn next_of(link: &str) -> Option<String> {
    let is_next = |part: &&str| {
        part.split(';').skip(1).any(|word| word.trim().eq_ignore_ascii_case("rel=\"next\""))
    };
    let part = link.split(',').find(is_next)?;
    let address = part.split(';').next()?.trim();
    Some(address.strip_prefix('<')?.strip_suffix('>')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, String)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, String)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn the_next_page_is_the_one_that_is_called_so() {
        let link =
            "<https://a/1>; rel=\"prev\", <https://a/3>; rel=\"next\", <https://a/9>; rel=\"last\"";
        assert_eq!(next_of(link).as_deref(), Some("https://a/3"));
        assert_eq!(next_of("<https://a/1>; rel=\"prev\""), None);
        assert_eq!(next_of("nonsense"), None);
    }

    #[test]
    fn it_is_asked_again_when_github_says_and_not_before_a_limit_ends() {
        let seconds = |pairs: &[(&'static str, String)]| interval(&headers(pairs)).as_secs();
        assert_eq!(seconds(&[]), 60);
        assert_eq!(seconds(&[("x-poll-interval", "5".into())]), 5);
        assert_eq!(seconds(&[("x-poll-interval", "0".into())]), 1);
        assert_eq!(seconds(&[("retry-after", "90".into())]), 90);
        let ends = (clock::now().0 / 1000 + 600).to_string();
        let left = |remaining: &str| {
            let remaining = ("x-ratelimit-remaining", remaining.to_owned());
            seconds(&[remaining, ("x-ratelimit-reset", ends.clone())])
        };
        assert!((500..=600).contains(&left("0")), "{}", left("0"));
        assert_eq!(left("7"), 60);
    }

    #[test]
    fn only_addresses_of_the_api_itself_are_asked() {
        let github = Github::new("https://api.github.com/", Some("secret".into()));
        assert!(github.is_own(&github.url("/repos/a/b/events")));
        for other in ["https://api.github.com.evil.example/x", "https://evil.example/", "/x"] {
            assert!(!github.is_own(other), "{other}");
            assert!(github.get(other, None).is_err());
        }
    }
}
