//! Texts without the values that stand behind certain names: what may be shown of a file that people edit, whatever its
//! language (LOG-2).
//!
//! By lines, because files that are shown are often broken. What goes on over several lines (brackets, here documents,
//! indented blocks) is hidden to its end; where that cannot be found, to the end of the text. References to values stay.

use std::ops::Range;
use std::sync::OnceLock;

use regex::Regex;

/// What stands for a value.
const MASK: &str = "***";
/// Beginnings of values that only say where the value is.
const REFERENCES: [&str; 9] =
    ["env(", "file(", "vault(", "command(", "var.", "local.", "data.", "each.", "lookup("];

/// The lines of `text`, without the values of names that `is_hidden` knows.
pub fn lines(text: &str, is_hidden: impl Fn(&str) -> bool) -> Vec<String> {
    let mut inside: Option<Inside> = None;
    text.lines()
        .map(|line| {
            if let Some(open) = inside.as_mut() {
                match open.goes_on(line) {
                    Step::Hidden => return indented(line, MASK),
                    Step::Last => {
                        inside = None;
                        return indented(line, MASK);
                    }
                    Step::Over => inside = None,
                }
            }
            let Some(value) = hidden_value(line, &is_hidden) else { return line.to_owned() };
            inside = Inside::after(line, &line[value.clone()]);
            let comma = if line.trim_end().ends_with(',') { "," } else { "" };
            format!("{}{MASK}{comma}", &line[..value.start])
        })
        .collect()
}

/// Where the first value of a line stands that is hidden, to the end of the line.
fn hidden_value(line: &str, is_hidden: &impl Fn(&str) -> bool) -> Option<Range<usize>> {
    static KEY: OnceLock<Option<Regex>> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let named = r#"["']?([A-Za-z_][A-Za-z0-9_.-]*)["']?\s*(?:=>|:=|=|:)\s*"#;
        let element = r#"<([A-Za-z_][A-Za-z0-9_.-]*)(?:\s[^<>]*)?>\s*"#;
        let option = r#"--([a-z][a-z0-9-]*)\s+"#;
        Regex::new(&format!("{named}|{element}|{option}")).ok()
    });
    key.as_ref()?.captures_iter(line).find_map(|found| {
        let name = found.get(1).or(found.get(2)).or(found.get(3))?.as_str();
        let start = found.get(0)?.end();
        let value = line[start..].trim_end();
        let is_url = value.starts_with("//");
        (is_hidden(name) && !is_url && !is_reference(value)).then_some(start..line.len())
    })
}

/// Whether a value says where the value is, and nothing more.
fn is_reference(value: &str) -> bool {
    let value = value.trim_end_matches(',').trim();
    let whole = |open: &str, close: &str| {
        let inner =
            value.trim_matches(['"', '\'']).strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        inner.is_some_and(|inner| !inner.contains(open) && !inner.contains(close))
    };
    let is_plain = || !value.contains(['{', '?', '+', '=', '|', '&']);
    (REFERENCES.iter().any(|beginning| value.starts_with(beginning)) && is_plain())
        || whole("${", "}")
        || whole("{{", "}}")
}

fn indented(line: &str, text: &str) -> String {
    let blank = line.len() - line.trim_start().len();
    format!("{}{text}", &line[..blank])
}

/// A value that goes on after its first line.
enum Inside {
    /// Until brackets are closed.
    Brackets(usize),
    /// Until this word stands alone.
    Here(String),
    /// While lines are indented deeper than this.
    Deeper(usize),
    /// Until a quote is closed.
    Quote(char),
}

/// What becomes of a line.
enum Step {
    /// It belongs to the value, and so may the next.
    Hidden,
    /// It is the value's last.
    Last,
    /// The value ended before it.
    Over,
}

impl Inside {
    /// What is open after the first line of a value.
    fn after(line: &str, value: &str) -> Option<Self> {
        let value = value.trim();
        if let Some(word) = value.strip_prefix("<<") {
            let word = word.trim_start_matches(['-', '~', ' ', '"', '\'']);
            let word: String = word.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            return Some(Self::Here(word));
        }
        let open = depth(0, value);
        if open > 0 {
            return Some(Self::Brackets(open));
        }
        if value.is_empty() || value.starts_with(['|', '>']) || value.ends_with('\\') {
            return Some(Self::Deeper(line.len() - line.trim_start().len()));
        }
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let closed = value[1..].trim_end_matches([',', ';', ')', ' ']).ends_with(quote);
        (!closed).then_some(Self::Quote(quote))
    }

    fn goes_on(&mut self, line: &str) -> Step {
        match self {
            Self::Brackets(open) => {
                *open = depth(*open, line);
                if *open == 0 { Step::Last } else { Step::Hidden }
            }
            Self::Here(word) if line.trim() == word => Step::Last,
            Self::Here(_) => Step::Hidden,
            Self::Deeper(indent) => {
                let deeper = line.len() - line.trim_start().len() > *indent;
                if line.trim().is_empty() || deeper { Step::Hidden } else { Step::Over }
            }
            Self::Quote(quote) => {
                if line.contains(*quote) {
                    Step::Last
                } else {
                    Step::Hidden
                }
            }
        }
    }
}

/// How many brackets are open after `line`, outside of quotes, when `open` were before.
fn depth(open: usize, line: &str) -> usize {
    let (mut open, mut quote, mut escaped) = (open, None, false);
    for c in line.chars() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(begun), c) if c == begun => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{' | '(') => open += 1,
            (None, ']' | '}' | ')') => open = open.saturating_sub(1),
            _ => {}
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::names::is_credential;

    fn masked(text: &str) -> String {
        lines(text, |name| is_credential(name) || name == "greeting").join("\n")
    }

    #[test]
    fn values_of_hidden_names_go_in_every_language() {
        for (text, shown) in [
            ("admin_password = \"x\"", "admin_password = ***"),
            ("  greeting: hello there", "  greeting: ***"),
            ("{\"user\": \"u\", \"api_token\": \"t\", \"z\": 1}", "{\"user\": \"u\", \"api_token\": ***"),
            ("export DB_PASSWORD=abc", "export DB_PASSWORD=***"),
            ("run --password abc --x", "run --password ***"),
            ("  <Password>abc</Password>", "  <Password>***"),
            ("tokens = [\n  \"a]\",\n  \"b\",\n]\nname = 1", "tokens = ***\n  ***\n  ***\n***\nname = 1"),
            ("client_secret = <<-EOT\n  a\n  EOT\nname = 1", "client_secret = ***\n  ***\n  ***\nname = 1"),
            ("password: |\n  a\n\n  b\nname: 1", "password: ***\n  ***\n***\n  ***\nname: 1"),
            ("db = { password = \"x\" }", "db = { password = ***"),
            ("password = \"a\nb\"\nname = 1", "password = ***\n***\nname = 1"),
            ("key = 1 # nothing\nname: x", "key = 1 # nothing\nname: x"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn references_stay() {
        for text in [
            "admin_password = var.password",
            "admin_password = env(\"ADMIN\")",
            "  ssh_password = \"${var.password}\",",
            "winrm_password: {{ user }}",
            "token_url = https://host/token",
        ] {
            assert_eq!(masked(text), text);
        }
        assert_eq!(masked("password = var.a ? \"x1y2\" : 0"), "password = ***");
        assert_eq!(masked("password = \"${a}x1y2${b}\""), "password = ***");
    }

    proptest! {
        #[test]
        fn no_line_is_lost_and_no_value_survives(
            name in "[a-z]{1,8}_password",
            value in "[a-zA-Z0-9!#%&*+<>|~]{6,20}",
            quote in prop::sample::select(vec!["\"", "'", ""]),
            sign in prop::sample::select(vec![" = ", ": ", "=", " => "]),
            around in prop::collection::vec("[ a-z=:\\[\\]{}\"]{0,20}", 0..6),
        ) {
            let mut all = around.clone();
            all.insert(around.len() / 2, format!("{name}{sign}{quote}{value}{quote}"));
            let text = all.join("\n");
            let shown = lines(&text, is_credential);
            prop_assert_eq!(shown.len(), text.lines().count());
            prop_assert!(!shown.join("\n").contains(&value), "{:?}", shown);
        }
    }
}
