//! Definitions: every key is read, every mistake has its place, what is written is read back.

mod zones;

use nightshift_routines::definition::{self, *};
use nightshift_routines::github::filter::{Field, Test};
use proptest::prelude::*;
use serde_json::json;
use zones::zone;

/// Every key of the design page that this version takes.
const WHOLE: &str = r#"+++
description = "Triage new issues"
agent = "claude"                 # the good one
model = "big"
mode = "ask"
options = { effort = "high", deep = true }
repository = "~/src/app"
base = "release/2"
worktree = "per-run"
target = "new"
timezone = "Europe/Berlin"

[[trigger]]
schedule = "0 9 * * 1-5"         # every working day
[[trigger]]
every = "2h"
[[trigger]]
at = "2026-12-01T09:00"
[[trigger]]
api = true
[[trigger]]
github = { repository = "acme/app", events = ["pull_request.opened", "release.*", "push"] }
filters = [{ field = "labels", is = "one_of", value = ["agent"] }, { field = "draft", is = "equals", value = false }]
forks = true
authors = ["owner", "Member"]

[policy]
missed = "all"
max_late = "6h"
overlap = "queue"
per = "repository#pr"
deadline = "1h30m"
jitter = "none"
retries = 3
max_per_day = 100
budget = { turns = 50, minutes = 120, usd = 5.0 }

[permissions]
allow = ["Bash(npm test:*)", "Edit"]
otherwise = "ask"
[environment]
from = "none"
set = { CI = "1" }
secrets = { API_KEY = "keyring:api-key", OTHER = "env:OTHER_KEY" }
setup = "npm ci"
network = "full"
connectors = ["tickets"]
precheck = "git fetch -q"
[outcome]
goal = "the pull request has a comment"
check = "gh pr checks"
notify = "always"
+++

Look at what triggered this run.
"#;

fn parse(text: &str) -> Result<Definition, Vec<Problem>> {
    definition::parse(text, &zone)
}

fn with(front: &str) -> String {
    format!("+++\n{front}\n+++\nDo it.\n")
}

#[test]
fn every_key_is_read() {
    let it = parse(WHOLE).unwrap();
    assert_eq!(it.description, "Triage new issues");
    assert_eq!([it.agent, it.model, it.mode], ["claude", "big", "ask"].map(|w| Some(w.to_owned())));
    assert_eq!((it.options["effort"].as_str(), it.options["deep"].as_str()), ("high", "true"));
    assert_eq!(it.repository, Some(Repository::Path("~/src/app".into())));
    assert_eq!(it.base, Base::Branch("release/2".into()));
    let keys: Vec<String> = it.triggers.iter().map(|trigger| trigger.key().0).collect();
    assert_eq!(keys[..4], ["schedule 0 9 * * 1-5", "every 2h", "at 2026-12-01T09:00:00", "api"]);
    let Trigger::Github(github) = &it.triggers[4] else { panic!("{keys:?}") };
    assert_eq!(github.filters[0].field, Field::Labels);
    assert_eq!(github.filters[1].test, Test::Flag(false));
    assert_eq!((github.forks, github.authors.join(" ").as_str()), (true, "MEMBER OWNER"));
    let policy = Policy {
        missed: Missed::All,
        max_late_ms: Some(6 * 3_600_000),
        overlap: Overlap::Queue,
        per: Per::PullRequest,
        deadline_ms: 5_400_000,
        jitter: Jitter::None,
        retries: 3,
        max_per_day: 100,
        budget: Budget { turns: Some(50), minutes: Some(120), usd_micros: Some(5_000_000) },
    };
    assert_eq!(it.policy, policy);
    assert_eq!(it.permissions.allow, ["Bash(npm test:*)", "Edit"]);
    assert_eq!(it.permissions.otherwise, Otherwise::Ask);
    assert_eq!(it.environment.from, From::None);
    assert_eq!(it.environment.secrets["API_KEY"], Secret::Keyring("api-key".into()));
    assert_eq!(it.environment.secrets["OTHER"], Secret::Variable("OTHER_KEY".into()));
    assert_eq!((it.environment.set["CI"].as_str(), it.outcome.notify), ("1", Notify::Always));
    assert_eq!(it.prompt, "Look at what triggered this run.");
}

#[test]
fn a_prompt_alone_has_all_defaults() {
    for text in
        ["+++\n+++\nDo it.\n", "\u{feff}\n+++\r\n+++\r\nDo it.", "+++\n\n+++\n\n\nDo it.\n\n"]
    {
        assert_eq!(parse(text).unwrap(), Definition::new("Do it."), "{text:?}");
    }
}

/// One wrong thing, where it is told (line, column), and a part of what is told.
const MISTAKES: &[(&str, usize, usize, &str)] = &[
    ("colour = 1", 2, 1, "`colour` is not known"),
    ("repositry = \"/a\"", 2, 1, "did you mean `repository`?"),
    ("agent = 1", 2, 9, "must be a text"),
    ("agent = \"\"", 2, 9, "empty"),
    ("agent = \"a\\nb\"", 2, 9, "one line"),
    ("description = [\"a\"]", 2, 15, "is a list"),
    ("repository = \"src\"", 2, 14, "absolute path"),
    ("repository = \"--upload-pack=x\"", 2, 14, "does not begin with `-`"),
    ("repository = \"https://me:secret@h/a\"", 2, 14, "password"),
    ("repository = \"/a\"\nbase = \"a..b\"", 3, 8, "no name of a branch"),
    ("base = \"main\"", 2, 1, "needs a `repository`"),
    ("worktree = \"own\"", 2, 12, "`per-run`, `none`"),
    ("target = \"triage\"", 2, 10, "session = "),
    ("target = \"new\"\nsession = \"x\"", 2, 10, "exclude each other"),
    ("session = \"x\"\nagent = \"claude\"", 3, 1, "has no effect"),
    ("timezone = \"Europe/Berln\"", 2, 12, "no time zone"),
    ("trigger = 1", 2, 11, "[[trigger]]"),
    ("[[trigger]]\n", 2, 1, "needs one of"),
    ("[[trigger]]\napi = true\nevery = \"1h\"", 2, 1, "only one of"),
    ("[[trigger]]\napi = false", 3, 7, "no trigger"),
    ("[[trigger]]\napi = true\n[[trigger]]\napi = true", 4, 1, "twice"),
    ("[[trigger]]\nschedule = \"0 9 * * MON\"", 3, 21, "write 1"),
    ("[[trigger]]\nschedule = \"0 0 30 2 *\"", 3, 17, "never run"),
    ("[[trigger]]\nschedule = \"@daily\"", 3, 13, "nickname"),
    ("[[trigger]]\nevery = \"soon\"", 3, 9, "no length of time"),
    ("[[trigger]]\nevery = \"30s\"", 3, 9, "between 1m and 366d"),
    ("[[trigger]]\nat = \"tomorrow\"", 3, 6, "no time"),
    ("[[trigger]]\nat = \"2026-02-30T09:00\"", 3, 6, "no time"),
    ("[[trigger]]\nat = \"2026-12-01T09:00Z\"", 3, 6, "no time"),
    ("[[trigger]]\nat = \"2026-12-01\"", 3, 6, "no time"),
    ("[[trigger]]\nat = 2026-12-01T09:00:00", 3, 6, "a date without quotes"),
    ("timezone = \"Europe/Berlin\"\n[[trigger]]\nat = \"2027-03-28T02:30\"", 4, 6, "leaps over"),
    ("[[trigger]]\ngithub = \"acme/app\"", 3, 10, "must be a table"),
    ("[[trigger]]\ngithub = { events = [\"push\"] }", 3, 10, "needs `repository"),
    ("[[trigger]]\ngithub = { repository = \"acme/app\" }", 3, 10, "needs `events`"),
    ("[[trigger]]\ngithub = { repository = \"acme\", events = [\"push\"] }", 3, 25, "owner/name"),
    (
        "[[trigger]]\ngithub = { repository = \"a/b\", events = [\"pull_request\"] }",
        3,
        42,
        "needs an action",
    ),
    (
        "[[trigger]]\ngithub = { repository = \"a/b\", events = [\"pul_request.opened\"] }",
        3,
        42,
        "did you mean `pull_request`",
    ),
    (
        "[[trigger]]\ngithub = { repository = \"a/b\", events = [\"issues.open\"] }",
        3,
        42,
        "did you mean `issues.opened`",
    ),
    ("[[trigger]]\ngithub = { repository = \"a/b\", events = [\"push.x\"] }", 3, 42, "no actions"),
    (
        "[[trigger]]\ngithub = { repository = \"a/b\", events = [\"issue_comment.created\"] }",
        2,
        1,
        "whose it listens to",
    ),
    (
        "[[trigger]]\ngithub = { repository = \"a/b\", events = [\"push\"] }\nauthors = [\"ownr\"]",
        4,
        12,
        "did you mean `owner`",
    ),
    ("[[trigger]]\napi = true\nforks = true", 4, 1, "not known"),
    ("[policy]\nmissed = \"twice\"", 3, 10, "`skip`, `once`, `all`"),
    ("[policy]\nmax_late = \"1s\"", 3, 12, "between 1m"),
    ("[policy]\nper = \"branch\"", 3, 7, "`repository#pr`"),
    ("[policy]\ndeadline = \"30d\"", 3, 12, "between 1m and 7d"),
    ("[policy]\nretries = -1", 3, 11, "between 0 and 10"),
    ("[policy]\nmax_per_day = 0", 3, 15, "between 1 and 1440"),
    ("[policy]\nbudget = { usd = nan }", 3, 18, "more than 0"),
    ("[policy]\nbudget = { turns = 1.5 }", 3, 20, "whole number"),
    (
        "[permissions]\npush = \"claude/*\"",
        3,
        1,
        "needs the sandbox, which this version does not have",
    ),
    ("[permissions]\npush = []", 3, 1, "needs the sandbox"),
    ("[permissions]\nallow = [1]", 3, 10, "no text"),
    ("[permissions]\notherwise = \"allow\"", 3, 13, "`deny`, `ask`"),
    (
        "[environment]\nnetwork = \"none\"",
        3,
        11,
        "needs the sandbox, which this version does not have",
    ),
    ("[environment]\nnetwork = \"trusted\"", 3, 11, "needs the sandbox"),
    ("[environment]\nnetwork = { custom = [\"a\"] }", 3, 11, "needs the sandbox"),
    ("[environment]\nnetwork = \"custom(allow=[a])\"", 3, 11, "needs the sandbox"),
    ("[environment]\nnetwork = \"fulll\"", 3, 11, "can be \"full\""),
    ("[environment]\nset = { \"A B\" = \"1\" }", 3, 17, "no name of a variable"),
    ("[environment]\nset = { NIGHTSHIFT_HOME = \"1\" }", 3, 27, "set by Nightshift"),
    ("[environment]\nsecrets = { KEY = \"sk-12345\" }", 3, 19, "do not belong in this file"),
    (
        "[environment]\nset = { A = \"1\" }\nsecrets = { A = \"env:A\" }",
        4,
        1,
        "in `set` and in `secrets`",
    ),
    ("[outcome]\nnotify = \"loud\"", 3, 10, "`problems`"),
    ("[outcome]\ngoal = 1", 3, 8, "a text"),
    ("[policy]\n[policy]", 3, 2, "duplicate"),
    ("agent = ", 2, 9, ""),
];

#[test]
fn each_mistake_names_its_place() {
    for (front, line, column, part) in MISTAKES {
        let text = with(front);
        let problems = parse(&text).expect_err(front);
        let first = &problems[0];
        assert_eq!((first.line, first.column), (*line, *column), "{front}: {problems:?}");
        assert!(first.message.contains(part), "{front}: {problems:?}");
        assert_eq!(problems.len(), 1, "{front}: {problems:?}");
        assert!(!first.message.contains("sk-12345"), "{first}");
    }
}

#[test]
fn filters_are_checked_when_they_are_read() {
    for (filter, part) in [
        ("{ field = \"labels\", is = \"one_of\", value = [] }", "empty"),
        ("{ field = \"labels\", is = \"one_of\", value = \"a\" }", "a list of texts"),
        ("{ field = \"colour\", is = \"equals\", value = \"a\" }", "`merged`"),
        ("{ field = \"title\", is = \"like\", value = \"a\" }", "`starts_with`"),
        ("{ field = \"title\", value = \"a\" }", "needs `is`"),
        ("{ field = \"draft\", is = \"equals\", value = \"no\" }", "true or false"),
        ("{ field = \"draft\", is = \"contains\", value = true }", "only `equals`"),
        ("{ field = \"title\", is = \"matches\", value = \"(\" }", "unclosed group"),
        ("{ field = \"title\", is = \"matches\", value = \")|(\" }", "unopened group"),
        ("{ field = \"title\", is = \"matches\", value = \"(a{1000}){1000}\" }", "size limit"),
        ("{ field = \"title\", is = \"equals\", value = \"a\", case = 1 }", "not known"),
    ] {
        let text = with(&format!(
            "[[trigger]]\ngithub = {{ repository = \"a/b\", events = [\"push\"] }}\nfilters = [{filter}]"
        ));
        let problems = parse(&text).expect_err(filter);
        assert_eq!((problems.len(), problems[0].line), (1, 4), "{filter}: {problems:?}");
        assert!(problems[0].message.contains(part), "{filter}: {problems:?}");
    }
}

#[test]
fn all_mistakes_are_told_together_in_the_order_of_the_file() {
    let text =
        "+++\nagent = 1\nßß = 1\n[policy]\nmissed = \"x\"\n[permissions]\npush = \"a\"\n+++\n";
    let problems = parse(text).unwrap_err();
    let places: Vec<_> = problems.iter().map(|p| (p.line, p.column)).collect();
    // The bare ß is no TOML, so only that is told.
    assert_eq!(places[0].0, 3, "{problems:?}");
    let problems = parse(&text.replace("ßß", "\"ßß\" ")).unwrap_err();
    let places: Vec<_> = problems.iter().map(|p| (p.line, p.column)).collect();
    assert_eq!(places, [(2, 9), (3, 1), (5, 10), (7, 1), (9, 1)], "{problems:?}");
}

#[test]
fn columns_count_characters() {
    let problems = parse(&with("x = { \"größe\" = 1 }")).unwrap_err();
    assert_eq!((problems[0].line, problems[0].column), (2, 1));
    let problems = parse(&with("options = { \"größe\" = [] }")).unwrap_err();
    assert_eq!((problems[0].line, problems[0].column), (2, 23), "{problems:?}");
}

#[test]
fn limits_hold() {
    let long = "x".repeat(limits::PROMPT_MAX_CHARS + 1);
    let many = |line: &str, times: usize| with(&line.repeat(times));
    let triggers: String = (1..=limits::TRIGGERS_MAX + 1)
        .map(|n| format!("[[trigger]]\nevery = \"{n}h\"\n"))
        .collect();
    for (text, part) in [
        (format!("+++\n+++\n{long}"), "longer than"),
        (format!("+++\n+++\n{}", " ".repeat(limits::FILE_MAX_BYTES)), "larger than"),
        (with(&format!("description = \"{}\"", "é".repeat(201))), "longer than 200"),
        (with(&triggers), "are possible"),
        (many("a = 1 # ", 1), "not known"),
    ] {
        let problems = parse(&text).unwrap_err();
        assert!(problems[0].message.contains(part), "{problems:?}");
    }
    let unknown: String = (0..200).map(|n| format!("key{n} = 1\n")).collect();
    let problems = parse(&with(&unknown)).unwrap_err();
    assert_eq!(problems.len(), limits::PROBLEMS_MAX);
    assert!(problems.last().unwrap().message.ends_with("(and 150 more problems)"));
}

#[test]
fn what_is_no_routine_says_what_one_is() {
    for (text, line, part) in [
        ("", 1, "begins with a line `+++`"),
        ("Do it.\n+++\n+++\n", 1, "begins with a line `+++`"),
        ("---\na: 1\n---\nDo it.", 1, "begins with a line `+++`"),
        ("+++\nagent = \"a\"\n", 3, "do not end"),
        ("+++\n+++\n \n", 4, "prompt is missing"),
        ("+++\n+++\na\0b", 3, "NUL"),
    ] {
        let problems = parse(text).unwrap_err();
        assert_eq!(problems[0].line, line, "{text:?}: {problems:?}");
        assert!(problems[0].message.contains(part), "{text:?}: {problems:?}");
    }
}

#[test]
fn names_are_files_and_words() {
    for name in ["triage", "a", "0", "nightly-triage_2", &"x".repeat(64)] {
        check_name(name).unwrap();
    }
    for (name, part) in [
        ("", "needs a name"),
        ("-rf", "begins with"),
        ("_x", "begins with"),
        ("Triage", "small letters"),
        ("a.b", "'.'"),
        ("a/b", "'/'"),
        ("..", "'.'"),
        ("a b", "' '"),
        ("trig_1", "begins ids"),
        ("größe", "'ö'"),
        (&"x".repeat(65), "at most 64"),
    ] {
        assert!(check_name(name).unwrap_err().contains(part), "{name}");
    }
    for (file, name) in
        [("a.md", Some("a")), (".a.md", None), (".md", None), ("a.md~", None), ("a.txt", None)]
    {
        assert_eq!(name_of_file(file), name, "{file}");
    }
}

#[test]
fn what_is_written_is_read_back() {
    let mut whole = parse(WHOLE).unwrap();
    let comments = "[[trigger]]\ngithub = { repository = \"a/b\", events = [\"issue_comment.created\"] }\n\
                    authors = [\"anyone\"]\nfilters = [{ field = \"title\", is = \"matches\", value = \"a.*\\\"\" }]";
    for definition in [
        whole.clone(),
        Definition::new("Do it."),
        parse(&with(comments)).unwrap(),
        parse(&with("session = \"x\"\n[environment]\nsetup = \"\"\"a\nb\"\"\"")).unwrap(),
        parse(&with("repository = \"git@h:a/b\"\nbase = \"head\"\nworktree = \"none\"")).unwrap(),
    ] {
        let text = to_text(&definition);
        assert_eq!(parse(&text).as_ref(), Ok(&definition), "{text}");
        let json = serde_json::to_string(&definition).unwrap();
        assert_eq!(serde_json::from_str::<Definition>(&json).unwrap(), definition, "{json}");
    }
    whole.prompt = "+++\nnot a fence any more".into();
    assert_eq!(parse(&to_text(&whole)), Ok(whole));
}

#[test]
fn an_edit_keeps_comments_and_everything_else() {
    let edit = |path: &[&str], value: Option<serde_json::Value>| {
        definition::edit(WHOLE, path, value.as_ref(), &zone)
    };
    let set = |path: &[&str], value| edit(path, Some(value)).unwrap();
    let agent = set(&["agent"], json!("codex"));
    assert_eq!(agent, WHOLE.replace("\"claude\"  ", "\"codex\"  "));
    let schedule = set(&["trigger", "0", "schedule"], json!("30 8 * * *"));
    assert_eq!(schedule, WHOLE.replace("\"0 9 * * 1-5\"", "\"30 8 * * *\""));
    let notify = edit(&["outcome", "notify"], None).unwrap();
    assert_eq!(notify, WHOLE.replace("notify = \"always\"\n", ""));
    let first = edit(&["trigger", "0"], None).unwrap();
    assert_eq!(parse(&first).unwrap().triggers.len(), 4);
    let added = set(&["trigger", "5"], json!({ "every": "3h" }));
    assert_eq!(parse(&added).unwrap().triggers.last().unwrap().key().0, "every 3h");
    assert!(
        added.contains("# every working day")
            && added.ends_with("Look at what triggered this run.\n")
    );
    let fresh = definition::edit(
        "+++\n+++\nDo it.\n",
        &["trigger", "0"],
        Some(&json!({ "api": true })),
        &zone,
    );
    assert_eq!(fresh.unwrap(), "+++\n[[trigger]]\napi = true\n+++\nDo it.\n");
    let policy =
        definition::edit("+++\n+++\nDo it.\n", &["policy", "retries"], Some(&json!(0)), &zone);
    assert_eq!(policy.unwrap(), "+++\n[policy]\nretries = 0\n+++\nDo it.\n");
    let prompt = set_prompt(WHOLE, "Another one.", &zone).unwrap();
    assert_eq!(parse(&prompt).unwrap().prompt, "Another one.");
    assert!(prompt.contains("# every working day"));
}

#[test]
fn an_edit_that_would_be_a_mistake_is_refused() {
    let edit = |text: &str, path: &[&str], value| definition::edit(text, path, Some(&value), &zone);
    let wrong = edit(WHOLE, &["trigger", "0", "schedule"], json!("0 9 31 2 *")).unwrap_err();
    assert!(matches!(&wrong, EditError::Wrong(p) if p[0].line == 14), "{wrong}");
    assert!(matches!(edit("no fence", &["agent"], json!("a")), Err(EditError::Unreadable(_))));
    assert!(matches!(edit(WHOLE, &[], json!("a")), Err(EditError::Key(_))));
    assert!(matches!(edit(WHOLE, &["agent", "x"], json!("a")), Err(EditError::Key(_))));
    assert!(matches!(edit(WHOLE, &["trigger", "9", "api"], json!(true)), Err(EditError::Key(_))));
    assert!(matches!(edit(WHOLE, &["trigger"], json!("a")), Err(EditError::Key(_))));
    // One of two mistakes can be mended alone.
    let broken = with("agent = 1\nmodel = 2");
    let mended = edit(&broken, &["agent"], json!("claude")).unwrap();
    assert_eq!(parse(&mended).unwrap_err().len(), 1);
}

#[test]
fn the_hash_follows_what_runs_and_nothing_else() {
    let base = hash(WHOLE).unwrap();
    assert_eq!(base.len(), 64);
    for same in [
        WHOLE.replace("# the good one", ""),
        WHOLE.replace("Triage new issues", "Other words"),
        WHOLE.replace("notify = \"always\"", ""),
        WHOLE.replace('\n', "\r\n"),
        WHOLE.replace("model = \"big\"\nmode = \"ask\"", "mode = 'ask'\nmodel = 'big'"),
    ] {
        assert_eq!(hash(&same).as_ref(), Some(&base), "{same}");
    }
    let mut seen = vec![base];
    for other in [
        WHOLE.replace("Look at", "Look  at"),
        WHOLE.replace("\"npm ci\"", "\"npm ci; curl x\""),
        WHOLE.replace("0 9 * * 1-5", "0 8 * * 1-5"),
        WHOLE.replace("retries = 3", "retries = 4"),
        WHOLE.replace("[\"agent\"]", "[\"a\", \"gent\"]"),
        WHOLE.replace("forks = true", ""),
    ] {
        let hash = hash(&other).unwrap();
        assert!(!seen.contains(&hash), "{other}");
        seen.push(hash);
    }
    assert_eq!(hash("no routine"), None);
}

#[test]
fn what_is_probably_not_meant_is_remarked() {
    let said = |front: &str| remarks(&parse(&with(front)).unwrap());
    let goal = "[outcome]\ngoal = \"the tests pass\"";
    for (trigger, often) in [
        ("schedule = \"* * * * *\"", Some(1440)),
        ("schedule = \"*/15 9-17 * * 1-5\"", Some(36)),
        ("schedule = \"0 * 29 2 *\"", None),
        ("every = \"30m\"", Some(48)),
        ("every = \"1h\"", None),
        ("api = true", None),
    ] {
        let remarks = said(&format!("[[trigger]]\n{trigger}\n{goal}"));
        match often {
            Some(often) => assert!(
                remarks[0].starts_with(&format!("it comes due {often} times a day")),
                "{remarks:?}"
            ),
            None => assert!(remarks.is_empty(), "{trigger}: {remarks:?}"),
        }
    }
    let many =
        format!("[[trigger]]\nschedule = \"* * * * *\"\n[policy]\nmax_per_day = 1440\n{goal}");
    assert!(said(&many).is_empty());
    assert!(said("").iter().any(|remark| remark.contains("never green")));
}

#[test]
fn triggers_in_one_line_are_read_and_edited_too() {
    let text = with("trigger = [{ every = \"2h\" }, { schedule = \"0 9 * * *\" }] # two");
    let keys = |text: &str| -> Vec<String> {
        parse(text).unwrap().triggers.iter().map(|trigger| trigger.key().0).collect()
    };
    assert_eq!(keys(&text), ["every 2h", "schedule 0 9 * * *"]);
    let edited =
        definition::edit(&text, &["trigger", "1", "schedule"], Some(&json!("5 9 * * *")), &zone)
            .unwrap();
    assert_eq!(edited, text.replace("0 9 * * *", "5 9 * * *"));
    let added =
        definition::edit(&text, &["trigger", "2"], Some(&json!({ "api": true })), &zone).unwrap();
    assert_eq!(keys(&added), ["every 2h", "schedule 0 9 * * *", "api"]);
    let taken = definition::edit(&text, &["trigger", "0"], None, &zone).unwrap();
    assert_eq!(keys(&taken), ["schedule 0 9 * * *"]);
    let problems = parse(&with("trigger = [{ every = \"2x\" }, 7]")).unwrap_err();
    let places: Vec<_> = problems.iter().map(|problem| (problem.line, problem.column)).collect();
    assert_eq!(places, [(2, 22), (2, 30)], "{problems:?}");
}

proptest! {
    #[test]
    fn no_text_does_harm_and_every_problem_has_a_place_in_it(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..9_usize, "\\PC{0,3}|[\n\"\\[\\]{}=+#\u{0}]"), 0..4),
    ) {
        let mut chars: Vec<char> = WHOLE.chars().collect();
        for (at, length, put) in cuts {
            let at = at.index(chars.len());
            let end = (at + length).min(chars.len());
            chars.splice(at..end, put.chars());
        }
        let text: String = chars.into_iter().collect();
        match parse(&text) {
            Ok(read) => {
                prop_assert_eq!(parse(&to_text(&read)), Ok(read));
                prop_assert!(hash(&text).is_some());
            }
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    let line = text.split('\n').nth(problem.line - 1);
                    prop_assert!(line.is_some_and(|line| problem.column <= line.chars().count() + 1), "{problem}");
                    prop_assert!(!problem.message.is_empty() && !problem.message.contains('\n'));
                }
            }
        }
        let edited = definition::edit(&text, &["trigger", "0", "schedule"], Some(&json!("1 2 * * *")), &zone);
        prop_assert!(edited.is_err() || parse(&edited.unwrap()).is_ok() || parse(&text).is_err());
    }
}
