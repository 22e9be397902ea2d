//! Pull requests that an agent opens by itself, found in what its tools print.
//!
//! Promise: pure; only the output of a tool that opens pull requests and has succeeded counts, so that
//! an address which an agent merely reads or writes about is never taken for its own.
//! Must not know: which forges may be asked; a tool can print any address.

use nightshift_model::{Millis, PullRequest};
use nightshift_protocol::{ItemBody, ToolContent, ToolStatus};

/// Commands that open one, or say that there is one already.
const COMMANDS: &[&str] = &["gh pr create", "glab mr create", "glab mr new", "hub pull-request"];
/// Names of tools that do the same, as servers of the forges call them.
const TOOLS: &[&str] = &["create_pull_request", "create_merge_request", "createpullrequest"];

/// The address of the pull request that this tool call has opened.
pub(crate) fn opened(body: &ItemBody) -> Option<String> {
    let ItemBody::Tool { title, status, input, content, .. } = body else { return None };
    let succeeded = *status == ToolStatus::Completed;
    if !succeeded || !(runs_a_command(title) || runs_a_command(input) || is_such_a_tool(title)) {
        return None;
    }
    let texts = content.iter().filter_map(|part| match part {
        ToolContent::Text { text } => Some(text.as_str()),
        ToolContent::Diff { .. } => None,
    });
    // The last one printed: other addresses come before it.
    texts.flat_map(addresses).last()
}

/// The command stands where a shell would run it, not in a text about it.
fn runs_a_command(text: &str) -> bool {
    let lines = text.replace("\\\n", " ");
    lines.lines().flat_map(|line| line.split(['&', '|', ';', '(', '`', '{'])).any(|part| {
        let words = part.trim_start_matches(['"', '\'', ' ']).split_whitespace();
        // `NAME=value` before a command is its environment.
        let words: Vec<&str> = words.skip_while(|word| word.contains('=')).collect();
        let words = words.join(" ");
        COMMANDS.iter().any(|command| words.starts_with(command))
    })
}

fn is_such_a_tool(title: &str) -> bool {
    let title = title.to_ascii_lowercase();
    TOOLS.iter().any(|tool| title.contains(tool))
}

fn addresses(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split("https://").skip(1).filter_map(|rest| {
        let word = rest.split(|c: char| c.is_whitespace() || c.is_control() || c == '"');
        let url = format!("https://{}", word.into_iter().next()?);
        PullRequest::at(&url, Millis(0)).map(|pull| pull.url)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(title: &str, input: &str, printed: &str, status: ToolStatus) -> Option<String> {
        let content = vec![ToolContent::Text { text: printed.into() }];
        let (title, kind, input) = (title.into(), "execute".into(), input.into());
        opened(&ItemBody::Tool { title, kind, status, input, content })
    }

    #[test]
    fn only_what_opens_a_pull_request_counts() {
        let url = "https://github.com/a/b/pull/7";
        let printed = format!("Creating pull request for x into main in a/b\n\n{url}\n");
        for (title, input, finds) in [
            ("gh pr create --fill", "", true),
            ("`gh pr create --fill`", "", true),
            ("Terminal", "git push -u origin x && gh pr create --fill", true),
            ("Terminal", "git push\ngh pr create \\\n  --title 'x'", true),
            ("Terminal", "GH_REPO=a/b gh  pr  create --fill", true),
            ("mcp__github__create_pull_request", "", true),
            ("glab mr create --fill --yes", "", true),
            ("gh pr view 7", "", false),
            ("cat notes.md", "", false),
            ("grep 'gh pr create' README.md", "", false),
            ("echo how to gh pr create", "", false),
        ] {
            let found = call(title, input, &printed, ToolStatus::Completed);
            assert_eq!(found.is_some(), finds, "{title} / {input}");
        }
        assert_eq!(call("gh pr create", "", &printed, ToolStatus::Running), None);
        let two = format!("see https://github.com/a/b/pull/1\n{{\"html_url\":\"{url}\"}}");
        assert_eq!(call("gh pr create", "", &two, ToolStatus::Completed).as_deref(), Some(url));
        let hint = "remote: Create a pull request:\nhttps://github.com/a/b/pull/new/x";
        assert_eq!(call("gh pr create", "", hint, ToolStatus::Completed), None);
    }
    #[test]
    fn security_07_a_call_that_failed_opens_no_pull_request() {
        let url = "https://github.com/a/b/pull/7";
        let printed = format!("a pull request for branch \"x\" already exists:\n{url}\n");
        for status in [ToolStatus::Pending, ToolStatus::Running, ToolStatus::Failed] {
            assert_eq!(call("gh pr create", "", &printed, status), None, "{status:?}");
            let tool = "mcp__github__create_pull_request";
            assert_eq!(call(tool, "", &printed, status), None, "{status:?}");
        }
        let completed = call("gh pr create", "", &printed, ToolStatus::Completed);
        assert_eq!(completed.as_deref(), Some(url));
    }
}
