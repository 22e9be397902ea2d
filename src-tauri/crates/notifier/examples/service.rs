//! A notification service that does what the lines of its input say: for this crate's tests.
//!
//! Arguments: the bus's socket, the first number it gives; `handed` for a connection that the process which
//! made it has left to another one.

use std::io::BufRead;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use zbus::blocking::{Connection, connection::Builder, fdo::DBusProxy};
use zbus::fdo::RequestNameFlags;
use zbus::zvariant::OwnedValue;

const SERVICE: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const BUS: &str = "org.freedesktop.DBus";

type Hints = std::collections::HashMap<String, OwnedValue>;
type Failure = Box<dyn std::error::Error>;

struct Service {
    next: u32,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Service {
    fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body-markup"].map(str::to_owned).into()
    }

    #[allow(clippy::too_many_arguments, reason = "as the specification has it")]
    fn notify(
        &mut self,
        _app: String,
        _replaces: u32,
        _icon: String,
        _title: String,
        _body: String,
        actions: Vec<String>,
        _hints: Hints,
        _stays: i32,
    ) -> u32 {
        println!("actions {}", actions.len());
        self.next += 1;
        self.next - 1
    }

    fn close_notification(&self, _id: u32) {}
}

fn main() -> Result<(), Failure> {
    let words: Vec<String> =
        std::env::args_os().filter_map(|word| word.into_string().ok()).collect();
    let (socket, first) = (&words[1], words[2].parse()?);
    let connection = match words.get(3).map(String::as_str) {
        // The one that connects ends; its connection goes on where this one has its error output.
        Some("handed") => {
            let stream = OwnedFd::from(UnixStream::connect(socket)?);
            let mut heir = Command::new(std::env::current_exe()?);
            heir.args([socket, &words[2], "heir"]).stderr(Stdio::from(stream)).spawn()?;
            return Ok(());
        }
        Some("heir") => {
            let stream = std::io::stderr().as_fd().try_clone_to_owned()?;
            Builder::async_io_unix_stream(UnixStream::from(stream))
        }
        _ => Builder::address(format!("unix:path={socket}").as_str())?,
    };
    let connection = connection.serve_at(PATH, Service { next: first })?.build()?;
    println!("is {}", connection.unique_name().ok_or("no name")?);
    for line in std::io::stdin().lock().lines() {
        obey(&connection, &line?)?;
        // What was said is where it should be once the bus has answered this.
        DBusProxy::new(&connection)?.get_id()?;
        println!("done");
    }
    Ok(())
}

/// `own`, or `<destination> <member> <number> <text>`, where the destination `-` is everybody.
fn obey(connection: &Connection, line: &str) -> Result<(), Failure> {
    if line == "own" {
        use RequestNameFlags::{AllowReplacement, DoNotQueue, ReplaceExisting};
        let flags = AllowReplacement | DoNotQueue | ReplaceExisting;
        connection.request_name_with_flags(SERVICE, flags)?;
        return Ok(());
    }
    let [to, member, number, text] = line.splitn(4, ' ').collect::<Vec<_>>()[..] else {
        return Err(format!("cannot understand `{line}`").into());
    };
    let to = Some(to).filter(|to| *to != "-");
    let number: u32 = number.parse()?;
    match member {
        "NotificationClosed" => connection.emit_signal(to, PATH, SERVICE, member, &(number, 2u32)),
        "NameOwnerChanged" => connection.emit_signal(to, PATH, BUS, member, &(SERVICE, text, "")),
        _ => connection.emit_signal(to, PATH, SERVICE, member, &(number, text)),
    }?;
    Ok(())
}
