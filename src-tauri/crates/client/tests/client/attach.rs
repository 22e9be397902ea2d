//! Attaching to a peer that plays a host word by word.

use crate::fake::{Peer, listen, place};
use nightshift_client::{AttachEvent, Attachment};
use nightshift_model::Millis;
use nightshift_protocol::launch::{DOCUMENT_VERSION, Exited};
use nightshift_protocol::{
    FaultCode, FrameKind, Hello, HostEvent, HostRequest, Role, encode_control, encode_frame,
};

fn exited() -> Exited {
    Exited {
        version: DOCUMENT_VERSION,
        code: Some(3),
        signal: None,
        spawn_error: None,
        user_time_ms: 0,
        system_time_ms: 0,
        max_rss_kib: 0,
        at: Millis(1),
        last_seq: 9,
    }
}

async fn request(peer: &mut Peer) -> HostRequest {
    let (kind, body) = peer.frame().await.unwrap();
    assert_eq!(kind, FrameKind::Control);
    serde_json::from_slice(&body).unwrap()
}

async fn attached() -> (crate::fake::Place, Attachment, Peer) {
    let place = place();
    let listener = listen(&place);
    let socket = place.home.supervisor_socket();
    let hello = Hello::new(Role::Host);
    let connect = Attachment::connect(&socket, 80, 24, false);
    let (attachment, peer) = tokio::join!(connect, Peer::accept(&listener, &hello));
    let mut peer = peer;
    let expected = HostRequest::Attach { cols: 80, rows: 24, read_only: false };
    assert_eq!(request(&mut peer).await, expected);
    (place, attachment.unwrap(), peer)
}

#[tokio::test]
async fn what_the_host_says_arrives_in_order_and_unknown_events_are_passed_over() {
    let (_place, mut attachment, mut peer) = attached().await;
    let big = vec![b'x'; 3 * 1024 * 1024];
    let say = async {
        peer.write(&encode_control(&HostEvent::Snapshot { cols: 80, rows: 24 })).await;
        peer.write(&encode_frame(FrameKind::Data, b"\x1b[2J")).await;
        peer.write(&encode_frame(FrameKind::Control, b"{\"type\":\"of_tomorrow\"}")).await;
        peer.write(&encode_control(&HostEvent::Resized { cols: 90, rows: 30 })).await;
        peer.write(&encode_frame(FrameKind::Data, &big)).await;
        peer.write(&encode_control(&HostEvent::Exited { exit: exited() })).await;
        drop(peer);
    };
    let hear = async {
        for expected in [
            AttachEvent::Snapshot { cols: 80, rows: 24 },
            AttachEvent::Data(b"\x1b[2J".to_vec()),
            AttachEvent::Resized { cols: 90, rows: 30 },
            AttachEvent::Data(big.clone()),
            AttachEvent::Exited(exited()),
            AttachEvent::Exited(exited()),
        ] {
            assert!(attachment.next().await == expected);
        }
    };
    tokio::join!(say, hear);
}

#[tokio::test]
async fn both_halves_work_at_once_and_a_host_that_dies_is_lost() {
    let (_place, attachment, mut peer) = attached().await;
    let (mut reader, mut writer) = attachment.split();
    let paste = vec![b'p'; 200 * 1024];
    let type_keys = async {
        writer.send(&paste).await.unwrap();
        writer.resize(100, 40).await.unwrap();
        writer.ack(17).await.unwrap();
    };
    let play = async {
        let mut typed = Vec::new();
        while typed.len() < paste.len() {
            let (kind, body) = peer.frame().await.unwrap();
            assert_eq!(kind, FrameKind::Data);
            typed.extend(body);
        }
        assert!(typed == paste);
        assert_eq!(request(&mut peer).await, HostRequest::Resize { cols: 100, rows: 40 });
        assert_eq!(request(&mut peer).await, HostRequest::Ack { bytes: 17 });
        drop(peer);
    };
    let ((), (), event) = tokio::join!(type_keys, play, reader.next());
    assert_eq!(event, AttachEvent::Lost);
    assert_eq!(reader.next().await, AttachEvent::Lost);
}

#[tokio::test]
async fn a_supervisor_is_no_host() {
    let place = place();
    let listener = listen(&place);
    let socket = place.home.supervisor_socket();
    let connect = Attachment::connect(&socket, 80, 24, true);
    let (attachment, _peer) = tokio::join!(connect, Peer::supervisor(&listener));
    assert_eq!(attachment.err().unwrap().code, FaultCode::Protocol);
}
