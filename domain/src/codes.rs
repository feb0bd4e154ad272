//! Codes of currencies (ISO 4217) and countries (ISO 3166-1) in use today. Whoever asks for something has to use one of
//! these; what was recorded keeps its code for ever, also after the standard has dropped it. So reading an event never
//! looks here, and what comes from outside always does.

/// Currencies that amounts can be in: no metals, no funds without notes, no code for tests.
const CURRENCIES: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD \
    CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP \
    GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK \
    LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR \
    PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL \
    THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF \
    YER ZAR ZMW ZWG";

/// Countries and territories.
const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO \
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE \
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO \
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW \
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM \
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// What is written instead of a country's code, and the code.
const MISTAKEN: &[(&str, &str)] =
    &[("UK", "GB"), ("EN", "GB"), ("EL", "GR"), ("FX", "FR"), ("SU", "RU"), ("TP", "TL")];

fn is_listed(list: &str, code: &str) -> bool {
    list.split(' ').any(|listed| listed == code)
}

/// Why nothing can be asked for in this currency.
#[must_use]
pub fn objection_to_currency(text: &str) -> Option<String> {
    if !is_code(text, 3) {
        return Some("is no ISO 4217 currency code of three capital letters, as GBP is".to_owned());
    }
    (!is_listed(CURRENCIES, text)).then(|| format!("is {text}, which is no currency of ISO 4217"))
}

/// Why nothing can be asked for in this country.
#[must_use]
pub fn objection_to_country(text: &str) -> Option<String> {
    if !is_code(text, 2) {
        return Some("is no ISO 3166-1 country code of two capital letters, as GB is".to_owned());
    }
    if is_listed(COUNTRIES, text) {
        return None;
    }
    let meant = MISTAKEN.iter().find(|(written, _)| *written == text);
    let hint = meant.map(|(_, code)| format!("; the code is {code}")).unwrap_or_default();
    Some(format!("is {text}, which is no country of ISO 3166-1{hint}"))
}

fn is_code(text: &str, letters: usize) -> bool {
    text.len() == letters && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_in_use_are_listed_once_and_in_order() {
        for list in [CURRENCIES, COUNTRIES] {
            let codes: Vec<&str> = list.split(' ').collect();
            assert!(codes.is_sorted() && codes.windows(2).all(|pair| pair[0] != pair[1]), "{codes:?}");
        }
        assert_eq!(COUNTRIES.split(' ').count(), 249);
    }

    #[test]
    fn other_codes_are_objected_to_by_name_and_with_what_was_meant() {
        for code in ["GBP", "JPY", "XAF"] {
            assert_eq!(objection_to_currency(code), None);
        }
        for code in ["ZZZ", "XTS", "XAU", "gbp", "£"] {
            assert!(objection_to_currency(code).is_some(), "{code}");
        }
        assert_eq!(objection_to_country("GB"), None);
        assert!(objection_to_country("ZZ").unwrap().contains("no country"));
        assert!(objection_to_country("UK").unwrap().ends_with("the code is GB"));
    }
}
