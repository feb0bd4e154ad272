//! A check of JSON against JSON Schema (2020-12), by the crate `jsonschema`, formats included. What it does not know by
//! itself is the formats that the events' schemas use for the widths of numbers.

use daybook_domain::Timestamp;
use jsonschema::Validator;
use serde_json::Value;

pub(crate) struct Checker(Validator);

impl Checker {
    pub(crate) fn new(schema: &Value) -> Self {
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            // An event's time also has to be one that Daybook can hold.
            .with_format("date-time", |text: &str| Timestamp::parse(text).is_some())
            .with_format("int64", |_: &str| true)
            .with_format("uint32", |_: &str| true)
            .with_format("uint64", |_: &str| true)
            .build(schema);
        Self(validator.expect("a schema of JSON Schema 2020-12"))
    }

    pub(crate) fn check(&self, value: &Value) -> Result<(), String> {
        let errors: Vec<_> =
            self.0.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
    }
}
