//! A client for HTTP that sends exactly what a test says, right or wrong.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than any answer takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(90);

#[derive(Clone)]
pub struct Asked {
    pub address: String,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

impl Asked {
    pub fn post(url: &str) -> Asked {
        let rest = url.strip_prefix("http://").unwrap();
        let (address, path) = rest.split_once('/').unwrap();
        Asked {
            address: address.to_owned(),
            method: "POST".to_owned(),
            path: format!("/{path}"),
            headers: vec![("Host".to_owned(), address.to_owned())],
            body: Vec::new(),
        }
    }

    pub fn method(mut self, method: &str) -> Asked {
        self.method = method.to_owned();
        self
    }

    pub fn path(mut self, path: &str) -> Asked {
        self.path = path.to_owned();
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Asked {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Asked {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    pub fn body(mut self, body: &[u8]) -> Asked {
        self.body = body.to_vec();
        self
    }

    pub fn json(self, body: &str) -> Asked {
        self.header("Content-Type", "application/json").body(body.as_bytes())
    }

    /// The bytes of the request. Its length is told unless the test has told another.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let framed = ["content-length", "transfer-encoding"];
        let told = |name: &String| framed.contains(&name.to_ascii_lowercase().as_str());
        if !self.headers.iter().any(|(name, _)| told(name)) {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }

    pub fn send(&self) -> Answer {
        self.try_send().unwrap_or_else(|e| panic!("{} {}: {e}", self.method, self.path))
    }

    /// What comes; an error where the other side hangs up without an answer.
    pub fn try_send(&self) -> std::io::Result<Answer> {
        exchange(&self.address, &self.bytes())
    }
}

pub fn connect(address: &str) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Sends these bytes and takes one answer.
pub fn exchange(address: &str, bytes: &[u8]) -> std::io::Result<Answer> {
    let mut stream = connect(address)?;
    // It may answer and hang up before it has read all.
    let sent = stream.write_all(bytes);
    let answer = answer(&mut stream);
    match (answer, sent) {
        (Ok(answer), _) => Ok(answer),
        (Err(_), Err(e)) => Err(e),
        (Err(e), Ok(())) => Err(e),
    }
}

/// One answer with a told length.
pub fn answer(stream: &mut TcpStream) -> std::io::Result<Answer> {
    let ended = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Err(ended());
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let mut answer = Answer { status: status.ok_or_else(ended)?, headers, body: String::new() };
    let length = answer.header("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    answer.body = String::from_utf8_lossy(&body).into_owned();
    Ok(answer)
}
