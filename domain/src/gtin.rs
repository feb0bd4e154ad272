//! Global Trade Item Numbers, as barcodes carry them: 8, 12, 13 or 14 digits, the last of which checks the others (GS1
//! General Specifications, section 7.9).

/// Whether the digits are a GTIN.
pub(crate) fn is_gtin(digits: &str) -> bool {
    matches!(digits.len(), 8 | 12 | 13 | 14)
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && weighted_sum(digits).is_multiple_of(10)
}

/// From the right: the check digit itself once, the digit before it three times, the next once, and so on.
fn weighted_sum(digits: &str) -> u32 {
    let values = digits.bytes().rev().map(|digit| u32::from(digit - b'0'));
    values.enumerate().map(|(at, digit)| if at % 2 == 0 { digit } else { 3 * digit }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_of_every_length_is_checked() {
        for gtin in ["96385074", "036000291452", "4006381333931", "5012345678900", "00012345600012"] {
            assert!(is_gtin(gtin), "{gtin}");
            let last = gtin.len() - 1;
            for other in 0..10 {
                let wrong = format!("{}{other}", &gtin[..last]);
                assert_eq!(is_gtin(&wrong), wrong == gtin, "{wrong}");
            }
        }
        for text in ["", "0", "1234567890", "123456789012345", "4006381333931 ", "400638133393x"] {
            assert!(!is_gtin(text), "{text}");
        }
    }
}
