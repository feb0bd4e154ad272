//! A search as the query string of a URL says it: `q`, `category`, `brand`, `attr[KEY]`, `range[KEY]`,
//! `price`, `currency`, `in_stock`, `availability`, `sort`, `count`, `facets`, `limit`, `cursor`. `brand`,
//! `availability` and `attr[KEY]` may be repeated.

use super::{
    AttributeFilter, Availability, CountMode, RangeFilter, SearchError, SearchRequest, Sort, category,
};
use std::str::FromStr;

const KNOWN: &str = "known are q, category, brand, attr[KEY], range[KEY], price, currency, in_stock, \
                     availability, sort, \
                     count, facets, limit and cursor";

impl SearchRequest {
    /// Reads decoded query parameters. Unknown names and unreadable values are errors; limits are checked
    /// when the search runs.
    pub fn from_parameters<'a>(
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, SearchError> {
        let mut request = Self::default();
        for (name, value) in parameters {
            match name {
                "q" => request.q = value.to_owned(),
                "category" => request.category = category::split(value),
                "brand" => request.brand.push(value.to_owned()),
                "currency" => {
                    let expected = "an ISO 4217 code such as GBP";
                    request.currency = Some(value.parse().map_err(|_| bad("currency", value, expected))?);
                }
                "price" => {
                    (request.price_min, request.price_max) = range::<i64>(name, value)?;
                }
                "in_stock" => request.in_stock = Some(flag("in_stock", value)?),
                "availability" => {
                    request.availability.push(one_of(
                        "availability",
                        &Availability::ALL,
                        Availability::name,
                        value,
                    )?);
                }
                "facets" => request.no_facets = !flag("facets", value)?,
                "limit" => {
                    let expected = "a whole number from 1 to 100";
                    request.limit = Some(value.parse().map_err(|_| bad("limit", value, expected))?);
                }
                "cursor" => request.cursor = Some(value.to_owned()),
                "sort" => request.sort = one_of("sort", &Sort::ALL, Sort::name, value)?,
                "count" => request.count = one_of("count", &CountMode::ALL, CountMode::name, value)?,
                _ => request.take_prefixed(name, value)?,
            }
        }
        Ok(request)
    }

    fn take_prefixed(&mut self, name: &str, value: &str) -> Result<(), SearchError> {
        let key_of = |object: &str| name.strip_prefix(object)?.strip_prefix('[')?.strip_suffix(']');
        if let Some(key) = key_of("attr") {
            self.attributes.push(AttributeFilter { key: key.to_owned(), value: value.to_owned() });
        } else if let Some(key) = key_of("range") {
            let (min, max) = range::<f64>(name, value)?;
            self.ranges.push(RangeFilter { key: key.to_owned(), min, max });
        } else {
            let name = name.chars().take(40).collect();
            return Err(SearchError::UnknownParameter { name, known: KNOWN });
        }
        Ok(())
    }
}

fn bad(name: &'static str, found: &str, expected: &str) -> SearchError {
    SearchError::BadValue { name, found: found.chars().take(40).collect(), expected: expected.to_owned() }
}

fn flag(name: &'static str, value: &str) -> Result<bool, SearchError> {
    value.parse().map_err(|_| bad(name, value, "true or false"))
}

/// The one of `all` that is called `value`.
fn one_of<T: Copy>(
    parameter: &'static str,
    all: &[T],
    name: fn(T) -> &'static str,
    value: &str,
) -> Result<T, SearchError> {
    all.iter().copied().find(|one| name(*one) == value).ok_or_else(|| {
        let names: Vec<_> = all.iter().copied().map(name).collect();
        let expected = match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => names.concat(),
        };
        bad(parameter, value, &expected)
    })
}

type Bounds<T> = (Option<T>, Option<T>);

fn range<T: FromStr>(name: &str, value: &str) -> Result<Bounds<T>, SearchError> {
    let wrong = |detail: &str| SearchError::BadRange {
        name: name.chars().take(40).collect(),
        detail: detail.to_owned(),
    };
    let (min, max) = value.split_once("..").ok_or_else(|| wrong("there is no .. between its bounds"))?;
    let bound = |text: &str| match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| wrong("a bound is not a number that fits")),
    };
    Ok((bound(min)?, bound(max)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_read() {
        let request = SearchRequest::from_parameters([
            ("q", "red mug"),
            ("category", "Home/Mugs~1Cups"),
            ("brand", "Acme"),
            ("brand", "Oxo"),
            ("attr[colour]", "red"),
            ("range[volume]", "..0.5"),
            ("price", "100..2000"),
            ("currency", "GBP"),
            ("in_stock", "true"),
            ("availability", "backorderable"),
            ("sort", "price_asc"),
            ("count", "exact"),
            ("facets", "false"),
            ("limit", "7"),
        ])
        .unwrap();
        assert_eq!(request.category, ["Home", "Mugs/Cups"]);
        assert_eq!(request.brand, ["Acme", "Oxo"]);
        assert_eq!((request.price_min, request.price_max), (Some(100), Some(2000)));
        assert_eq!(request.ranges, [RangeFilter { key: "volume".into(), min: None, max: Some(0.5) }]);
        assert!(request.no_facets && request.check().is_ok());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let read = |name, value| SearchRequest::from_parameters([(name, value)]).unwrap_err().to_string();
        assert!(read("sort", "best").contains("relevance, price_asc"));
        assert!(read("price", "cheap").contains("price: there is no .."));
        assert!(read("price", "1..99999999999999999999").contains("fits"));
        assert!(read("colour", "red").contains("attr[KEY]"));
        assert!(read("in_stock", "maybe").contains("true or false"));
    }

    #[test]
    fn absurd_requests_are_refused_before_they_cost_anything() {
        let long = SearchRequest { q: "x".repeat(257), ..Default::default() };
        assert_eq!(long.check(), Err(SearchError::QueryTooLong { chars: 257, max: 256 }));
        let unpriced = SearchRequest { price_min: Some(1), ..Default::default() };
        assert_eq!(unpriced.check(), Err(SearchError::MissingCurrency));
        let upside_down = SearchRequest {
            price_min: Some(2),
            price_max: Some(1),
            currency: "GBP".parse().ok(),
            ..Default::default()
        };
        assert!(matches!(upside_down.check(), Err(SearchError::BadRange { .. })));
        let greedy = SearchRequest { limit: Some(101), ..Default::default() };
        assert!(matches!(greedy.check(), Err(SearchError::BadLimit { .. })));
        let many = SearchRequest { brand: (0..101).map(|n| n.to_string()).collect(), ..Default::default() };
        assert!(matches!(many.check(), Err(SearchError::TooManyFilters { .. })));
    }
}
