//! Random expressions: all that the grammar has, with hours in the night preferred, when clocks change.

use nightshift_schedule::{Cron, cron::Field};
use std::fmt;

pub struct Expression {
    fields: [String; 5],
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fields.join(" "))
    }
}

impl Expression {
    pub fn field(&self, index: usize) -> &str {
        &self.fields[index]
    }

    /// One that can match at all.
    pub fn valid(random: &mut fastrand::Rng) -> (Expression, Cron) {
        loop {
            let fields = Field::ALL.map(|field| random_field(field, random));
            let expression = Expression { fields };
            if let Ok(cron) = expression.to_string().parse() {
                return (expression, cron);
            }
        }
    }
}

fn random_field(field: Field, random: &mut fastrand::Rng) -> String {
    let free = match field {
        Field::Minute | Field::Hour => 10,
        Field::DayOfMonth | Field::DayOfWeek => 55,
        Field::Month => 80,
    };
    if random.u8(..100) < free {
        return "*".to_owned();
    }
    let (low, high) = field.bounds();
    let value = |random: &mut fastrand::Rng| match field {
        Field::Hour if random.u8(..3) > 0 => random.u8(0..=4),
        _ => random.u8(low..=high),
    };
    match random.u8(..10) {
        0..5 => value(random).to_string(),
        5 => format!("*/{}", random.u8(1..=high)),
        6 => range(value(random), value(random)),
        7 => format!("{}/{}", range(value(random), value(random)), random.u8(1..=high)),
        _ => {
            let items: Vec<String> = (0..random.u8(2..=4))
                .map(|_| match random.u8(..4) {
                    0 => range(value(random), value(random)),
                    1 => format!("{}/{}", range(value(random), value(random)), random.u8(1..=high)),
                    _ => value(random).to_string(),
                })
                .collect();
            items.join(",")
        }
    }
}

fn range(one: u8, other: u8) -> String {
    format!("{}-{}", one.min(other), one.max(other))
}
