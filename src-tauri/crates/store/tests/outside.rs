//! What comes from outside as its user sees it: tokens, deliveries for 30 days, keys that find their occurrence. Real
//! files.

use nightshift_model::Millis;
use nightshift_routines::definition::TriggerKey;
use nightshift_routines::occurrence::{Occurrence, Origin};
use nightshift_store::ledger::{Key, LedgerRow, LedgerWrite};
use nightshift_store::outside::{
    DELIVERIES_KEPT_MS, DeliveryRow, OutsideWrite, Secret, TokenKind, TokenRow, Verdict,
};
use nightshift_store::{Store, Write};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&dir.path().join("nightshift.db"), Millis(1)).unwrap();
    (dir, store)
}

fn write(outside: OutsideWrite) -> Write {
    Write { ledger: LedgerWrite { outside, ..LedgerWrite::default() }, ..Write::default() }
}

fn token(id: &str, routine: &str) -> TokenRow {
    TokenRow {
        id: id.to_owned(),
        routine: routine.to_owned(),
        kind: TokenKind::Fire,
        secret: Secret("hash".to_owned()),
        previous: None,
        created_ms: 1,
        rotated_ms: None,
        last_used_ms: None,
    }
}

fn delivery(id: &str, at_ms: i64, verdict: Verdict) -> DeliveryRow {
    DeliveryRow {
        n: 0,
        id: id.to_owned(),
        routine: "trig_1".to_owned(),
        at_ms,
        kind: "webhook".to_owned(),
        verdict,
        status: Some(200),
        reason: None,
        headers: Default::default(),
        body: String::new(),
        text: None,
        event: None,
        checked: true,
        guid: Some("guid".to_owned()),
        occurrence: None,
    }
}

fn fire(id: &str, key: Option<&str>) -> LedgerRow {
    let trigger = TriggerKey("api".to_owned());
    let idempotency_key = key.map(str::to_owned);
    LedgerRow::of(Occurrence::due(id, "trig_1", Origin::Api { trigger, idempotency_key }))
}

fn rows(rows: Vec<LedgerRow>) -> Write {
    Write { ledger: LedgerWrite { rows, ..LedgerWrite::default() }, ..Write::default() }
}

#[test]
fn tokens_change_and_go_and_print_no_secret() {
    let (_dir, mut store) = store();
    let tokens = vec![token("tok_1", "trig_1"), token("tok_2", "trig_1"), token("tok_3", "trig_2")];
    store.commit(&write(OutsideWrite { tokens, ..OutsideWrite::default() })).unwrap();
    let used = TokenRow { last_used_ms: Some(7), ..token("tok_1", "trig_1") };
    let change = OutsideWrite {
        tokens: vec![used.clone()],
        revoked: vec!["tok_2".to_owned()],
        ..OutsideWrite::default()
    };
    store.commit(&write(change)).unwrap();
    assert_eq!(store.tokens().unwrap(), [used, token("tok_3", "trig_2")]);
    assert!(!format!("{:?}", store.tokens().unwrap()).contains("hash"));
    let removed = LedgerWrite { removed: vec!["trig_1".to_owned()], ..LedgerWrite::default() };
    store.commit(&Write { ledger: removed, ..Write::default() }).unwrap();
    assert_eq!(store.tokens().unwrap(), [token("tok_3", "trig_2")]);
}

#[test]
fn deliveries_are_found_by_the_id_that_github_gave_them_and_kept_for_30_days() {
    let (_dir, mut store) = store();
    let first = 100 * DAY_MS;
    let deliveries = vec![
        delivery("dlv_1", first, Verdict::Rejected),
        delivery("dlv_2", first + 1, Verdict::Accepted),
        delivery("dlv_3", first + 2, Verdict::Duplicate),
    ];
    store.commit(&write(OutsideWrite { deliveries, ..OutsideWrite::default() })).unwrap();
    let taken = store.delivery_taken_as("trig_1", "guid").unwrap().unwrap();
    assert_eq!(taken.id, "dlv_2");
    assert_eq!(store.delivery_taken_as("trig_2", "guid").unwrap(), None);
    let page = store.deliveries("trig_1", (None, 2)).unwrap();
    assert_eq!(page.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["dlv_3", "dlv_2"]);
    let rest = store.deliveries("trig_1", (Some(page[1].n), 2)).unwrap();
    assert_eq!(rest.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["dlv_1"]);
    let later = vec![delivery("dlv_4", first + 1 + DELIVERIES_KEPT_MS, Verdict::Accepted)];
    store.commit(&write(OutsideWrite { deliveries: later, ..OutsideWrite::default() })).unwrap();
    let kept = store.deliveries("trig_1", (None, 9)).unwrap();
    assert_eq!(
        kept.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(),
        ["dlv_4", "dlv_3", "dlv_2"]
    );
}

#[test]
fn a_key_finds_its_occurrence_until_it_is_given_back_and_no_second_takes_it() {
    let (_dir, mut store) = store();
    store.commit(&rows(vec![fire("run_ab1", Some("k"))])).unwrap();
    let found = |store: &Store| {
        let row = store.keyed_row("trig_1", &Key::Idempotency("k")).unwrap();
        row.map(|row| row.occurrence.id)
    };
    assert_eq!(found(&store).as_deref(), Some("run_ab1"));
    assert!(store.commit(&rows(vec![fire("run_2", Some("k"))])).is_err());
    store.commit(&rows(vec![fire("run_ab1", None)])).unwrap();
    assert_eq!(found(&store), None);
    store.commit(&rows(vec![fire("run_2", Some("k"))])).unwrap();
    assert_eq!(found(&store).as_deref(), Some("run_2"));
    assert!(store.has_row_beginning("run_ab").unwrap());
    assert!(!store.has_row_beginning("run_b").unwrap());
}

#[test]
fn single_words_are_remembered_and_forgotten() {
    let (_dir, mut store) = store();
    let say = |value: Option<&str>| {
        let remembered = vec![("cursor".to_owned(), value.map(str::to_owned))];
        write(OutsideWrite { remembered, ..OutsideWrite::default() })
    };
    for value in [Some("1"), Some("2"), None] {
        store.commit(&say(value)).unwrap();
        assert_eq!(store.remembered("cursor").unwrap().as_deref(), value);
    }
}
