//! The tray icon and its live menu. On Linux the icon itself takes no clicks: all is in the menu.
//!
//! Promise: says who needs input, each one click away; changes only when what it says changes.

use crate::opening::OpenTarget;
use crate::{link::Link, opening, quick, window};
use nightshift_client::Follow;
use nightshift_notices::tray::{Line, Menu as Shown, id_of_session, name_of_routine};
use nightshift_platform::clock;
use nightshift_protocol::{BoardEvent, Fault, FaultCode, calls};
use std::time::Duration;
use tauri::image::Image;
use tauri::menu::{CheckMenuItem, IsMenuItem, Menu, MenuEvent, MenuItem, PredefinedMenuItem};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Manager, Wry};
use tokio::sync::Notify;

const TRAY: &str = "main";
/// Several changes within this are shown as one.
const SETTLE: Duration = Duration::from_millis(200);
/// Somebody else may have paused the schedules, and routines may be other ones: looked at with changes, but not more
/// often.
const PAUSED_LOOK: Duration = Duration::from_secs(5);
/// Until a lost supervisor is asked again.
const RETRY: Duration = Duration::from_secs(2);

const USUAL: Image<'_> = tauri::include_image!("../icons/tray.png");
const NEEDED: Image<'_> = tauri::include_image!("../icons/tray-needs-input.png");

/// The menu's own switch was used.
#[derive(Default)]
pub struct Toggled(Notify);

/// Something that the menu says was changed by this window: it is looked at now.
pub fn look_again(app: &AppHandle) {
    app.state::<Toggled>().0.notify_one();
}

pub fn build(app: &AppHandle) -> tauri::Result<()> {
    let drawn = lines(&Shown::default());
    let tray = TrayIconBuilder::with_id(TRAY)
        .icon(USUAL)
        .title("Nightshift")
        .menu(&menu(app, &drawn)?)
        .on_menu_event(on_menu)
        .build(app)?;
    follow(app, tray, drawn);
    Ok(())
}

/// Keeps the menu true for as long as the app runs.
fn follow(app: &AppHandle, tray: TrayIcon, mut drawn: Vec<Line>) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        loop {
            // What ends it is said by the window's banner.
            follow_once(&app, &tray, &mut drawn).await.err();
            tokio::time::sleep(RETRY).await;
        }
    });
}

async fn follow_once(app: &AppHandle, tray: &TrayIcon, drawn: &mut Vec<Line>) -> Result<(), Fault> {
    let (link, toggled) = (app.state::<Link>(), app.state::<Toggled>());
    let mut board: Follow<BoardEvent> = link.client().await?.follow_board().await?;
    let mut shown = Shown::default();
    let mut asked: Option<Duration> = None;
    loop {
        let turned = tokio::select! {
            event = board.next() => {
                shown.take(event?);
                false
            }
            () = toggled.0.notified() => true,
        };
        let settle = tokio::time::sleep(SETTLE);
        tokio::pin!(settle);
        loop {
            tokio::select! {
                () = &mut settle => break,
                event = board.next() => shown.take(event?),
            }
        }
        let now = clock::monotonic();
        if turned || asked.is_none_or(|at| now.saturating_sub(at) >= PAUSED_LOOK) {
            shown.paused = paused(&link).await?;
            shown.routines = link.ask(calls::ListRoutines {}).await?.routines;
            asked = Some(now);
        }
        let next = lines(&shown);
        if next != *drawn {
            drawn.clone_from(&next);
            let needed = shown.needing() > 0;
            show(app, tray, next, needed)
                .map_err(|e| Fault::new(FaultCode::Internal, e.to_string()))?;
        }
    }
}

fn lines(shown: &Shown) -> Vec<Line> {
    let now = clock::now();
    shown.lines(now, &|at| clock::local_time(at, now))
}

async fn paused(link: &Link) -> Result<bool, Fault> {
    Ok(link.ask(calls::Status {}).await?.schedules_paused)
}

fn show(app: &AppHandle, tray: &TrayIcon, lines: Vec<Line>, needed: bool) -> tauri::Result<()> {
    let (handle, tray) = (app.clone(), tray.clone());
    // GTK belongs to the main thread.
    app.run_on_main_thread(move || {
        let drawn = menu(&handle, &lines).and_then(|menu| {
            tray.set_menu(Some(menu))?;
            tray.set_icon(Some(if needed { NEEDED } else { USUAL }))
        });
        if let Err(error) = drawn {
            eprintln!("warning: the tray does not show what is new: {error}");
        }
    })
}

fn menu(app: &AppHandle, lines: &[Line]) -> tauri::Result<Menu<Wry>> {
    let menu = Menu::new(app)?;
    for line in lines {
        let item: Box<dyn IsMenuItem<Wry>> = match line {
            Line::Said(words) => Box::new(MenuItem::new(app, words, false, None::<&str>)?),
            Line::Between => Box::new(PredefinedMenuItem::separator(app)?),
            Line::Does { id, words } => {
                Box::new(MenuItem::with_id(app, id, words, true, None::<&str>)?)
            }
            Line::Switch { id, words, on } => {
                Box::new(CheckMenuItem::with_id(app, id, words, true, *on, None::<&str>)?)
            }
        };
        menu.append(&*item)?;
    }
    Ok(menu)
}

fn on_menu(app: &AppHandle, event: MenuEvent) {
    use nightshift_notices::tray::{CLOSE, OPEN, PAUSE, QUICK, QUIT, RESUME, ROUTINES};
    match event.id().as_ref() {
        OPEN => window::show(app),
        CLOSE => window::hide(app, window::MAIN),
        QUICK => quick::show(app),
        QUIT => app.exit(0),
        PAUSE => pause(app, true),
        RESUME => pause(app, false),
        ROUTINES => opening::open(app, OpenTarget::Routines { name: None }),
        id => {
            if let Some(name) = name_of_routine(id) {
                let name = Some(name.to_owned());
                opening::open(app, OpenTarget::Routines { name });
            }
            if let Some(session) = id_of_session(id) {
                opening::session_of(app, session.to_owned());
            }
        }
    }
}

fn pause(app: &AppHandle, paused: bool) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let link = app.state::<Link>();
        if let Err(fault) = link.ask(calls::PauseSchedules { paused }).await {
            eprintln!("warning: schedules were not paused: {fault}");
        }
        look_again(&app);
    });
}
