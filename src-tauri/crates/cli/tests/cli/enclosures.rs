//! Files that go with prompts: `--attach`, from the command line to the agent and back to the eye.

use crate::support::{Shift, id_of};
use nightshift_client::Client;
use nightshift_protocol::{Command, Reply};
use serde_json::Value;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";

fn call(shift: &Shift, command: Command) -> Reply {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        Client::connect(&shift.home.home()).await.unwrap().call(command).await.unwrap()
    })
}

#[test]
fn files_reach_the_agent_with_a_prompt_and_with_a_reply() {
    let shift = Shift::new();
    let file = |name: &str, bytes: &[u8]| {
        let path = shift.home.work().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_string_lossy().into_owned()
    };
    let (shot, notes) = (file("shot.png", PNG), file("notes.txt", b"remember"));
    let args = ["--bg", "--agent", "rehearsal", "--json", "--attach", &shot, "done looked"];
    let id = id_of(&shift.json(&args));
    let entry = shift.wait_state(&id, "done");
    assert_eq!(entry["result"], "looked");
    let log = shift.ok(&["logs", &id]);
    let given = format!("Given: an image (image/png, {} bytes)", PNG.len());
    assert!(log.contains(&given), "{log}");
    assert!(log.contains("> [shot.png, image/png]"), "{log}");

    // What becomes of the original does not matter; nor does a supervisor that dies.
    std::fs::remove_file(&shot).unwrap();
    shift.kill_supervisor();
    shift.ok(&["reply", &id, "--attach", &notes, "done read"]);
    shift.wait_entry(&id, "the second result", |e| e["result"] == "read");
    assert!(shift.ok(&["logs", &id]).contains("Given: notes.txt (text/plain)"));

    let dirs = std::fs::read_dir(shift.job(&id).join("enclosures")).unwrap();
    let kept: Vec<String> =
        dirs.map(|d| d.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(kept.len(), 2);
    let data = kept.iter().map(|enclosure| {
        let command = Command::ReadEnclosure { session: id.clone(), id: enclosure.clone() };
        match call(&shift, command) {
            Reply::EnclosureData { data } => data,
            other => panic!("{other:?}"),
        }
    });
    // "remember" in base64.
    assert!(data.into_iter().any(|data| data == "cmVtZW1iZXI="));
    shift.ok(&["rm", &id]);
}

#[test]
fn files_that_cannot_go_are_refused_before_anything_starts() {
    let shift = Shift::new();
    let large = shift.home.work().join("large.bin");
    std::fs::write(&large, vec![0; 10 * 1024 * 1024 + 1]).unwrap();
    let large = large.to_string_lossy().into_owned();
    let dispatch =
        |file: &str| ["--bg", "--agent", "rehearsal", "--attach", file, "done"].map(str::to_owned);
    for (file, part) in [("nowhere.png", "nowhere.png"), (&large, "large.bin")] {
        let args = dispatch(file);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        shift.fails(&args, &[part]);
    }
    assert_eq!(shift.json(&["agents", "--all", "--json"]), Value::Array(vec![]));
}
