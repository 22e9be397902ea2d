//! The settings file through the command: agents added without a line of code, defaults, mistakes
//! with their place, taking over another host's agents.

use crate::support::{Shift, binary, id_of};
use nightshift_client::Client;
use nightshift_protocol::{BoardChange, BoardEvent};
use std::path::PathBuf;
use std::time::Duration;

fn file(shift: &Shift) -> PathBuf {
    shift.home.state().join("settings.toml")
}

fn write(shift: &Shift, text: &str) {
    std::fs::create_dir_all(shift.home.state()).unwrap();
    std::fs::write(file(shift), text).unwrap();
}

fn mine() -> String {
    let program = binary().display();
    format!(
        "[agent_servers.mine]\ncommand = \"{program}\"\nargs = [\"rehearsal-agent\"]\n\
         nightshift = {{ title = \"My agent\", modes = [\"ask\", \"auto\"] }}\n"
    )
}

#[test]
fn an_agent_is_added_by_settings_alone() {
    let shift = Shift::new();
    write(&shift, &mine());
    let listed = shift.json(&["agents", "--registry", "--json"]);
    let entry = listed.as_array().unwrap().iter().find(|a| a["id"] == "mine").unwrap();
    assert_eq!((&entry["title"], &entry["installed"]), (&"My agent".into(), &true.into()));

    let args = ["--bg", "--agent", "mine", "--json", "run echo hi > made.txt"];
    let id = id_of(&shift.json(&args));
    let entry = shift.wait_state(&id, "blocked");
    assert_eq!(entry["agent"], "mine");
    assert_eq!(entry["permissionMode"], "ask", "it asks first like any other");
    shift.answer(&id, "allow");
    shift.wait_state(&id, "done");
    assert!(shift.home.work().join("made.txt").exists());
    shift.kill_supervisor();
    shift.ok(&["reply", &id, "say still here"]);
    shift.wait_log(&id, "still here");
}

#[test]
fn defaults_hold_from_the_next_dispatch_on_and_a_broken_file_changes_nothing() {
    let shift = Shift::new();
    let dispatch = || shift.entry(&id_of(&shift.json(&["--bg", "--json", "say hello"])));
    assert_eq!(dispatch()["agent"], "rehearsal");
    let defaults = "[defaults]\nagent = \"mine\"\npermission_mode = \"auto\"\n";
    write(&shift, &format!("{}{defaults}", mine()));
    let entry = dispatch();
    assert_eq!((&entry["agent"], &entry["permissionMode"]), (&"mine".into(), &"auto".into()));

    write(&shift, "[defaults]\nagent = 7\n");
    assert_eq!(dispatch()["agent"], "mine", "the last good settings stay");
    let notices = shift.ok(&["notifications"]);
    assert!(notices.contains("settings.toml: line 2, column 9: "), "{notices}");
    assert!(notices.contains("the settings stay as they were"), "{notices}");
    let fails = ["settings.toml: line 2, column 9: ", "mend it"];
    shift.fails(&["settings", "check"], &fails);
}

#[test]
fn an_agent_that_signs_in_itself_asks_the_user_how() {
    let shift = Shift::new();
    let program = binary().display();
    write(
        &shift,
        &format!(
            "[agent_servers.closed]\ncommand = \"{program}\"\nargs = [\"rehearsal-agent\"]\n\
             env = {{ NIGHTSHIFT_REHEARSAL_SIGN_IN = \"1\" }}\n"
        ),
    );
    let asks = |entry: &serde_json::Value| entry["pending"]["question"].is_string();
    let id = id_of(&shift.json(&["--bg", "--agent", "closed", "--json", "done let in"]));
    let entry = shift.wait_entry(&id, "its question", asks);
    assert_eq!(entry["state"], "blocked", "{entry}");
    let question = entry["pending"]["question"].as_str().unwrap();
    assert!(question.ends_with("wants you to sign in"), "{question}");
    // A way that leads nowhere is asked about once more, also by the next supervisor.
    shift.answer(&id, "lost account");
    shift.wait_log(&id, "could not sign in: the account does not exist");
    shift.wait_entry(&id, "its question again", asks);
    shift.kill_supervisor();
    shift.answer(&id, "1");
    assert_eq!(shift.wait_state(&id, "done")["result"], "let in");
}

#[test]
fn an_agent_that_does_not_start_shows_its_own_words() {
    let shift = Shift::new();
    write(
        &shift,
        "[agent_servers.crash]\ncommand = \"/bin/sh\"\n\
         args = [\"-c\", \"echo no licence was found >&2; exit 3\"]\n",
    );
    let out = shift.run(&["--bg", "--agent", "crash", "--json", "hello"]);
    let id = match out.code {
        Some(0) => id_of(&serde_json::from_str(&out.out).unwrap()),
        _ => id_of(&shift.json(&["agents", "--all", "--json"])[0]),
    };
    let entry = shift.wait_state(&id, "failed");
    let error = entry["error"].as_str().unwrap();
    assert!(error.contains("exit code 3"), "{error}");
    assert!(error.contains("no licence was found"), "{error}");
}

#[test]
fn settings_are_shown_checked_and_taken_over() {
    let shift = Shift::new();
    let path = shift.ok(&["settings", "path"]);
    assert_eq!(path.trim(), file(&shift).display().to_string());
    assert!(shift.ok(&["settings", "show"]).contains("nothing is set"));

    let other = shift.home.work().join("zed.json");
    std::fs::write(
        &other,
        r#"{ // Zed
            "agent_servers": {"Goose": {"type": "custom", "command": "goose", "args": ["acp"]}},
        }"#,
    )
    .unwrap();
    let other = other.display().to_string();
    assert_eq!(shift.ok(&["settings", "import", &other]), "added: goose\n");
    assert_eq!(shift.ok(&["settings", "import", &other]), "there already: goose\n");
    let shown = shift.json(&["settings", "show", "--json"]);
    assert_eq!(shown["agent_servers"]["goose"]["command"], "goose");

    let mut text = std::fs::read_to_string(file(&shift)).unwrap();
    text.push_str("\n[defaults]\nmood = 1\n");
    write(&shift, &text);
    let checked = shift.ok(&["settings", "check"]);
    assert!(checked.contains("`defaults.mood` is not known"), "{checked}");
    shift.fails(&["settings", "import", "/nonexistent.json"], &["cannot read"]);
}

/// The lines that the board tells of the settings file.
fn told(shift: &Shift) -> Vec<String> {
    let notices = shift.json(&["notifications", "--json"]);
    let texts = notices.as_array().unwrap().iter().map(|notice| notice["text"].as_str().unwrap());
    texts.filter(|text| text.contains("settings.toml")).map(str::to_owned).collect()
}

#[test]
fn a_mistake_is_told_for_as_long_as_it_is_in_the_file() {
    let broken = "[defaults]\nagent = 7\n";
    let unknown = "[defaults]\nmood = 1\n";
    let unfit = "[agent_servers.nobody]\ncommand = \"x\"\nnightshift = { like = \"nope\" }\n";
    let taken = "[mcp_servers.nightshift]\ncommand = \"x\"\n";
    for (mistake, part) in [
        (broken, "the settings stay as they were"),
        (unknown, "`defaults.mood` is not known"),
        (unfit, "`nobody` is left out"),
        (taken, "the name is taken"),
    ] {
        for mended in [Some(""), Some("[defaults]\nagent = \"rehearsal\"\n"), None] {
            let shift = Shift::new();
            shift.ok(&["agents"]);
            assert_eq!(told(&shift), [""; 0]);
            write(&shift, mistake);
            let said = told(&shift);
            assert!(said.len() == 1 && said[0].contains(part), "{mistake}: {said:?}");
            assert_eq!(told(&shift).len(), 1, "it is told once");
            shift.kill_supervisor();
            shift.ok(&["agents"]);
            assert_eq!(told(&shift).len(), 1, "the next supervisor tells it once too");
            match mended {
                Some(text) => write(&shift, text),
                None => std::fs::remove_file(file(&shift)).unwrap(),
            }
            assert_eq!(told(&shift), [""; 0], "{mistake} after {mended:?}");
            write(&shift, mistake);
            assert_eq!(told(&shift).len(), 1, "{mistake} again");
        }
    }
}

#[test]
fn one_of_two_mistakes_stays_while_the_other_is_mended() {
    let shift = Shift::new();
    write(&shift, "[defaults]\nmood = 1\nweather = 2\n");
    shift.ok(&["agents"]);
    assert_eq!(told(&shift).len(), 2);
    write(&shift, "[defaults]\nmood = 1\n");
    let said = told(&shift);
    assert!(said.len() == 1 && said[0].contains("mood"), "{said:?}");
    write(&shift, "[defaults\n");
    let said = told(&shift);
    assert!(said.len() == 1 && said[0].contains("stay as they were"), "{said:?}");
}

/// A window that stands open hears it without asking for anything.
#[test]
fn whoever_follows_the_board_hears_that_a_mistake_was_mended() {
    let shift = Shift::new();
    write(&shift, "[defaults]\nmood = 1\n");
    shift.ok(&["agents"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::connect(&shift.home.home()).await.unwrap();
        let mut board = client.follow_board().await.unwrap();
        let BoardEvent::Snapshot { notices, .. } = board.next().await.unwrap() else { panic!() };
        let [shown] = &notices[..] else { panic!("{notices:?}") };
        write(&shift, "");
        let heard = async {
            loop {
                if let BoardEvent::Change { change: BoardChange::NoticeGone { notice }, .. } =
                    board.next().await.unwrap()
                {
                    return notice;
                }
            }
        };
        let gone = tokio::time::timeout(Duration::from_secs(60), heard).await.unwrap();
        assert_eq!(&gone, shown);
    });
}

/// A setting that names what there is not is told by all that read it, and replaced by nothing.
#[test]
fn silent_settings_a_default_that_names_nobody_starts_nobody() {
    for (text, line, parts) in [
        ("[defaults]\nagent = \"nope\"\n", 2, &["no agent `nope`", "rehearsal, claude"][..]),
        ("[defaults]\n\nagent = \"Rehearsal\"\n", 3, &["did you mean `rehearsal`?"]),
        ("[defaults]\nagent = \"\"\n", 2, &["no agent ``", "rehearsal, claude"]),
        (
            "[defaults]\nagent = \"rehearsal\"\nmodel = \"opus\"\n",
            3,
            &["no model `opus`", "steady, brisk"],
        ),
        (
            "[defaults]\nagent = \"rehearsal\"\npermission_mode = \"AUTO\"\n",
            3,
            &["no permission mode `AUTO`", "ask, auto"],
        ),
        ("[defaults]\nagent = \"rehearsal\"\nmodel = \"\"\n", 3, &["it is empty"]),
    ] {
        let shift = Shift::new();
        write(&shift, text);
        let place = format!("settings.toml: line {line}, column 1");
        let expected: Vec<&str> = parts.iter().copied().chain([place.as_str()]).collect();
        shift.fails(&["--bg", "say hello"], &expected);
        assert_eq!(shift.json(&["agents", "--all", "--json"]).as_array().map(Vec::len), Some(0));
        let said = told(&shift);
        assert!(said.iter().any(|said| said.contains(&place)), "{text}: {said:?}");
        let checked = shift.run(&["settings", "check"]);
        assert_eq!(checked.code, Some(1), "{text}: {}", checked.out);
        let line = format!("error: line {line}, column 1: ");
        assert!(checked.out.contains(&line) && checked.out.contains(parts[0]), "{}", checked.out);
        // Somebody else can still be named.
        shift.ok(&[
            "--bg",
            "--agent",
            "rehearsal",
            "--model",
            "steady",
            "--permission-mode",
            "ask",
            "done x",
        ]);
    }
}

#[test]
fn silent_settings_an_agent_that_is_not_installed_is_not_replaced() {
    let shift = Shift::new();
    write(
        &shift,
        "[defaults]\nagent = \"lost\"\n[agent_servers.lost]\ncommand = \"no-such-program\"\n",
    );
    shift.fails(
        &["--bg", "say hello"],
        &["settings.toml: line 2", "agent `lost`: `no-such-program` is not in PATH"],
    );
    let checked = shift.ok(&["settings", "check"]);
    assert!(checked.contains("warning: ") && checked.contains("no-such-program"), "{checked}");
    let listed = shift.json(&["agents", "--registry", "--json"]);
    let shown = listed.as_array().unwrap().iter().filter(|agent| agent["isDefault"] == true);
    let shown: Vec<&str> = shown.filter_map(|agent| agent["id"].as_str()).collect();
    assert_eq!(shown, ["lost"]);
}

/// The last good settings stay in force; where there were none, nobody knows what the user wants.
#[test]
fn silent_settings_a_file_that_could_never_be_read_starts_nobody() {
    let shift = Shift::new();
    write(&shift, "[defaults]\nagent = 7\n");
    shift.fails(&["--bg", "say hello"], &["the settings cannot be read", "line 2, column 9"]);
    shift.ok(&["--bg", "--agent", "rehearsal", "done x"]);
    shift.ok(&["--bg", "--exec", "true"]);
    write(&shift, "[defaults]\nagent = \"rehearsal\"\n");
    shift.ok(&["--bg", "done y"]);
    write(&shift, "[defaults]\nagent = 7\n");
    shift.ok(&["--bg", "done z"]);
}

#[test]
fn silent_settings_keys_and_values_that_mean_nothing_are_told_with_their_line() {
    let shift = Shift::new();
    write(
        &shift,
        "[terminal]\ntheme = \"Nord\"\n[keys]\n\"session.pinn\" = \"F2\"\n[colours]\na = 1\n",
    );
    let checked = shift.ok(&["settings", "check"]);
    for part in [
        "line 2, column 1: there is no theme `Nord`",
        "line 4, column 1: there is no action",
        "line 5",
    ] {
        assert!(checked.contains(part), "{part}: {checked}");
    }
    shift.ok(&["agents"]);
    assert_eq!(told(&shift).len(), 3, "{:?}", told(&shift));
}
