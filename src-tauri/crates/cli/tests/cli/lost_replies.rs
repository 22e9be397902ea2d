//! A supervisor that dies after it heard an answer and before it replied: nobody knows whether the answer
//! counted, and a second try reaches the same request or none.

use crate::support::{Ran, Shift};
use nightshift_protocol::{Command, FrameDecoder, Request, encode_frame};
use nightshift_testkit::wait_for;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// What becomes of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Counts,
    IsLost,
}

/// Serves the socket of `front` by the supervisor at `behind`, and dies to whoever answers a request.
fn between(front: &Shift, behind: &Path, answer: Answer) {
    front.home.home().ensure().unwrap();
    let listener = UnixListener::bind(front.home.home().supervisor_socket()).unwrap();
    let behind: PathBuf = behind.to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), UnixStream::connect(&behind).unwrap());
            let mut replies = (server.try_clone().unwrap(), client.try_clone().unwrap());
            // Either may hang up at any time.
            std::thread::spawn(move || std::io::copy(&mut replies.0, &mut replies.1).ok());
            std::thread::spawn(move || requests(client, server, answer));
        }
    });
}

fn requests(mut client: UnixStream, mut server: UnixStream, answer: Answer) {
    let mut decoder = FrameDecoder::default();
    let mut buffer = [0; 4096];
    loop {
        let Ok(read @ 1..) = client.read(&mut buffer) else { return };
        decoder.push(&buffer[..read]);
        while let Some((kind, body)) = decoder.next_frame().unwrap() {
            let answers = serde_json::from_slice::<Request>(&body)
                .is_ok_and(|request| matches!(request.command, Command::Answer { .. }));
            if answers {
                client.shutdown(Shutdown::Both).unwrap();
            }
            if !answers || answer == Answer::Counts {
                server.write_all(&encode_frame(kind, &body)).unwrap();
            }
        }
    }
}

#[test]
fn failures_37_an_answer_without_a_reply_names_its_request_for_the_second_try() {
    for answer in [Answer::Counts, Answer::IsLost] {
        let shift = Shift::new();
        let asks = shift.agent("ask Go on? | Yes\nask And now? | Yes\ndone went on");
        let request = shift.request(&asks);
        let front = Shift::new();
        between(&front, &shift.home.home().supervisor_socket(), answer);
        let args = ["answer", &asks, "1"];
        // Just asked it is refused: nobody can have read it.
        let ran: Ran = wait_for("an answer that is sent", || {
            let ran = front.run(&args);
            ran.err.contains("may have been carried out").then_some(ran)
        });
        let way_on = format!("--request {request}");
        ran.failed(&args, &[&way_on, &format!("nightshift why {asks}"), "may have been"]);

        let repeat = ["answer", &asks, "--request", &request, "1"];
        let is_next = |e: &serde_json::Value| {
            e["pending"]["id"].is_string() && e["pending"]["id"] != request.as_str()
        };
        match answer {
            Answer::IsLost => drop(shift.ok(&repeat)),
            Answer::Counts => {
                shift.wait_entry(&asks, "the next request", is_next);
                shift.run(&repeat);
            }
        }
        let next = shift.wait_entry(&asks, "the next request", is_next);
        assert_eq!(next["state"], "blocked", "{answer:?}: the next request got the answer");
        shift.answer(&asks, "1");
        assert_eq!(shift.wait_state(&asks, "done")["result"], "went on");
    }
}
