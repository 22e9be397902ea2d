//! Hosts of forges, as addresses of remotes and of pull requests name them.
//!
//! Promise: pure; two addresses of one server give the same text, and what is not plainly a host
//! gives none: an address is never read more kindly here than by the program that goes there.
//! Must not know: who asks a forge.

/// The longest name that a host can have (RFC 1035).
const NAME_MAX_BYTES: usize = 253;
/// The longest part of it.
const LABEL_MAX_BYTES: usize = 63;
const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// `host` or `host:port` of a web address: lower case, without the port of https.
pub fn web_host(authority: &str) -> Option<String> {
    host(authority, HTTPS_PORT)
}

/// The host that serves the web pages of the repository at `remote`: `https://host/owner/name`,
/// `ssh://git@host:22/owner/name` or `git@host:owner/name`. None for a file or a helper's address.
pub fn host_of_remote(remote: &str) -> Option<String> {
    let (scheme, authority) = match remote.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest.split_once('/')?.0),
        // A slash before the colon makes it a path of this machine, a second colon names a helper.
        None => match remote.split_once(':')? {
            (_, path) if path.starts_with(':') => return None,
            (authority, _) => ("ssh".to_owned(), authority),
        },
    };
    let authority = match authority.split_once('@') {
        Some((user, _)) if !user.bytes().all(is_user) => return None,
        Some((_, host)) => host,
        None => authority,
    };
    match scheme.as_str() {
        "https" => host(authority, HTTPS_PORT),
        "http" => host(authority, HTTP_PORT),
        // Its port is that of another server than the one with the pages.
        "ssh" | "git" | "git+ssh" | "ssh+git" => {
            let host = host(authority, HTTPS_PORT)?;
            Some(host.split(':').next().unwrap_or_default().to_owned())
        }
        _ => None,
    }
}

/// A name and password in an address, percent-encoded as they have to be.
fn is_user(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:%".contains(&byte)
}

fn host(authority: &str, usual_port: u16) -> Option<String> {
    let (name, port) = match authority.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (authority, None),
    };
    let is_label = |label: &str| {
        let edges = label.starts_with('-') || label.ends_with('-');
        let plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (1..=LABEL_MAX_BYTES).contains(&label.len()) && plain && !edges
    };
    if name.len() > NAME_MAX_BYTES || !name.split('.').all(is_label) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let Some(port) = port else { return Some(name) };
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    let port: u16 = port.parse().ok().filter(|port| digits && *port > 0)?;
    Some(if port == usual_port { name } else { format!("{name}:{port}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_07_hosts_are_read_strictly() {
        for (authority, expected) in [
            ("github.com", Some("github.com")),
            ("GitHub.COM", Some("github.com")),
            ("github.com:443", Some("github.com")),
            ("github.com:8443", Some("github.com:8443")),
            ("10.0.0.5", Some("10.0.0.5")),
            ("github.com.", None),
            (".github.com", None),
            ("github..com", None),
            ("-github.com", None),
            ("github.com:", None),
            ("github.com:0", None),
            ("github.com:+443", None),
            ("github.com:65536", None),
            ("github.com:443:1", None),
            ("user@github.com", None),
            ("[::1]", None),
            ("[::1]:443", None),
            ("gіthub.com", None),
            ("github.com\\", None),
            ("github.com%2eevil.example", None),
            ("", None),
        ] {
            assert_eq!(web_host(authority).as_deref(), expected, "{authority}");
        }
    }

    #[test]
    fn security_07_remotes_name_the_host_that_git_would_go_to() {
        for (remote, expected) in [
            ("https://ghe.example/a/b.git", Some("ghe.example")),
            ("https://GHE.example:443/a/b", Some("ghe.example")),
            ("https://ghe.example:8443/a/b", Some("ghe.example:8443")),
            ("http://ghe.example:80/a/b", Some("ghe.example")),
            ("https://me:pass%40word@ghe.example/a/b", Some("ghe.example")),
            ("ssh://git@ghe.example:2222/a/b", Some("ghe.example")),
            ("git@ghe.example:a/b.git", Some("ghe.example")),
            ("ghe.example:a/b", Some("ghe.example")),
            ("git://ghe.example/a/b", Some("ghe.example")),
            ("https://ghe.example@evil.example/a/b", Some("evil.example")),
            ("https://evil.example#@ghe.example/a/b", None),
            ("https://evil.example?@ghe.example/a/b", None),
            ("https://evil.example\\@ghe.example/a/b", None),
            ("https://a@evil.example@ghe.example/a/b", None),
            ("https://ghe.example", None),
            ("https://ghe.example./a/b", None),
            ("ssh://[::1]:22/a/b", None),
            ("[::1]:a/b", None),
            ("-oProxyCommand=x:a/b", None),
            ("evil::https://ghe.example/a/b", None),
            ("ext::sh -c x ghe.example:a", None),
            ("file:///srv/a", None),
            ("../ghe.example:a/b", None),
            ("/srv/a:b", None),
            ("", None),
        ] {
            assert_eq!(host_of_remote(remote).as_deref(), expected, "{remote}");
        }
    }
}
