//! A peer that speaks the protocol word by word as a test tells it, on a real socket.

use nightshift_platform::dirs::Home;
use nightshift_protocol::{
    Command, FrameDecoder, FrameKind, Hello, Request, Role, ServerMessage, encode_control,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

pub struct Place {
    pub home: Home,
    _dir: tempfile::TempDir,
}

pub fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let home = Home { state: dir.path().join("n"), run: dir.path().join("n/run") };
    home.ensure().unwrap();
    Place { home, _dir: dir }
}

pub fn listen(place: &Place) -> UnixListener {
    UnixListener::bind(place.home.supervisor_socket()).unwrap()
}

pub struct Peer {
    stream: UnixStream,
    decoder: FrameDecoder,
}

impl Peer {
    pub async fn accept(listener: &UnixListener, hello: &Hello) -> Peer {
        let (stream, _) = listener.accept().await.unwrap();
        let mut peer = Peer { stream, decoder: FrameDecoder::default() };
        peer.write(&encode_control(hello)).await;
        let (_, body) = peer.frame().await.unwrap();
        let theirs: Hello = serde_json::from_slice(&body).unwrap();
        assert_eq!(theirs.role, Role::Client);
        peer
    }

    pub async fn supervisor(listener: &UnixListener) -> Peer {
        Peer::accept(listener, &Hello::new(Role::Supervisor)).await
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub async fn say(&mut self, message: &ServerMessage) {
        self.write(&encode_control(message)).await;
    }

    /// The next frame; none at the end of the stream.
    pub async fn frame(&mut self) -> Option<(FrameKind, Vec<u8>)> {
        loop {
            if let Some(frame) = self.decoder.next_frame().unwrap() {
                return Some(frame);
            }
            let mut bytes = [0; 4096];
            let count = self.stream.read(&mut bytes).await.unwrap();
            if count == 0 {
                return None;
            }
            self.decoder.push(&bytes[..count]);
        }
    }

    pub async fn request(&mut self) -> (u64, Command) {
        let (_, body) = self.frame().await.expect("a request");
        let request: Request = serde_json::from_slice(&body).unwrap();
        (request.id, request.command)
    }
}
