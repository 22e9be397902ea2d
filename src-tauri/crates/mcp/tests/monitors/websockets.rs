//! Monitors of WebSockets, against servers on this machine.

use crate::ear::{Ear, Heard, LIMIT, run};
use futures::SinkExt;
use nightshift_mcp::monitor::address::{Resolve, System};
use nightshift_mcp::monitor::websocket::{MESSAGE_MAX_BYTES, check_protocols, target};
use nightshift_mcp::monitor::{Ending, Monitors, Source, Uplink};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Serves one client with these messages.
async fn serve(listener: TcpListener, messages: Vec<Message>) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    for message in messages {
        // A client that has had enough hangs up.
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

/// What a monitor of a server with these messages tells.
async fn told(messages: Vec<Message>) -> Heard {
    let (listener, address) = listen().await;
    let server = tokio::spawn(serve(listener, messages));
    let target = target(&format!("ws://{address}/feed")).unwrap();
    let source = Source::socket(&target, &[], &System, true).await.unwrap();
    let (monitors, ear) = (Monitors::default(), Arc::new(Ear::default()));
    monitors.watch("m", source, Some(LIMIT), Arc::clone(&ear) as Arc<dyn Uplink>);
    let heard = ear.ended().await;
    server.await.unwrap();
    heard
}

#[test]
fn messages_are_events_and_the_close_is_the_end() {
    run(async {
        let close = CloseFrame { code: CloseCode::Normal, reason: "enough".into() };
        let heard = told(vec![
            Message::text("one"),
            Message::text("two\r\nlines \x1b[31mred\x1b[0m"),
            Message::binary(vec![0; 1_234]),
            Message::Ping(vec![1].into()),
            Message::text("  \n"),
            Message::text("last"),
            Message::Close(Some(close)),
        ])
        .await;
        let expected = ["one", "two\nlines red", "[binary message of 1234 bytes]", "last"];
        assert_eq!(heard.lines(), expected);
        assert_eq!(heard.ending, Some(Ending::Closed { by: Some("1000 enough".into()) }));
    });
}

#[test]
fn a_connection_that_is_cut_is_the_end_too() {
    run(async {
        let heard = told(vec![Message::text("one")]).await;
        assert_eq!(heard.lines(), ["one"]);
        let ending = heard.ending.unwrap();
        let cut = matches!(&ending, Ending::Closed { by: None } | Ending::Failed { .. });
        assert!(cut, "{ending:?}");
    });
}

#[test]
fn a_long_message_is_cut_and_an_endless_one_ends_the_monitor() {
    run(async {
        let long = "x".repeat(MESSAGE_MAX_BYTES + 5);
        let heard = told(vec![Message::text(long), Message::text("next"), Message::Close(None)]);
        let lines = heard.await.lines();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].ends_with("[cut here: 5 bytes more]"));
        assert_eq!(lines[1], "next");

        let endless = vec![b'x'; 17 * 1024 * 1024];
        let heard = told(vec![Message::text("first"), Message::binary(endless)]).await;
        assert_eq!(heard.lines(), ["first"]);
        assert!(matches!(heard.ending, Some(Ending::Failed { why }) if why.contains("16777216")));
    });
}

#[test]
fn inner_addresses_are_refused_before_anything_is_sent() {
    run(async {
        let (listener, address) = listen().await;
        let port = address.port();
        for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1"] {
            let Ok(target) = target(&format!("ws://{host}:{port}/")) else { continue };
            let why = Source::socket(&target, &[], &System, false).await.err().unwrap();
            assert!(why.contains("this machine"), "{host}: {why}");
        }
        let accepted = tokio::time::timeout(std::time::Duration::ZERO, listener.accept()).await;
        assert!(accepted.is_err(), "nobody connected");
    });
}

/// A name server of an attacker: another address each time.
struct Fickle {
    answers: Vec<Vec<SocketAddr>>,
    asked: AtomicUsize,
}

impl Fickle {
    fn new(answers: Vec<Vec<SocketAddr>>) -> Fickle {
        Fickle { answers, asked: AtomicUsize::new(0) }
    }
}

impl Resolve for Fickle {
    fn resolve<'a>(
        &'a self,
        _: &'a str,
        _: u16,
    ) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send + 'a>> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers[asked.min(self.answers.len() - 1)].clone();
        Box::pin(std::future::ready(Ok(answer)))
    }
}

#[test]
fn a_name_that_changes_its_address_gains_nothing() {
    run(async {
        let (judged, good) = listen().await;
        let (rebound, bad) = listen().await;
        let server = tokio::spawn(serve(judged, vec![Message::text("good"), Message::Close(None)]));
        let names = Fickle::new(vec![vec![good], vec![bad]]);
        let target = target("ws://rebound.example/").unwrap();
        let source = Source::socket(&target, &[], &names, true).await.unwrap();
        server.await.unwrap();
        assert_eq!(names.asked.load(Ordering::SeqCst), 1, "asked once");
        drop(source);
        let accepted = tokio::time::timeout(std::time::Duration::ZERO, rebound.accept()).await;
        assert!(accepted.is_err(), "the other address was not connected to");

        // One inner address among others refuses the name.
        let mixed = vec!["8.8.8.8:80".parse().unwrap(), "10.0.0.1:80".parse().unwrap()];
        let why = Source::socket(&target, &[], &Fickle::new(vec![mixed]), false).await.err();
        assert!(why.unwrap().contains("10.0.0.1"));
    });
}

#[test]
fn a_redirect_is_not_followed() {
    run(async {
        let (listener, address) = listen().await;
        let (elsewhere, there) = listen().await;
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            let answer = format!("HTTP/1.1 302 Found\r\nlocation: ws://{there}/\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let target = target(&format!("ws://{address}/")).unwrap();
        let why = Source::socket(&target, &[], &System, true).await.err().unwrap();
        server.await.unwrap();
        assert!(why.contains("302"), "{why}");
        let accepted = tokio::time::timeout(std::time::Duration::ZERO, elsewhere.accept()).await;
        assert!(accepted.is_err());
    });
}

#[test]
fn what_is_no_websocket_url_is_told() {
    for (url, part) in [
        ("http://example.org/", "ws:// or wss://"),
        ("example.org", "ws:// or wss://"),
        ("ws://user:secret@example.org/", "name or password"),
        ("ws:///path", ""),
        ("not a url", "no URL"),
    ] {
        let why = target(url).unwrap_err();
        assert!(why.contains(part) && !why.contains("secret"), "{url}: {why}");
    }
    assert!(check_protocols(&["graphql-ws".into()]).is_ok());
    assert!(check_protocols(&["a b".into()]).is_err());
    assert!(check_protocols(&["x\r\nHost: y".into()]).is_err());
}
