//! How a verb can fail.

use clap::error::ErrorKind;
use nightshift_protocol::{Fault, FaultCode};

#[derive(Debug)]
pub enum Failure {
    /// Exit code 1 and one line.
    Fault(Fault),
    /// Exit code 2.
    Usage(ErrorKind, String),
    /// Whoever read our output has had enough (`| head`): no failure at all.
    OutputClosed,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::Fault(fault)
    }
}

/// Only writing to stdout gives bare I/O errors: everything else says what it was doing.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::OutputClosed,
            _ => Failure::Fault(Fault::new(FaultCode::Io, format!("cannot write output: {error}"))),
        }
    }
}

impl Failure {
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::Usage(ErrorKind::MissingRequiredArgument, message.into())
    }
}
