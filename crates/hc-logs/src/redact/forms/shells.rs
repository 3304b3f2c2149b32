//! What shells and terminals print: quotes of POSIX shells and of PowerShell, the carets of `cat -v`.

use super::escape::{BASH, C_CONTROLS, CONTROLS, escape};
use super::languages::{is_no_ascii, literal, octal};

/// Between single and double quotes, behind backslashes, in `$'…'`.
pub(super) fn posix(value: &str) -> Vec<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii();
    let backslashed = |keep: &str| {
        escape(value, |c| (!plain(c) && !keep.contains(c) && c != '\n').then(|| format!("\\{c}")))
    };
    let double = |special: &str| escape(value, |c| special.contains(c).then(|| format!("\\{c}")));
    let mut texts = vec![
        value.replace('\'', "'\\''"),
        value.replace('\'', "'\"'\"'"),
        double("\\\"$`"),
        double("\\\"$`!"),
        backslashed("_@%+=:,./-"),
        backslashed("_@%+=:./-"),
        backslashed("_@%+=:./-~#"),
        backslashed("_@%+=:,./-~#"),
        backslashed("_"),
        backslashed(""),
    ];
    texts.extend(dollar_quoted(value));
    texts
}

/// `$'…'`, as bash, its `%q` in every locale, and coreutils write it.
fn dollar_quoted(value: &str) -> Vec<String> {
    let is_control = |c: char| c.is_control();
    vec![
        literal(value, "'", CONTROLS, |c| c.is_ascii_control(), octal),
        literal(value, "'", BASH, is_control, octal),
        literal(value, "'", BASH, is_no_ascii, octal),
        apart(value, is_control),
        apart(value, is_no_ascii),
    ]
}

/// As coreutils do: `'a'$'\n''b'`.
fn apart(value: &str, hidden: impl Fn(char) -> bool) -> String {
    let (mut text, mut inside) = (String::with_capacity(value.len() + 16), false);
    for c in value.chars() {
        if c == '\'' {
            // Ends whatever quotes are open, and begins plain ones.
            text.push_str("'\\''");
            inside = false;
            continue;
        }
        let hide = hidden(c);
        if hide != inside {
            text.push_str(if hide { "'$'" } else { "''" });
            inside = hide;
        }
        if hide {
            text.push_str(&literal(c.encode_utf8(&mut [0; 4]), "", C_CONTROLS, |_| true, octal));
        } else {
            text.push(c);
        }
    }
    text
}

pub(super) fn powershell(value: &str) -> Vec<String> {
    let double = |special: &str| {
        escape(value, |c| match c {
            '\n' => Some("`n".into()),
            '\r' => Some("`r".into()),
            '\t' => Some("`t".into()),
            c if special.contains(c) => Some(format!("`{c}")),
            _ => None,
        })
    };
    vec![
        value.replace('\'', "''"),
        double("`$\""),
        double("`$\"'"),
        double("`$").replace('"', "\"\""),
        value.replace('"', "\"\""),
    ]
}

/// `cat -v`, `cat -t` and `cat -A`.
pub(super) fn carets(value: &str) -> Vec<String> {
    let write = |tab: &str, end: &str| -> String {
        let low = |byte: u8| match byte {
            0..=31 => format!("^{}", char::from(byte + 64)),
            127 => "^?".into(),
            _ => char::from(byte).to_string(),
        };
        let byte = |byte: u8| match byte {
            b'\n' => end.to_owned(),
            b'\t' => tab.to_owned(),
            128.. => format!("M-{}", low(byte - 128)),
            _ => low(byte),
        };
        value.bytes().map(byte).collect()
    };
    vec![write("\t", "\n"), write("^I", "\n"), write("^I", "$\n"), write("\t", "$\n")]
}
