//! Rows of measured values, the budget of each, and whether it was kept.

/// What a value is held against.
#[derive(Clone, Copy)]
pub enum Budget {
    AtMost(f64),
    /// Not above the peer's value of the same run, with `slack` for noise (0.05 is 5 %).
    NotAbovePeer {
        name: &'static str,
        peer: f64,
        slack: f64,
    },
    /// Not below the peer's value.
    NotBelowPeer {
        name: &'static str,
        peer: f64,
        slack: f64,
    },
    /// At most `more` above the peer's value.
    AbovePeerAtMost {
        name: &'static str,
        peer: f64,
        more: f64,
    },
    /// Only shown.
    None,
}

struct Row {
    what: String,
    value: f64,
    unit: &'static str,
    budget: Budget,
}

#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Row {
    fn kept(&self) -> bool {
        match self.budget {
            Budget::AtMost(most) => self.value <= most,
            Budget::NotAbovePeer { peer, slack, .. } => self.value <= peer * (1.0 + slack),
            Budget::NotBelowPeer { peer, slack, .. } => self.value >= peer * (1.0 - slack),
            Budget::AbovePeerAtMost { peer, more, .. } => self.value <= peer + more,
            Budget::None => true,
        }
    }

    fn against(&self) -> String {
        match self.budget {
            Budget::AtMost(most) => format!("≤ {most} {}", self.unit),
            Budget::NotAbovePeer { name, peer, .. } | Budget::NotBelowPeer { name, peer, .. } => {
                format!("{name} {peer:.2} {}, ratio {:.2}", self.unit, self.value / peer)
            }
            Budget::AbovePeerAtMost { name, peer, more } => {
                format!("≤ {more} {unit} above {name}'s {peer:.2} {unit}", unit = self.unit)
            }
            Budget::None => String::new(),
        }
    }
}

impl Table {
    pub fn add(&mut self, what: &str, value: f64, unit: &'static str, budget: Budget) {
        eprintln!("  {what}: {value:.2} {unit}");
        self.rows.push(Row { what: what.to_owned(), value, unit, budget });
    }

    pub fn kept(&self) -> bool {
        self.rows.iter().all(Row::kept)
    }

    /// As Markdown.
    pub fn render(&self) -> String {
        let mut out = String::from("| what | measured | budget | |\n|-|-|-|-|\n");
        for row in &self.rows {
            let verdict = match (row.kept(), row.budget) {
                (true, Budget::None) => "",
                (true, _) => "kept",
                (false, _) => "**missed**",
            };
            let (what, value, unit) = (&row.what, row.value, row.unit);
            out.push_str(&format!(
                "| {what} | {value:.2} {unit} | {} | {verdict} |\n",
                row.against()
            ));
        }
        out
    }
}

/// The middle value.
pub fn median(values: &mut [f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which `share` of all values lie.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let at = (last as f64 * share).round() as usize;
    values.get(at).copied().unwrap_or(f64::NAN)
}
