//! Names of files and of variables.

use std::path::Path;

/// Endings of files that show what another file looks like, or that are filled in by a script.
const EXAMPLES: [&str; 4] = [".example", ".sample", ".dist", ".tmpl"];

/// The name without the ending that says that it is an example.
pub(super) fn without_example(name: &str) -> &str {
    EXAMPLES.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// Whether the file at `path` is written in JSON, by its name; examples too.
pub fn is_json(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    without_example(name).ends_with(".json")
}

/// How a name that HCL cannot spell is written in HCL: other characters as `_x` and their number.
pub(crate) fn spelled(name: &str) -> String {
    if crate::identifier::is_identifier(name) {
        return name.to_owned();
    }
    let mut out = String::new();
    for (at, c) in name.chars().enumerate() {
        let fits =
            if at == 0 { c.is_alphabetic() || c == '_' } else { c.is_alphanumeric() || "_-".contains(c) };
        match fits {
            true => out.push(c),
            false => out.push_str(&format!("_x{:x}_", u32::from(c))),
        }
    }
    if out.is_empty() { "_x_".to_owned() } else { out }
}

/// The name that packer knows of one that is spelled for HCL.
pub fn plain_name(spelled: &str) -> String {
    let mut out = String::new();
    let mut rest = spelled;
    while let Some(at) = rest.find("_x") {
        let code = rest[at + 2..].find('_').map(|end| (&rest[at + 2..at + 2 + end], at + 3 + end));
        let decoded =
            code.and_then(|(code, end)| Some((char::from_u32(u32::from_str_radix(code, 16).ok()?)?, end)));
        match decoded.filter(|(c, _)| !(c.is_alphanumeric() && at > 0 || *c == '_')) {
            Some((c, end)) => {
                out.push_str(&rest[..at]);
                out.push(c);
                rest = &rest[end..];
            }
            None => {
                out.push_str(&rest[..at + 2]);
                rest = &rest[at + 2..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_hcl_cannot_spell_come_back() {
        for name in ["a", "a-b", "7zip", "my.var", "a b", "é", "x_x", "a_x2e", "vmx/data.0"] {
            let spelled = spelled(name);
            assert!(crate::identifier::is_identifier(&spelled), "{spelled}");
            assert_eq!(plain_name(&spelled), name);
        }
    }

    #[test]
    fn json_is_told_by_its_name() {
        for (path, json) in [
            ("a.pkr.json", true),
            ("x/a.json", true),
            ("a.json.tmpl", true),
            ("a.pkrvars.json.example", true),
            ("a.hcl", false),
            ("json", false),
        ] {
            assert_eq!(is_json(Path::new(path)), json, "{path}");
        }
    }
}
