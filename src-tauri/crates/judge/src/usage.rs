//! What a judgement cost.

use std::ops::AddAssign;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// In millionths of a US dollar; none where no price is known.
    pub cost_usd_micros: Option<u64>,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, more: Usage) {
        // A sum of which one part is not known is not known, except that nothing costs nothing.
        self.cost_usd_micros = match (*self, more) {
            (Usage { input_tokens: 0, output_tokens: 0, .. }, more) => more.cost_usd_micros,
            (this, Usage { input_tokens: 0, output_tokens: 0, cost_usd_micros: None }) => {
                this.cost_usd_micros
            }
            (this, more) => this.cost_usd_micros.zip(more.cost_usd_micros).map(|(a, b)| a + b),
        };
        self.input_tokens += more.input_tokens;
        self.output_tokens += more.output_tokens;
    }
}

/// Millionths of a US dollar for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prices {
    pub input: u64,
    pub output: u64,
}

impl Prices {
    pub fn cost(&self, input_tokens: u64, output_tokens: u64) -> u64 {
        let sum = u128::from(input_tokens) * u128::from(self.input)
            + u128::from(output_tokens) * u128::from(self.output);
        u64::try_from(sum / 1_000_000).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, output: u64, cost: Option<u64>) -> Usage {
        Usage { input_tokens: input, output_tokens: output, cost_usd_micros: cost }
    }

    #[test]
    fn an_unknown_part_makes_the_sum_unknown() {
        for (first, second, expected) in [
            (Usage::default(), usage(1, 2, Some(3)), usage(1, 2, Some(3))),
            (usage(1, 2, Some(3)), usage(1, 1, Some(4)), usage(2, 3, Some(7))),
            (usage(1, 2, Some(3)), usage(1, 1, None), usage(2, 3, None)),
            (usage(1, 2, Some(3)), Usage::default(), usage(1, 2, Some(3))),
        ] {
            let mut sum = first;
            sum += second;
            assert_eq!(sum, expected);
        }
        assert_eq!(Prices { input: 100_000, output: 500_000 }.cost(20_000, 1_000), 2_500);
    }
}
