//! The notifier's life: takes orders, carries them out, says what became of them, hears buttons, and
//! ends when nothing is left.

use crate::bubbles::{Bubbles, Pressed};
use crate::desktop::{Desktop, Signal};
use crate::{phone, window};
use nightshift_client::{Client, Follow, Starter, find_or_start};
use nightshift_platform::{Home, clock};
use nightshift_protocol::{
    BoardChange, BoardEvent, Command, Delivery, Environment, Fault, FaultCode, NoticeChannel,
    NotificationAct, NotificationOrder, Reply,
};
use std::collections::VecDeque;
use std::future::Future;
use std::io::ErrorKind;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::mpsc;

/// With nothing open it waits so long for more before it ends: sessions often ask in a row.
const LINGER: Duration = Duration::from_secs(2);
/// A supervisor that was killed or updated is back within this; then it is given up.
const RETURN_PATIENCE: Duration = Duration::from_secs(60);
const RETURN_PAUSE: Duration = Duration::from_millis(250);
/// A supervisor that was stopped takes its socket with it; one that was killed leaves it there until its successor
/// makes another in its place, which takes no time that counts.
const STOPPED_AFTER: Duration = Duration::from_secs(1);
/// Messages to phones on their way at once.
const PHONE_MAX: usize = 64;

type Orders = Pin<Box<dyn Future<Output = Result<Vec<NotificationOrder>, Fault>>>>;

/// Serves until nothing is left to tell or to hear.
pub fn run(home: Home) -> Result<(), Fault> {
    let failed = |e: std::io::Error| Fault::new(FaultCode::Io, format!("the notifier: {e}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(failed)?;
    let served = runtime.block_on(Notifier::new(home).serve());
    // Phones that do not answer must not keep the process.
    runtime.shutdown_background();
    served
}

struct Notifier {
    home: Home,
    desktop: Option<Desktop>,
    bubbles: Bubbles,
    /// What became of orders and was not told yet.
    settled: VecDeque<(u32, Delivery)>,
    phone: mpsc::Sender<(u32, Delivery)>,
    answers: mpsc::Receiver<(u32, Delivery)>,
    /// Messages on their way to phones.
    under_way: usize,
    token: Option<String>,
}

/// Why a connection is served no longer.
enum Ended {
    NothingLeft,
    Lost,
}

impl Notifier {
    fn new(home: Home) -> Notifier {
        let (phone, answers) = mpsc::channel(PHONE_MAX);
        Notifier {
            home,
            desktop: None,
            bubbles: Bubbles::default(),
            settled: VecDeque::new(),
            phone,
            answers,
            under_way: 0,
            token: None,
        }
    }

    async fn serve(mut self) -> Result<(), Fault> {
        loop {
            // Without one nobody can be told any more; what is shown stays as text, and what was not delivered is
            // still pending where the next supervisor reads it.
            let Some(client) = self.connect().await? else { return Ok(()) };
            match self.serve_connected(&client).await {
                Ok(Ended::NothingLeft) => {
                    client.close().await;
                    return Ok(());
                }
                Ok(Ended::Lost) => {}
                Err(fault) if fault.code == FaultCode::Unreachable => {}
                Err(fault) => return Err(fault),
            }
        }
    }

    /// The supervisor, or its successor; none where it was stopped.
    async fn connect(&self) -> Result<Option<Client>, Fault> {
        let begun = clock::monotonic();
        let mut there = begun;
        loop {
            let fault = match Client::connect(&self.home).await {
                Ok(client) => return Ok(Some(client)),
                Err(fault) => fault,
            };
            let now = clock::monotonic();
            match self.home.supervisor_socket().symlink_metadata() {
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Ok(_) | Err(_) => there = now,
            }
            if now >= there + STOPPED_AFTER {
                return Ok(None);
            }
            if now >= begun + RETURN_PATIENCE {
                return Err(fault);
            }
            tokio::time::sleep(RETURN_PAUSE).await;
        }
    }

    async fn serve_connected(&mut self, client: &Client) -> Result<Ended, Fault> {
        self.tell_settled(client).await?;
        let mut board = client.follow_board().await?;
        let mut orders = next_orders(client);
        // A busy board must not keep it.
        let mut idle_until = None;
        loop {
            let idle = self.bubbles.is_empty() && self.under_way == 0;
            if !idle {
                idle_until = None;
            }
            let next = match idle {
                true => Some(*idle_until.get_or_insert_with(|| clock::monotonic() + LINGER)),
                false => self.bubbles.next_forgotten(),
            };
            let wait = next.map(until);
            tokio::select! {
                // What the board said before an order is older than the order: read after it, it would
                // take a question from the desktop that is still open.
                biased;
                event = next_event(&mut board) => match event {
                    Ok(event) => self.board(event).await,
                    Err(_) => return Ok(Ended::Lost),
                },
                given = &mut orders => {
                    for order in given? {
                        self.carry_out(order).await;
                    }
                    self.tell_settled(client).await?;
                    orders = next_orders(client);
                }
                signal = next_signal(&mut self.desktop) => self.signal(client, signal).await,
                Some(answer) = self.answers.recv() => {
                    self.under_way = self.under_way.saturating_sub(1);
                    self.settled.push_back(answer);
                    self.tell_settled(client).await?;
                }
                () = sleep(wait) => {
                    if idle {
                        return Ok(Ended::NothingLeft);
                    }
                    self.bubbles.forget_old(clock::monotonic());
                }
            }
        }
    }

    async fn carry_out(&mut self, order: NotificationOrder) {
        let n = order.receipt.n;
        match order.receipt.channel {
            NoticeChannel::Desktop => {
                let delivery = match self.show(&order).await {
                    Ok(()) => Delivery::Delivered,
                    Err(why) => Delivery::Failed { why },
                };
                self.settled.push_back((n, delivery));
            }
            NoticeChannel::Ntfy | NoticeChannel::Webhook => {
                self.under_way += 1;
                let phone = self.phone.clone();
                tokio::task::spawn_blocking(move || {
                    let delivery = phone::send(&order);
                    // An error means that this process ends.
                    phone.blocking_send((n, delivery)).ok();
                });
            }
        }
    }

    async fn show(&mut self, order: &NotificationOrder) -> Result<(), String> {
        match self.show_once(order).await {
            // Another service has taken its place meanwhile.
            Err(_) if !self.is_served().await => self.show_once(order).await,
            shown => shown,
        }
    }

    async fn is_served(&self) -> bool {
        match &self.desktop {
            Some(desktop) => desktop.is_served().await,
            None => false,
        }
    }

    async fn show_once(&mut self, order: &NotificationOrder) -> Result<(), String> {
        if !self.is_served().await {
            self.bubbles.forget_all();
            self.desktop = None;
            self.desktop = Some(Desktop::connect().await?);
        }
        let Some(desktop) = &self.desktop else { return Ok(()) };
        for id in self.bubbles.displaced_by(order) {
            desktop.close(id).await;
            self.bubbles.take(id);
        }
        let id = desktop.show(order, self.bubbles.told_anew(order)).await?;
        self.bubbles.shown(id, order, clock::monotonic());
        Ok(())
    }

    /// Says what became of orders; what cannot be said now is said to the next supervisor.
    async fn tell_settled(&mut self, client: &Client) -> Result<(), Fault> {
        while let Some((n, delivery)) = self.settled.front().cloned() {
            let act = NotificationAct::Settle { n, delivery };
            client.call(Command::Notifications { act }).await?;
            self.settled.pop_front();
        }
        Ok(())
    }

    /// What was answered or went elsewhere is taken from the desktop.
    async fn board(&mut self, event: BoardEvent) {
        let settled = match event {
            BoardEvent::Snapshot { sessions, .. } => {
                let ids: Vec<String> = sessions.iter().map(|view| view.id.clone()).collect();
                let gone = self.bubbles.of_others(&ids);
                let done = sessions.iter().flat_map(|view| self.bubbles.settled_by(view));
                done.chain(gone).collect()
            }
            BoardEvent::Change { change: BoardChange::Upsert { view }, .. } => {
                self.bubbles.settled_by(&view)
            }
            BoardEvent::Change { change: BoardChange::Removed { id }, .. } => {
                self.bubbles.of(&id).map(|bubble| bubble.id).collect()
            }
            BoardEvent::Change {
                change: BoardChange::Notice { .. } | BoardChange::NoticeGone { .. },
                ..
            } => Vec::new(),
        };
        for id in settled {
            if let Some(desktop) = &self.desktop {
                desktop.close(id).await;
            }
            self.bubbles.take(id);
        }
    }

    async fn signal(&mut self, client: &Client, signal: Signal) {
        match signal {
            Signal::Pressed { id, key } => {
                if let Some(pressed) = self.bubbles.pressed(id, &key, clock::monotonic()) {
                    self.pressed(client, pressed).await;
                }
            }
            Signal::Activation { id, token } => {
                // The service tells everybody of everybody's.
                if self.bubbles.knows(id) {
                    self.token = Some(token);
                }
            }
            Signal::Closed { id } => self.bubbles.closed(id),
            Signal::ServiceGone => {
                self.bubbles.forget_all();
                self.desktop = None;
            }
        }
    }

    async fn pressed(&mut self, client: &Client, pressed: Pressed) {
        match pressed {
            Pressed::Open { session } => self.open(&session),
            Pressed::Answer { session, need, answer, shown } => {
                let (named, shown_ms) = (Some(need), u64::try_from(shown.as_millis()).ok());
                let command = Command::Answer {
                    session: session.clone(),
                    need: named,
                    answer,
                    shown_ms,
                    env: Environment::new(),
                };
                let answered = match client.call(command.clone()).await {
                    Err(fault) if fault.code == FaultCode::Unreachable => {
                        self.answer_anew(command).await
                    }
                    answered => answered,
                };
                if let Err(fault) = answered {
                    tracing::warn!("the answer was not taken: {fault}");
                    // It goes on otherwise by now: that is there to be seen.
                    if fault.code == FaultCode::Refused {
                        self.open(&session);
                    }
                }
            }
        }
    }

    fn open(&mut self, session: &str) {
        if let Err(e) = window::open(&self.home, session, self.token.take()) {
            tracing::warn!("the window cannot be started: {e}");
        }
    }

    /// The supervisor was gone when the button was pressed: the answer is given to its successor. An
    /// answer that it had taken already is refused there and given once.
    async fn answer_anew(&self, command: Command) -> Result<Reply, Fault> {
        let binary = std::env::current_exe()
            .map_err(|e| Fault::new(FaultCode::Io, format!("own binary not found: {e}")))?;
        find_or_start(&self.home, &Starter { binary }).await?.call(command).await
    }
}

fn next_orders(client: &Client) -> Orders {
    let client = client.clone();
    Box::pin(async move {
        let act = NotificationAct::Next;
        match client.call(Command::Notifications { act }).await? {
            Reply::Orders { orders } => Ok(orders),
            _ => Err(Fault::new(FaultCode::Protocol, "the supervisor gave no orders")),
        }
    })
}

async fn next_event(board: &mut Follow<BoardEvent>) -> Result<BoardEvent, Fault> {
    board.next().await
}

/// Without a desktop nothing is told.
async fn next_signal(desktop: &mut Option<Desktop>) -> Signal {
    match desktop {
        Some(desktop) => desktop.next().await,
        None => std::future::pending().await,
    }
}

async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

fn until(at: Duration) -> Duration {
    at.saturating_sub(clock::monotonic())
}
