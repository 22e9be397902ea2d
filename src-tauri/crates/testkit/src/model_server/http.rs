//! As much HTTP/1.1 as a scripted model needs: one request and one answer per connection.
//!
//! Promise: what is read is bounded.

use super::refusals::Refusal;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Largest request body: a whole conversation with all tools of an agent is far smaller.
const BODY_MAX_BYTES: u64 = 64 * 1024 * 1024;

pub struct Request {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

pub fn read(stream: TcpStream) -> io::Result<(Request, Stream)> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default();
    let mut length = 0;
    let mut chunked = false;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim().split_once(':') else { break };
        let (name, value) = (name.trim().to_lowercase(), value.trim().to_owned());
        match name.as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "transfer-encoding" => chunked = value.to_lowercase().contains("chunked"),
            "expect" => reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?,
            _ => {}
        }
        headers.push((name, value));
    }
    let mut body = Vec::new();
    if chunked {
        read_chunks(&mut reader, &mut body)?;
    } else {
        reader.take(length.min(BODY_MAX_BYTES)).read_to_end(&mut body)?;
    }
    Ok((Request { method, path, headers, body }, Stream { stream, is_slow: false }))
}

fn read_chunks(reader: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = line.trim().split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size, 16).unwrap_or(0);
        if size == 0 || body.len() as u64 + size > BODY_MAX_BYTES {
            return Ok(());
        }
        reader.take(size).read_to_end(body)?;
        reader.read_line(&mut line)?;
    }
}

/// Pause between pieces of a slow answer, and how large they are.
const SLOW_PAUSE: Duration = Duration::from_millis(5);
const SLOW_BYTES: usize = 16;

/// The answer's side of a connection.
pub struct Stream {
    stream: TcpStream,
    pub is_slow: bool,
}

impl Stream {
    pub fn json(&mut self, status: u16, body: &Value) -> io::Result<()> {
        let body = body.to_string();
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n"
        );
        self.stream.write_all(head.as_bytes())?;
        if !self.is_slow {
            return self.stream.write_all(body.as_bytes());
        }
        for piece in body.as_bytes().chunks(SLOW_BYTES) {
            std::thread::sleep(SLOW_PAUSE);
            self.stream.write_all(piece)?;
        }
        Ok(())
    }

    /// An answer that is no JSON.
    pub fn page(&mut self, status: u16, body: &str) -> io::Result<()> {
        let length = body.len();
        write!(
            self.stream,
            "HTTP/1.1 {status} Scripted\r\ncontent-type: text/html\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    }

    /// Somewhere else.
    pub fn redirect(&mut self, to: &str) -> io::Result<()> {
        write!(
            self.stream,
            "HTTP/1.1 307 Scripted\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
    }

    /// Says nothing until the client has gone.
    pub fn hang(&mut self) -> io::Result<()> {
        let mut byte = [0];
        while self.stream.read(&mut byte)? > 0 {}
        Ok(())
    }

    pub fn refuse(&mut self, status: u16, refusal: &Refusal) -> io::Result<()> {
        let body = refusal.body.to_string();
        let mut head = format!("HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\n");
        for (name, value) in &refusal.headers {
            write!(head, "{name}: {value}\r\n").map_err(io::Error::other)?;
        }
        let length = body.len();
        write!(self.stream, "{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
    }

    /// Begins a stream of server-sent events; it ends with the connection.
    pub fn begin(&mut self) -> io::Result<()> {
        self.stream.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n\
              connection: close\r\n\r\n",
        )
    }

    /// One event, with its type as its name where it has one.
    pub fn event(&mut self, data: &Value) -> io::Result<()> {
        if let Some(name) = data["type"].as_str() {
            writeln!(self.stream, "event: {name}")?;
        }
        write!(self.stream, "data: {data}\n\n")
    }

    pub fn raw(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes())
    }
}
