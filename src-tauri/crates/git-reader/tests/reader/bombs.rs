//! Repositories that hang their reader or eat its memory: unknown within the limits, and the next
//! one is answered.

use crate::repo::{Repo, fifo, reader, unknown, words};
use nightshift_git_reader::{Answer, Limits, Reader, Request, UnknownKind};
use nightshift_platform::clock;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

/// Short, because these take all of it; long enough for an honest repository on a busy machine.
const SHORT: Limits = Limits { wall: Duration::from_secs(4), cpu_s: 2 };
/// Far beyond the limits: only a reader that hangs takes it.
const MUCH: Duration = Duration::from_secs(30);

/// The kind of answer to a bomb, and that an honest repository after it is seen.
fn survived(bomb: &Request) -> UnknownKind {
    let honest = Repo::new();
    let started = clock::monotonic();
    let answers = Reader::new(words())
        .with_limits(SHORT)
        .look(&[bomb.clone(), Request::own(&honest.root).without_files()]);
    assert!(clock::monotonic() - started < MUCH, "the limits did not hold");
    assert!(matches!(answers[1], Answer::Seen(_)), "{:?}", answers[1]);
    unknown(&answers[0])
}

#[test]
fn a_pattern_of_fourteen_bytes_that_never_ends() {
    let repo = Repo::new();
    repo.write(".gitignore", "*a*a*a*a*a*ab\n");
    repo.write(&format!("{}c", "a".repeat(120)), "");
    assert_eq!(survived(&Request::own(&repo.root)), UnknownKind::TimeOut);
}

#[test]
fn pipes_that_only_the_walk_or_an_include_meets() {
    let repo = Repo::new();
    fifo(&repo.root.join("untracked/.gitignore"));
    assert_eq!(survived(&Request::own(&repo.root)), UnknownKind::TimeOut);
    let repo = Repo::new();
    fifo(&repo.root.join(".git/pipe"));
    repo.git(&["config", "core.x", "y"]);
    let config = fs::read_to_string(repo.root.join(".git/config")).unwrap();
    repo.write(".git/config", &format!("{config}[include]\n\tpath = pipe\n"));
    assert_eq!(survived(&Request::own(&repo.root)), UnknownKind::TimeOut);
}

/// Bytes as a zlib stream of a loose object: stored by git itself would take as long as it is large.
fn loose(root: &Path, id: &str, stream: &[u8]) {
    let (fan, rest) = id.split_at(2);
    let file = root.join(".git/objects").join(fan).join(rest);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, stream).unwrap();
}

/// A zlib stream of one uncompressed block. Only its beginning is read before its size is known.
fn stored(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let sum = content.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(content);
    stream.extend((sum.1 << 16 | sum.0).to_be_bytes());
    stream
}

#[test]
fn a_commit_or_tree_that_says_it_has_gigabytes() {
    const ID: &str = "1111111111111111111111111111111111111111";
    let repo = Repo::new();
    repo.write(".git/refs/heads/main", ID);
    loose(&repo.root, ID, &stored(b"commit 3221225472\0tree "));
    assert_eq!(survived(&Request::own(&repo.root)), UnknownKind::Refused);

    let repo = Repo::new();
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let (fan, rest) = tree.split_at(2);
    fs::remove_file(repo.root.join(".git/objects").join(fan).join(rest)).unwrap();
    loose(&repo.root, &tree, &stored(b"tree 3221225472\0x"));
    repo.write("a.txt", "changed");
    let kind = survived(&Request::own(&repo.root));
    let expected = [UnknownKind::OutOfMemory, UnknownKind::Damaged, UnknownKind::Crashed];
    assert!(expected.contains(&kind), "{kind:?}");
}

#[test]
fn trees_in_trees_in_trees() {
    const DEPTH: usize = 20_000;
    let repo = Repo::new();
    let opened = git2::Repository::open(&repo.root).unwrap();
    let objects = opened.odb().unwrap();
    let mut tree = objects.write(git2::ObjectType::Tree, b"").unwrap();
    for _ in 0..DEPTH {
        let entry = [b"40000 d\0", tree.as_bytes()].concat();
        tree = objects.write(git2::ObjectType::Tree, &entry).unwrap();
    }
    let commit = repo.git(&["commit-tree", "-m", "deep", &tree.to_string()]);
    repo.git(&["update-ref", "refs/heads/main", &commit]);
    let honest = Repo::new();
    let answers = Reader::new(words())
        .with_limits(SHORT)
        .look(&[Request::own(&repo.root), Request::own(&honest.root).without_files()]);
    assert!(!matches!(answers[0], Answer::CannotRead { .. }), "{:?}", answers[0]);
    assert!(matches!(answers[1], Answer::Seen(_)), "{:?}", answers[1]);
}

#[test]
fn a_configuration_of_35_megabytes_is_not_even_opened_and_one_behind_an_include_is_given_up() {
    let repo = Repo::new();
    let config = fs::read(repo.root.join(".git/config")).unwrap();
    let mut file = BufWriter::new(File::create(repo.root.join(".git/large")).unwrap());
    for n in 0..1_000_000 {
        writeln!(file, "[a \"{n}\"]\n\tb = {n}").unwrap();
    }
    file.into_inner().unwrap();
    let include = [&config[..], b"[include]\n\tpath = large\n"].concat();
    fs::write(repo.root.join(".git/config"), include).unwrap();
    let kind = survived(&Request::own(&repo.root));
    let lost = [UnknownKind::TimeOut, UnknownKind::OutOfMemory, UnknownKind::Crashed];
    assert!(lost.contains(&kind), "{kind:?}");
    fs::rename(repo.root.join(".git/large"), repo.root.join(".git/config")).unwrap();
    assert_eq!(survived(&Request::own(&repo.root)), UnknownKind::Refused);
}

#[test]
fn a_program_that_is_none_or_another_is_told_once_and_for_all_requests() {
    let repo = Repo::new();
    let requests = vec![Request::own(&repo.root); 3];
    for words in [vec!["/nonexistent/program"], vec!["/bin/cat"], vec!["/bin/true"], vec![]] {
        let reader = Reader::new(words.iter().map(Into::into)).with_limits(SHORT);
        let answers = reader.look(&requests);
        assert_eq!(answers.len(), 3, "{words:?}");
        for answer in &answers {
            assert_eq!(unknown(answer), UnknownKind::NotStarted, "{words:?}");
        }
    }
    assert_eq!(reader().look(&[]), []);
}
