//! Payment cards' numbers in free text: where one may stand by mistake, it must not be stored.
//!
//! A card's number has a length and a prefix that its issuer has, and a check digit (ISO/IEC 7812-1); digits may be of any
//! script and have anything but letters between them. What else has as many digits is let through where it can be told:
//! references and IMEIs by their prefix, barcodes by their own check digit, telephone numbers by their plus sign.

use crate::gtin::is_gtin;

/// Prefixes from one number to another of the same count of digits, and how many digits such a number has.
struct Issuer {
    prefixes: (u32, u32),
    digits: (usize, usize),
}

const fn issuer(from: u32, to: u32, least: usize, most: usize) -> Issuer {
    Issuer { prefixes: (from, to), digits: (least, most) }
}

const ISSUERS: &[Issuer] = &[
    // Visa, Visa Electron, V Pay
    issuer(4, 4, 13, 13),
    issuer(4, 4, 16, 19),
    // Mastercard
    issuer(51, 55, 16, 16),
    issuer(2221, 2720, 16, 16),
    // American Express
    issuer(34, 34, 15, 15),
    issuer(37, 37, 15, 15),
    // Diners Club
    issuer(300, 305, 14, 19),
    issuer(3095, 3095, 14, 19),
    issuer(36, 36, 14, 19),
    issuer(38, 39, 14, 19),
    // JCB
    issuer(3528, 3589, 16, 19),
    issuer(1800, 1800, 15, 15),
    issuer(2131, 2131, 15, 15),
    // Discover, RuPay, Elo, Troy
    issuer(6011, 6011, 16, 19),
    issuer(644, 649, 16, 19),
    issuer(65, 65, 16, 19),
    // UnionPay
    issuer(62, 62, 16, 19),
    issuer(81, 82, 16, 19),
    // Maestro, Dankort, Verve, Elo, Switch, Solo, Laser, Bancontact
    issuer(50, 50, 12, 19),
    issuer(56, 58, 12, 19),
    issuer(6304, 6304, 12, 19),
    issuer(6331, 6334, 12, 19),
    issuer(6390, 6390, 12, 19),
    issuer(6703, 6703, 12, 19),
    issuer(6706, 6709, 12, 19),
    issuer(6759, 6771, 12, 19),
    // RuPay, Hipercard, Cabal, UkrCard
    issuer(60, 60, 16, 19),
    issuer(637, 639, 16, 19),
    issuer(6362, 6363, 16, 19),
    // Mir, Borica
    issuer(2200, 2205, 16, 19),
    // Troy, Humo, Uzcard, Prostir
    issuer(9792, 9792, 16, 16),
    issuer(9804, 9804, 16, 16),
    issuer(9860, 9860, 16, 16),
    issuer(8600, 8600, 16, 16),
    // UATP
    issuer(1, 1, 15, 15),
];

/// The fewest and the most digits of any card.
const LENGTHS: (usize, usize) = (12, 19);
/// As many digits a telephone number may have (ITU-T E.164).
const TELEPHONE: usize = 15;

/// Whether a text contains what may be a payment card's number.
#[must_use]
pub fn looks_like_card_number(text: &str) -> bool {
    // Most texts have too few digits, and are not looked at twice.
    if text.chars().filter_map(digit).take(LENGTHS.0).count() < LENGTHS.0 {
        return false;
    }
    let groups = groups(text);
    (0..groups.len()).any(|first| begins_card(&groups[first..]))
}

/// Digits without anything between them.
#[derive(Default)]
struct DigitGroup {
    digits: String,
    /// A letter stands beside it, so it is part of a word.
    is_in_word: bool,
    after_plus: bool,
    /// Nothing but separators is between it and the group before it.
    follows: bool,
}

fn groups(text: &str) -> Vec<DigitGroup> {
    let mut groups: Vec<DigitGroup> = Vec::new();
    let (mut before, mut follows) = (None::<char>, false);
    let mut open = false;
    for c in text.chars() {
        if let Some(digit) = digit(c) {
            if !open {
                groups.push(DigitGroup {
                    is_in_word: before.is_some_and(char::is_alphabetic),
                    after_plus: matches!(before, Some('+' | '\u{ff0b}')),
                    follows,
                    digits: String::new(),
                });
                open = true;
            }
            if let Some(group) = groups.last_mut() {
                group.digits.push(digit);
            }
        } else {
            if c.is_alphabetic() {
                if let Some(group) = groups.last_mut().filter(|_| open) {
                    group.is_in_word = true;
                }
                follows = false;
            } else if open {
                follows = true;
            }
            open = false;
        }
        before = Some(c);
    }
    groups
}

/// Whether these groups begin with a card's number; what stands behind it may be its expiry.
fn begins_card(groups: &[DigitGroup]) -> bool {
    let mut digits = String::with_capacity(LENGTHS.1);
    for (at, group) in groups.iter().enumerate() {
        if group.is_in_word || (at > 0 && !group.follows) {
            return false;
        }
        digits.push_str(&group.digits);
        if digits.len() > LENGTHS.1 {
            return false;
        }
        let is_telephone = groups[0].after_plus && digits.len() <= TELEPHONE;
        if !is_telephone && is_card_number(&digits) {
            return true;
        }
    }
    false
}

fn is_card_number(digits: &str) -> bool {
    if !(LENGTHS.0..=LENGTHS.1).contains(&digits.len()) || !luhn_is_right(digits) {
        return false;
    }
    // Cards of these lengths are hardly issued any more, and every article has such a barcode.
    if matches!(digits.len(), 12 | 13) && is_gtin(digits) {
        return false;
    }
    ISSUERS.iter().any(|issuer| {
        let (from, to) = issuer.prefixes;
        let (least, most) = issuer.digits;
        let length = from.ilog10() as usize + 1;
        let prefix = digits[..length].parse::<u32>();
        (least..=most).contains(&digits.len()) && prefix.is_ok_and(|prefix| (from..=to).contains(&prefix))
    })
}

fn luhn_is_right(digits: &str) -> bool {
    let values = digits.bytes().rev().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = values
        .enumerate()
        .map(|(at, digit)| match (at % 2 == 1, digit) {
            (false, digit) => digit,
            (true, digit) if digit < 5 => 2 * digit,
            (true, digit) => 2 * digit - 9,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The zeros of the scripts that have decimal digits (Unicode general category Nd); nine digits follow each.
const ZEROS: &[u32] = &[
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6,
    0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0,
    0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30,
    0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0,
    0x11950, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2,
    0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e950, 0x1fbf0,
];

/// The decimal digit that a character is, in whatever script.
fn digit(c: char) -> Option<char> {
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    let code = u32::from(c);
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that issuers and payment providers publish for tests.
    const CARDS: &[&str] = &[
        "4242424242424242",
        "4000056655665556",
        "4111111111111111",
        "4012888888881881",
        "4222222222222",
        "5555555555554444",
        "5105105105105100",
        "2223003122003222",
        "2223000048400011",
        "5200828282828210",
        "378282246310005",
        "371449635398431",
        "378734493671000",
        "346827630435344",
        "6011111111111117",
        "6011000990139424",
        "6011981111111113",
        "6445644564456445",
        "6510000000000034",
        "3056930009020004",
        "36227206271667",
        "30569309025904",
        "38520000023237",
        "3566002020360505",
        "3530111333300000",
        "3569990010095841",
        "6200000000000005",
        "6200000000000047",
        "6205500000000000004",
        "8171999927660000",
        "6759649826438453",
        "6304000000000000",
        "5641820000000005",
        "633110000000000005",
        "6703444444444449",
        "5019717010103742",
        "5018000000000009",
        "5020000000000005",
        "5893000000000009",
        "6062826786276634",
        "5066991111111118",
        "6362970000457013",
        "2200000000000004",
        "2201382000000013",
        "9792030394440796",
        "135410014004955",
        "5060990580000217499",
    ];

    /// What shops, telephones and articles have.
    const OTHERS: &[&str] = &[
        "4242424242424241",
        "536365",
        "",
        "tok_visa",
        "424242424242",
        "42424242424242424242424242",
        "pi_3MtwBwLkdIwHu7ix28a3tqPa",
        "550e8400-e29b-41d4-a716-446655440000",
        // IMEIs
        "490154203237518",
        "356938035643809",
        "352099001761481",
        "860000000000009",
        "013886009876548",
        // barcodes
        "4006381333931",
        "5012345678900",
        "036000291452",
        "9780201379624",
        "4006381333023",
        // references with a right check digit and no issuer's prefix
        "1000000000009",
        "2000000000008",
        "7000000000003",
        "9000000000000001",
        "7992739871300008",
        "10000000000008",
        "2024010112300006",
        "ORDER 7000000000003",
        // telephone numbers and times
        "+49 151 23456704",
        "+44 20 7946 0000",
        "2026-11-22T10:00:00.123456789Z",
    ];

    #[test]
    fn every_issuer_s_card_is_seen() {
        for card in CARDS {
            assert!(looks_like_card_number(card), "{card}");
        }
    }

    #[test]
    fn other_numbers_are_let_through() {
        for text in OTHERS {
            assert!(!looks_like_card_number(text), "{text}");
        }
    }

    #[test]
    fn a_card_is_seen_behind_any_separators_and_in_any_script() {
        let card = "4242424242424242";
        let grouped = |between: &str| ["4242"; 4].join(between);
        for between in [
            " ", "-", ".", "_", "/", ", ", "\u{a0}", "\u{2011}", "\u{2009}", " - ", "\t", "\n", "|",
            "\u{200b}",
        ] {
            assert!(looks_like_card_number(&grouped(between)), "{between:?}");
            let single = card.chars().map(String::from).collect::<Vec<_>>().join(between);
            assert!(looks_like_card_number(&single), "{single:?}");
        }
        for zero in ZEROS.iter().filter_map(|zero| char::from_u32(*zero)) {
            let digit = |c: char| char::from_u32(u32::from(zero) + u32::from(c) - u32::from('0'));
            let written: String = card.chars().filter_map(digit).collect();
            assert!(looks_like_card_number(&written), "{written}");
        }
        for text in [
            "card: 378282246310005!",
            "tok_4242424242424242",
            "6011111111111117 12/29",
            "ref 17 4242 4242 4242 4242",
        ] {
            assert!(looks_like_card_number(text), "{text}");
        }
    }
}
