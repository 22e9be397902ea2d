//! Calls and follows against a peer that answers as the test says.

use crate::fake::{Peer, listen, place};
use nightshift_client::{Client, Starter, find_or_start};
use nightshift_model::Answer;
use nightshift_protocol::{
    BoardChange, BoardEvent, Command, Environment, Fault, FaultCode, Hello, PROTOCOL_REACH,
    PROTOCOL_VERSION, Reply, Role, ServerMessage,
};
use std::os::unix::fs::PermissionsExt;

fn show(session: &str) -> Command {
    Command::Show { session: session.to_owned() }
}

fn snapshot(id: u64, seq: u64) -> ServerMessage {
    let event = BoardEvent::Snapshot { seq, sessions: Vec::new(), notices: Vec::new() };
    ServerMessage::Board { id, event }
}

fn removed(id: u64, seq: u64) -> ServerMessage {
    let change = BoardChange::Removed { id: seq.to_string() };
    ServerMessage::Board { id, event: BoardEvent::Change { seq, change } }
}

fn ok(id: u64) -> ServerMessage {
    ServerMessage::Reply { id, reply: Reply::Ok }
}

async fn connected() -> (crate::fake::Place, Client, Peer) {
    let place = place();
    let listener = listen(&place);
    let (client, peer) = tokio::join!(Client::connect(&place.home), Peer::supervisor(&listener));
    (place, client.unwrap(), peer)
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let place = place();
    let fault = Client::connect(&place.home).await.err().unwrap();
    assert_eq!(fault.code, FaultCode::Unreachable);
    drop(listen(&place));
    let fault = Client::connect(&place.home).await.err().unwrap();
    assert_eq!(fault.code, FaultCode::Unreachable, "a socket file that a dead process left");
}

#[tokio::test]
async fn one_that_is_killed_before_it_accepts_is_as_good_as_none() {
    let place = place();
    let listener = listen(&place);
    // One thread: the connection waits in the listener's queue when that goes.
    let (client, ()) = tokio::join!(Client::connect(&place.home), async { drop(listener) });
    let fault = client.err().unwrap();
    assert_eq!(fault.code, FaultCode::Unreachable, "{fault}");
}

#[tokio::test]
async fn another_protocol_version_is_named_on_both_sides_with_the_way_out() {
    for (protocol, way_out) in [(PROTOCOL_VERSION + PROTOCOL_REACH + 1, "update")] {
        let place = place();
        let listener = listen(&place);
        let hello = Hello { protocol, build: "9.8.7".into(), role: Role::Supervisor };
        let (client, _peer) =
            tokio::join!(Client::connect(&place.home), Peer::accept(&listener, &hello));
        let fault = client.err().unwrap();
        assert_eq!(fault.code, FaultCode::Protocol);
        for part in [&format!("protocol {protocol}"), "9.8.7", way_out] {
            assert!(fault.to_string().contains(part), "{fault} lacks {part}");
        }
    }
}

#[tokio::test]
async fn the_versions_before_and_after_ours_are_spoken_with() {
    for protocol in [PROTOCOL_VERSION - PROTOCOL_REACH, PROTOCOL_VERSION + PROTOCOL_REACH] {
        let place = place();
        let listener = listen(&place);
        let hello = Hello { protocol, build: "9.8.7".into(), role: Role::Supervisor };
        let (client, _peer) =
            tokio::join!(Client::connect(&place.home), Peer::accept(&listener, &hello));
        assert!(client.is_ok(), "protocol {protocol}: {:?}", client.err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_greets_is_given_up() {
    let place = place();
    let listener = listen(&place);
    let connect = Client::connect(&place.home);
    let (client, _stream) = tokio::join!(connect, listener.accept());
    assert_eq!(client.err().unwrap().code, FaultCode::Protocol);
}

#[tokio::test]
async fn nonsense_for_a_greeting_is_refused() {
    for bytes in [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[2, 0, 0, 0, 1, b'{'], &[255; 64]] {
        let place = place();
        let listener = listen(&place);
        let talk = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, bytes).await.unwrap();
        };
        let (client, ()) = tokio::join!(Client::connect(&place.home), talk);
        assert_eq!(client.err().unwrap().code, FaultCode::Protocol, "{bytes:?}");
    }
}

#[tokio::test]
async fn many_calls_are_in_flight_and_answers_find_their_callers() {
    let (_place, client, mut peer) = connected().await;
    let serve = async {
        let mut seen = Vec::new();
        for _ in 0..200 {
            let (id, command) = peer.request().await;
            let Command::Show { session } = command else { panic!("{command:?}") };
            seen.push((id, session));
        }
        for (id, session) in seen.into_iter().rev() {
            let reply = match session.parse::<u32>().unwrap() {
                n if n % 2 == 0 => ServerMessage::Reply {
                    id,
                    reply: Reply::Removed { id: session, worktree: None },
                },
                _ => ServerMessage::Fault { id, fault: Fault::new(FaultCode::NotFound, session) },
            };
            peer.say(&reply).await;
        }
    };
    let calls: Vec<_> = (0..200)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move { client.call(show(&n.to_string())).await })
        })
        .collect();
    serve.await;
    for (n, call) in calls.into_iter().enumerate() {
        let n_text = n.to_string();
        match call.await.unwrap() {
            Ok(reply) => {
                assert_eq!((reply, n % 2), (Reply::Removed { id: n_text, worktree: None }, 0))
            }
            Err(fault) => assert_eq!((fault.message, n % 2), (n_text, 1)),
        }
    }
}

#[tokio::test]
async fn a_lost_connection_is_told_to_those_who_wait_and_to_those_who_come_later() {
    let (_place, client, mut peer) = connected().await;
    let serve = async {
        let (follow, _) = peer.request().await;
        peer.say(&ok(follow)).await;
        peer.request().await;
        drop(peer);
    };
    let ask = async {
        let mut follow = client.follow_board().await.unwrap();
        assert_eq!(client.call(Command::List).await.unwrap_err().code, FaultCode::Unreachable);
        assert_eq!(follow.next().await.unwrap_err().code, FaultCode::Unreachable);
        assert_eq!(follow.next().await.unwrap_err().code, FaultCode::Unreachable);
    };
    tokio::join!(serve, ask);
    assert_eq!(client.call(Command::List).await.unwrap_err().code, FaultCode::Unreachable);
    assert_eq!(client.follow_board().await.err().unwrap().code, FaultCode::Unreachable);
}

#[tokio::test]
async fn failures_39_an_answer_that_nobody_confirmed_may_have_counted() {
    let answer = || Command::Answer {
        session: "a".into(),
        need: None,
        answer: Answer::Allow,
        shown_ms: None,
        env: Environment::new(),
    };
    for (command, may_be_done) in
        [(answer(), true), (Command::CleanWorktrees, true), (show("a"), false)]
    {
        let (_place, client, mut peer) = connected().await;
        let (reply, ()) = tokio::join!(client.call(command.clone()), async {
            peer.request().await;
            drop(peer);
        });
        let fault = reply.unwrap_err();
        assert_eq!(fault.code, FaultCode::Unreachable);
        let text = fault.to_string();
        assert_eq!(text.contains("may have been carried out"), may_be_done, "{text}");
        assert_eq!(text.contains("try again"), !may_be_done, "{text}");
        // What is never sent was not done.
        let fault = client.call(command).await.unwrap_err();
        assert!(fault.to_string().contains("try again"), "{fault}");
    }
}

#[tokio::test]
async fn closing_ends_the_tasks_and_the_connection() {
    let (_place, client, mut peer) = connected().await;
    let other = client.clone();
    client.close().await;
    assert_eq!(other.call(Command::List).await.unwrap_err().code, FaultCode::Unreachable);
    assert!(peer.frame().await.is_none());
}

#[tokio::test]
async fn a_follow_gives_events_in_order_and_its_end_is_told_to_the_supervisor() {
    let (_place, client, mut peer) = connected().await;
    let serve = async {
        let (id, command) = peer.request().await;
        assert_eq!(command, Command::FollowBoard);
        // Events may come before the reply and must not be lost.
        peer.say(&snapshot(id, 7)).await;
        peer.say(&ok(id)).await;
        for seq in 8..500 {
            peer.say(&removed(id, seq)).await;
        }
        let (_, command) = peer.request().await;
        assert_eq!(command, Command::Unfollow { follow: id });
    };
    let watch = async {
        let mut follow = client.follow_board().await.unwrap();
        assert!(matches!(follow.next().await.unwrap(), BoardEvent::Snapshot { seq: 7, .. }));
        for expected in 8..500 {
            let event = follow.next().await.unwrap();
            assert!(matches!(event, BoardEvent::Change { seq, .. } if seq == expected));
        }
    };
    tokio::join!(serve, watch);
}

#[tokio::test]
async fn a_slow_consumer_gets_a_fresh_snapshot_and_holds_nobody_up() {
    let (_place, client, mut peer) = connected().await;
    let serve = async {
        let (first, _) = peer.request().await;
        peer.say(&ok(first)).await;
        peer.say(&snapshot(first, 0)).await;
        for seq in 1..=5_000 {
            peer.say(&removed(first, seq)).await;
        }
        let mut again = None;
        let mut listed = false;
        while again.is_none() || !listed {
            match peer.request().await {
                (id, Command::List) => {
                    listed = true;
                    peer.say(&ServerMessage::Reply { id, reply: Reply::Ok }).await;
                }
                (id, Command::FollowBoard) => again = Some(id),
                (_, Command::Unfollow { follow }) => assert_eq!(follow, first),
                (_, other) => panic!("{other:?}"),
            }
        }
        let id = again.unwrap();
        assert_ne!(id, first);
        peer.say(&ok(id)).await;
        peer.say(&snapshot(id, 5_000)).await;
        peer
    };
    let watch = async {
        let mut follow = client.follow_board().await.unwrap();
        client.call(Command::List).await.unwrap();
        let mut last = None;
        let mut snapshots = 0;
        while last != Some(5_000) || snapshots < 2 {
            match follow.next().await.unwrap() {
                BoardEvent::Snapshot { seq, .. } => {
                    snapshots += 1;
                    last = Some(seq);
                }
                BoardEvent::Change { seq, .. } => {
                    assert_eq!(last.map(|l| l + 1), Some(seq), "a silent hole");
                    last = Some(seq);
                }
            }
        }
        assert_eq!(snapshots, 2);
    };
    tokio::join!(serve, watch);
}

#[tokio::test]
async fn a_follow_that_is_refused_says_why() {
    let (_place, client, mut peer) = connected().await;
    let serve = async {
        let (id, _) = peer.request().await;
        let fault = Fault::new(FaultCode::NotFound, "no session `x`");
        peer.say(&ServerMessage::Fault { id, fault }).await;
    };
    let (follow, ()) = tokio::join!(client.follow_conversation("x"), serve);
    assert_eq!(follow.err().unwrap().message, "no session `x`");
}

fn script(place: &crate::fake::Place, text: &str) -> Starter {
    let binary = place.home.state.join("fake-nightshift");
    std::fs::write(&binary, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o700)).unwrap();
    Starter { binary }
}

#[tokio::test]
async fn a_supervisor_that_cannot_start_says_why() {
    let place = place();
    let fault = Fault::new(FaultCode::Io, "the disk is full").hint("free some");
    let line = serde_json::to_string(&fault).unwrap();
    for (text, expected) in [
        (format!("echo 'error {line}'; exit 1"), "the disk is full; free some"),
        ("exit 1".to_owned(), "daemon.log"),
    ] {
        let starter = script(&place, &text);
        let got = find_or_start(&place.home, &starter).await.err().unwrap();
        assert!(got.to_string().contains(expected), "{got}");
    }
    let nowhere = Starter { binary: place.home.state.join("not-there") };
    let got = find_or_start(&place.home, &nowhere).await.err().unwrap();
    assert!(got.to_string().contains("not-there"), "{got}");
}

#[tokio::test]
async fn the_loser_of_a_race_connects_to_the_winner() {
    let place = place();
    let role = nightshift_platform::RoleLock::acquire(&place.home.lock_file()).unwrap().unwrap();
    let line =
        serde_json::to_string(&Fault::new(FaultCode::Refused, "another supervisor runs")).unwrap();
    let starter = script(&place, &format!("touch \"$PWD/lost\"; echo 'error {line}'; exit 1"));
    let listen_late = async {
        while !place.home.state.join("lost").exists() {
            tokio::task::yield_now().await;
        }
        let listener = listen(&place);
        Peer::supervisor(&listener).await
    };
    let (client, _peer) = tokio::join!(find_or_start(&place.home, &starter), listen_late);
    assert!(client.is_ok());
    drop(role);
}
