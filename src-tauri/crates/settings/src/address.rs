//! Web addresses of servers that get a secret.

use std::net::IpAddr;

/// Whether what is sent to `url` can be read on its way: plain HTTP to another machine. What is not
/// plainly this machine is another one.
pub fn is_in_the_open(url: &str) -> bool {
    let Some((scheme, rest)) = url.trim_start().split_once("://") else { return false };
    if !scheme.eq_ignore_ascii_case("http") {
        return false;
    }
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        // After the bracket comes a port, or it is none.
        Some(v6) => match v6.split_once(']') {
            Some((v6, rest)) if rest.is_empty() || rest.starts_with(':') => v6,
            _ => "",
        },
        None => host.split(':').next().unwrap_or_default(),
    };
    let own = host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    !own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_18_plain_http_is_for_this_machine_only() {
        for (url, open) in [
            ("https://ntfy.sh/topic", false),
            ("HTTPS://ntfy.sh/topic", false),
            ("http://localhost:11434/v1", false),
            ("http://LOCALHOST", false),
            ("http://127.0.0.1:80/x", false),
            ("http://127.9.9.9", false),
            ("http://[::1]:8080/", false),
            ("http://[::ffff:127.0.0.1]/", false),
            ("http://me:word@127.0.0.1/", false),
            ("http://ntfy.sh/topic", true),
            ("HTTP://ntfy.sh/topic", true),
            (" http://ntfy.sh/topic", true),
            ("http://127.0.0.1.evil.example/", true),
            ("http://127.evil.example/", true),
            ("http://localhost.evil.example/", true),
            ("http://localhost@evil.example/", true),
            ("http://evil.example/@localhost", true),
            ("http://evil.example\\@localhost", true),
            ("http://evil.example#@localhost", true),
            ("http://[::1].evil.example/", true),
            ("http://192.168.1.5/", true),
            ("http://0.0.0.0/", true),
            ("http://[fd00::1]/", true),
            ("http:///x", true),
        ] {
            assert_eq!(is_in_the_open(url), open, "{url}");
        }
    }
}
