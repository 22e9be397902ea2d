//! The screen under any bytes, and snapshots compared cell by cell with what they paint.

use super::*;
use proptest::prelude::*;

fn viewer(cols: u16, rows: u16) -> vt100::Parser {
    vt100::Parser::new(rows.try_into().unwrap(), cols.try_into().unwrap(), 3000)
}

/// A fresh terminal that was shown the snapshot.
fn painted(screen: &mut Screen) -> vt100::Parser {
    let (cols, rows) = screen.size();
    let mut viewer = viewer(cols, rows);
    viewer.process(&screen.snapshot());
    viewer
}

/// The first difference between two screens, in words.
fn difference(ours: &vt100::Screen, theirs: &vt100::Screen) -> Option<String> {
    if ours.size() != theirs.size() {
        return Some(format!("size {:?} and {:?}", ours.size(), theirs.size()));
    }
    let (rows, cols) = ours.size();
    for row in 0..rows.get() {
        for col in 0..cols.get() {
            let (a, b) = (ours.cell(row, col), theirs.cell(row, col));
            // A cell that was never written and one that was erased look the same.
            let text = |cell: Option<&vt100::Cell>| {
                cell.map(
                    |c| if c.has_contents() { c.contents().to_owned() } else { " ".to_owned() },
                )
            };
            let look = |cell: Option<&vt100::Cell>| {
                cell.map(|c| (c.fgcolor(), c.bgcolor(), c.bold(), c.inverse(), c.underline()))
            };
            if text(a) != text(b) || look(a) != look(b) {
                return Some(format!("cell {row},{col}: {a:?} and {b:?}"));
            }
        }
    }
    let modes = |s: &vt100::Screen| {
        (
            s.cursor_position(),
            s.alternate_screen(),
            s.application_cursor(),
            s.application_keypad(),
            s.bracketed_paste(),
            s.hide_cursor(),
            s.mouse_protocol_mode(),
            s.mouse_protocol_encoding(),
        )
    };
    (modes(ours) != modes(theirs)).then(|| format!("{:?} and {:?}", modes(ours), modes(theirs)))
}

fn check(output: &[u8]) {
    let mut screen = Screen::new(20, 6);
    screen.process(output);
    let viewer = painted(&mut screen);
    assert_eq!(
        difference(screen.vt(), viewer.screen()),
        None,
        "{:?}",
        output.escape_ascii().to_string()
    );
}

#[test]
fn snapshots_show_what_the_host_sees() {
    for output in [
        &b""[..],
        b"hello",
        b"one\r\ntwo\r\nthree",
        b"\x1b[31mred\x1b[1;44mbold on blue\x1b[m plain",
        b"a line that is longer than the screen is wide and wraps",
        b"exactly twenty chars",
        b"1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\r\n10",
        "wide 漢字 and é combining e\u{301}".as_bytes(),
        b"\x1b[?1049hin the alternate screen\x1b[2;3Hhere",
        b"\x1b[?1h\x1b=\x1b[?2004h\x1b[?1002h\x1b[?1006h\x1b[?25l modes",
        b"\x1b[2J\x1b[3;4Hx\x1b[?1004h",
        b"top\x1b[6;1Hbottom\x1b[2;4r\x1b[3;1Hregion",
    ] {
        check(output);
    }
}

#[test]
fn output_after_a_snapshot_goes_on_in_the_same_scroll_region() {
    let mut screen = Screen::new(20, 6);
    screen.process(b"head\x1b[6;1Hfoot\x1b[2;5r\x1b[2;1H");
    let mut viewer = painted(&mut screen);
    for n in 0..9 {
        let line = format!("line {n}\r\n");
        screen.process(line.as_bytes());
        viewer.process(line.as_bytes());
    }
    assert_eq!(difference(screen.vt(), viewer.screen()), None);
    let text = screen.vt().contents();
    assert!(text.starts_with("head\nline 6") && text.ends_with("foot"), "{text}");
}

#[test]
fn scrollback_is_painted_bounded_and_in_order() {
    let mut screen = Screen::new(20, 6);
    for n in 0..5000 {
        screen.process(format!("\x1b[32mline {n}\x1b[m\r\n").as_bytes());
    }
    let mut viewer = painted(&mut screen);
    assert_eq!(difference(screen.vt(), viewer.screen()), None);
    viewer.screen_mut().set_scrollback(usize::MAX);
    let kept = viewer.screen().scrollback();
    assert_eq!(kept, 2100, "rows of scrollback");
    let first = viewer.screen().contents();
    assert!(first.starts_with(&format!("line {}\n", 5000 - 5 - kept)), "{first}");
    assert_eq!(viewer.screen().cell(0, 0).unwrap().fgcolor(), vt100::Color::Idx(2));
    // Every row follows its predecessor, also where text history and cells meet.
    for above in (1..=kept).rev() {
        viewer.screen_mut().set_scrollback(above);
        let row = viewer.screen().rows(0, 20).next().unwrap();
        assert_eq!(row, format!("line {}", 4995 - above));
    }
}

#[test]
fn wrapped_lines_stay_one_line_in_the_scrollback() {
    let mut screen = Screen::new(10, 4);
    for n in 0..200 {
        screen.process(format!("{n:03} is a line of three rows\r\n").as_bytes());
    }
    let mut viewer = painted(&mut screen);
    viewer.screen_mut().set_scrollback(usize::MAX);
    let mut wraps = 0;
    for above in (1..=viewer.screen().scrollback()).rev() {
        viewer.screen_mut().set_scrollback(above);
        wraps += usize::from(viewer.screen().row_wrapped(0));
    }
    // Two of three rows wrap; one may be cut at the oldest end and one at the screen's edge.
    assert!((396 - 2..=398).contains(&wraps), "{wraps}");
}

#[test]
fn scrollback_is_forgotten_when_the_program_says_so() {
    for forget in [&b"\x1b[H\x1b[2J\x1b[3J"[..], b"\x1bc"] {
        let mut screen = Screen::new(20, 6);
        for n in 0..500 {
            screen.process(format!("line {n}\r\n").as_bytes());
        }
        screen.process(forget);
        assert!(!String::from_utf8(screen.snapshot()).unwrap().contains("line"), "{forget:?}");
    }
}

#[test]
fn lines_are_drawn_as_lines_and_titles_are_kept_clean() {
    let mut screen = Screen::new(20, 6);
    for byte in b"\x1b(0lqqk\x1b(B q \x1b)0\x0ex\x0f q\x1b]2;a \x1b\\\x1b]0;ti\xe2\x82\xactle\x07" {
        screen.process(&[*byte]);
    }
    assert!(screen.vt().contents().starts_with("┌──┐ q │ q"), "{}", screen.vt().contents());
    let snapshot = String::from_utf8(screen.snapshot()).unwrap();
    assert!(snapshot.ends_with("\x1b]2;ti€tle\x07"), "{snapshot:?}");
    assert_eq!(screen.last_line(), "┌──┐ q │ q");
}

#[test]
fn a_taller_window_shows_the_scrollback_again() {
    let mut screen = Screen::new(20, 4);
    for n in 0..50 {
        screen.process(format!("line {n}\r\n").as_bytes());
    }
    screen.resize(20, 10);
    assert!(screen.vt().contents().starts_with("line 41\n"), "{}", screen.vt().contents());
}

#[test]
fn an_idle_screen_is_small_and_a_full_one_bounded() {
    let mut screen = Screen::new(80, 24);
    assert!(screen.snapshot().len() < 200);
    let row = format!("\x1b[38;2;1;2;3m{}\x1b[m\r\n", "x".repeat(79)).repeat(100);
    for _ in 0..100 {
        screen.process(row.as_bytes());
    }
    assert!(screen.snapshot().len() < 512 * 1024);
}

#[test]
fn questions_are_answered_where_no_terminal_is_attached() {
    let mut screen = Screen::new(20, 6);
    for (asked, answer) in [
        ("ab\x1b[6n", "\x1b[1;3R"),
        ("\x1b[5n", "\x1b[0n"),
        ("\x1b[c", "\x1b[?1;2c"),
        ("\x1b[>c", "\x1b[>0;276;0c"),
        ("\x1b[?2026$p", "\x1b[?2026;2$y"),
        ("\x1b[?25$p", "\x1b[?25;1$y"),
        ("\x1b[?25l\x1b[?25$p", "\x1b[?25;2$y"),
        ("\x1b[?1004h\x1b[?1004$p", "\x1b[?1004;1$y"),
        ("\x1b[?9999$p", "\x1b[?9999;0$y"),
        ("nothing", ""),
    ] {
        screen.process(asked.as_bytes());
        assert_eq!(String::from_utf8(screen.take_replies()).unwrap(), answer, "{asked:?}");
    }
}

/// Output as programs write it: text and sequences, in any order.
fn sequences() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        "[ -~]{0,30}".prop_map(String::into_bytes),
        "[a-z漢é\u{301}🎉]{0,8}".prop_map(String::into_bytes),
        Just(b"\r\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\t\x08".to_vec()),
        (0u16..30, 0u16..30, prop::sample::select(b"ABCDEFGHJKLMPSTXdfm@r".to_vec()))
            .prop_map(|(a, b, c)| format!("\x1b[{a};{b}{}", c as char).into_bytes()),
        (
            prop::sample::select(vec![1u16, 6, 7, 25, 47, 1000, 1002, 1006, 1049, 2004]),
            any::<bool>()
        )
            .prop_map(|(m, on)| format!("\x1b[?{m}{}", if on { 'h' } else { 'l' }).into_bytes()),
        (0u8..=255, 0u8..=255).prop_map(|(a, b)| format!("\x1b[38;5;{a};48;5;{b}m").into_bytes()),
        prop::sample::select(vec!["\x1b7", "\x1b8", "\x1bM", "\x1bc", "\x1b(0", "\x1b(B"])
            .prop_map(|s| s.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_sizes_and_splits_are_survived(
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
        sizes in prop::collection::vec((0u16..40, 0u16..20), 1..8),
    ) {
        let mut screen = Screen::new(20, 6);
        for (chunk, (cols, rows)) in bytes.chunks(97).zip(sizes.iter().cycle()) {
            screen.process(chunk);
            screen.resize(*cols, *rows);
            screen.snapshot();
            screen.last_line();
        }
    }

    #[test]
    fn any_program_and_any_resize_are_survived(
        outputs in prop::collection::vec(sequences(), 1..6),
        sizes in prop::collection::vec((0u16..40, 0u16..20), 6),
    ) {
        let mut screen = Screen::new(20, 6);
        for (output, (cols, rows)) in outputs.iter().zip(sizes) {
            screen.process(output);
            screen.resize(cols, rows);
            screen.snapshot();
            screen.last_line();
        }
    }

    #[test]
    fn any_program_is_painted_as_it_is_seen(output in sequences()) {
        let mut screen = Screen::new(20, 6);
        screen.process(&output);
        let viewer = painted(&mut screen);
        prop_assert_eq!(difference(screen.vt(), viewer.screen()), None);
    }
}

#[test]
fn a_flood_leaves_what_drawing_every_line_leaves() {
    let line = |n: u32| {
        let colour = ["", "\x1b[32m", "\x1b[1;44m", "\x1b[m", "\x1b[4m"][n as usize / 3 % 5];
        format!("{n} is a {colour}line that may wrap around the edge {}\r\n", n % 7).into_bytes()
    };
    for (before, after) in [("", ""), ("\x1b[31mred ", "\x1b[m done"), ("\x1b[3;5H", "tail")] {
        let (mut flooded, mut slow) = (Screen::new(30, 8), Screen::new(30, 8));
        for screen in [&mut flooded, &mut slow] {
            screen.process(before.as_bytes());
        }
        let all: Vec<u8> = (0..30_000).flat_map(line).collect();
        for chunk in all.chunks(65_000) {
            flooded.process(chunk);
        }
        for piece in all.chunks(1000) {
            slow.process(piece);
        }
        for screen in [&mut flooded, &mut slow] {
            screen.process(after.as_bytes());
        }
        assert_eq!(difference(flooded.vt(), slow.vt()), None);
        assert!(flooded.snapshot() == slow.snapshot(), "scrollback differs");
    }
}
