//! What may be asked of git. A url or ref that git could take for an option, or that runs a program, is refused
//! before anything is started.

use std::collections::BTreeMap;

use hc_core::id::is_kebab;

use crate::error::SourceError;
use crate::sha::Sha;

/// A source as hybrid.toml names it, proven harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSpec {
    /// Directory name below `sources/`.
    pub name: String,
    /// Where it is really fetched from: the url after the mirrors.
    pub url: String,
    /// The url as hybrid.toml has it; the lock names this one, so that it is the same behind every mirror.
    pub origin: String,
    /// Branch, tag or commit.
    pub reference: String,
    /// Directory of the repository that builders use, relative and without `..`; the whole when absent.
    pub subdir: Option<String>,
    /// Fetches only the pinned commit, without its history.
    pub shallow: bool,
}

/// From so many bytes on, letters and digits in the place of a user are a token.
const LONGEST_ACCOUNT: usize = 20;

/// How a url is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// `https://`.
    Https,
    /// `http://`; only to this machine.
    Http,
    /// `ssh://`, by the program `ssh`.
    Ssh,
    /// `git://`, unencrypted; only to this machine.
    Git,
    /// `file://`; served by `git-upload-pack` of the `git` program.
    File,
}

impl SourceSpec {
    /// Checks a source and rewrites its url by the longest matching prefix of `mirrors`.
    ///
    /// # Errors
    /// [`SourceError::Name`], [`SourceError::Url`], [`SourceError::PlainUrl`], [`SourceError::Credentials`],
    /// [`SourceError::Reference`].
    pub fn new(
        name: &str,
        url: &str,
        reference: &str,
        mirrors: &BTreeMap<String, String>,
    ) -> Result<Self, SourceError> {
        if !is_kebab(name) {
            return Err(SourceError::Name(name.to_owned()));
        }
        let mirrored = mirrored(url, mirrors);
        check_url(name, &mirrored)?;
        // What a mirror stands for is written down too, in the lock.
        if holds_credentials(url) {
            return Err(SourceError::Credentials { name: name.to_owned() });
        }
        if !is_reference(reference) {
            return Err(SourceError::Reference { name: name.to_owned(), reference: reference.to_owned() });
        }
        Ok(Self {
            name: name.to_owned(),
            url: mirrored,
            origin: url.to_owned(),
            reference: reference.to_owned(),
            subdir: None,
            shallow: false,
        })
    }

    /// Sets the directory that builders use.
    ///
    /// # Errors
    /// [`SourceError::Subdir`] when it is absolute, empty, or climbs with `..`.
    pub fn with_subdir(mut self, subdir: Option<&str>) -> Result<Self, SourceError> {
        if let Some(subdir) = subdir {
            let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
            if !subdir.trim_end_matches('/').split('/').all(plain) || subdir.contains(['\\', '\0']) {
                return Err(SourceError::Subdir { name: self.name, subdir: subdir.to_owned() });
            }
        }
        self.subdir = subdir.map(|subdir| subdir.trim_end_matches('/').to_owned());
        Ok(self)
    }

    /// Fetches only the pinned commit, without its history.
    #[must_use]
    pub fn with_shallow(mut self, shallow: bool) -> Self {
        self.shallow = shallow;
        self
    }

    /// The commit, when the ref is one.
    pub fn commit(&self) -> Option<Sha> {
        self.reference.parse().ok()
    }

    /// How the url is spoken to.
    pub fn transport(&self) -> Transport {
        transport_of(&self.url).unwrap_or(Transport::Https)
    }
}

fn transport_of(url: &str) -> Option<Transport> {
    let (scheme, _) = url.split_once("://")?;
    Some(match scheme {
        "https" => Transport::Https,
        "http" => Transport::Http,
        "ssh" => Transport::Ssh,
        "git" => Transport::Git,
        "file" => Transport::File,
        _ => return None,
    })
}

fn check_url(name: &str, url: &str) -> Result<(), SourceError> {
    let bad = || SourceError::Url { name: name.to_owned(), url: without_password(url) };
    let transport = transport_of(url).ok_or_else(bad)?;
    let rest = url.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
    // `%2d` would be a hyphen again on the other side of a decoder.
    let decoy = rest.to_ascii_lowercase();
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    let plain = url.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b'\'' | b'"' | b'`' | b'$'));
    if !plain || rest.is_empty() || decoy.starts_with(['-']) || decoy.starts_with("%2d") || path.is_empty() {
        return Err(bad());
    }
    let authority = rest.split('/').next().unwrap_or_default();
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if holds_credentials(url) {
        return Err(SourceError::Credentials { name: name.to_owned() });
    }
    let hostile = |part: &str| part.starts_with('-') || part.to_ascii_lowercase().starts_with("%2d");
    let wants_host = transport != Transport::File;
    if hostile(user) || hostile(host) || (wants_host == host.is_empty()) {
        return Err(bad());
    }
    // The path of an ssh url becomes an argument of the far side's git.
    if transport == Transport::Ssh && (hostile(path) || path.starts_with("~-")) {
        return Err(bad());
    }
    if matches!(transport, Transport::Http | Transport::Git) && !is_loopback(host) {
        return Err(SourceError::PlainUrl { name: name.to_owned(), url: url.to_owned() });
    }
    Ok(())
}

/// Whether a url has more to say than where something is: a password, a token for a user, a query, which for git is a token.
/// All of it would stand in the clone's configuration, in the lock and in messages.
fn holds_credentials(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    user.contains(':')
        || user.to_ascii_lowercase().contains("%3a")
        || path.contains('?')
        || (scheme.starts_with("http") && is_token(user))
}

/// Whether a user of a url is a token: nobody is called like that. Those of ssh are, where keys have users.
fn is_token(user: &str) -> bool {
    let has = |kind: fn(&char) -> bool| user.chars().any(|c| kind(&c));
    user.len() >= LONGEST_ACCOUNT
        && has(char::is_ascii_digit)
        && has(char::is_ascii_alphabetic)
        && !user.contains("%40")
}

fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, rest)), Some((_, host))) if rest.contains(':') => format!("{scheme}://***@{host}"),
        _ => url.to_owned(),
    }
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
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
        && reference != "@"
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
        assert!(spec("x", "file:///srv/a.git", "main").is_ok());
        for url in [
            "ext::sh -c id",
            "--upload-pack=id",
            "https://-x/a",
            "https://%2dx/a",
            "ssh://-oProxyCommand=id/a",
            "ssh://-oProxyCommand=id@h/a",
            "ssh://git@-oProxyCommand=id/a",
            "ssh://h/-upload-pack=x",
            "file://host/a",
            "https:///a",
            "https://h",
            "/tmp/a",
            "https://a b/c",
            "https://h/$(id)",
            "git@host:a",
            "fd::17",
        ] {
            assert!(matches!(spec("x", url, "main"), Err(SourceError::Url { .. })), "{url}");
        }
        for url in ["http://example.com/a", "git://example.com/a", "http://127.0.0.1.evil.example/a"] {
            assert!(matches!(spec("x", url, "main"), Err(SourceError::PlainUrl { .. })), "{url}");
        }
        for url in ["http://127.0.0.1:8080/a", "git://localhost/a", "http://[::1]:80/a"] {
            assert!(spec("x", url, "main").is_ok(), "{url}");
        }
        for reference in ["--upload-pack=id", "-x", "a..b", "a b", "", "a.lock", "@{1}", "a//b", ".a", "@"] {
            assert!(
                matches!(spec("x", "https://h/a", reference), Err(SourceError::Reference { .. })),
                "{reference}"
            );
        }
        assert!(matches!(spec("x", "https://user:secret@h/a", "main"), Err(SourceError::Credentials { .. })));
        let token = "https://0123456789abcdef0123456789abcdef01234567@h/a";
        assert!(matches!(spec("x", token, "main"), Err(SourceError::Credentials { .. })));
        assert!(matches!(spec("x", "https://h/a?token=abcd", "main"), Err(SourceError::Credentials { .. })));
        for url in ["https://my-organisation-2@dev.example/a", "ssh://APKAEIBAERJR2EXAMPLE@h/a"] {
            assert!(spec("x", url, "main").is_ok(), "{url}");
        }
        let mirrors = BTreeMap::from([("https://h/a?token=abcd".to_owned(), "https://m/a".to_owned())]);
        let behind = SourceSpec::new("x", "https://h/a?token=abcd", "main", &mirrors);
        assert!(matches!(behind, Err(SourceError::Credentials { .. })));
        assert!(matches!(spec("../x", "https://h/a", "main"), Err(SourceError::Name(_))));
    }

    #[test]
    fn a_refused_url_shows_no_password() {
        let error = spec("x", "ftp://user:secret@h/a", "main").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn subdirs_stay_inside() {
        for bad in ["", "/etc", "..", "a/../b", "a//b", ".git/hooks", "a\\b"] {
            let error = spec("x", "https://h/a", "main").unwrap().with_subdir(Some(bad));
            assert!(matches!(error, Err(SourceError::Subdir { .. })), "{bad}");
        }
        let good = spec("x", "https://h/a", "main").unwrap().with_subdir(Some("a/b/")).unwrap();
        assert_eq!(good.subdir.as_deref(), Some("a/b"));
    }

    #[test]
    fn the_longest_mirror_wins_and_cannot_smuggle() {
        let mirrors = BTreeMap::from([
            ("https://github.com/".to_owned(), "https://git.corp/gh/".to_owned()),
            ("https://github.com/hashicorp/".to_owned(), "https://git.corp/hc/".to_owned()),
            ("https://evil/".to_owned(), "ext::sh ".to_owned()),
        ]);
        let spec = SourceSpec::new("x", "https://github.com/hashicorp/packer", "main", &mirrors).unwrap();
        assert_eq!(spec.url, "https://git.corp/hc/packer");
        assert_eq!(spec.origin, "https://github.com/hashicorp/packer");
        assert!(SourceSpec::new("x", "https://evil/a", "main", &mirrors).is_err());
    }

    proptest! {
        #[test]
        fn nothing_that_looks_like_an_option_passes(url in "\\PC{0,40}", reference in "\\PC{0,20}") {
            if let Ok(spec) = spec("x", &url, &reference) {
                prop_assert!(!spec.url.starts_with('-') && !spec.reference.starts_with('-'));
                prop_assert!(transport_of(&spec.url).is_some());
            }
        }
    }
}
