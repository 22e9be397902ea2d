//! Links of Markdown documents lead somewhere: to a file of the tree, and to a heading that is in it.
//!
//! Promise: links to other sites are not followed.

use super::{Offence, Source};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

pub fn check(sources: &[Source], exists: &dyn Fn(&str) -> bool) -> Vec<Offence> {
    let documents: Vec<&Source> = sources.iter().filter(|s| s.extension() == "md").collect();
    let anchors: BTreeMap<&str, BTreeSet<String>> =
        documents.iter().map(|s| (s.path.as_str(), anchors(&s.text))).collect();
    let mut offences = Vec::new();
    for source in documents {
        for (line, target) in links(&source.text) {
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let there = match file {
                "" => source.path.clone(),
                file => resolved(&source.path, file),
            };
            let has_anchor = || anchors.get(there.as_str()).is_none_or(|all| all.contains(anchor));
            if !exists(&there) || !(anchor.is_empty() || has_anchor()) {
                let what = format!("links to `{target}`, which is not there");
                offences.push(Offence { path: source.path.clone(), line, what });
            }
        }
    }
    offences
}

/// From the root of the tree; with what leads out of it left in front.
fn resolved(from: &str, to: &str) -> String {
    let mut path = PathBuf::new();
    for part in Path::new(from).parent().unwrap_or(Path::new("")).join(to).components() {
        match part {
            Component::ParentDir if path.file_name().is_some() => {
                path.pop();
            }
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path.to_string_lossy().into_owned()
}

/// Targets of links and pictures with their lines; none that lead to other sites.
fn links(text: &str) -> Vec<(usize, String)> {
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    let target = |(event, range): (Event<'_>, std::ops::Range<usize>)| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            let elsewhere = dest_url.contains("://") || dest_url.starts_with("mailto:");
            (!elsewhere).then(|| (line(range.start), dest_url.into_string()))
        }
        _ => None,
    };
    parser(text).into_offset_iter().filter_map(target).collect()
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

/// The names that GitHub gives to headings: lower case, without punctuation, hyphens for spaces, and a
/// number where one comes again.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in parser(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let name = slug(&heading.take().unwrap_or_default());
                let numbered = (1..).map(|n| format!("{name}-{n}"));
                let free = std::iter::once(name.clone()).chain(numbered);
                found.extend(free.into_iter().find(|name| !found.contains(name)));
            }
            Event::Text(part) | Event::Code(part) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&part);
                }
            }
            _ => {}
        }
    }
    found
}

fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> usize {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let sources = [
            source("docs/a.md", text),
            source("docs/b.md", "# Keys & `x y`\n\n## Same\n\n## Same\n"),
        ];
        let exists = |path: &str| ["docs/a.md", "docs/b.md", "ui", "LICENSE"].contains(&path);
        check(&sources, &exists).len()
    }

    #[test]
    fn links_lead_somewhere() {
        for fine in [
            "[b](b.md) [b](./b.md#keys--x-y) [top](../LICENSE) ![u](../ui)",
            "[b](b.md#same) [b](b.md#same-1) [s](https://x.example/gone.md) [m](mailto:a@b)",
            "# Here\n[h](#here)\n\n| a |\n|-|\n| [b](b.md) |",
            "`[b](gone.md)`\n\n```\n[b](gone.md)\n```\n",
        ] {
            assert_eq!(faults(fine), 0, "{fine}");
        }
        for wrong in [
            "[b](gone.md)",
            "[b](b.md#gone)",
            "[b](b.md#same-2)",
            "[h](#gone)",
            "![u](ui)",
            "[out](../../LICENSE)",
            "[r][x]\n\n[x]: gone.md",
            "| a |\n|-|\n| [b](gone.md) |",
        ] {
            assert_eq!(faults(wrong), 1, "{wrong}");
        }
    }
}
