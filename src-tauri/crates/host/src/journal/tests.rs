//! The journal under truncation, damage, rotation and a reader that runs beside the writer.

use super::*;
use nightshift_model::Millis;
use nightshift_protocol::record::Mark;
use nightshift_protocol::{Record, RecordKind};
use proptest::prelude::*;
use std::fs;
use std::path::Path;

const MAX: u64 = 1024 * 1024;

fn append(writer: &mut Writer, body: &[u8]) -> u64 {
    let appended = writer.append(Millis(1), RecordKind::Out, body.to_vec());
    appended.stored.unwrap();
    appended.seq
}

fn all(dir: &Path) -> Vec<Record> {
    read(dir, 0).collect()
}

fn only_segment(dir: &Path) -> std::path::PathBuf {
    dir.join(format!("journal-{:020}", 1))
}

#[test]
fn every_truncation_keeps_the_whole_records_before_it_and_goes_on() {
    let source = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(source.path(), MAX).unwrap();
    let bodies: Vec<Vec<u8>> = (0..6u8).map(|n| vec![n; usize::from(n) * 7]).collect();
    let mut ends = vec![0];
    for body in &bodies {
        append(&mut writer, body);
        ends.push(fs::metadata(only_segment(source.path())).unwrap().len());
    }
    let bytes = fs::read(only_segment(source.path())).unwrap();
    for cut in 0..=bytes.len() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(only_segment(dir.path()), &bytes[..cut]).unwrap();
        let whole = ends.iter().filter(|&&end| end <= cut as u64).count() - 1;
        assert_eq!(all(dir.path()).len(), whole, "cut at {cut}");
        let mut writer = Writer::open(dir.path(), MAX).unwrap();
        assert_eq!(writer.last_seq(), whole as u64, "cut at {cut}");
        assert_eq!(append(&mut writer, b"next"), whole as u64 + 1);
        let records = all(dir.path());
        assert_eq!(records.len(), whole + 1, "cut at {cut}");
        assert_eq!(records.last().unwrap().body, b"next");
    }
}

proptest! {
    #[test]
    fn damage_anywhere_loses_no_number_and_no_record_before_it(
        sizes in prop::collection::vec(0usize..300, 1..40),
        at in any::<prop::sample::Index>(),
        flip in 1u8..,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(dir.path(), MAX).unwrap();
        let mut ends = Vec::new();
        for size in &sizes {
            append(&mut writer, &vec![7; *size]);
            ends.push(fs::metadata(only_segment(dir.path())).unwrap().len());
        }
        drop(writer);
        let mut bytes = fs::read(only_segment(dir.path())).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        fs::write(only_segment(dir.path()), &bytes).unwrap();
        let before = ends.iter().filter(|&&end| end <= at as u64).count();
        let mut writer = Writer::open(dir.path(), MAX).unwrap();
        let hit_last = before + 1 == sizes.len();
        let expected = if hit_last { before } else { sizes.len() };
        prop_assert_eq!(writer.last_seq(), expected as u64);
        append(&mut writer, b"next");
        let records = all(dir.path());
        prop_assert_eq!(records.len(), before + 1);
        prop_assert!(records.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    }

    #[test]
    fn any_bytes_in_a_segment_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let dir = tempfile::tempdir().unwrap();
        fs::write(only_segment(dir.path()), &bytes).unwrap();
        let mut writer = Writer::open(dir.path(), MAX).unwrap();
        let seq = append(&mut writer, b"next");
        prop_assert_eq!(all(dir.path()).last().map(|r| r.seq), Some(seq));
    }
}

#[test]
fn the_oldest_segments_go_first_and_the_bound_holds() {
    let dir = tempfile::tempdir().unwrap();
    let max = 256 * 1024;
    let mut writer = Writer::open(dir.path(), max).unwrap();
    for n in 0..2000u32 {
        append(&mut writer, &[n.to_le_bytes(); 250].concat());
        if n % 100 == 0 {
            let total: u64 = fs::read_dir(dir.path())
                .unwrap()
                .map(|e| e.unwrap().metadata().unwrap().len())
                .sum();
            assert!(total <= max, "{total} bytes after {n}");
        }
    }
    let records = all(dir.path());
    assert_eq!(records.last().unwrap().seq, 2000);
    assert!(records.len() > 200, "{} records kept", records.len());
    assert!(records.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq));
    // A reader that asks for what is gone gets what there is.
    assert_eq!(read(dir.path(), 5).next(), records.first().cloned());
    assert_eq!(read(dir.path(), 1990).count(), 10);
    drop(writer);
    assert_eq!(Writer::open(dir.path(), max).unwrap().last_seq(), 2000);
}

#[test]
fn a_record_larger_than_a_segment_is_kept_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), 64 * 1024).unwrap();
    append(&mut writer, b"small");
    append(&mut writer, &vec![1; 3 * 1024 * 1024]);
    append(&mut writer, b"after");
    let sizes: Vec<usize> = all(dir.path()).iter().map(|r| r.body.len()).collect();
    assert_eq!(sizes.last(), Some(&5));
}

#[test]
fn a_reader_beside_the_writer_gets_every_record_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), 64 * 1024 * 1024).unwrap();
    let mut reader = read(dir.path(), 0);
    assert_eq!(reader.next(), None);
    let mut seen = Vec::new();
    for n in 0..3000u64 {
        append(&mut writer, &vec![3; 8000]);
        if n % 7 == 0 {
            seen.extend(reader.by_ref().map(|r| r.seq));
        }
    }
    seen.extend(reader.by_ref().map(|r| r.seq));
    assert_eq!(seen, (1..=3000).collect::<Vec<_>>());
    assert!(reader.take_error().is_none());
}

#[test]
fn a_reader_of_no_directory_finds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(read(&dir.path().join("gone"), 0).next(), None);
}

#[test]
fn failures_01_what_a_full_disk_does_not_take_waits_and_is_written_in_its_turn() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), MAX).unwrap();
    append(&mut writer, b"before");
    writer.fail_writes(true);
    for n in 2..5u8 {
        let appended = writer.append(Millis(1), RecordKind::Out, vec![n; 100]);
        assert!(appended.stored.is_err());
    }
    assert_eq!(all(dir.path()).len(), 1);
    let waiting = |after: u64| writer.waiting_after(after).map(|waiting| waiting.seq);
    assert_eq!([0, 1, 2, 3, 4].map(waiting), [Some(2), Some(2), Some(3), Some(4), None]);
    // Nothing overtakes what waits.
    assert!(writer.append_line(Millis(1), b"an answer".to_vec()).is_err());
    writer.fail_writes(false);
    assert_eq!(writer.append_line(Millis(1), b"an answer".to_vec()).unwrap().seq, 5);
    append(&mut writer, b"after");
    assert!(writer.waiting_after(0).is_none());
    let records = all(dir.path());
    let seqs: Vec<u64> = records.iter().map(|r| r.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
    assert_eq!(records[3].body, vec![4; 100]);
    writer.fail_writes(true);
    writer.append(Millis(1), RecordKind::Out, b"last words".to_vec()).stored.unwrap_err();
    assert!(writer.sync().is_err());
    writer.fail_writes(false);
    writer.sync().unwrap();
    assert_eq!(all(dir.path()).last().unwrap().body, b"last words");
}

#[test]
fn what_can_neither_be_stored_nor_wait_is_marked_when_writing_works_again() {
    const PIECE: usize = 1024 * 1024;
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), 64 * MAX).unwrap();
    append(&mut writer, b"before");
    writer.fail_writes(true);
    let mut fits = 0;
    for n in 0..8 {
        let appended = writer.append(Millis(1), RecordKind::Out, vec![1; PIECE - n]);
        assert!(appended.stored.is_err());
        fits += u64::from(writer.waiting_after(appended.seq - 1).is_some());
    }
    assert_eq!((fits, writer.is_pressed()), (3, false), "a terminal's output: the newest is lost");
    writer.fail_writes(false);
    append(&mut writer, b"after");
    let records = all(dir.path());
    let seqs: Vec<u64> = records.iter().map(|r| r.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 10, 11]);
    let mark: Mark = serde_json::from_slice(&records[4].body).unwrap();
    let bytes = (3..8).map(|n| (PIECE - n) as u64).sum();
    assert_eq!(mark, Mark::Dropped { bytes, unstored: true });
    // An agent's lines wait longer, and whoever reads them pauses.
    writer.keep_lines();
    writer.fail_writes(true);
    while !writer.is_pressed() {
        writer.append(Millis(1), RecordKind::Out, vec![1; PIECE]).stored.unwrap_err();
    }
    let last = writer.append(Millis(1), RecordKind::Out, vec![1; 8 * PIECE]).seq;
    writer.fail_writes(false);
    writer.write_waiting().unwrap();
    assert!(!writer.is_pressed());
    assert_eq!(all(dir.path()).last().unwrap().seq, last);
}

#[test]
fn failures_01_a_journal_whose_directory_was_moved_goes_on_where_it_was() {
    let place = tempfile::tempdir().unwrap();
    let (dir, aside) = (place.path().join("job"), place.path().join("aside"));
    fs::create_dir(&dir).unwrap();
    let mut writer = Writer::open(&dir, MAX).unwrap();
    append(&mut writer, b"one");
    fs::rename(&dir, &aside).unwrap();
    fs::create_dir(&dir).unwrap();
    writer.restore().unwrap();
    append(&mut writer, b"two");
    assert_eq!(writer.append_line(Millis(1), b"three".to_vec()).unwrap().seq, 3);
    let bodies = |dir: &Path| all(dir).into_iter().map(|r| r.body).collect::<Vec<_>>();
    assert_eq!(bodies(&dir), [b"one".to_vec(), b"two".to_vec(), b"three".to_vec()]);
    assert_eq!(bodies(&aside), [b"one".to_vec()]);
    // Nothing is missing: asked again, it does nothing.
    writer.restore().unwrap();
    append(&mut writer, b"four");
    assert_eq!(bodies(&dir).len(), 4);
    // A copy in its place is not written into.
    fs::remove_dir_all(&aside).unwrap();
    fs::rename(&dir, &aside).unwrap();
    fs::create_dir(&dir).unwrap();
    fs::copy(only_segment(&aside), only_segment(&dir)).unwrap();
    writer.restore().unwrap();
    append(&mut writer, b"five");
    assert_eq!(all(&dir).iter().map(|r| r.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

#[test]
fn a_line_that_cannot_be_stored_takes_no_number() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), MAX).unwrap();
    append(&mut writer, b"one");
    writer.fail_writes(true);
    assert!(writer.append_line(Millis(1), b"never given".to_vec()).is_err());
    writer.fail_writes(false);
    assert_eq!(writer.append_line(Millis(1), b"two".to_vec()).unwrap().seq, 2);
    let bodies: Vec<Vec<u8>> = all(dir.path()).into_iter().map(|r| r.body).collect();
    assert_eq!(bodies, [b"one".to_vec(), b"two".to_vec()]);
}

#[test]
fn numbers_that_were_taken_into_account_are_never_given_again() {
    let dir = tempfile::tempdir().unwrap();
    append(&mut Writer::open(dir.path(), MAX).unwrap(), b"one");
    let mut writer = Writer::open(dir.path(), MAX).unwrap();
    writer.number_after(9);
    assert_eq!(append(&mut writer, b"after a loss"), 10);
    writer.number_after(3);
    assert_eq!(append(&mut writer, b"next"), 11);
    assert_eq!(all(dir.path()).len(), 3);
}
