//! Control functions, one by one: what each does to a screen of 20 columns and 6 rows.
//!
//! After ECMA-48, the VT510 manual and xterm's list of control sequences; only what the window's
//! terminal says that it supports.

/// Name, what is written, the rows then, and the cursor's row and column, from 1.
pub type Function = (&'static str, &'static str, &'static [&'static str], (u16, u16));

/// Six numbered rows.
macro_rules! numbered {
    ($rest:literal) => {
        concat!("1\r\n2\r\n3\r\n4\r\n5\r\n6", $rest)
    };
}

#[rustfmt::skip]
pub const FUNCTIONS: &[Function] = &[
    // The cursor.
    ("CUP", "\x1b[2;3Hx", &["", "  x"], (2, 4)),
    ("CUP without parameters", "ab\x1b[Hx", &["xb"], (1, 2)),
    ("CUP beyond the edges", "\x1b[99;99Hx", &["", "", "", "", "", "                   x"], (6, 21)),
    ("HVP", "\x1b[3;2fx", &["", "", " x"], (3, 3)),
    ("CUU stops at the top", "\x1b[3;3H\x1b[9Ax", &["  x"], (1, 4)),
    ("CUU stops at the top margin", "\x1b[2;5r\x1b[4;1H\x1b[9Ax", &["", "x"], (2, 2)),
    ("CUU above the margin goes to the top", "\x1b[3;5r\x1b[2;1H\x1b[9Ax", &["x"], (1, 2)),
    ("CUD stops at the bottom margin", "\x1b[2;4r\x1b[3;1H\x1b[9Bx", &["", "", "", "x"], (4, 2)),
    ("CUD below the margin goes to the bottom", "\x1b[2;4r\x1b[5;1H\x1b[9Bx", &["", "", "", "", "", "x"], (6, 2)),
    ("CUF stops at the right", "\x1b[99Cx", &["                   x"], (1, 21)),
    ("CUB stops at the left", "ab\x1b[99Dx", &["xb"], (1, 2)),
    ("CNL", "ab\x1b[2Ex", &["ab", "", "x"], (3, 2)),
    ("CPL", "\x1b[4;4H\x1b[2Fx", &["", "x"], (2, 2)),
    ("CHA", "ab\x1b[5Gx", &["ab  x"], (1, 6)),
    ("HPA", "ab\x1b[5`x", &["ab  x"], (1, 6)),
    ("HPR", "ab\x1b[2ax", &["ab  x"], (1, 6)),
    ("VPA", "ab\x1b[3dx", &["ab", "", "  x"], (3, 4)),
    ("VPR", "ab\x1b[2ex", &["ab", "", "  x"], (3, 4)),
    ("BS", "ab\x08x", &["ax"], (1, 3)),
    ("BS stops at the left", "a\x08\x08\x08x", &["x"], (1, 2)),
    ("CR and LF", "ab\rx\ny", &["xb", " y"], (2, 3)),
    ("VT and FF are line feeds", "a\x0bb\x0cc", &["a", " b", "  c"], (3, 4)),
    ("NEL", "ab\x1bEx", &["ab", "x"], (2, 2)),
    ("LNM", "\x1b[20ha\nb", &["a", "b"], (2, 2)),
    ("DECSC and DECRC", "ab\x1b7\x1b[4;4H\x1b8x", &["abx"], (1, 4)),
    ("DECRC with nothing saved", "ab\r\ncd\x1b8x", &["xb", "cd"], (1, 2)),
    ("SCOSC and SCORC", "ab\x1b[s\x1b[4;4H\x1b[ux", &["abx"], (1, 4)),
    ("1048", "ab\x1b[?1048h\x1b[4;4H\x1b[?1048lx", &["abx"], (1, 4)),
    // Tabs.
    ("HT", "a\tb", &["a       b"], (1, 10)),
    ("HT stops at the right", "\t\t\t\tx", &["                   x"], (1, 21)),
    ("HTS", "\x1b[1;4H\x1bH\r\tx", &["   x"], (1, 5)),
    ("TBC of one", "\x1b[1;9H\x1b[g\r\tx", &["                x"], (1, 18)),
    ("TBC of all", "\x1b[3g\r\tx", &["                   x"], (1, 21)),
    ("CHT", "\x1b[2Ix", &["                x"], (1, 18)),
    ("CHT behind the last column", "abcdefghijklmnopqrst\x1b[Ix", &["abcdefghijklmnopqrst", "x"], (2, 2)),
    ("CBT behind the last column", "abcdefghijklmnopqrst\x1b[Zx", &["abcdefghijklmnopqrst", "x"], (2, 2)),
    ("HT behind the last column", "abcdefghijklmnopqrst\tx", &["abcdefghijklmnopqrst", "x"], (2, 2)),
    ("CUF behind the last column", "abcdefghijklmnopqrst\x1b[Cx", &["abcdefghijklmnopqrsx"], (1, 21)),
    ("CUB behind the last column", "abcdefghijklmnopqrst\x1b[Dx", &["abcdefghijklmnopqrxt"], (1, 20)),
    ("CUU behind the last column", "\r\nabcdefghijklmnopqrst\x1b[Ax", &["                   x", "abcdefghijklmnopqrst"], (1, 21)),
    ("EL behind the last column", "abcdefghijklmnopqrst\x1b[Kx", &["abcdefghijklmnopqrst", "x"], (2, 2)),
    // Other terminals save that the next character wraps; this one does not.
    ("DECSC behind the last column", "abcdefghijklmnopqrst\x1b7\x1b8x", &["abcdefghijklmnopqrsx"], (1, 21)),
    ("CBT", "\x1b[1;18H\x1b[2Zx", &["        x"], (1, 10)),
    // Erasing.
    ("ED below", "aaa\r\nbbb\r\nccc\x1b[2;2H\x1b[J", &["aaa", "b"], (2, 2)),
    ("ED above", "aaa\r\nbbb\r\nccc\x1b[2;2H\x1b[1J", &["", "  b", "ccc"], (2, 2)),
    ("ED all", "aaa\r\nbbb\x1b[2;2H\x1b[2J", &[], (2, 2)),
    ("ED of the scrollback", numbered!("\r\n7\x1b[3J"), &["2", "3", "4", "5", "6", "7"], (6, 2)),
    ("EL to the right", "abc\x1b[1;2H\x1b[K", &["a"], (1, 2)),
    ("EL to the left", "abc\x1b[1;2H\x1b[1K", &["  c"], (1, 2)),
    ("EL all", "abc\x1b[1;2H\x1b[2K", &[], (1, 2)),
    ("ECH", "abcdef\x1b[1;2H\x1b[3X", &["a   ef"], (1, 2)),
    ("what is erased wears the background", "\x1b[41mab\x1b[K\r\n\x1b[2X\x1b[m", &["ab"], (2, 1)),
    // Inserting and deleting.
    ("ICH", "abcdef\x1b[1;2H\x1b[2@", &["a  bcdef"], (1, 2)),
    ("DCH", "abcdef\x1b[1;2H\x1b[2P", &["adef"], (1, 2)),
    ("IRM", "abc\x1b[1;2H\x1b[4hX", &["aXbc"], (1, 3)),
    ("IRM off", "abc\x1b[1;2H\x1b[4h\x1b[4lX", &["aXc"], (1, 3)),
    ("IL", "a\r\nb\r\nc\x1b[2;1H\x1b[L", &["a", "", "b", "c"], (2, 1)),
    ("IL within margins", numbered!("\x1b[2;4r\x1b[3;1H\x1b[L"), &["1", "2", "", "3", "5", "6"], (3, 1)),
    ("IL outside of them", numbered!("\x1b[2;4r\x1b[5;1H\x1b[L"), &["1", "2", "3", "4", "5", "6"], (5, 1)),
    ("DL", "a\r\nb\r\nc\x1b[2;1H\x1b[M", &["a", "c"], (2, 1)),
    ("DL within margins", numbered!("\x1b[2;4r\x1b[3;1H\x1b[M"), &["1", "2", "4", "", "5", "6"], (3, 1)),
    ("REP after anything but a character", "a\x1b[2b\x1b[2b\x1b[2;1H\x1b[2bx", &["aaa", "x"], (2, 2)),
    ("REP", "a\x1b[3bx", &["aaaax"], (1, 6)),
    // Scrolling.
    ("LF at the bottom", numbered!("\n"), &["2", "3", "4", "5", "6"], (6, 2)),
    ("LF at the bottom margin", numbered!("\x1b[2;4r\x1b[4;1H\n"), &["1", "3", "4", "", "5", "6"], (4, 1)),
    ("LF below the margin", numbered!("\x1b[2;4r\x1b[6;1H\n"), &["1", "2", "3", "4", "5", "6"], (6, 1)),
    ("IND", numbered!("\x1b[6;1H\x1bD"), &["2", "3", "4", "5", "6"], (6, 1)),
    ("IND at the bottom margin", numbered!("\x1b[2;4r\x1b[4;1H\x1bD"), &["1", "3", "4", "", "5", "6"], (4, 1)),
    ("RI", numbered!("\x1b[H\x1bM"), &["", "1", "2", "3", "4", "5"], (1, 1)),
    ("RI at the top margin", numbered!("\x1b[2;4r\x1b[2;1H\x1bM"), &["1", "", "2", "3", "5", "6"], (2, 1)),
    ("SU", numbered!("\x1b[2S"), &["3", "4", "5", "6"], (6, 2)),
    ("SU within margins", numbered!("\x1b[2;4r\x1b[S"), &["1", "3", "4", "", "5", "6"], (1, 1)),
    ("SD", numbered!("\x1b[2T"), &["", "", "1", "2", "3", "4"], (6, 2)),
    ("SD within margins", numbered!("\x1b[2;4r\x1b[T"), &["1", "", "2", "3", "5", "6"], (1, 1)),
    ("SL", "abc\r\ndef\x1b[ @", &["bc", "ef"], (2, 4)),
    ("SR", "abc\r\ndef\x1b[ A", &[" abc", " def"], (2, 4)),
    ("DECIC", "abc\r\ndef\x1b[1;2H\x1b['}", &["a bc", "d ef"], (1, 2)),
    ("DECDC", "abc\r\ndef\x1b[1;2H\x1b['~", &["ac", "df"], (1, 2)),
    // Margins and modes.
    ("DECSTBM homes the cursor", "\x1b[3;3H\x1b[2;4rx", &["x"], (1, 2)),
    ("DECSTBM upside down", "\x1b[3;3H\x1b[4;2rx", &["", "", "  x"], (3, 4)),
    ("DECOM", "\x1b[2;4r\x1b[?6h\x1b[2;1Hx", &["", "", "x"], (3, 2)),
    ("DECOM keeps the cursor in", "\x1b[2;4r\x1b[?6h\x1b[99;1Hx", &["", "", "", "x"], (4, 2)),
    ("DECAWM", "abcdefghijklmnopqrstu", &["abcdefghijklmnopqrst", "u"], (2, 2)),
    ("DECAWM waits behind the last column", "abcdefghijklmnopqrst", &["abcdefghijklmnopqrst"], (1, 21)),
    ("DECAWM off", "\x1b[?7labcdefghijklmnopqrstuv", &["abcdefghijklmnopqrsv"], (1, 21)),
    ("BS behind the last column", "abcdefghijklmnopqrst\x08x", &["abcdefghijklmnopqrxt"], (1, 20)),
    ("CR behind the last column", "abcdefghijklmnopqrst\rx", &["xbcdefghijklmnopqrst"], (1, 2)),
    ("reverse wraparound", "\x1b[?45habcdefghijklmnopqrstu\x08\x08x", &["abcdefghijklmnopqrsx", "u"], (1, 21)),
    ("47", "main\x1b[?47halt", &["    alt"], (1, 8)),
    ("1049 and back", "main\x1b[?1049h\x1b[3;3Halt\x1b[?1049l", &["main"], (1, 5)),
    ("1049", "main\x1b[?1049halt", &["    alt"], (1, 8)),
    ("DECALN", "\x1b#8", &["EEEEEEEEEEEEEEEEEEEE"; 6], (1, 1)),
    ("RIS", "abc\x1b[31m\x1b[4h\x1b[2;4r\x1bcx", &["x"], (1, 2)),
    ("DECSTR", "\x1b[4h\x1b[2;4r\x1b[31m\x1b[!pab\x1b[1;1Hx", &["xb"], (1, 2)),
    ("DECSCA and DECSED", "a\x1b[1\"qb\x1b[0\"qc\x1b[H\x1b[?J", &[" b"], (1, 1)),
    ("DECSCA and DECSEL", "a\x1b[1\"qb\x1b[0\"qc\x1b[H\x1b[?2K", &[" b"], (1, 1)),
    // Character sets and text.
    ("the British set", "\x1b(A#a\x1b(B#", &["£a#"], (1, 4)),
    ("line drawing as G0", "\x1b(0lqk\x1b(Bq", &["┌─┐q"], (1, 5)),
    ("line drawing as G1", "\x1b)0\x0elqk\x0fq", &["┌─┐q"], (1, 5)),
    ("DECRC brings the set back", "\x1b(0\x1b7\x1b(B\x1b8q", &["─"], (1, 2)),
    ("a wide character", "日本x", &["日本x"], (1, 6)),
    ("half of a wide character", "日本\x1b[1;2Hx", &[" x本"], (1, 3)),
    ("a wide character at the edge", "abcdefghijklmnopqrs日", &["abcdefghijklmnopqrs", "日"], (2, 3)),
    ("a combining character", "e\u{301}x", &["e\u{301}x"], (1, 3)),
    ("a sign of two cells", "✅x", &["✅x"], (1, 4)),
    // What is not meant for the screen.
    ("OSC", "\x1b]9;4;1;50\x07\x1b]2;title\x1b\\x", &["x"], (1, 2)),
    ("OSC 8", "\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", &["link"], (1, 5)),
    ("DCS, APC, PM", "\x1bPq#0\x1b\\\x1b_Gf=1\x1b\\\x1b^pm\x1b\\x", &["x"], (1, 2)),
    ("CAN ends a sequence", "\x1b[3\x18x", &["x"], (1, 2)),
    ("unknown modes", "\x1b[?9999h\x1b[99hx", &["x"], (1, 2)),
    ("modifyOtherKeys is no look", "\x1b[>4;1m\x1b[>4mx", &["x"], (1, 2)),
    ("keyboard protocols move no cursor", "ab\x1b[s\x1b[3;3H\x1b[>1u\x1b[<u\x1b[=1;1ux", &["ab", "", "  x"], (3, 4)),
    ("window operations", "\x1b[22;0t\x1b[23;0tx", &["x"], (1, 2)),
    ("cursor styles", "\x1b[4 qx", &["x"], (1, 2)),
    ("synchronized output", "\x1b[?2026hx\x1b[?2026l", &["x"], (1, 2)),
];

/// What the host's cells cannot hold, so that a late viewer does not see it until it is drawn again.
pub const LOST: &[&str] = &[
    "OSC 8",
    "DECSCA and DECSED",
    "DECSCA and DECSEL",
    "blink, invisible, struck out, overlined",
    "a line that wraps at the bottom in colour",
];

/// What gives a cell its look.
pub const LOOKS: &[(&str, &str)] = &[
    (
        "bold, dim, italic, underline, inverse",
        "\x1b[1ma\x1b[22;2mb\x1b[22;3mc\x1b[23;4md\x1b[24;7me\x1b[27mf",
    ),
    (
        "blink, invisible, struck out, overlined",
        "\x1b[5ma\x1b[25;8mb\x1b[28;9mc\x1b[29;53md\x1b[55me",
    ),
    (
        "eight colours and eight bright ones",
        "\x1b[31ma\x1b[42mb\x1b[39mc\x1b[49md\x1b[94me\x1b[103mf",
    ),
    ("256 colours", "\x1b[38;5;208ma\x1b[48;5;17mb\x1b[38:5:99mc"),
    (
        "16 million colours",
        "\x1b[38;2;1;2;3ma\x1b[48;2;9;8;7mb\x1b[38:2::10:20:30mc\x1b[48:2:11:21:31md",
    ),
    ("underlines of other kinds", "\x1b[4:3ma\x1b[4:0mb\x1b[21mc\x1b[24md"),
    ("an underline's colour", "\x1b[4;58;5;1ma\x1b[59mb\x1b[58:2::1:2:3mc\x1b[m d"),
    ("DECRC brings the look back", "\x1b[1;31m\x1b7\x1b[m\x1b8a"),
    ("an empty parameter is a reset", "\x1b[31;1ma\x1b[mb\x1b[31;;4mc"),
    ("LF at the bottom in colour", "1\r\n2\r\n3\r\n4\r\n5\r\n6\x1b[44m\nx"),
    ("a line that wraps at the bottom in colour", "\x1b[6;1H\x1b[44mabcdefghijklmnopqrstu"),
    ("IND and RI in colour", "a\x1b[44m\x1b[6;1H\x1bD\x1b[H\x1bM"),
    ("NEL in colour", "\x1b[6;1Ha\x1b[44m\x1bE"),
    ("SU and SD in colour", "a\r\nb\r\nc\x1b[44m\x1b[S\x1b[3T"),
    ("IL and DL in colour", "a\r\nb\r\nc\x1b[44m\x1b[2;1H\x1b[L\x1b[3;1H\x1b[M"),
    ("ICH and DCH in colour", "abc\x1b[44m\x1b[1;2H\x1b[@\x1b[2;1H\x1b[P"),
    ("ECH in colour", "abc\x1b[44m\x1b[1;2H\x1b[X"),
    ("SL, SR, DECIC and DECDC in colour", "abc\x1b[44m\x1b[ @\x1b[ A\x1b[1;2H\x1b['}\x1b['~"),
    ("colours after a scroll", "\x1b[6;1H\x1b[44ma\x1b[m\nb\x1b[41m\n\x1b[49m\n"),
    ("erasing within a look", "\x1b[7;44mabc\x1b[1;2H\x1b[X\x1b[2;1H\x1b[K"),
];

/// Modes that a viewer has to be put into.
pub const MODES: &[(&str, &str)] = &[
    ("application cursor keys and keypad", "\x1b[?1h\x1b="),
    ("bracketed paste", "\x1b[?2004h"),
    ("mouse, clicks", "\x1b[?1000h\x1b[?1006h"),
    ("mouse, drags", "\x1b[?1002h\x1b[?1006h"),
    ("mouse, all moves", "\x1b[?1003h\x1b[?1006h"),
    ("X10 mouse", "\x1b[?9h"),
    ("focus reports", "\x1b[?1004h"),
    ("no autowrap", "\x1b[?7l"),
    ("insert", "\x1b[4h"),
    ("origin", "\x1b[2;4r\x1b[?6h\x1b[2;2H"),
    ("reverse wraparound", "\x1b[?45h"),
    ("alternate screen", "\x1b[?1049h"),
    ("DECSTR ends them", "\x1b[?1h\x1b=\x1b[4h\x1b[?6h\x1b[!p"),
    ("RIS ends them", "\x1b[?1h\x1b=\x1b[4h\x1b[?2004h\x1b[?1003h\x1b[?1004h\x1b[?7l\x1bc"),
];
