//! A client whose own mark somebody has lowered, in a process of its own: it has it for good.

#[path = "client/fake.rs"]
#[allow(dead_code, reason = "other tests' words")]
mod fake;

use nightshift_client::Client;
use nightshift_platform::Mark;
use nightshift_protocol::FaultCode;

#[tokio::test]
async fn security_06_a_client_whose_mark_was_lowered_trusts_no_more_than_before() {
    let own = Mark::remembered();
    // From here on this process is as far down as what a session starts.
    own.below(7).take().unwrap();
    assert!(!Mark::is_as_remembered());
    let place = fake::place();
    let _listener = fake::listen(&place);
    let fault = Client::connect(&place.home).await.err().unwrap();
    assert_eq!(fault.code, FaultCode::Refused, "{fault}");
    assert!(fault.to_string().contains("was started inside of a session"), "{fault}");
}
