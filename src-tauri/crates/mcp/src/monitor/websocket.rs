//! A monitor's WebSocket: each message an event.
//!
//! Promises: connects to an address that was judged and to no other; follows no redirect; a message
//! is cut at a limit, bytes are told by their number only.
//! Must not know: batches, the supervisor.

use super::address::{Resolve, judged};
use super::lines::{cut, readable};
use super::{Ending, Next};
use futures::StreamExt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

/// Longest message told; what is longer is cut with a note.
pub const MESSAGE_MAX_BYTES: usize = 1024 * 1024;
/// A message longer than this is not even received: its beginning cannot be had without the rest.
const RECEIVE_MAX_BYTES: usize = 16 * 1024 * 1024;
/// From the name to the first word of the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
const WS_PORT: u16 = 80;
const WSS_PORT: u16 = 443;
/// Headers of a request: a protocol's name is a word.
const PROTOCOL_MAX_BYTES: usize = 256;

pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// Whom a URL names.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    uri: Uri,
    pub host: String,
    pub port: u16,
}

/// Reads a URL; says what is wrong with one that no monitor can watch.
pub fn target(url: &str) -> Result<Target, String> {
    let uri: Uri = url.parse().map_err(|e| format!("`{url}` is no URL: {e}"))?;
    let port = match uri.scheme_str() {
        Some("ws") => WS_PORT,
        Some("wss") => WSS_PORT,
        _ => return Err(format!("`{url}` is no WebSocket URL; it begins with ws:// or wss://")),
    };
    let authority = uri.authority().map(|a| a.as_str().to_owned()).unwrap_or_default();
    if authority.contains('@') {
        return Err("a monitor's URL must not hold a name or password".to_owned());
    }
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    if host.is_empty() {
        return Err(format!("`{url}` names no host"));
    }
    let port = uri.port_u16().unwrap_or(port);
    Ok(Target { uri, host, port })
}

impl Socket {
    pub async fn connect(
        target: &Target,
        protocols: &[String],
        resolver: &dyn Resolve,
        loopback_allowed: bool,
    ) -> Result<Socket, String> {
        let connect = async {
            let addresses = judged(resolver, &target.host, target.port, loopback_allowed).await?;
            greet(dial(&addresses, target).await?, target, protocols).await
        };
        let late = || format!("{} did not answer within {CONNECT_TIMEOUT:?}", target.host);
        tokio::time::timeout(CONNECT_TIMEOUT, connect).await.map_err(|_| late())?
    }

    /// The next message or the end. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Next {
        loop {
            return match self.stream.next().await {
                Some(Ok(Message::Text(text))) => match shown(text.as_str()) {
                    blank if blank.trim().is_empty() => continue,
                    text => Next::Line(text),
                },
                Some(Ok(Message::Binary(bytes))) => {
                    Next::Line(format!("[binary message of {} bytes]", bytes.len()))
                }
                // Pongs are sent by the library; the end follows a close.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(frame))) => {
                    let word = |f: tokio_tungstenite::tungstenite::protocol::CloseFrame| {
                        let reason = readable(f.reason.as_bytes());
                        format!("{} {}", u16::from(f.code), cut(&reason, PROTOCOL_MAX_BYTES))
                    };
                    Next::Ended(Ending::Closed { by: frame.map(word) })
                }
                None | Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => {
                    Next::Ended(Ending::Closed { by: None })
                }
                Some(Err(Error::Capacity(_))) => Next::Ended(Ending::Failed {
                    why: format!("a message of more than {RECEIVE_MAX_BYTES} bytes came"),
                }),
                Some(Err(error)) => Next::Ended(Ending::Failed { why: error.to_string() }),
            };
        }
    }
}

/// A text message as it is told.
fn shown(text: &str) -> String {
    let lines: Vec<String> =
        cut(text, MESSAGE_MAX_BYTES).lines().map(|line| readable(line.as_bytes())).collect();
    lines.join("\n")
}

async fn dial(addresses: &[SocketAddr], target: &Target) -> Result<TcpStream, String> {
    let mut last = String::new();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error.to_string(),
        }
    }
    Err(format!("{}:{} cannot be reached: {last}", target.host, target.port))
}

/// The handshake. An answer other than "switching protocols" is an error: nothing is followed.
async fn greet(stream: TcpStream, target: &Target, protocols: &[String]) -> Result<Socket, String> {
    let mut request = ClientRequestBuilder::new(target.uri.clone());
    for protocol in protocols {
        request = request.with_sub_protocol(protocol);
    }
    let config = WebSocketConfig::default()
        .max_message_size(Some(RECEIVE_MAX_BYTES))
        .max_frame_size(Some(RECEIVE_MAX_BYTES));
    let connector = match target.uri.scheme_str() {
        Some("wss") => Connector::Rustls(tls()?),
        _ => Connector::Plain,
    };
    let said = client_async_tls_with_config(request, stream, Some(config), Some(connector)).await;
    match said {
        Ok((stream, _)) => Ok(Socket { stream }),
        Err(Error::Http(answer)) => {
            let (host, status) = (&target.host, answer.status());
            Err(format!("{host} answered {status} and not with a WebSocket"))
        }
        Err(error) => Err(format!("{}: {error}", target.host)),
    }
}

fn tls() -> Result<Arc<rustls::ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("TLS: {e}"))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// What is wrong with the names of protocols, if something is.
pub fn check_protocols(protocols: &[String]) -> Result<(), String> {
    let token = |b: u8| b.is_ascii_graphic() && !br#"()<>@,;:\"/[]?={}"#.contains(&b);
    for protocol in protocols {
        let fits = (1..=PROTOCOL_MAX_BYTES).contains(&protocol.len());
        if !fits || !protocol.bytes().all(token) {
            let shown = cut(&readable(protocol.as_bytes()), PROTOCOL_MAX_BYTES);
            return Err(format!("`{shown}` is no name of a WebSocket protocol"));
        }
    }
    Ok(())
}
