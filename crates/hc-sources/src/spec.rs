//! What may be asked of git. A url or ref that git could take for an option, or that runs a program, is refused
//! before anything is started.

use std::collections::BTreeMap;

use hc_core::id::is_kebab;

/// A source as hybrid.toml names it, proven harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSpec {
    /// Directory name below `sources/`.
    pub name: String,
    /// Where it really comes from: the url after the mirrors.
    pub url: String,
    /// Branch, tag or commit.
    pub reference: String,
}

/// Why a source is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The name is not kebab-case.
    #[error("source name `{0}` is not kebab-case")]
    Name(String),
    /// The url's scheme is none of https, ssh and file, or the url could be taken for an option.
    #[error("source `{name}`: url `{url}` is none of https://, ssh:// and file://")]
    Url {
        /// The source.
        name: String,
        /// The url.
        url: String,
    },
    /// The url carries a user and password.
    #[error("source `{name}`: the url carries credentials")]
    Credentials {
        /// The source.
        name: String,
    },
    /// The ref is no branch, tag or commit.
    #[error("source `{name}`: `{reference}` is no branch, tag or commit")]
    Reference {
        /// The source.
        name: String,
        /// The ref.
        reference: String,
    },
}

impl SourceError {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        "BadSource"
    }

    /// The cure.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Name(_) => "use lower-case letters, digits and single hyphens",
            Self::Url { .. } => {
                "write the url with its scheme: https://host/path, ssh://git@host/path, file:///path"
            }
            Self::Credentials { .. } => {
                "take them out and revoke them; git's credential helper has them at run time"
            }
            Self::Reference { .. } => "see `git check-ref-format`; a ref never begins with a hyphen",
        }
    }
}

impl SourceSpec {
    /// Checks a source and rewrites its url by the longest matching prefix of `mirrors`.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn new(
        name: &str,
        url: &str,
        reference: &str,
        mirrors: &BTreeMap<String, String>,
    ) -> Result<Self, SourceError> {
        if !is_kebab(name) {
            return Err(SourceError::Name(name.to_owned()));
        }
        let url = mirrored(url, mirrors);
        let rest = ["https://", "ssh://", "file://"].iter().find_map(|scheme| url.strip_prefix(scheme));
        let plain = url.bytes().all(|b| b.is_ascii_graphic());
        let Some(rest) = rest.filter(|rest| plain && !rest.is_empty() && !rest.starts_with('-')) else {
            return Err(SourceError::Url { name: name.to_owned(), url });
        };
        let authority = rest.split('/').next().unwrap_or_default();
        if authority.split_once('@').is_some_and(|(user, _)| user.contains(':')) {
            return Err(SourceError::Credentials { name: name.to_owned() });
        }
        if !is_reference(reference) {
            return Err(SourceError::Reference { name: name.to_owned(), reference: reference.to_owned() });
        }
        Ok(Self { name: name.to_owned(), url, reference: reference.to_owned() })
    }
}

fn mirrored(url: &str, mirrors: &BTreeMap<String, String>) -> String {
    let longest = mirrors
        .iter()
        .filter(|(prefix, _)| url.starts_with(prefix.as_str()))
        .max_by_key(|(prefix, _)| prefix.len());
    match longest {
        Some((prefix, mirror)) => format!("{mirror}{}", &url[prefix.len()..]),
        None => url.to_owned(),
    }
}

/// The rules of `git check-ref-format`, and no leading hyphen.
fn is_reference(reference: &str) -> bool {
    let bad = |c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    !reference.is_empty()
        && !reference.starts_with(['-', '/', '.'])
        && !reference.ends_with(['/', '.'])
        && !reference.contains("..")
        && !reference.contains("@{")
        && !reference.contains("//")
        && !reference.chars().any(bad)
        && reference.split('/').all(|part| !part.starts_with('.') && !part.ends_with(".lock"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spec(name: &str, url: &str, reference: &str) -> Result<SourceSpec, SourceError> {
        SourceSpec::new(name, url, reference, &BTreeMap::new())
    }

    #[test]
    fn hostile_urls_and_refs_are_refused() {
        assert!(spec("x", "https://example.com/a.git", "v1.2.3").is_ok());
        assert!(spec("x", "ssh://git@example.com/a.git", "feature/a").is_ok());
        for url in [
            "ext::sh -c id",
            "--upload-pack=id",
            "https://-x",
            "http://example.com",
            "/tmp/a",
            "https://a b",
            "git@host:a",
        ] {
            assert!(matches!(spec("x", url, "main"), Err(SourceError::Url { .. })), "{url}");
        }
        for reference in ["--upload-pack=id", "-x", "a..b", "a b", "", "a.lock", "@{1}", "a//b", ".a"] {
            assert!(
                matches!(spec("x", "https://h/a", reference), Err(SourceError::Reference { .. })),
                "{reference}"
            );
        }
        assert_eq!(
            spec("x", "https://user:secret@h/a", "main"),
            Err(SourceError::Credentials { name: "x".into() })
        );
        assert!(matches!(spec("../x", "https://h/a", "main"), Err(SourceError::Name(_))));
    }

    #[test]
    fn the_longest_mirror_wins() {
        let mirrors = BTreeMap::from([
            ("https://github.com/".to_owned(), "https://git.corp/gh/".to_owned()),
            ("https://github.com/hashicorp/".to_owned(), "https://git.corp/hc/".to_owned()),
        ]);
        let spec = SourceSpec::new("x", "https://github.com/hashicorp/packer", "main", &mirrors).unwrap();
        assert_eq!(spec.url, "https://git.corp/hc/packer");
    }

    proptest! {
        #[test]
        fn nothing_that_looks_like_an_option_passes(url in "\\PC{0,40}", reference in "\\PC{0,20}") {
            if let Ok(spec) = spec("x", &url, &reference) {
                prop_assert!(!spec.url.starts_with('-') && !spec.reference.starts_with('-'));
            }
        }
    }
}
