//! What stands where a secret could stand and is none.

/// Longer values are no placeholders, in bytes.
const MAX_PLACEHOLDER: usize = 1024;
/// Words that nobody takes for a secret.
const WORDS: [&str; 28] = [
    "changeme",
    "change-me",
    "change_me",
    "changeit",
    "change-this",
    "replaceme",
    "replace-me",
    "replace_me",
    "placeholder",
    "example",
    "dummy",
    "redacted",
    "none",
    "null",
    "nil",
    "true",
    "false",
    "yes",
    "no",
    "todo",
    "tbd",
    "fixme",
    "undefined",
    "unset",
    "prompt",
    "omit",
    // What ansible prints instead of a value.
    "value_specified_in_no_log_parameter",
    "not_logging_password",
];
/// Beginnings of references, templates and encrypted values.
const BEGINNINGS: [&str; 26] = [
    "$",
    "%",
    "<",
    "@@",
    "!",
    "|",
    ">",
    "env(",
    "env:",
    "vault(",
    "vault:",
    "file(",
    "command(",
    "var.",
    "local.",
    "data.",
    "each.",
    "module.",
    "lookup(",
    "ENC[",
    "arn:",
    "your-",
    "your_",
    "insert-",
    "enter-",
    "projects/",
];
/// Parts of templates.
const PARTS: [&str; 8] = ["${", "%{", "{{", "}}", "$(", "<%", "((", "***"];

/// Whether `value` is a reference, a template, or a word that asks to be replaced.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    if value.len() > MAX_PLACEHOLDER {
        return false;
    }
    let lower = value.to_ascii_lowercase();
    let mut characters = value.chars();
    let first = characters.next();
    first.is_none()
        || characters.all(|c| Some(c) == first)
        || WORDS.contains(&lower.as_str())
        || BEGINNINGS.iter().any(|beginning| lower.starts_with(&beginning.to_ascii_lowercase()))
        || PARTS.iter().any(|part| value.contains(part))
        || is_path(value)
        || is_version_range(value)
}

/// `^1.0.0`, as lists of packages write it: `"parse-passwd": "^1.0.0"`.
fn is_version_range(value: &str) -> bool {
    let Some(version) = value.strip_prefix(['^', '~']) else { return false };
    let numbers = version.split_once('-').map_or(version, |(numbers, _)| numbers);
    numbers.contains('.')
        && numbers
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit() || c == 'x'))
}

fn is_path(value: &str) -> bool {
    let rooted = ["/", "./", "../", "~/"].iter().any(|root| value.starts_with(root));
    rooted && value.chars().all(|c| c.is_ascii_alphanumeric() || "/._-~".contains(c))
}

/// Whether letters and digits, or three kinds of characters, make it up.
pub(super) fn is_mixed(value: &str) -> bool {
    let has = |kind: fn(&char) -> bool| value.chars().any(|c| kind(&c));
    let (lower, upper) = (has(char::is_ascii_lowercase), has(char::is_ascii_uppercase));
    let (digit, other) = (has(char::is_ascii_digit), has(|c| !c.is_ascii_alphanumeric()));
    ((lower || upper) && digit) || [lower, upper, other].iter().all(|kind| *kind)
}

/// Whether the characters of `value` carry at least `bits` each, and it is no hex digest.
pub(super) fn looks_random(value: &str, bits: f64) -> bool {
    if value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        return false;
    }
    let mut counts = [0_u32; 256];
    value.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let length = value.len() as f64;
    let entropy: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / length;
            -share * share.log2()
        })
        .sum();
    entropy >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_and_secrets() {
        for value in [
            "",
            "xxxx",
            "changeme",
            "${var.x}",
            "<password>",
            "{{user `p`}}",
            "$PASS",
            "env(\"X\")",
            "/run/secrets/x",
            "$6$salt$hash",
            "****",
            "^1.0.0",
            "~2.1.x-beta.3",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        for value in ["hunter2", "password", "packer", "P@ssw0rd!", "/x+y=", "vagrant", "^1secret.0", "1.0.0"]
        {
            assert!(!is_placeholder(value), "{value}");
        }
        assert!(is_mixed("abc1") && is_mixed("aB-c") && !is_mixed("my-secret-name"));
        assert!(
            looks_random("q8Zt1LxV0bYw9KfJm3RpC7sA", 4.0) && !looks_random("this-is-a-name-of-a-thing", 4.3)
        );
        assert!(!looks_random("9f86d081884c7d659a2feaa0c55ad015", 3.0));
    }
}
