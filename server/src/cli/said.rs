//! Errors for people: each cause once, although many errors name their source in their own text as well.

/// An error with its causes, leaving out what was said already.
pub(super) fn once(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if said.is_empty() {
            said = cause;
        } else if !said.contains(&cause) {
            said = format!("{said}: {cause}");
        }
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

    #[test]
    fn a_cause_that_an_error_names_itself_is_said_once() {
        let error = anyhow::Error::new(SelfNaming { source: std::io::Error::other("no such file") });
        assert_eq!(once(&error.context("bundle")), "bundle: records: no such file");
    }
}
