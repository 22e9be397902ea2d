//! A window of the same Tauri and WebKit with one line in it: what the benchmarks hold ours against.
//!
//! Promise: nothing but a page; it closes like any window.

use std::borrow::Cow;
use std::process::ExitCode;
use tauri::http::Response;
use tauri::{WebviewUrl, WebviewWindowBuilder};

const SCHEME: &str = "bare";
const PAGE: &[u8] = b"<!doctype html><title>bare</title><p data-testid=\"bare\">A bare window.</p>";
const WIDTH: f64 = 1180.0;
const HEIGHT: f64 = 800.0;

#[expect(clippy::disallowed_methods, reason = "a window of nothing but Tauri, to compare with")]
fn main() -> ExitCode {
    let built = tauri::Builder::default()
        .register_uri_scheme_protocol(SCHEME, |_, _| {
            let page = Response::builder().header("content-type", "text/html");
            page.body(Cow::Borrowed(PAGE)).unwrap_or_default()
        })
        .setup(|app| {
            let url = WebviewUrl::CustomProtocol("bare://localhost/".parse()?);
            WebviewWindowBuilder::new(app, "bare", url).inner_size(WIDTH, HEIGHT).build()?;
            Ok(())
        })
        .build(context());
    match built {
        Ok(app) => {
            app.run(|_, _| {});
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: the bare window cannot open: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "written by the context macro, not by us")]
fn context() -> tauri::Context {
    let mut context = tauri::generate_context!();
    // Only what `main` opens.
    context.config_mut().app.windows.clear();
    context
}
