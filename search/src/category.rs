//! A category path as one text: names joined by `/`, with `~1` for a slash and `~0` for a tilde within a
//! name, as in JSON pointers (RFC 6901). What is below a node begins with the node's text and a slash.

/// The path as one text; empty for the root.
pub(super) fn join<S: AsRef<str>>(path: &[S]) -> String {
    let mut text = String::new();
    for (index, name) in path.iter().enumerate() {
        if index > 0 {
            text.push('/');
        }
        text.push_str(&name.as_ref().replace('~', "~0").replace('/', "~1"));
    }
    text
}

/// The names in a path text.
pub(super) fn split(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split('/').map(unescape).collect()
}

/// The name in one step of a path text.
pub(super) fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// The step below `node` on the way to `path`, with the text up to and including it; none if `path` is
/// `node` itself or lies elsewhere.
pub(super) fn child_of<'a>(path: &'a str, node: &str) -> Option<&'a str> {
    let rest_at = if node.is_empty() {
        0
    } else {
        path.strip_prefix(node)?.strip_prefix('/')?;
        node.len() + 1
    };
    let rest = path.get(rest_at..).filter(|rest| !rest.is_empty())?;
    let end = rest.find('/').map_or(path.len(), |at| rest_at + at);
    path.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_survives_slashes_and_tildes_in_names() {
        let path = ["TV/Video", "~odd~1", "Mugs"];
        assert_eq!(split(&join(&path)), path);
    }

    #[test]
    fn a_child_is_the_next_step_only() {
        assert_eq!(child_of("Home/Kitchen/Mugs", "Home"), Some("Home/Kitchen"));
        assert_eq!(child_of("Home/Kitchen", ""), Some("Home"));
        assert_eq!(child_of("Home", "Home"), None);
        assert_eq!(child_of("Homeware/Mugs", "Home"), None);
    }
}
