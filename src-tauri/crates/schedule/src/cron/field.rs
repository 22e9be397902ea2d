//! The five fields of an expression and the values that each of them may hold.
//!
//! Must not know: how an expression is written, calendars, zones.

/// One of the five fields, in the order in which they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Minute,
    Hour,
    DayOfMonth,
    Month,
    DayOfWeek,
}

impl Field {
    pub const ALL: [Field; 5] =
        [Field::Minute, Field::Hour, Field::DayOfMonth, Field::Month, Field::DayOfWeek];

    pub fn name(self) -> &'static str {
        match self {
            Field::Minute => "minute",
            Field::Hour => "hour",
            Field::DayOfMonth => "day of month",
            Field::Month => "month",
            Field::DayOfWeek => "day of week",
        }
    }

    /// Smallest and largest number that may be written. Sunday is 0 or 7.
    pub fn bounds(self) -> (u8, u8) {
        match self {
            Field::Minute => (0, 59),
            Field::Hour => (0, 23),
            Field::DayOfMonth => (1, 31),
            Field::Month => (1, 12),
            Field::DayOfWeek => (0, 7),
        }
    }
}

/// What a field allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Values {
    bits: u64,
    /// The field begins with `*`. Such a day field does not restrict days (so `*/2` needs *both* day
    /// fields to match), such a minute or hour makes a job follow the clock. As in Vixie's cron.
    pub star: bool,
}

impl Values {
    pub fn new(star: bool) -> Values {
        Values { bits: 0, star }
    }

    pub fn insert(&mut self, value: u8) {
        self.bits |= 1 << value;
    }

    pub fn remove(&mut self, value: u8) {
        self.bits &= !(1 << value);
    }

    pub fn contains(self, value: u8) -> bool {
        self.bits >> value & 1 == 1
    }

    /// The smallest value that is not below `from`.
    pub fn at_or_after(self, from: u8) -> Option<u8> {
        let rest = self.bits.checked_shr(u32::from(from))?;
        (rest != 0).then(|| from + u8::try_from(rest.trailing_zeros()).unwrap_or(0))
    }

    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..64).filter(move |value| self.contains(*value))
    }

    pub fn len(self) -> u32 {
        self.bits.count_ones()
    }
}

/// The values of the five fields; Sunday is 0 here, however it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fields {
    pub minutes: Values,
    pub hours: Values,
    pub days: Values,
    pub months: Values,
    pub weekdays: Values,
}

impl Fields {
    /// Day of month and day of week both restrict: a day needs only one of them.
    pub fn either_day(&self) -> bool {
        !self.days.star && !self.weekdays.star
    }

    /// Every weekday falls on every day of the year some time, so only the days of the months count.
    pub fn can_match(&self) -> bool {
        let longest = |month| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let first_day = self.days.at_or_after(1);
        self.either_day()
            || self.months.iter().any(|month| first_day.is_some_and(|day| day <= longest(month)))
    }
}
