//! Sends its arguments after the first as frames to the host socket that is the first, and prints each
//! event that comes: what runs in a session may do that too. With `HOLD` it first takes the role which that
//! lock file stands for. For this crate's own tests.

use nightshift_platform::RoleLock;
use nightshift_protocol::{FrameDecoder, FrameKind, Hello, Role, encode_control, encode_frame};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let mut args = std::env::args_os().skip(1);
    let hold = std::env::var_os("HOLD");
    let _role = hold.map(|file| RoleLock::acquire(Path::new(&file))).transpose()?;
    let mut stream = UnixStream::connect(args.next().unwrap_or_default())?;
    stream.write_all(&encode_control(&Hello::new(Role::Client)))?;
    for frame in args.filter_map(|frame| frame.into_string().ok()) {
        let bytes = match frame.strip_prefix("keys:") {
            Some(keys) => encode_frame(FrameKind::Data, format!("{keys}\r").as_bytes()),
            None => encode_frame(FrameKind::Control, frame.as_bytes()),
        };
        stream.write_all(&bytes)?;
    }
    // So many answers are waited for; else those to all that was said.
    let expected = std::env::var("EXPECT").ok().and_then(|text| text.parse::<usize>().ok());
    if expected.is_none() {
        stream.shutdown(std::net::Shutdown::Write)?;
    }
    let (mut decoder, mut buffer, mut count) = (FrameDecoder::default(), vec![0; 64 * 1024], 0);
    while expected.is_none_or(|expected| count < expected) {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        decoder.push(&buffer[..read]);
        while let Ok(Some((kind, body))) = decoder.next_frame() {
            if kind == FrameKind::Control {
                println!("{}", String::from_utf8_lossy(&body));
                count += 1;
            }
        }
    }
    println!("over");
    Ok(())
}
