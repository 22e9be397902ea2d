//! The supervisor, at the other end of stdin: asked what to serve, and the end of everything when it is gone.

use crate::app::App;
use crate::listen::listen;
use crate::poll::poll;
use nightshift_client::Client;
use nightshift_protocol::intake::{IntakeAct, IntakeResult, Serving};
use nightshift_protocol::{Fault, FaultCode, calls};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The socket that the supervisor has put in the place of stdin.
pub fn socket() -> Result<UnixStream, Fault> {
    let not_ours = || {
        Fault::new(FaultCode::Invalid, "`nightshift intake` is started by the supervisor")
            .hint("see what listens with `nightshift intake status`")
    };
    let stdin = rustix::stdio::stdin().try_clone_to_owned();
    let stdin = stdin.map_err(|e| Fault::new(FaultCode::Io, format!("stdin: {e}")))?;
    let socket = UnixStream::from(stdin);
    match socket.peer_addr() {
        Ok(_) => Ok(socket),
        Err(_) => Err(not_ours()),
    }
}

pub async fn serve(socket: UnixStream) -> Result<(), Fault> {
    let client = Client::over(socket).await?;
    let first = next(&client, 0).await?;
    let (serving, changes) = watch::channel(Arc::new(first));
    let app = Arc::new(App::new(client.clone(), changes));
    let polling = tokio::spawn(poll(app.clone()));
    let served = follow(&client, &serving, &app).await;
    polling.abort();
    served
}

/// Serves whatever is to be served, until that is to be done by another process.
async fn follow(
    client: &Client,
    serving: &watch::Sender<Arc<Serving>>,
    app: &Arc<App>,
) -> Result<(), Fault> {
    let mut listening: Option<(String, JoinHandle<()>)> = None;
    loop {
        let now = serving.borrow().clone();
        let wanted = now.wants_listener();
        match &listening {
            None if wanted => {
                let address = now.listen.clone();
                let task = tokio::spawn(listen(app.clone(), address.clone()));
                listening = Some((address, task));
            }
            // Another address, or none: the supervisor starts another process for what is left.
            Some((address, _)) if !wanted || !is_same(address, &now.listen) => return Ok(()),
            Some(_) | None => {}
        }
        match next(client, now.version).await {
            Ok(next) => {
                serving.send_replace(Arc::new(next));
            }
            Err(fault) if fault.code == FaultCode::Unreachable => return Ok(()),
            Err(fault) => return Err(fault),
        }
    }
}

/// A port that the system chose is the one that is remembered from then on.
fn is_same(bound: &str, wanted: &str) -> bool {
    bound == wanted || bound.ends_with(":0")
}

async fn next(client: &Client, seen: u64) -> Result<Serving, Fault> {
    match client.ask(calls::Intake { act: IntakeAct::Next { seen } }).await? {
        IntakeResult::Serve(serving) => Ok(*serving),
        other => {
            let kind = format!("{other:?}");
            let kind: String = kind.chars().take_while(|c| c.is_alphanumeric()).collect();
            Err(Fault::new(FaultCode::Protocol, format!("the supervisor answered with `{kind}`")))
        }
    }
}
