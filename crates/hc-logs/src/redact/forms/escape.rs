//! What all ways of escaping share: their loop, and the names of control characters.

/// Those that everybody names.
pub(super) const CONTROLS: &[(char, &str)] = &[('\n', "\\n"), ('\r', "\\r"), ('\t', "\\t")];
/// Those that bash names.
pub(super) const BASH: &[(char, &str)] = &[
    ('\u{1b}', "\\E"),
    ('\u{7}', "\\a"),
    ('\u{8}', "\\b"),
    ('\u{c}', "\\f"),
    ('\n', "\\n"),
    ('\r', "\\r"),
    ('\t', "\\t"),
    ('\u{b}', "\\v"),
];
/// Those that C, Go and coreutils name: no escape.
pub(super) const C_CONTROLS: &[(char, &str)] = BASH.split_at(1).1;

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
