//! Rules about permissions, for people.

use crate::output::plain::exact_line;
use crate::output::table::age;
use nightshift_model::Millis;
use nightshift_protocol::{PermissionRule, PermissionVerdict};

/// One rule in a line.
pub fn line(rule: &PermissionRule, now: Millis) -> String {
    let verdict = match rule.verdict {
        PermissionVerdict::Allow => "allow",
        PermissionVerdict::Reject => "reject",
    };
    let (tool, what) = (exact_line(&rule.subject.tool), exact_line(&rule.subject.what));
    let (agent, project) = (exact_line(&rule.agent), exact_line(&rule.project));
    let ago = age(now.since(rule.at));
    let from = format!("session {} {ago} ago", rule.session);
    format!("{}  {verdict} · {tool} · {what}\n  {agent} in {project} · {from}\n", rule.id)
}
