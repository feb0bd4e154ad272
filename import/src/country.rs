//! Country names of the file to ISO 3166-1 codes. A name that stands for no one country has none.

use daybook_domain::CountryCode;

const COUNTRIES: [(&str, &str); 35] = [
    ("United Kingdom", "GB"),
    ("Germany", "DE"),
    ("France", "FR"),
    ("EIRE", "IE"),
    ("Spain", "ES"),
    ("Netherlands", "NL"),
    ("Belgium", "BE"),
    ("Switzerland", "CH"),
    ("Portugal", "PT"),
    ("Australia", "AU"),
    ("Norway", "NO"),
    ("Italy", "IT"),
    ("Finland", "FI"),
    ("Cyprus", "CY"),
    ("Sweden", "SE"),
    ("Austria", "AT"),
    ("Denmark", "DK"),
    ("Japan", "JP"),
    ("Poland", "PL"),
    ("Israel", "IL"),
    ("USA", "US"),
    ("Hong Kong", "HK"),
    ("Singapore", "SG"),
    ("Iceland", "IS"),
    ("Canada", "CA"),
    ("Greece", "GR"),
    ("Malta", "MT"),
    ("United Arab Emirates", "AE"),
    ("RSA", "ZA"),
    ("Lebanon", "LB"),
    ("Lithuania", "LT"),
    ("Brazil", "BR"),
    ("Czech Republic", "CZ"),
    ("Bahrain", "BH"),
    ("Saudi Arabia", "SA"),
];

/// Names of the file that stand for no one country.
const NO_ONE_COUNTRY: [&str; 3] = ["Channel Islands", "European Community", "Unspecified"];

/// Whether the data set has this name.
pub(crate) fn is_known(name: &str) -> bool {
    NO_ONE_COUNTRY.contains(&name) || COUNTRIES.iter().any(|(known, _)| *known == name)
}

/// The code of a country by the file's name for it; none for `Channel Islands` (two codes), `European Community`,
/// `Unspecified`.
pub(crate) fn country_code(name: &str) -> Option<CountryCode> {
    let (_, code) = COUNTRIES.iter().find(|(known, _)| *known == name)?;
    code.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_country_has_a_code_of_its_own() {
        let codes: std::collections::BTreeSet<_> =
            COUNTRIES.iter().map(|(name, _)| country_code(name).expect("a valid code")).collect();
        assert_eq!(codes.len(), COUNTRIES.len());
    }

    #[test]
    fn what_is_no_one_country_has_no_code() {
        for name in NO_ONE_COUNTRY {
            assert_eq!((country_code(name), is_known(name)), (None, true), "{name}");
        }
    }

    #[test]
    fn names_of_other_files_are_not_known() {
        for name in ["", "Atlantis", "United States", "united kingdom", "GB"] {
            assert!(!is_known(name), "{name}");
        }
    }
}
