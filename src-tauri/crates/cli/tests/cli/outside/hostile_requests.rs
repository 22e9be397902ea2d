//! Requests of whoever means harm: after all of them it serves as before, and no routine has run.

use super::http::{answer, connect, exchange};
use super::{create, definition, runs, session_of, shift, status, token};
use nightshift_testkit::dice::Dice;
use std::io::Write;

/// Of each kind; the whole takes some seconds.
const ROUNDS: usize = 40;

fn nonsense(dice: &mut Dice, path: &str) -> Vec<u8> {
    let junk = |dice: &mut Dice, most: u64| -> Vec<u8> {
        (0..dice.below(most) + 1).map(|_| (dice.roll() % 256) as u8).collect()
    };
    let head =
        |more: &str| format!("POST {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n\r\n").into_bytes();
    match dice.below(14) {
        0 => junk(dice, 2_000),
        1 => head("Authorization: Bearer nst_wrong"),
        2 => head(&format!("X: {}", "a".repeat(100_000))),
        3 => head(&"A: b\r\n".repeat(500)),
        4 => head("Content-Length: -1"),
        5 => head("Content-Length: 5\r\nContent-Length: 6"),
        6 => head("Transfer-Encoding: chunked\r\nContent-Length: 5"),
        7 => [head("Transfer-Encoding: chunked"), b"zz\r\nabc\r\n".to_vec()].concat(),
        8 => [head("Transfer-Encoding: chunked"), b"ffffffffffffffff1\r\n".to_vec()].concat(),
        9 => format!("BREW {path} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes(),
        10 => format!("POST {path} HTTP/9.9\r\n\r\n").into_bytes(),
        11 => format!("POST /{} HTTP/1.1\r\nHost: x\r\n\r\n", "../".repeat(3_000)).into_bytes(),
        12 => head("Authorization: Bearer \u{7f}\u{1}"),
        _ => [head("Content-Length: 100"), junk(dice, 50)].concat(),
    }
}

#[test]
fn what_no_client_sends_is_turned_away_and_harms_nobody() {
    let shift = shift();
    let id = create(&shift, "deploy", &definition("", "say hi"));
    let key = token(&shift, "deploy");
    let address = key.call().address;
    let paths = [
        format!("/v1/claude_code/routines/{id}/fire"),
        format!("/v1/github/{id}"),
        "/v1/routines/%00%ff/fire".to_owned(),
        "*".to_owned(),
    ];
    let mut dice = Dice::new(7);
    for round in 0..ROUNDS * paths.len() {
        let bytes = nonsense(&mut dice, &paths[round % paths.len()]);
        let mut stream = connect(&address).unwrap();
        // It hangs up where it has read enough.
        let sent =
            stream.write_all(&bytes).and_then(|()| stream.shutdown(std::net::Shutdown::Write));
        if let (Ok(answer), Ok(())) = (answer(&mut stream), sent) {
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
    }
    assert_eq!(runs(&shift, "deploy").len(), 0);
    session_of(&key.fire("still there"));
}

#[test]
fn requests_in_a_row_on_one_connection_are_each_judged_by_themselves() {
    let shift = shift();
    create(&shift, "deploy", &definition(super::ALLOW, "say hi"));
    let key = token(&shift, "deploy");
    let wrong = key.call().without("authorization").header("Authorization", "Bearer nst_x");
    let mut stream = connect(&wrong.address).unwrap();
    let all = [wrong.bytes(), key.call().bytes(), wrong.bytes(), key.call().bytes()].concat();
    stream.write_all(&all).unwrap();
    let statuses: Vec<u16> = (0..4).map(|_| answer(&mut stream).unwrap().status).collect();
    assert_eq!(statuses, [401, 200, 401, 200]);
    assert_eq!(runs(&shift, "deploy").len(), 2);
}

#[test]
fn whoever_says_nothing_or_little_takes_no_place_from_others() {
    let shift = shift();
    create(&shift, "deploy", &definition("", "say hi"));
    let key = token(&shift, "deploy");
    let address = key.call().address;
    let silent: Vec<_> = (0..100).map(|_| connect(&address).unwrap()).collect();
    let begun: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = connect(&address).unwrap();
            stream.write_all(b"POST /v1/routines/x/fire HTTP/1.1\r\nHost").unwrap();
            stream
        })
        .collect();
    session_of(&key.fire("a"));
    drop((silent, begun));
}

#[test]
fn a_body_that_stops_is_given_up_and_more_connections_than_there_are_places_are_served_in_turn() {
    let shift = shift();
    create(&shift, "deploy", &definition("", "say hi"));
    let key = token(&shift, "deploy");
    let slow = key.call().header("Content-Type", "application/json").header("Content-Length", "90");
    let mut stream = connect(&slow.address).unwrap();
    stream.write_all(&slow.bytes()).unwrap();
    stream.write_all(b"{\"text\":\"").unwrap();
    // More than there are places: each head is given up after its time, and then the next is served.
    let crowd: Vec<_> = (0..300).map(|_| connect(&slow.address).unwrap()).collect();
    session_of(&key.fire("a"));
    assert_eq!(answer(&mut stream).unwrap().status, 408);
    drop(crowd);
    assert_eq!(runs(&shift, "deploy").len(), 1);
}

#[test]
fn one_token_has_a_rate_and_its_answer_says_when_to_come_again() {
    let shift = shift();
    create(&shift, "deploy", &definition("", "say hi"));
    let key = token(&shift, "deploy");
    // Refused calls count too, and cost nothing else.
    let call = key.call().without("anthropic-beta").bytes();
    let address = key.call().address;
    let limited = (0..2_000).find_map(|_| {
        let answer = exchange(&address, &call).unwrap();
        (answer.status == 429).then_some(answer)
    });
    let limited = limited.expect("a rate");
    assert!(limited.header("retry-after").is_some_and(|wait| wait.parse::<u64>().unwrap() >= 1));
    assert!(status(&shift)["listening"].is_string());
}
