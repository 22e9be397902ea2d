//! Polling, against a GitHub of the tests' own: its list of events with pages, ETags and limits.

use super::webhooks::{definition, hook, opened, pull, verdict};
use super::{create, runs, wait_run, wait_status};
use crate::support::Shift;
use nightshift_testkit::wait_until;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

/// Entries on a page: fewer than GitHub's, so that there are several.
const PAGE: usize = 2;

#[derive(Default)]
struct State {
    /// Oldest first.
    events: Vec<Value>,
    runs: Vec<Value>,
    /// Heads of requests, in small letters.
    asked: Vec<String>,
    /// Answers 304 where nothing has changed.
    same: usize,
    /// The rate limit is used up.
    limited: bool,
}

/// Stands for api.github.com until the test ends.
#[derive(Clone)]
struct Github {
    address: String,
    state: Arc<Mutex<State>>,
}

impl Github {
    fn start() -> Github {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let github = Github { address, state: Arc::default() };
        let served = github.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let github = served.clone();
                std::thread::spawn(move || github.serve(stream));
            }
        });
        github
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn happened(&self, kind: &str, payload: Value) {
        let mut state = self.state();
        let id = (100 + state.events.len()).to_string();
        let (repo, actor) = (json!({ "name": "acme/app" }), json!({ "login": "bob" }));
        let entry =
            json!({ "id": id, "type": kind, "repo": repo, "actor": actor, "payload": payload });
        state.events.push(entry);
    }

    fn looks(&self) -> usize {
        self.state().asked.iter().filter(|head| head.contains("/events")).count()
    }

    /// Until it was looked at from beginning to end after this.
    fn wait_look(&self) {
        let before = self.looks();
        wait_until("two looks", || self.looks() > before + 2);
    }

    fn serve(&self, mut stream: TcpStream) {
        loop {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read(&mut byte) {
                    Ok(1) => head.push(byte[0]),
                    _ => return,
                }
            }
            let head = String::from_utf8_lossy(&head).to_lowercase();
            let answer = self.answer(&head);
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, head: &str) -> String {
        let mut state = self.state();
        state.asked.push(head.to_owned());
        if state.limited {
            let more = "Retry-After: 1\r\nX-RateLimit-Remaining: 0\r\n";
            return said("403 Forbidden", more, "{\"message\":\"limit\"}");
        }
        let path = head.split(' ').nth(1).unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let page = query.split('&').find_map(|part| part.strip_prefix("page=")?.parse().ok());
        let page: usize = page.unwrap_or(1);
        match path {
            "/repos/acme/app/events" => self.events(&mut state, head, page),
            "/repos/acme/app/actions/runs" => {
                let newest: Vec<&Value> = state.runs.iter().rev().collect();
                said(
                    "200 OK",
                    "X-Poll-Interval: 1\r\n",
                    &json!({ "workflow_runs": newest }).to_string(),
                )
            }
            "/repos/acme/app/pulls/9" => said("200 OK", "", &pull(9, &Value::Null).to_string()),
            _ => said("404 Not Found", "", "{}"),
        }
    }

    fn events(&self, state: &mut State, head: &str, page: usize) -> String {
        let etag = format!("\"{}\"", state.events.len());
        let common = format!("X-Poll-Interval: 1\r\nETag: {etag}\r\n");
        if page == 1 && head.contains(&format!("if-none-match: {etag}")) {
            state.same += 1;
            return said("304 Not Modified", &common, "");
        }
        let newest: Vec<&Value> = state.events.iter().rev().collect();
        let all: Vec<&&Value> = newest.iter().skip((page - 1) * PAGE).take(PAGE).collect();
        let more = newest.len() > page * PAGE;
        let next =
            format!("http://{}/repos/acme/app/events?per_page=100&page={}", self.address, page + 1);
        let link = if more { format!("Link: <{next}>; rel=\"next\"\r\n") } else { String::new() };
        said("200 OK", &format!("{common}{link}"), &json!(all).to_string())
    }
}

fn said(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn shift(github: &Github) -> Shift {
    let shift = Shift::new();
    std::fs::create_dir_all(shift.home.state()).unwrap();
    let settings = format!(
        "[judge]\nprovider = \"fixed\"\n[intake]\ngithub_api = \"http://{}\"\n",
        github.address
    );
    std::fs::write(shift.home.state().join("settings.toml"), settings).unwrap();
    shift.start(&[("GH_TOKEN", "gho_test")]);
    shift
}

const EVENTS: &str =
    "{ repository = \"acme/app\", events = [\"pull_request.opened\", \"workflow_run.completed\"] }";
const QUEUE: &str = "[policy]\noverlap = \"queue\"\n";

fn numbers(shift: &Shift) -> Vec<String> {
    let event = |run: &Value| run["trigger"]["event"].as_str().unwrap_or_default().to_owned();
    let mut all: Vec<String> = runs(shift, "review").iter().map(event).collect();
    all.sort();
    all
}

#[test]
fn the_first_look_fires_nothing_and_each_event_after_it_one_run_whichever_way_it_comes() {
    let github = Github::start();
    for number in 1..4 {
        github.happened("PullRequestEvent", opened(number, &Value::Null));
    }
    let shift = shift(&github);
    create(&shift, "review", &definition(EVENTS, QUEUE, "say hi"));
    github.wait_look();
    assert!(github.state().same > 0, "nothing new is asked for with its ETag");
    assert_eq!(numbers(&shift).len(), 0);
    let token = |head: &String| head.contains("authorization: bearer gho_test");
    assert!(github.state().asked.iter().all(token));
    // More than a page at once.
    for number in 4..8 {
        github.happened("PullRequestEvent", opened(number, &Value::Null));
    }
    wait_until("all four to have come", || numbers(&shift).len() == 4);
    let hook = hook(&shift, "create", "review");
    assert_eq!(verdict(&hook.send("pull_request", "g-1", &opened(5, &Value::Null))), "duplicate");
    assert_eq!(verdict(&hook.send("pull_request", "g-2", &opened(8, &Value::Null))), "accepted");
    github.happened("PullRequestEvent", opened(8, &Value::Null));
    github.wait_look();
    assert_eq!(numbers(&shift).len(), 5);
}

#[test]
fn what_happened_while_nobody_looked_is_taken_once_afterwards() {
    let github = Github::start();
    let shift = shift(&github);
    create(&shift, "review", &definition(EVENTS, QUEUE, "say hi"));
    github.wait_look();
    github.happened("PullRequestEvent", opened(1, &Value::Null));
    wait_until("the first to have come", || numbers(&shift).len() == 1);
    shift.kill_supervisor();
    github.happened("PullRequestEvent", opened(2, &Value::Null));
    shift.ok(&["agents"]);
    wait_until("the second to have come", || numbers(&shift).len() == 2);
    github.wait_look();
    assert_eq!(numbers(&shift).len(), 2);
}

#[test]
fn a_pull_request_that_is_not_told_whole_is_asked_for_and_workflow_runs_have_their_own_list() {
    let github = Github::start();
    let run = |id: u64| {
        json!({
            "id": id, "name": "CI", "run_attempt": 1, "status": "completed", "head_branch": "main",
            "head_sha": "a", "head_repository": { "full_name": "acme/app" },
        })
    };
    github.state().runs.push(run(1));
    let shift = shift(&github);
    create(&shift, "review", &definition(EVENTS, QUEUE, "say hi"));
    github.wait_look();
    assert_eq!(numbers(&shift).len(), 0);
    let url = format!("http://{}/repos/acme/app/pulls/9", github.address);
    let cut = json!({ "id": 90, "number": 9, "url": url });
    github.happened(
        "PullRequestEvent",
        json!({ "action": "opened", "number": 9, "pull_request": cut }),
    );
    github.state().runs.push(run(2));
    wait_until("both to have come", || numbers(&shift).len() == 2);
    assert_eq!(
        numbers(&shift),
        ["pull_request.opened of acme/app#9", "workflow_run.completed of acme/app"]
    );
    assert!(runs(&shift, "review").iter().all(|run| run["reason"] != "fork"));
    wait_run(&shift, "review", "finished");
}

#[test]
fn a_limit_is_told_and_waited_for() {
    let github = Github::start();
    let shift = shift(&github);
    create(&shift, "review", &definition(EVENTS, QUEUE, "say hi"));
    github.wait_look();
    github.state().limited = true;
    let told = wait_status(&shift, "the limit to be told", |it| it["problems"][0].is_string());
    assert!(told["problems"][0].as_str().unwrap().contains("rate limit"), "{told}");
    github.happened("PullRequestEvent", opened(1, &Value::Null));
    github.state().limited = false;
    wait_until("it to have come", || numbers(&shift).len() == 1);
    wait_status(&shift, "the trouble to be over", |it| it["problems"] == json!([]));
}
