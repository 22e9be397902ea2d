//! Pull requests of sessions: opened by the user or by the agent itself, and how far each one is.

use crate::support::{Shift, id_of, ran};
use nightshift_client::{Client, Follow};
use nightshift_protocol::BoardEvent;
use nightshift_testkit::wait_until;
use serde_json::Value;
use std::path::Path;
use tokio::runtime::{Builder, Runtime};

const PULL: &str = "https://github.com/acme/shop/pull/7";
/// Says what a file beside it says, and opens `PULL` or the address it is given.
const GH: &str = "#!/bin/sh
case \"$2\" in
list) test -e \"$0.made\" && echo https://github.com/acme/shop/pull/7 ;;
create) touch \"$0.made\"
    case \"$4\" in https:*) echo \"$4\" ;; *) echo https://github.com/acme/shop/pull/7 ;; esac ;;
view) echo \"$@\" >> \"$0.asked\"; env | grep TOKEN >> \"$0.tokens\"; cat \"$0.state\" ;;
esac
exit 0
";

/// For a supervisor that asks again after a second.
const SEES_OFTEN: &[(&str, &str)] = &[("NIGHTSHIFT_PULL_PAUSE_S", "1")];

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
    let shift = Shift::with(SEES_OFTEN);
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
    git(&root, &["remote", "add", "inner", "ssh://git@GHE.example:2222/acme/shop"]);
    git(&root, &["push", "--quiet", "origin", "main"]);
    let args = [&["--bg", "--json", "--cwd", "shop"], work].concat();
    let id = id_of(&serde_json::from_str(&run(&shift, &args)).unwrap());
    shift.wait_state(&id, "done");
    (shift, id)
}

fn run(shift: &Shift, args: &[&str]) -> String {
    let path = format!("{}:{}", shift.home.work().display(), std::env::var("PATH").unwrap());
    let tokens =
        [("GH_TOKEN", "public"), ("GH_ENTERPRISE_TOKEN", "inner"), ("GITLAB_TOKEN", "lab")];
    ran(shift.command(args).env("PATH", path).envs(tokens), b"").ok(args)
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

#[test]
fn security_07_no_token_goes_to_a_forge_that_only_the_agent_names() {
    let script = "run git remote add evil https://evil.example/a/b\n\
                  run gh pr create --fill https://evil.example/a/b/pull/7\n\
                  run gh pr create --fill https://github.com.evil.example/a/b/pull/8\n\
                  run gh pr create --fill https://gitlab.com/a/b/pull/9\n\
                  run gh pr create --fill https://GHE.example:443/acme/shop/pull/10\n\
                  run gh pr create --fill https://evil.example/a/b/pull/11; false\ndone it";
    let without_worktree = ["--no-worktree", "--agent", "rehearsal", "--permission-mode", "auto"];
    let (shift, id) = with_gh(&[&without_worktree[..], &[script]].concat());
    let urls = |entry: &Value| {
        let pulls = entry["pullRequests"].as_array().unwrap();
        Vec::from_iter(pulls.iter().map(|pull| pull["number"].as_u64().unwrap()))
    };
    assert_eq!(urls(&shift.entry(&id)), [7, 8, 9, 10], "links stay, a failed call opens none");
    shift.kill_supervisor();
    shift.start(SEES_OFTEN);
    let _window = Window::open(&shift);
    let read =
        |name: &str| std::fs::read_to_string(shift.home.work().join(name)).unwrap_or_default();
    // They are asked in turn: when the one comes a second time, all others had theirs.
    wait_until("the inner forge is asked twice", || read("gh.asked").lines().count() >= 2);
    let asked = read("gh.asked");
    let inner = "pr view 10 --repo ghe.example/acme/shop --json state,isDraft";
    assert!(asked.lines().all(|line| line == inner), "{asked}");
    let tokens = read("gh.tokens");
    assert!(tokens.lines().all(|line| line == "GH_ENTERPRISE_TOKEN=inner"), "{tokens}");
    assert_eq!(shift.entry(&id)["pullRequests"][3]["state"], "open");
}
