//! Formats of data: JSON as its many writers write it, HCL.

use super::escape::escape;

/// What a writer of JSON escapes beyond what it has to.
struct Json {
    unicode: fn(char) -> bool,
    upper: bool,
    slash: bool,
    /// Whether it knows `\b` and `\f`.
    short: bool,
}

const PLAIN: Json = Json { unicode: |_| false, upper: false, slash: false, short: true };

/// serde, Node, jq, Go (old and new), Python, PHP, Java, Windows PowerShell, .NET.
const WRITERS: &[Json] = &[
    PLAIN,
    Json { unicode: is_delete, ..PLAIN },
    Json { unicode: is_html, ..PLAIN },
    Json { unicode: is_html, short: false, ..PLAIN },
    Json { unicode: is_html, upper: true, ..PLAIN },
    Json { unicode: is_wide, ..PLAIN },
    Json { unicode: |c| is_wide(c) || is_delete(c), ..PLAIN },
    Json { unicode: is_wide, upper: true, ..PLAIN },
    Json { unicode: |c| is_wide(c) || is_html(c), ..PLAIN },
    Json { unicode: is_wide, slash: true, ..PLAIN },
    Json { slash: true, ..PLAIN },
    Json { unicode: |c| matches!(c, '<' | '>' | '&' | '\''), ..PLAIN },
    Json {
        unicode: |c| is_wide(c) || is_delete(c) || matches!(c, '<' | '>' | '&' | '\'' | '"' | '+' | '`'),
        upper: true,
        ..PLAIN
    },
];

fn is_delete(c: char) -> bool {
    c == '\u{7f}'
}

fn is_html(c: char) -> bool {
    matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
}

fn is_wide(c: char) -> bool {
    !c.is_ascii()
}

impl Json {
    fn write(&self, value: &str) -> String {
        escape(value, |c| match c {
            c if (self.unicode)(c) => Some(self.code(c)),
            '"' | '\\' => Some(format!("\\{c}")),
            '\n' => Some("\\n".into()),
            '\r' => Some("\\r".into()),
            '\t' => Some("\\t".into()),
            '\u{8}' if self.short => Some("\\b".into()),
            '\u{c}' if self.short => Some("\\f".into()),
            '/' if self.slash => Some("\\/".into()),
            c if u32::from(c) < 0x20 => Some(self.code(c)),
            _ => None,
        })
    }

    fn code(&self, c: char) -> String {
        let unit = |unit: &u16| if self.upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
        c.encode_utf16(&mut [0; 2]).iter().map(unit).collect()
    }
}

/// In every way that a writer has.
pub(super) fn json(value: &str) -> Vec<String> {
    WRITERS.iter().map(|writer| writer.write(value)).collect()
}

/// Around what another program wrote: as logs are written.
pub(super) fn json_outside(text: &str) -> Vec<String> {
    [0, 2, 6].into_iter().map(|at: usize| WRITERS[at].write(text)).collect()
}

/// With the escapes that are needed and no others.
pub(super) fn json_plain(value: &str) -> String {
    PLAIN.write(value)
}

pub(super) fn hcl(value: &str) -> Vec<String> {
    let quoted = escape(value, |c| match c {
        '\\' => Some("\\\\".into()),
        '"' => Some("\\\"".into()),
        '\n' => Some("\\n".into()),
        '\r' => Some("\\r".into()),
        '\t' => Some("\\t".into()),
        _ => None,
    });
    let template = |text: &str| text.replace("${", "$${").replace("%{", "%%{");
    vec![template(&quoted), template(value), quoted]
}
