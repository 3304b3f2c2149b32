//! Logs and inputs that may hold secrets: none survives the redactor, and the scanner names places that exist.

use std::path::Path;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hc_core::SecretString;
use hc_logs::Redactor;
use hc_logs::scan::{self, Allow};

use super::super::mutate::Rng;
use super::outcome::{kind, plain};

/// A redactor and what it must hide.
struct Known {
    redactor: Redactor,
    secrets: Vec<String>,
}

/// Compiling the forms of a secret is dear, so a few redactors serve all inputs.
static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let mut rng = Rng(7);
    let alphabets =
        ["abcdefghijkmnpqrstuvwxyzABCDEFGH23456789", "abcXYZ0189'\"\\$`,/&<>+= %{}é漢", "aB3\n\r\t ,\\x"];
    let secret = |rng: &mut Rng| {
        let alphabet: Vec<char> = rng.pick(&alphabets).chars().collect();
        // Letters at both ends: surrounding blanks are no part of a secret.
        let middle: String = (0..8 + rng.below(60)).map(|_| *rng.pick(&alphabet)).collect();
        format!("kQ{}{middle}wZ", rng.below(90) + 10)
    };
    let known = |rng: &mut Rng| {
        let secrets: Vec<String> = (0..1 + rng.below(4)).map(|_| secret(rng)).collect();
        let hidden: Vec<SecretString> = secrets.iter().map(SecretString::new).collect();
        Known { redactor: Redactor::builder().secrets(&hidden).token_shapes(true).build(), secrets }
    };
    (0..16).map(|_| known(&mut rng)).collect()
});

/// Plants secrets in the text; none survives, and the result is the same for every chunking.
pub(super) fn redactor(bytes: &[u8]) -> u64 {
    let mut rng = Rng(kind(bytes));
    let known = rng.pick(&KNOWN);
    let mut text = bytes.to_vec();
    let mut planted = Vec::new();
    for _ in 0..rng.below(4) {
        let secret: &String = rng.pick(&known.secrets);
        let form = form(secret, &mut rng);
        let at = rng.below(text.len() + 1);
        // What is planted inside of another one is no whole secret any more.
        if !planted.iter().any(|(start, form): &(usize, String)| (*start..start + form.len()).contains(&at)) {
            planted.iter_mut().filter(|(start, _)| *start >= at).for_each(|(start, _)| *start += form.len());
            text.splice(at..at, form.bytes());
            planted.push((at, form));
        }
    }
    let whole = known.redactor.redact_bytes(&text).into_owned();
    for form in known.secrets.iter().chain(planted.iter().map(|(_, form)| form)) {
        let survives = memchr::memmem::find(&whole, form.as_bytes()).is_some();
        assert!(!survives, "{form:?} survives in {}", String::from_utf8_lossy(&text));
    }
    let mut cuts: Vec<usize> = (0..rng.below(5)).map(|_| rng.below(text.len() + 1)).collect();
    cuts.extend([0, text.len()]);
    cuts.sort_unstable();
    assert_eq!(streamed(known, cuts.windows(2).map(|cut| &text[cut[0]..cut[1]])), whole, "cut at {cuts:?}");
    let step = 1 + rng.below(3);
    if text.len() / step < 4096 {
        assert_eq!(streamed(known, text.chunks(step)), whole, "in chunks of {step}");
    }
    let (_, counts) = known.redactor.redact_counted(&text);
    let rules: Vec<&str> = counts.iter().map(|(rule, _)| rule).collect();
    kind((rules, whole == text))
}

fn streamed<'a>(known: &Known, chunks: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut stream, mut out) = (known.redactor.stream(), Vec::new());
    chunks.for_each(|chunk| stream.push(chunk, &mut out));
    stream.finish(&mut out);
    out
}

/// A secret as some tool writes it; written anew here, so that a mistake of the redactor's is not repeated.
fn form(secret: &str, rng: &mut Rng) -> String {
    let percent = |upper: bool| -> String {
        let code = |byte: u8| match byte {
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte if upper => format!("%{byte:02X}"),
            byte => format!("%{byte:02x}"),
        };
        secret.bytes().map(code).collect()
    };
    let json = serde_json::Value::from(secret).to_string();
    match rng.below(11) {
        0 => STANDARD.encode(secret).trim_end_matches('=').to_owned(),
        1 => URL_SAFE_NO_PAD.encode(secret),
        2 => STANDARD.encode(secret.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
        3 => secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
        4 => percent(true),
        5 => percent(false),
        6 => json[1..json.len() - 1].to_owned(),
        7 => secret.replace('\'', "'\\''"),
        8 => secret.replace(',', "%!(PACKER_COMMA)").replace('\n', "\\n").replace('\r', "\\r"),
        9 => secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        _ => secret.to_owned(),
    }
}

/// Every finding has a place in the text, and no description holds what stands there.
pub(super) fn scan(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let mut seen = Vec::new();
    for path in ["templates/fuzz.pkr.hcl", "scripts/fuzz.sh", "overlays/fuzz.yaml"] {
        let findings = scan::scan(Path::new(path), &text, &Allow::default());
        let mut last = 0;
        for finding in &findings {
            let value = text.get(finding.span.clone()).expect("a span of characters");
            assert!(finding.span.start >= last && !value.is_empty(), "{findings:?}");
            last = finding.span.end;
            let before = &text[..finding.span.start];
            assert_eq!(finding.line, before.matches('\n').count() + 1, "{finding:?}");
            let line = before.rsplit('\n').next().unwrap_or_default();
            assert_eq!(finding.column, line.chars().count() + 1, "{finding:?}");
            seen.push((finding.rule, plain(finding.description)));
        }
    }
    seen.sort();
    seen.dedup();
    kind(seen)
}
