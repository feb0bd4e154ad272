//! Small charts for a terminal: a sparkline, and bars.

const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const PARTS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// One character a value, the largest as high as can be; nothing where the value is zero.
pub(crate) fn sparkline(values: &[u64]) -> String {
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let spark = |value: u64| match value {
        0 => ' ',
        value => SPARKS[usize::try_from(u128::from(value) * 7 / u128::from(most)).unwrap_or(7).min(7)],
    };
    values.iter().copied().map(spark).collect()
}

/// A bar for `value`, `width` characters where it is `most`.
pub(crate) fn bar(value: u64, most: u64, width: u32) -> String {
    let eighths = u128::from(value) * u128::from(width) * 8 / u128::from(most.max(1));
    let eighths = usize::try_from(eighths).unwrap_or(0);
    let mut bar = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        bar.push(PARTS[eighths % 8]);
    }
    if bar.is_empty() && value > 0 {
        bar.push(PARTS[1]);
    }
    bar
}

/// The same values in at most `columns` of equal width, added up.
pub(crate) fn squeeze(values: &[u64], columns: usize) -> Vec<u64> {
    let each = values.len().div_ceil(columns.max(1)).max(1);
    values.chunks(each).map(|chunk| chunk.iter().sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_has_its_peak_where_the_largest_value_is() {
        assert_eq!(sparkline(&[0, 1, 4, 8]), " ▁▄█");
        assert_eq!(sparkline(&[]), "");
    }

    #[test]
    fn bars_are_in_proportion_and_something_is_never_nothing() {
        assert_eq!(bar(8, 8, 4), "████");
        assert_eq!(bar(4, 8, 4), "██");
        assert_eq!(bar(1, 1_000_000, 4), "▏");
        assert_eq!(bar(0, 8, 4), "");
    }

    #[test]
    fn squeezing_loses_nothing() {
        assert_eq!(squeeze(&[1, 2, 3, 4, 5], 2), [6, 9]);
        assert_eq!(squeeze(&[1, 2], 60), [1, 2]);
    }
}
