//! Commands with names of logs in them. A log is a stranger's word: what is more than a name never gets into one.

/// Longer names are none.
const LONGEST: usize = 300;

/// Whether a text is a name: letters, digits, and signs that are nothing to a shell in quotes and no option.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || " -_.:/@+=,()".contains(c);
    !text.is_empty()
        && text.len() <= LONGEST
        && !text.starts_with(['-', ' '])
        && !text.ends_with(' ')
        && text.chars().all(plain)
}

/// A name for a shell.
fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:/@+=,".contains(&b);
    if text.bytes().all(plain) { text.to_owned() } else { format!("'{text}'") }
}

/// Fills `{key}` and `{one|other}` by `known`, and drops each `[…]` with something in it that is not known. `None` where
/// that stands outside of brackets.
pub(super) fn filled(template: &str, known: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '[']) {
        let (before, behind) = rest.split_at(at);
        out.push_str(before);
        let ending = if behind.starts_with('{') { '}' } else { ']' };
        let (inside, after) = behind[1..].split_once(ending)?;
        rest = after;
        if ending == '}' {
            let value = inside.split('|').find_map(|key| known(key).filter(|value| is_name(value)))?;
            out.push_str(&quoted(&value));
        } else if !inside.contains('{') {
            // No placeholder: brackets of the command itself, as in `Snapshots[].SnapshotId`.
            out.push_str(&format!("[{inside}]"));
        } else if let Some(text) = filled(inside, known) {
            out.push_str(&text);
        }
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(template: &str, name: &str) -> Option<String> {
        filled(template, &|key| (key == "name").then(|| name.to_owned()))
    }

    #[test]
    fn what_is_not_known_is_left_out_or_makes_no_command() {
        assert_eq!(of("rm[ --in {place}] {name}", "a").as_deref(), Some("rm a"));
        assert_eq!(of("rm {place|name}[ --x {name}]", "a b").as_deref(), Some("rm 'a b' --x 'a b'"));
        assert_eq!(of("rm {place}", "a"), None);
        assert_eq!(of("q 'S[].Id' {name}", "ü").as_deref(), Some("q 'S[].Id' 'ü'"));
    }

    #[test]
    fn no_more_than_a_name_gets_into_a_command() {
        for name in [
            "a;b", "$(id)", "`id`", "a'b", "a\"b", "a\\b", "-rf", "a\nb", "*", "***", "a|b", "", " a", "a>b",
            "~",
        ] {
            assert_eq!(of("rm {name}", name), None, "{name:?}");
        }
        assert_eq!(of("rm {name}", &"a".repeat(301)), None);
    }
}
