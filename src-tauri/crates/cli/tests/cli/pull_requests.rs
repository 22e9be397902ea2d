//! Pull requests of sessions: opened by the user or by the agent itself, and how far each one is.

use crate::support::{Shift, id_of, ran};
use nightshift_client::{Client, Follow};
use nightshift_protocol::BoardEvent;
use serde_json::Value;
use std::path::Path;
use tokio::runtime::{Builder, Runtime};

const PULL: &str = "https://github.com/acme/shop/pull/7";
/// Says what a file beside it says, and opens `PULL`.
const GH: &str = "#!/bin/sh
case \"$2\" in
list) test -e \"$0.made\" && echo https://github.com/acme/shop/pull/7 ;;
create) touch \"$0.made\"; echo https://github.com/acme/shop/pull/7 ;;
view) echo \"$@\" >> \"$0.asked\"; cat \"$0.state\" ;;
esac
exit 0
";

/// Follows the board, as a window does, until it is dropped.
struct Window {
    _runtime: Runtime,
    _follow: (Client, Follow<BoardEvent>),
}

impl Window {
    fn open(shift: &Shift) -> Window {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let follow = runtime.block_on(async {
            let client = Client::connect(&shift.home.home()).await.unwrap();
            let mut board = client.follow_board().await.unwrap();
            board.next().await.unwrap();
            (client, board)
        });
        Window { _runtime: runtime, _follow: follow }
    }
}

/// A repository on a forge, a fake `gh` first in the PATH, and a session there that has ended.
fn with_gh(work: &[&str]) -> (Shift, String) {
    let shift = Shift::with(&[("NIGHTSHIFT_PULL_PAUSE_S", "1")]);
    let config = "[user]\n\tname = T\n\temail = t@t\n[init]\n\tdefaultBranch = main\n";
    std::fs::write(shift.home.user_home().join(".gitconfig"), config).unwrap();
    shift.agent_program("gh", GH);
    say(&shift, "OPEN", false);
    let root = shift.home.work().join("shop");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("a.txt"), "one\n").unwrap();
    let git = |dir: &Path, args: &[&str]| {
        let mut git = shift.home.command(Path::new("git"));
        ran(git.args(args).current_dir(dir), b"").ok(args)
    };
    git(&root, &["init", "--quiet"]);
    git(&root, &["add", "--all"]);
    git(&root, &["commit", "--quiet", "-m", "first"]);
    git(&root, &["init", "--quiet", "--bare", "../remote.git"]);
    let rewrite = format!("url.{}.insteadOf", shift.home.work().join("remote.git").display());
    git(&root, &["config", &rewrite, "git@github.com:acme/shop"]);
    git(&root, &["remote", "add", "origin", "git@github.com:acme/shop"]);
    git(&root, &["push", "--quiet", "origin", "main"]);
    let args = [&["--bg", "--json", "--cwd", "shop"], work].concat();
    let id = id_of(&serde_json::from_str(&run(&shift, &args)).unwrap());
    shift.wait_state(&id, "done");
    (shift, id)
}

fn run(shift: &Shift, args: &[&str]) -> String {
    let path = format!("{}:{}", shift.home.work().display(), std::env::var("PATH").unwrap());
    ran(shift.command(args).env("PATH", path), b"").ok(args)
}

fn say(shift: &Shift, state: &str, draft: bool) {
    let said = serde_json::json!({"state": state, "isDraft": draft}).to_string();
    std::fs::write(shift.home.work().join("gh.state"), said).unwrap();
}

fn wait_pull(shift: &Shift, id: &str, state: &str) -> Value {
    let is = |e: &Value| e["pullRequests"][0]["state"] == state;
    shift.wait_entry(id, &format!("its pull request to be {state}"), is)
}

#[test]
fn a_pull_request_stays_with_its_session_and_its_state_follows_the_forge() {
    let (shift, id) =
        with_gh(&["--agent", "rehearsal", "--permission-mode", "auto", "write a.txt two\ndone it"]);
    run(&shift, &["commit", &id, "-m", "work"]);
    run(&shift, &["pr", &id]);
    let pull = &shift.entry(&id)["pullRequests"][0];
    assert_eq!((&pull["url"], &pull["number"]), (&PULL.into(), &7.into()));
    run(&shift, &["pr", &id]);
    assert_eq!(shift.entry(&id)["pullRequests"].as_array().unwrap().len(), 1);
    // Nobody looks at the board, so nobody asks.
    say(&shift, "OPEN", true);
    shift.wait_state(&shift.shell("true"), "done");
    assert!(!shift.home.work().join("gh.asked").exists());

    let window = Window::open(&shift);
    wait_pull(&shift, &id, "draft");
    say(&shift, "OPEN", false);
    wait_pull(&shift, &id, "open");
    say(&shift, "MERGED", false);
    wait_pull(&shift, &id, "merged");
    drop(window);
    let why = shift.ok(&["why", &id]);
    assert!(why.contains(&format!("pull request #7 was opened: {PULL}")), "{why}");
    assert!(why.contains("pull request #7 is merged"), "{why}");
    assert!(shift.ok(&["agents", "--all"]).contains("#7 merged"));
    shift.kill_supervisor();
    assert_eq!(shift.entry(&id)["pullRequests"][0]["state"], "merged");
}

#[test]
fn a_pull_request_that_the_agent_opens_is_recognised_and_one_it_only_reads_of_is_not() {
    let script = "run echo see https://github.com/acme/shop/pull/1\n\
                  run git push -q origin HEAD && gh pr create --fill\ndone it";
    let (shift, id) = with_gh(&["--agent", "rehearsal", "--permission-mode", "auto", script]);
    let pulls = &shift.entry(&id)["pullRequests"];
    assert_eq!((pulls.as_array().unwrap().len(), &pulls[0]["url"]), (1, &PULL.into()));
    // Told again by the journal it is not opened again.
    shift.kill_supervisor();
    shift.ok(&["logs", &id]);
    assert_eq!(&shift.entry(&id)["pullRequests"], pulls);
    assert_eq!(shift.ok(&["why", &id]).matches("was opened").count(), 1);
}
