//! Errors for people: each cause once, although many errors name their source in their own text as well. Beside the
//! log, because every program that shows errors opens one.

use std::error::Error;

/// An error with its causes, leaving out what was said already.
#[must_use]
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        next = cause.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("records: {source}")]
    struct SelfNaming {
        source: std::io::Error,
    }

    #[derive(Debug, thiserror::Error)]
    #[error("bundle")]
    struct Enclosing {
        source: SelfNaming,
    }

    #[test]
    fn a_cause_that_an_error_names_itself_is_said_once() {
        let source = SelfNaming { source: std::io::Error::other("no such file") };
        assert_eq!(with_causes(&Enclosing { source }), "bundle: records: no such file");
    }
}
