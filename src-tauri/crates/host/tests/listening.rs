//! A terminal agent's host: signs in its output, hooks, what is entered for it.

mod support;

use nightshift_protocol::record::Mark;
use nightshift_protocol::terminal::{Sign, TerminalInput};
use nightshift_protocol::{HostEvent, HostRequest, Launch, RecordKind};
use support::{Client, Host, Message, shell, until};

fn listening(script: &str) -> Launch {
    Launch { listens: true, prompt: Some(1), ..shell(script) }
}

fn marks(host: &Host) -> Vec<Mark> {
    let marks = host.records().into_iter().filter(|r| r.kind == RecordKind::Mark);
    marks.map(|r| serde_json::from_slice(&r.body).unwrap()).collect()
}

fn signs(host: &Host) -> Vec<Sign> {
    let sign = |mark| match mark {
        Mark::Sign { sign } => Some(sign),
        _ => None,
    };
    marks(host).into_iter().filter_map(sign).collect()
}

fn send(client: &mut Client, tag: u64, input: &TerminalInput) {
    client.send(&HostRequest::WriteLine { tag, line: input.line() });
}

fn written(client: &mut Client, wanted: u64) -> u64 {
    client.event(|event| match event {
        HostEvent::Written { tag, seq } if tag == wanted => Some(seq),
        HostEvent::Refused { error, .. } => panic!("{error}"),
        _ => None,
    })
}

#[test]
fn signs_are_journalled_and_followed_without_the_output() {
    let script = r"printf '\033]2;* fix it\007\033]9;done\007\a\033]133;A\007'; read x";
    let host = Host::ready(listening(script));
    until("the signs", || signs(&host).len() == 4);
    let said = |text: &str| Sign::Notification { text: text.into() };
    let title = Sign::Title { text: "* fix it".into() };
    assert_eq!(signs(&host), [title, said("done"), Sign::Bell, Sign::Prompt]);
    assert!(matches!(marks(&host)[0], Mark::Launched { prompt: Some(1), .. }));

    let mut follower = host.connect();
    follower.send(&HostRequest::WatchMarks { after: 0 });
    let mut kinds = Vec::new();
    loop {
        match follower.message().unwrap() {
            Message::Record(record) => kinds.push(record.kind),
            Message::Event(HostEvent::CaughtUp { .. }) => break,
            _ => {}
        }
    }
    assert_eq!(kinds, [RecordKind::Mark; 5], "nothing of the output");

    let mut viewer = host.connect();
    viewer.attach();
    viewer.keys("\x1b[I");
    viewer.keys("x");
    until("the key's sign", || signs(&host).last() == Some(&Sign::Touched));
    assert_eq!(signs(&host).len(), 5, "a report of the terminal is no key");
    viewer.keys("y");
    viewer.keys("\r");
    until("the end", || host.dir.join("exit.json").exists());
    assert_eq!(signs(&host).len(), 5, "told once");
}

#[test]
fn a_shell_job_is_not_listened_to() {
    let host = Host::ready(shell(r"printf '\a\033]9;done\007'; read x"));
    let mut client = host.connect();
    client.send(&HostRequest::Hook { line: "{}".into(), wait: false });
    let error = client.event(|event| match event {
        HostEvent::Refused { error, .. } => Some(error),
        _ => None,
    });
    assert_eq!(error, "this session is no terminal agent");
    assert_eq!(signs(&host), []);
}

#[test]
fn text_is_pasted_and_entered_once_it_is_in_the_journal() {
    // Shows what it is given; asks for marked pastes.
    let script = r"stty -echo -icanon -icrnl; printf '\033[?2004hready'; dd bs=1 count=26 2>/dev/null | od -An -c; read x";
    let host = Host::ready(listening(script));
    let mut client = host.connect();
    until("the program", || {
        host.records().iter().any(|r| String::from_utf8_lossy(&r.body).contains("ready"))
    });
    let enter =
        TerminalInput::Enter { id: "ns-prompt-2".into(), text: "two\nlines \x1b[0m".into() };
    send(&mut client, 7, &enter);
    let seq = written(&mut client, 7);
    let record = host.records().into_iter().find(|r| r.seq == seq).unwrap();
    assert_eq!(record.kind, RecordKind::In);
    assert_eq!(TerminalInput::parse(&record.body), Some(enter));
    let shown = || {
        let out = host.records().into_iter().filter(|r| r.kind == RecordKind::Out);
        let bytes: Vec<u8> = out.flat_map(|r| r.body).collect();
        String::from_utf8_lossy(&bytes).split_whitespace().collect::<String>()
    };
    until("the keys", || shown().contains(r"033[201~"));
    assert!(shown().contains(r"033[200~two\rlines[0m033[201~\r"), "{}", shown());
}

#[test]
fn a_hook_gets_its_answer_and_one_that_goes_is_missed() {
    let host = Host::ready(listening("read x"));
    let (mut hook, mut supervisor) = (host.connect(), host.connect());
    hook.send(&HostRequest::Hook { line: r#"{"a":1}"#.into(), wait: true });
    until("the hook", || marks(&host).iter().any(|m| matches!(m, Mark::Hook { .. })));
    let call = marks(&host).into_iter().find_map(|mark| match mark {
        Mark::Hook { call, line } => {
            assert_eq!(line, r#"{"a":1}"#);
            Some(call)
        }
        _ => None,
    });
    let call = call.unwrap();
    send(&mut supervisor, 1, &TerminalInput::Answer { call, line: "yes".into() });
    written(&mut supervisor, 1);
    let line = hook.event(|event| match event {
        HostEvent::HookAnswer { line } => Some(line),
        _ => None,
    });
    assert_eq!(line, "yes");
    drop(hook);

    let mut second = host.connect();
    second.send(&HostRequest::Hook { line: "{}".into(), wait: true });
    until("the second hook", || {
        marks(&host).iter().filter(|m| matches!(m, Mark::Hook { .. })).count() == 2
    });
    drop(second);
    until("its end", || matches!(marks(&host).last(), Some(Mark::HookGone { .. })));
    let gone = marks(&host).iter().filter(|m| matches!(m, Mark::HookGone { .. })).count();
    assert_eq!(gone, 1, "the answered one was not missed");
}
