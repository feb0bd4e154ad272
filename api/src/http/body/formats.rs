//! Formats that a schema names and a text is held against.

use daybook_domain::{codes, product::limits::is_web_address};

/// The check behind the name of a format: why a text is refused. None: the format is not one that is checked here.
pub(super) fn check_of(format: &str) -> Option<fn(&str) -> Option<String>> {
    Some(match format {
        "iso-4217" => codes::objection_to_currency,
        "iso-3166-1-alpha-2" => codes::objection_to_country,
        "web-address" => |text| {
            let detail = "is no web address; expected https:// or http:// and no spaces";
            (!is_web_address(text)).then(|| detail.to_owned())
        },
        "uuid" => |text| {
            let is_uuid = text.len() == 36 && text.parse::<uuid::Uuid>().is_ok();
            (!is_uuid).then(|| "is no UUID".to_owned())
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_web_addresses() {
        let objection = check_of("web-address").unwrap();
        for good in ["https://shop.example/mug.jpg", "HTTP://x"] {
            assert_eq!(objection(good), None, "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "//x",
            "/x",
            " https://x",
            "https://x y",
            "é",
        ] {
            assert!(objection(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn codes_are_those_of_the_standards() {
        assert_eq!(check_of("iso-4217").unwrap()("GBP"), None);
        assert_eq!(check_of("iso-3166-1-alpha-2").unwrap()("GB"), None);
        let hint = check_of("iso-3166-1-alpha-2").unwrap()("UK").unwrap();
        assert!(hint.contains("GB"), "{hint}");
    }
}
