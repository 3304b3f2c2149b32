//! Repositories inside a repository: reported, never fetched, since nothing pins where they come from.

use std::collections::BTreeMap;

/// A submodule of a commit. Its directory is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submodule {
    /// Its directory.
    pub path: String,
    /// Where `.gitmodules` says that it comes from.
    pub url: Option<String>,
    /// The commit that it should have.
    pub sha: String,
}

/// The submodules at `links` (path and commit), with the urls that the text of `.gitmodules` gives them.
pub(super) fn described(links: impl IntoIterator<Item = (String, String)>, modules: &str) -> Vec<Submodule> {
    let mut urls = urls(modules);
    links
        .into_iter()
        .map(|(path, sha)| {
            let url = urls.remove(&path);
            Submodule { path, url, sha }
        })
        .collect()
}

fn urls(text: &str) -> BTreeMap<String, String> {
    let mut urls = BTreeMap::new();
    let (mut path, mut url) = (None, None);
    for line in text.lines().chain(["["]) {
        let line = line.trim();
        if line.starts_with('[') {
            if let (Some(path), Some(url)) = (path.take(), url.take()) {
                urls.insert(path, url);
            }
        } else if let Some((key, value)) = line.split_once('=') {
            let value = value.trim().trim_matches('"').to_owned();
            match key.trim() {
                "path" => path = Some(value),
                "url" => url = Some(value),
                _ => {}
            }
        }
    }
    urls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_belong_to_their_paths() {
        let text = "[submodule \"a\"]\n\tpath = libs/a\n\turl = https://h/a\n[submodule \"b\"]\n url=../b\n path = b\n";
        let urls = urls(text);
        assert_eq!(urls["libs/a"], "https://h/a");
        assert_eq!(urls["b"], "../b");
    }
}
