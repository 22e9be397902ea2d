//! `[intake]`: where events from outside come in.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Intake {
    /// Address and port; without it a port of 127.0.0.1 that stays the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// A reverse proxy with TLS stands before it: then it may listen beyond this machine.
    pub behind_proxy: bool,
    /// Under which others reach it, as `https://night.example`; only for what is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The REST API of a GitHub Enterprise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github_api: Option<String>,
    /// GitHub is asked for events of triggers; true unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll: Option<bool>,
}

impl Intake {
    /// Its key and what is wrong with it.
    pub(crate) fn first_wrong(&self) -> Option<(&'static str, String)> {
        if let Some(listen) = &self.listen {
            let Ok(address) = listen.parse::<SocketAddr>() else {
                return Some((
                    "intake.listen",
                    "`listen` is an address with a port, such as \"127.0.0.1:8787\"".to_owned(),
                ));
            };
            if !address.ip().is_loopback() && !self.behind_proxy {
                let why = "it would listen beyond this machine without encryption: put a reverse proxy with TLS \
                           before it and set `behind_proxy = true`";
                return Some(("intake.listen", why.to_owned()));
            }
        }
        for (key, value) in [("intake.url", &self.url), ("intake.github_api", &self.github_api)] {
            let is_address =
                |text: &String| text.starts_with("https://") || text.starts_with("http://");
            if value.as_ref().is_some_and(|text| !is_address(text)) {
                return Some((key, "it begins with `https://` or `http://`".to_owned()));
            }
        }
        let in_the_open = |text: &String| crate::is_in_the_open(text);
        if self.github_api.as_ref().is_some_and(in_the_open) {
            let why = "the token would go over the network unencrypted; use `https://`";
            return Some(("intake.github_api", why.to_owned()));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::parse;

    #[test]
    fn it_listens_beyond_this_machine_only_behind_a_proxy() {
        for (text, wrong) in [
            ("", None),
            ("listen = \"127.0.0.1:8787\"", None),
            ("listen = \"[::1]:8787\"", None),
            ("listen = \"0.0.0.0:8787\"", Some((2, 1, "behind_proxy"))),
            ("behind_proxy = true\nlisten = \"0.0.0.0:8787\"", None),
            ("listen = \"8787\"", Some((2, 1, "with a port"))),
            ("url = \"night.example\"", Some((2, 1, "https://"))),
            ("github_api = \"http://127.0.0.1:1\"", None),
            ("github_api = \"http://ghe.example/api/v3\"", Some((2, 1, "unencrypted"))),
        ] {
            let parsed = parse(&format!("[intake]\n{text}\n"));
            match (parsed, wrong) {
                (Ok(_), None) => {}
                (Err(remark), Some((line, column, part))) => {
                    assert_eq!((remark.line, remark.column), (line, column), "{text}: {remark}");
                    assert!(remark.message.contains(part), "{text}: {remark}");
                }
                (parsed, wrong) => panic!("{text}: {parsed:?}, not {wrong:?}"),
            }
        }
    }
}
