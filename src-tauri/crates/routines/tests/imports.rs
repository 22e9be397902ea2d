//! What other programs have planned, as definitions: each that is made can be read, and what is lost is named.

use jiff::tz::TimeZone;
use nightshift_routines::definition;
use nightshift_routines::import::{CLAUDE_CODE, CLAUDE_DESKTOP, CODEX, Found, Source, convert};

fn one(from: &str, path: &str, text: &str) -> Found {
    convert(&[Source { from, path, text }]).remove(0)
}

fn trigger(found: &Found) -> String {
    let definition = definition::parse(&found.text, &|name| TimeZone::get(name).ok());
    let definition = definition.unwrap_or_else(|problems| panic!("{problems:?}: {}", found.text));
    definition.triggers.first().map(|it| it.key().0).unwrap_or_default()
}

fn codex(rule: &str) -> Found {
    let text = format!(
        "version = 1\nid = \"tidy\"\nname = \"Tidy up\"\nprompt = \"tidy\"\nstatus = \"ACTIVE\"\nrrule = \"{rule}\"\n\
         cwds = [\"/src/app\", \"/src/other\"]\nmodel = \"m\"\n"
    );
    one(CODEX, "/home/u/.codex/automations/tidy/automation.toml", &text)
}

#[test]
fn recurrence_rules_become_triggers_where_these_say_the_same() {
    for (rule, expected) in [
        ("FREQ=DAILY;BYHOUR=4;BYMINUTE=30;BYSECOND=0", "30 4 * * *"),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9;BYMINUTE=0", "0 9 * * 1,2,3,4,5"),
        ("FREQ=WEEKLY;BYDAY=SU,MO,TU,WE,TH,FR,SA;BYHOUR=9;BYMINUTE=0", "0 9 * * *"),
        ("FREQ=HOURLY;INTERVAL=6", "6h"),
        ("FREQ=HOURLY;BYMINUTE=15", "15 * * * *"),
        ("FREQ=MINUTELY;INTERVAL=30", "30m"),
        ("FREQ=DAILY;BYHOUR=8,20;BYMINUTE=0", "0 8,20 * * *"),
    ] {
        let found = codex(rule);
        assert!(trigger(&found).contains(expected), "{rule}: {}", found.text);
        assert!(!found.lost.iter().any(|lost| lost.contains("times")), "{:?}", found.lost);
        assert!(found.lost.iter().any(|lost| lost.contains("/src/other")), "{:?}", found.lost);
    }
    for rule in [
        "FREQ=MONTHLY;BYMONTHDAY=1;BYHOUR=9;BYMINUTE=0",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;BYHOUR=9;BYMINUTE=0",
        "FREQ=DAILY;COUNT=3;BYHOUR=9",
        "FREQ=WEEKLY;BYDAY=1MO;BYHOUR=9",
        "FREQ=DAILY;BYHOUR=25",
        "DAILY",
        "",
    ] {
        let found = codex(rule);
        assert_eq!((trigger(&found), found.error.clone()), (String::new(), None), "{rule}");
        assert!(found.lost.iter().any(|lost| lost.contains("its times")), "{rule}: {found:?}");
    }
}

#[test]
fn a_task_of_claude_desktop_is_its_skill_and_what_the_registry_says() {
    let skill = Source {
        from: CLAUDE_DESKTOP,
        path: "/home/u/.claude/scheduled-tasks/Daily Brief!/SKILL.md",
        text: "---\nname: x\ndescription: \"The day\"\n---\nLook at the day.\n+++ and so on\n",
    };
    let registry = Source {
        from: CLAUDE_DESKTOP,
        path: "/home/u/.config/Claude/a/b/scheduled-tasks.json",
        text: r#"{"scheduledTasks":[{"id":"Daily Brief!","cronExpression":"0 8 * * *","cwd":"/src/app","model":"m",
                 "permissionMode":"acceptEdits","approvedPermissions":[{"toolName":"Bash"}],"enabled":false}]}"#,
    };
    let found = convert(&[skill, registry]);
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(found.name, "daily-brief");
    assert!(trigger(found).contains("0 8 * * *"));
    for part in ["description = \"The day\"", "repository = \"/src/app\"", "mode = \"acceptEdits\""]
    {
        assert!(found.text.contains(part), "{part}: {}", found.text);
    }
    assert_eq!(found.lost.len(), 2, "{:?}", found.lost);
    let alone = one(CLAUDE_DESKTOP, "/x/.claude/scheduled-tasks/a/SKILL.md", "just a prompt");
    assert_eq!(trigger(&alone), "");
    assert!(alone.lost[0].contains("its times"), "{alone:?}");
    assert!(one(CLAUDE_DESKTOP, "/x/a/SKILL.md", "---\nname: a\n---\n").error.is_some());
}

#[test]
fn tasks_of_claude_code_belong_to_their_project() {
    let path = "/src/app/.claude/scheduled_tasks.json";
    let text = r#"{"tasks":[{"id":"a1","cron":"*/5 * * * *","prompt":"look","recurring":true},
                            {"id":"b2","cron":"0 1 2 3 *","prompt":"once","recurring":false},{"id":"c3"}]}"#;
    let found = convert(&[Source { from: CLAUDE_CODE, path, text }]);
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].name, "claude-a1");
    assert!(found[0].text.contains("repository = \"/src/app\""), "{}", found[0].text);
    assert!(trigger(&found[0]).contains("*/5 * * * *"));
    assert!(found[1].lost.iter().any(|lost| lost.contains("once")), "{:?}", found[1].lost);
    assert!(found[2].error.is_some());
    for text in ["", "{}", "[1]", "{\"tasks\": 3}", "nonsense"] {
        let found = convert(&[Source { from: CLAUDE_CODE, path, text }]);
        assert!(found.iter().all(|it| it.error.is_some()), "{text}: {found:?}");
    }
}
