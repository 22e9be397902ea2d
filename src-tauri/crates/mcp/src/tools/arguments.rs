//! Arguments as models give them: names and types are insisted on, spellings are not.

use super::Arguments;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Reads a tool's arguments. The error names the argument that is wrong, and those it takes.
pub fn read<T: DeserializeOwned>(takes: &str, arguments: Arguments) -> Result<T, String> {
    serde_json::from_value(Value::Object(arguments))
        .map_err(|error| format!("{error}. Arguments: {takes}"))
}

/// A whole number; models write them as text or with a fraction of nothing too.
pub fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let read = match &value {
        Value::Number(number) => number.as_u64().or_else(|| {
            let float = number.as_f64().filter(|f| f.fract() == 0.0 && (0.0..1e15).contains(f))?;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
            Some(float as u64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    read.ok_or_else(|| D::Error::custom(format!("`{value}` is no whole number")))
}

pub fn whole_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    struct Whole(#[serde(deserialize_with = "whole")] u64);
    Ok(Option::<Whole>::deserialize(deserializer)?.map(|Whole(number)| number))
}

/// True or false; models write them as text too.
pub fn yes_or_no<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(value) => Ok(value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        other => Err(D::Error::custom(format!("`{other}` is neither true nor false"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(deserialize_with = "whole")]
        n: u64,
        #[serde(default, deserialize_with = "whole_or_none")]
        m: Option<u64>,
        #[serde(default, deserialize_with = "yes_or_no")]
        b: bool,
    }

    #[test]
    fn numbers_and_truths_may_be_spelled() {
        for (given, expected) in [
            (json!({"n": 5}), Ok((5, None, false))),
            (json!({"n": "5", "m": 2.0, "b": "True"}), Ok((5, Some(2), true))),
            (json!({"n": 5, "m": null}), Ok((5, None, false))),
            (json!({"n": 5.5}), Err("`5.5` is no whole number. Arguments: n")),
            (json!({"n": -1}), Err("`-1` is no whole number. Arguments: n")),
            (json!({}), Err("missing field `n`. Arguments: n")),
            (json!({"n": 1, "b": "yes"}), Err("`\"yes\"` is neither true nor false. Arguments: n")),
        ] {
            let arguments = given.as_object().cloned().unwrap();
            let read = read::<Sample>("n", arguments).map(|s| (s.n, s.m, s.b));
            assert_eq!(read, expected.map_err(str::to_owned), "{given}");
        }
        let unknown = json!({"n": 1, "x": 1}).as_object().cloned().unwrap();
        assert!(read::<Sample>("n", unknown).unwrap_err().contains("unknown field `x`"));
    }
}
