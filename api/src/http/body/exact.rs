//! Whether a number of a body is kept as it was sent. Decimals become binary numbers with 15 to 17 digits, so longer ones
//! would come back as others.

/// For each number in the JSON that is no plain integer of 64 bits, in their order: whether it would be changed.
pub(super) fn inexact_numbers(json: &[u8]) -> Vec<bool> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < json.len() {
        match json[at] {
            b'"' => at = end_of_text(json, at),
            b'-' | b'0'..=b'9' => {
                let rest = &json[at..];
                let end = rest.iter().position(|byte| !is_of_number(*byte)).unwrap_or(rest.len());
                let text = std::str::from_utf8(&rest[..end]).unwrap_or_default();
                if !is_plain_integer(text) {
                    found.push(!text.parse().is_ok_and(|value| is_exact(text, value)));
                }
                at += end;
            }
            _ => at += 1,
        }
    }
    found
}

const fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Behind the text that begins at `start`.
fn end_of_text(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < json.len() && json[at] != b'"' {
        at += if json[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// As the decoder tells integers from decimals.
fn is_plain_integer(text: &str) -> bool {
    text != "-0" && (text.parse::<u64>().is_ok() || text.parse::<i64>().is_ok())
}

/// Whether the shortest text of `value` is the same number as `text`.
pub(super) fn is_exact(text: &str, value: f64) -> bool {
    value.is_finite() && normal_form(text) == normal_form(&format!("{value:e}"))
}

/// The digits without zeros around them, and the power of ten of the first one; zero has none.
fn normal_form(text: &str) -> (bool, String, i64) {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(i64::MAX / 2);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let leading = digits.len() - digits.trim_start_matches('0').len();
    let significant = digits.trim_matches('0').to_owned();
    if significant.is_empty() {
        return (false, significant, 0);
    }
    (negative, significant, exponent + whole.len() as i64 - leading as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_many_spellings() {
        for (text, value) in
            [("1e3", 1000.0), ("0.001e3", 1.0), ("-12.50", -12.5), ("0.0", 0.0), ("-0", -0.0)]
        {
            assert!(is_exact(text, value), "{text}");
        }
        for (text, value) in
            [("1e3", 100.0), ("0.1000000000000000055", 0.1), ("1e-400", 0.0), ("1e400", f64::INFINITY)]
        {
            assert!(!is_exact(text, value), "{text}");
        }
    }
}
