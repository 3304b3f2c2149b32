//! Paths as text, by the rules of Go's `path/filepath` on Unix.

use super::arguments::Function;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    ("basename", 1, 1, |a| Some(Value::String(base_name(&a.text(0)?)))),
    ("dirname", 1, 1, |a| Some(Value::String(dir_name(&a.text(0)?)))),
];

/// As Go's `filepath.Base`.
fn base_name(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    match (path.is_empty(), trimmed.is_empty()) {
        (true, _) => ".".into(),
        (false, true) => "/".into(),
        _ => trimmed.rsplit('/').next().unwrap_or_default().to_owned(),
    }
}

/// As Go's `filepath.Dir`, which cleans the path.
fn dir_name(path: &str) -> String {
    match path.rfind('/') {
        Some(at) => clean(&path[..=at]),
        None => ".".into(),
    }
}

/// `path` as seen from `dir`: as it is when it is absolute, behind `dir` otherwise. Clean in both cases.
pub fn join(dir: &str, path: &str) -> String {
    if path.starts_with('/') { clean(path) } else { clean(&format!("{dir}/{path}")) }
}

/// As Go's `filepath.Clean`: without `.`, `..` and doubled slashes, by looking at the text alone.
pub fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let absolute = path.starts_with('/');
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            ("..", _) if absolute => {}
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".into(),
        (false, false) => joined,
    }
}

/// The way from `base` to `path`, both clean; `None` when one of them is absolute and the other is not.
pub fn relative(base: &str, path: &str) -> Option<String> {
    if base.starts_with('/') != path.starts_with('/') {
        return None;
    }
    let parts = |text: &'_ str| -> Vec<String> {
        text.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect()
    };
    let (base, path) = (parts(base), parts(path));
    let shared = base.iter().zip(&path).take_while(|(one, other)| one == other).count();
    let up = std::iter::repeat_n("..".to_owned(), base.len() - shared);
    let way: Vec<String> = up.chain(path[shared..].iter().cloned()).collect();
    Some(if way.is_empty() { ".".into() } else { way.join("/") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_go() {
        for (path, cleaned) in
            [("", "."), ("/", "/"), ("a//b/../c/.", "a/c"), ("/../a", "/a"), ("../../a", "../../a")]
        {
            assert_eq!(clean(path), cleaned);
        }
        assert_eq!(join("/a/b", "../c"), "/a/c");
        assert_eq!(join("/a/b", "/c"), "/c");
        for (base, path, way) in
            [("/a/b", "/a/b/c/d", "c/d"), ("/a/b", "/a/c", "../c"), ("/a", "/a", "."), ("/", "/a", "a")]
        {
            assert_eq!(relative(base, path).unwrap(), way);
        }
        assert_eq!(relative("/a", "b"), None);
    }
}
