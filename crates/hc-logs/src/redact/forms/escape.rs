//! The loop that all ways of escaping share.

/// `value` with some of its characters replaced.
pub(super) fn escape(value: &str, replace: impl Fn(char) -> Option<String>) -> String {
    let mut text = String::with_capacity(value.len() + value.len() / 4 + 8);
    for c in value.chars() {
        match replace(c) {
            Some(escaped) => text.push_str(&escaped),
            None => text.push(c),
        }
    }
    text
}
