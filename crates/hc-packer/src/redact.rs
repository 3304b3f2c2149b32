//! Secrets out of whatever packer says: those that a call was given in any case, and whatever the caller's own redactor
//! knows besides (LOG-2).

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use hc_core::SecretString;

/// What stands for a secret.
const MASK: &[u8] = b"***";
/// Shorter secrets would hide half of every line, in bytes.
const SHORTEST: usize = 4;
/// Shorter lines of a secret, and shorter secrets in an encoding, are likely to be ordinary words, in bytes.
const TELLING: usize = 8;
/// Longer secrets are files, which are printed line by line if at all: they are not looked for in an encoding, in bytes.
const LONGEST_ENCODED: usize = 8 << 10;

/// Removes secrets from bytes.
pub trait Redact: Send + Sync {
    /// One line without its secrets.
    fn redact(&self, line: &[u8]) -> Vec<u8>;

    /// What [`redact`](Self::redact) makes of a piece of a line, without counting it and without remembering what it was:
    /// asked to find out where an overlong line may be cut.
    fn probe(&self, piece: &[u8]) -> Vec<u8> {
        self.redact(piece)
    }
}

impl<R: Redact + ?Sized> Redact for &R {
    fn redact(&self, line: &[u8]) -> Vec<u8> {
        (**self).redact(line)
    }

    fn probe(&self, piece: &[u8]) -> Vec<u8> {
        (**self).probe(piece)
    }
}

impl<R: Redact + ?Sized> Redact for Arc<R> {
    fn redact(&self, line: &[u8]) -> Vec<u8> {
        (**self).redact(line)
    }

    fn probe(&self, piece: &[u8]) -> Vec<u8> {
        (**self).probe(piece)
    }
}

/// The secrets of a call after the caller's redactor: whatever that leaves, they never get through whole.
pub(crate) struct Redaction<'a> {
    own: Option<AhoCorasick>,
    callers: Option<Arc<dyn Redact + 'a>>,
}

impl<'a> Redaction<'a> {
    pub(crate) fn new(secrets: &[(String, SecretString)], callers: Option<Arc<dyn Redact + 'a>>) -> Self {
        let mut forms: Vec<String> = secrets.iter().flat_map(|(_, secret)| forms(secret.expose())).collect();
        forms.sort_unstable();
        forms.dedup();
        let own = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&forms);
        Self { own: own.ok().filter(|_| !forms.is_empty()), callers }
    }

    fn without_own(&self, line: Vec<u8>) -> Vec<u8> {
        match &self.own {
            Some(own) if own.is_match(&line) => {
                let mut clean = Vec::with_capacity(line.len());
                own.replace_all_with_bytes(&line, &mut clean, |_, _, clean| {
                    clean.extend_from_slice(MASK);
                    true
                });
                clean
            }
            _ => line,
        }
    }
}

impl Redact for Redaction<'_> {
    fn redact(&self, line: &[u8]) -> Vec<u8> {
        self.without_own(self.callers.as_ref().map_or_else(|| line.to_vec(), |callers| callers.redact(line)))
    }

    fn probe(&self, piece: &[u8]) -> Vec<u8> {
        self.without_own(self.callers.as_ref().map_or_else(|| piece.to_vec(), |callers| callers.probe(piece)))
    }
}

/// The forms in which a secret turns up in packer's stream and logs: as it is, line by line, escaped by packer, by JSON
/// and HCL, in a url, and in base64 wherever it begins in it.
fn forms(secret: &str) -> Vec<String> {
    let secret = secret.trim();
    let mut plain = vec![secret];
    if secret.contains('\n') {
        plain.extend(secret.lines().map(str::trim).filter(|line| line.len() >= TELLING));
    }
    let mut forms = Vec::new();
    for text in plain.into_iter().filter(|text| text.len() >= SHORTEST) {
        let json = serde_json::Value::from(text).to_string();
        let json = json[1..json.len() - 1].to_owned();
        let machine =
            |text: &str| text.replace(',', "%!(PACKER_COMMA)").replace('\r', "\\r").replace('\n', "\\n");
        let hcl = json.replace("${", "$${").replace("%{", "%%{");
        forms.extend([machine(text), machine(&json), machine(&hcl), text.to_owned(), json, hcl]);
        if (TELLING..=LONGEST_ENCODED).contains(&text.len()) {
            forms.extend([url(text), url(text).replace("%20", "+")]);
            forms.extend(base64_cores(text.as_bytes()));
        }
    }
    forms
}

fn url(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// What of a text's base64 depends on the text alone, for each of the three places where it may begin, in both alphabets.
fn base64_cores(text: &[u8]) -> Vec<String> {
    let digit = |six: u32| match six {
        0..=25 => b'A' + six as u8,
        26..=51 => b'a' + (six - 26) as u8,
        52..=61 => b'0' + (six - 52) as u8,
        62 => b'+',
        _ => b'/',
    };
    let mut cores = Vec::new();
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(text);
        let bits = bytes.len() * 8;
        // From the first digit that has no bit of what is before, to the last that has none of what follows.
        let core: Vec<u8> = ((before * 8).div_ceil(6)..bits / 6)
            .map(|at| {
                let bit = |at: usize| u32::from(bytes[at / 8] >> (7 - at % 8) & 1);
                digit((0..6).fold(0, |six, offset| six << 1 | bit(at * 6 + offset)))
            })
            .collect();
        let standard: Cow<'_, str> = String::from_utf8_lossy(&core);
        cores.push(standard.replace('+', "-").replace('/', "_"));
        cores.push(standard.into_owned());
    }
    cores
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redaction<'a>(secret: &str, callers: Option<Arc<dyn Redact + 'a>>) -> Redaction<'a> {
        Redaction::new(&[("token".to_owned(), SecretString::new(secret))], callers)
    }

    fn clean(redaction: &Redaction<'_>, line: &str) -> String {
        String::from_utf8(redaction.redact(line.as_bytes())).unwrap()
    }

    #[test]
    fn a_secret_is_hidden_in_the_forms_that_packer_prints() {
        let redaction = redaction("pa,ss \"wörd\"/${x}", None);
        for line in [
            "token=pa,ss \"wörd\"/${x}!",
            "token=pa%!(PACKER_COMMA)ss \"wörd\"/${x}!",
            "token=pa,ss \\\"wörd\\\"/${x}!",
            "token=pa%!(PACKER_COMMA)ss \\\"wörd\\\"/$${x}!",
            "token=pa%2Css%20%22w%C3%B6rd%22%2F%24%7Bx%7D!",
        ] {
            assert_eq!(clean(&redaction, line), "token=***!", "{line}");
        }
        assert_eq!(clean(&redaction, "nothing of it, pa ss"), "nothing of it, pa ss");
    }

    #[test]
    fn a_key_is_hidden_line_by_line_and_in_base64() {
        let redaction = redaction("-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\n-----END KEY-----\n", None);
        assert_eq!(clean(&redaction, "    MIIEpAIBAAKCAQEA"), "    ***");
        let redaction = self::redaction("hunter2hunter2", None);
        // printf 'user:hunter2hunter2!' | base64
        assert_eq!(clean(&redaction, "Basic dXNlcjpodW50ZXIyaHVudGVyMiE="), "Basic dXNlcjp***iE=");
        assert_eq!(clean(&redaction, "aHVudGVyMmh1bnRlcjI="), "***I=");
    }

    #[test]
    fn a_secret_as_large_as_a_file_is_hidden_too() {
        let file: String =
            (0..2_000).map(|at| format!("line {at} of a kubeconfig, more or less\n")).collect();
        let redaction = redaction(&file, None);
        assert_eq!(clean(&redaction, "  line 1999 of a kubeconfig, more or less"), "  ***");
        assert_eq!(clean(&redaction, &file), "***\n");
    }

    #[test]
    fn a_callers_redactor_only_adds() {
        struct Names;
        impl Redact for Names {
            fn redact(&self, line: &[u8]) -> Vec<u8> {
                String::from_utf8_lossy(line).replace("alice", "someone").into_bytes()
            }
        }
        let redaction = redaction("hunter2", Some(Arc::new(Names)));
        assert_eq!(clean(&redaction, "alice has hunter2"), "someone has ***");
        assert_eq!(redaction.probe(b"alice has hunter2"), b"someone has ***");
    }

    #[test]
    fn words_that_are_too_short_hide_nothing() {
        assert_eq!(clean(&redaction("abc", None), "abcdef"), "abcdef");
        assert_eq!(clean(&redaction(" \n", None), " "), " ");
    }
}
