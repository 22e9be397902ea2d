//! Listens at the socket that is its first argument and greets whoever connects as the role that is its
//! second one: for this crate's tests. With a third argument the one that listens ends and another goes on.

use nightshift_protocol::{Hello, Role, encode_control};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> =
        std::env::args_os().filter_map(|word| word.into_string().ok()).collect();
    let role = match words[2].as_str() {
        "host" => Role::Host,
        _ => Role::Supervisor,
    };
    let listener = match words.get(3).map(String::as_str) {
        // Whoever goes on has the socket where this one has its input.
        Some("ends") => {
            let listener = OwnedFd::from(UnixListener::bind(&words[1])?);
            let mut heir = Command::new(std::env::current_exe()?);
            heir.args([&words[1], &words[2], "heir"]).stdin(Stdio::from(listener)).spawn()?;
            return Ok(());
        }
        Some("heir") => UnixListener::from(std::io::stdin().as_fd().try_clone_to_owned()?),
        _ => UnixListener::bind(&words[1])?,
    };
    println!("ready");
    for stream in listener.incoming() {
        let mut stream = stream?;
        // One that hangs up is not served any further.
        if stream.write_all(&encode_control(&Hello::new(role))).is_ok() {
            stream.read_to_end(&mut Vec::new()).ok();
        }
    }
    Ok(())
}
