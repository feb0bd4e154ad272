//! Numbers as people read them, and rows of Markdown.

use super::Spread;

/// About three digits that mean something, thousands set apart.
pub(super) fn number(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude >= 100.0 {
        let digits = format!("{:.0}", value);
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) && !text.ends_with('-') {
                text.push(',');
            }
            text.push(digit);
        }
        text
    } else if magnitude >= 10.0 {
        format!("{value:.1}")
    } else if magnitude >= 0.1 || value == 0.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}

/// The median, and from where to where if it was measured several times.
pub(super) fn spread(spread: Spread, runs: usize) -> String {
    let median = number(spread.median);
    if runs < 2 { median } else { format!("{median} ({}–{})", number(spread.low), number(spread.high)) }
}

pub(super) fn row<S: AsRef<str>>(cells: &[S]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| cell.as_ref().replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// A row of headings with the line below it.
pub(super) fn heading(cells: &[&str]) -> String {
    row(cells) + &row(&vec!["---"; cells.len()])
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_shown_as_exactly_as_they_mean_something() {
        assert_eq!(number(1_234_567.8), "1,234,568");
        assert_eq!([0.0, 0.031, 0.5, 12.34, 999.6].map(number), ["0.00", "0.031", "0.50", "12.3", "1,000"]);
    }
}
