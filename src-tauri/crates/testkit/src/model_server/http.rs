//! As much HTTP/1.1 as a scripted model needs: one request and one answer per connection.
//!
//! Promise: what is read is bounded.

use super::refusals::Refusal;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// Largest request body: a whole conversation with all tools of an agent is far smaller.
const BODY_MAX_BYTES: u64 = 64 * 1024 * 1024;

pub struct Request {
    pub method: String,
    pub path: String,
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
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let header = header.trim().to_lowercase();
        match header.split_once(':') {
            None => break,
            Some(("content-length", value)) => length = value.trim().parse().unwrap_or(0),
            Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
            Some(("expect", _)) => reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?,
            Some(_) => {}
        }
    }
    let mut body = Vec::new();
    if chunked {
        read_chunks(&mut reader, &mut body)?;
    } else {
        reader.take(length.min(BODY_MAX_BYTES)).read_to_end(&mut body)?;
    }
    Ok((Request { method, path, body }, Stream { stream }))
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

/// The answer's side of a connection.
pub struct Stream {
    stream: TcpStream,
}

impl Stream {
    pub fn json(&mut self, status: u16, body: &Value) -> io::Result<()> {
        let body = body.to_string();
        let length = body.len();
        write!(
            self.stream,
            "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
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
