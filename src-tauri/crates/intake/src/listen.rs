//! Listening: connections with limits, and which path leads where.

use crate::answer::{error, not_found, refusal};
use crate::app::App;
use crate::fire::fire;
use crate::limits::{
    CONNECTIONS_MAX, HEAD_MAX_BYTES, HEAD_PATIENCE, HEADERS_MAX, LISTEN_PAUSE, REQUEST_PATIENCE,
};
use crate::webhook::webhook;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::post;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use nightshift_protocol::calls;
use nightshift_protocol::intake::IntakeAct;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// Listens at `address` and serves until it is aborted.
pub async fn listen(app: Arc<App>, address: String) {
    let listener = loop {
        match TcpListener::bind(&address).await {
            Ok(listener) => break listener,
            Err(e) => {
                let why = format!("{address}: {e}");
                tell(&app, IntakeAct::NotListening { why }).await;
                sleep(LISTEN_PAUSE).await;
            }
        }
    };
    let address = listener.local_addr().map_or(address, |address| address.to_string());
    tell(&app, IntakeAct::Listening { address }).await;
    accept(listener, app).await;
}

async fn tell(app: &App, act: IntakeAct) {
    if let Err(fault) = app.client.ask(calls::Intake { act }).await {
        tracing::warn!("the supervisor was not told: {fault}");
    }
}

async fn accept(listener: TcpListener, app: Arc<App>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let router = router(app);
    loop {
        // Nobody closes it.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let router = router.clone();
                tokio::spawn(async move {
                    serve(stream, router).await;
                    drop(place);
                });
            }
            Err(e) => {
                tracing::warn!("a connection was not taken: {e}");
                sleep(LISTEN_PAUSE).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, router: Router) {
    stream.set_nodelay(true).ok();
    let service = TowerToHyperService::new(router);
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(HEAD_MAX_BYTES)
        .max_headers(HEADERS_MAX);
    if let Err(e) = http.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!("a connection ended: {e}");
    }
}

pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/claude_code/routines/{id}/fire", post(fire))
        .route("/v1/routines/{id}/fire", post(fire))
        .route("/v1/github/{id}", post(webhook))
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(app.clone(), in_time))
        .with_state(app)
}

async fn nowhere() -> Response {
    error(&not_found())
}

async fn wrong_method() -> Response {
    error(&refusal(405, "invalid_request_error", "only POST is taken here"))
}

async fn in_time(State(_): State<Arc<App>>, request: Request, next: Next) -> Response {
    match timeout(REQUEST_PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => error(&refusal(500, "api_error", "it took too long")),
    }
}
