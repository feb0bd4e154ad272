//! Lengths of time on the command line: a whole number and its unit, `500ms`, `2s`, `15m`, `12h`, `30d`.

use std::time::Duration;

pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let millis: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => {
            return Err(
                "expected a whole number and a unit, for example 500ms, 2s, 15m, 12h or 30d".to_owned()
            );
        }
    };
    let number: u64 = number.parse().map_err(|_| format!("{number:?} is not a whole number"))?;
    number.checked_mul(millis).map(Duration::from_millis).ok_or_else(|| "that is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_make_a_length_of_time() {
        assert_eq!(parse("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert!(parse("30").is_err() && parse("d").is_err() && parse("99999999999999999999d").is_err());
        assert!(parse("9999999999999999d").is_err());
    }
}
