//! Addresses of the pages that open a pull request, made from a remote's address.
//!
//! Promise: pure; credentials in a remote's address never get into a page's.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forge {
    GitHub,
    GitLab,
    Bitbucket,
}

/// A repository on a forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosted {
    pub forge: Forge,
    pub host: String,
    /// `owner/name`; GitLab may have groups in groups.
    pub path: String,
}

/// From `https://host/owner/name.git`, `ssh://git@host:22/owner/name` or `git@host:owner/name`.
pub fn hosted(remote: &str) -> Option<Hosted> {
    let (authority, path) = match remote.split_once("://") {
        Some(("http" | "https" | "ssh" | "git", rest)) => rest.split_once('/')?,
        Some(_) => return None,
        None => remote.split_once(':')?,
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host).to_ascii_lowercase();
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '~');
    let named = host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    if host.is_empty() || !named || !path.contains('/') || !path.chars().all(plain) {
        return None;
    }
    let forge = match host.as_str() {
        host if host.contains("github") => Forge::GitHub,
        host if host.contains("gitlab") => Forge::GitLab,
        host if host.contains("bitbucket") => Forge::Bitbucket,
        _ => return None,
    };
    Some(Hosted { forge, host, path: path.to_owned() })
}

/// The page on which a person opens a pull request of `branch` into `target`.
pub fn new_request(hosted: &Hosted, branch: &str, target: &str) -> String {
    let Hosted { forge, host, path } = hosted;
    let (branch, target) = (escaped(branch), escaped(target));
    match forge {
        Forge::GitHub => format!("https://{host}/{path}/compare/{target}...{branch}?expand=1"),
        Forge::GitLab => format!(
            "https://{host}/{path}/-/merge_requests/new?merge_request%5Bsource_branch%5D={branch}\
             &merge_request%5Btarget_branch%5D={target}"
        ),
        Forge::Bitbucket => {
            format!("https://{host}/{path}/pull-requests/new?source={branch}&dest={target}")
        }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_become_pages() {
        for (remote, page) in [
            ("https://github.com/a/b.git", "https://github.com/a/b/compare/main...x%23/y?expand=1"),
            ("git@github.com:a/b.git", "https://github.com/a/b/compare/main...x%23/y?expand=1"),
            (
                "https://user:secret@gitlab.example.org:8443/g/h/b.git",
                "https://gitlab.example.org/g/h/b/-/merge_requests/new?\
                 merge_request%5Bsource_branch%5D=x%23/y&merge_request%5Btarget_branch%5D=main",
            ),
            (
                "ssh://git@bitbucket.org/a/b/",
                "https://bitbucket.org/a/b/pull-requests/new?source=x%23/y&dest=main",
            ),
        ] {
            let hosted = hosted(remote).unwrap();
            assert_eq!(new_request(&hosted, "x#/y", "main"), page, "{remote}");
        }
        for odd in ["/srv/b.git", "file:///a/b", "https://example.org/a/b", "git@github.com:b", ""]
        {
            assert_eq!(hosted(odd), None, "{odd}");
        }
    }
}
