use proptest::prelude::*;

use super::*;

fn redactor(secrets: &[&str]) -> Redactor {
    let secrets: Vec<_> = secrets.iter().map(|secret| SecretString::new(*secret)).collect();
    Redactor::builder().secrets(&secrets).token_shapes(true).build()
}

fn streamed(redactor: &Redactor, chunks: &[&[u8]]) -> String {
    let (mut stream, mut out) = (redactor.stream(), Vec::new());
    for chunk in chunks {
        stream.push(chunk, &mut out);
    }
    stream.finish(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn overlapping_and_nested_secrets_vanish_as_a_whole() {
    let redactor = redactor(&["hunter2", "hunter2secret", "abcdef", "defghi"]);
    assert_eq!(redactor.redact("x hunter2secret y"), "x *** y");
    assert_eq!(redactor.redact("x hunter2 y"), "x *** y");
    assert_eq!(redactor.redact("abcdefghi"), "***");
    assert_eq!(redactor.redact("abcdefabcdef!"), "***!");
    assert!(matches!(redactor.redact("nothing here"), Cow::Borrowed(_)));
}

#[test]
fn short_secrets_are_refused_with_a_warning() {
    let redactor = Redactor::tokens_only();
    let warnings =
        redactor.add(&[SecretString::new("long enough"), SecretString::new("abc"), SecretString::new(" \n")]);
    assert_eq!(warnings.iter().map(|warning| warning.index).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(redactor.redact("abc long enough"), "abc ***");
    assert!(warnings[0].to_string().starts_with("a secret of 3 bytes"));
}

#[test]
fn clones_and_open_streams_learn_later_secrets() {
    let redactor = Redactor::tokens_only();
    let (clone, mut stream, mut out) = (redactor.clone(), redactor.stream(), Vec::new());
    stream.push(b"correct horse\n", &mut out);
    redactor.add(&[SecretString::new("correct horse")]);
    stream.push(b"correct horse\n", &mut out);
    stream.finish(&mut out);
    assert_eq!(out, b"correct horse\n***\n");
    assert_eq!(clone.redact("a correct horse"), "a ***");
}

#[test]
fn wrapped_forms_are_found_and_lines_keep_apart() {
    let redactor = redactor(&["correct-horse-battery"]);
    assert_eq!(redactor.redact("a correct-ho\nrse-battery b\n"), "a *** b\n");
    assert_eq!(redactor.redact("a correct-ho\r\nrse-battery b\n"), "a *** b\n");
    // Cut within the first three bytes: those stay, the rest goes.
    assert_eq!(redactor.redact("a co\nrrect-horse-battery b"), "a co\n*** b");
    assert_eq!(redactor.redact("correct-horse-battery\ncorrect-horse-battery\n"), "***\n***\n");
    assert_eq!(redactor.redact("correct-ho\n\n\n\n\nrse-battery"), "correct-ho\n\n\n\n\nrse-battery");
}

#[test]
fn breaks_inside_secrets_do_not_hide_them() {
    let redactor = redactor(&[
        "first-half\n\n\n\n\n\nsecond-half",
        "k1\n\n\n\n\n\nsome-longer-rest",
        "one\r\n\r\ntwo-three",
    ]);
    assert_eq!(redactor.redact("<first-half\n\n\n\n\n\nsecond-half>"), "<***>");
    assert_eq!(redactor.redact("<one\n\ntwo-three> <one\r\n\r\ntwo-three>"), "<one\n\n***> <one\r\n\r\n***>");
    let shown = redactor.redact("<k1\n\n\n\n\n\nsome-longer-rest>").into_owned();
    assert!(!shown.contains("longer"));
    let bytes: Vec<_> = b"<k1\n\n\n\n\n\nsome-longer-rest>".chunks(1).collect();
    assert_eq!(streamed(&redactor, &bytes), shown);
}

#[test]
fn a_finished_line_is_not_held_back() {
    let redactor = redactor(&["correct-horse-battery"]);
    let (mut stream, mut out) = (redactor.stream(), Vec::new());
    stream.push(b"ends like the secret begins: cor\n", &mut out);
    assert_eq!(stream.held(), 0);
    stream.push(b"but correct", &mut out);
    assert_eq!(stream.held(), 7);
    stream.push(b" is a word\n", &mut out);
    assert_eq!(stream.held(), 0);
    stream.push(b"co", &mut out);
    stream.flush(&mut out);
    assert_eq!(out, b"ends like the secret begins: cor\nbut correct is a word\nco");
}

#[test]
fn token_shapes() {
    let redactor = Redactor::tokens_only();
    let a = |count: usize| "a1B2c3D4".repeat(count.div_ceil(8))[..count].to_owned();
    for (text, shown) in [
        ("key AKIAIOSFODNN7EXAMPLE end".to_owned(), "key *** end"),
        (format!("aws_secret_access_key = {}", a(40)), "aws_secret_access_key = ***"),
        (format!("{{\"SecretAccessKey\":\"{}\"}}", a(40)), "{\"SecretAccessKey\":\"***\"}"),
        (format!("ghp_{}.", a(36)), "***."),
        (format!("\\nghs_{}", a(300)), "\\n***"),
        (format!("github_pat_{}", a(82)), "***"),
        (format!("xoxb-123-{}", a(24)), "***"),
        (format!("xapp-1-A012-345-{}", a(24)), "***"),
        (format!("key=AIza{}&key%3AAIza{}", a(35), a(35)), "key=***&key%3A***"),
        (format!("glpat-{}", a(20)), "***"),
        (format!("eyJhbGciOiJIUzI1NiJ9.eyJ{}.{} x", a(2000), a(43)), "*** x"),
        (format!("secret: abc8Q~{} x", a(34)), "secret: *** x"),
        (
            format!("https://x.blob.core.windows.net/c?sv=1&sig={}%3D&se=2", a(43)),
            "https://x.blob.core.windows.net/c?sv=1&sig=***&se=2",
        ),
        (format!("hvs.{}", a(90)), "***"),
        (format!("npm_{}", a(36)), "***"),
        ("https://user:pa55word@host/x".to_owned(), "https://user:***@host/x"),
        ("Authorization: Basic dXNlcjpwdw==".to_owned(), "Authorization: Basic ***"),
        ("{\"authorization\":\"Bearer abcdefghij\"}".to_owned(), "{\"authorization\":\"Bearer ***\"}"),
        (format!("{}.atlasv1.{}", a(14), a(60)), "***"),
        (
            format!("root@pam!x PVEAPIToken=root@pam!x={}", "0a1b2c3d-".repeat(4)),
            "root@pam!x PVEAPIToken=root@pam!x=***",
        ),
        (
            "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----\nb".to_owned(),
            "a\n***\nb",
        ),
        (
            "\"private_key\": \"-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----\\n\"}"
                .to_owned(),
            "\"private_key\": \"***\\n\"}",
        ),
    ] {
        assert_eq!(redactor.redact(&text), shown);
        for cut in 0..=text.len().min(400) {
            let (head, rest) = text.as_bytes().split_at(cut);
            assert_eq!(streamed(&redactor, &[head, rest]), shown, "cut at {cut}");
        }
    }
}

#[test]
fn ordinary_text_is_no_token() {
    let redactor = Redactor::tokens_only();
    for text in [
        "https://host:8443/path and ssh://git@host/x, a://b",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIzaTVLHZo8UWi5ofzpkTY4Tjc04Bs7U0mP3PqzVls498= root@host",
        "docker://alpine:3.19@sha256:00ff, mate-xapp-status-applet, xapp-sn-watcher",
        "-----BEGIN CERTIFICATE-----\nMIIDdz\n-----END CERTIFICATE-----",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "eyJust a word, AKIA is short, sig=abc, npm_config_cache=/x, ghp_short",
        "20261120T225620.123Z-1f2e3d4c [12:13:14] qemu.base: Waiting for SSH",
    ] {
        assert!(redactor.is_clean(text.as_bytes()), "{}", redactor.redact(text));
    }
}

#[test]
fn a_key_block_without_end_stops_at_its_limit() {
    let redactor = Redactor::tokens_only();
    let text = format!("-----BEGIN PRIVATE KEY-----{}", "x\n".repeat(20_000));
    let shown = redactor.redact(&text);
    assert!(shown.starts_with("***") && shown.len() > 20_000);
    assert_eq!(streamed(&redactor, &text.as_bytes().chunks(1000).collect::<Vec<_>>()), shown);
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let redactor = redactor(&["correct-horse-battery"]);
    let (mut stream, mut out) = (redactor.stream(), Vec::new());
    for byte in ["e", "y", "J", "a", "-", "correct-", "\n"] {
        let chunk = byte.repeat(3000);
        for _ in 0..20 {
            stream.push(chunk.as_bytes(), &mut out);
            assert!(stream.held() < 5000, "{} held", stream.held());
            assert!(stream.bytes_at_hand() < 5100);
            out.clear();
        }
    }
}

#[test]
fn counts_name_rules_and_never_values() {
    let redactor = redactor(&["pass\"word,x1"]);
    let text = format!("pass\"word,x1 pass\\\"word,x1 ghp_{} pass\"word%!(PACKER_COMMA)x1", "a".repeat(40));
    let (_, counts) = redactor.redact_counted(text.as_bytes());
    let counts: Vec<_> = counts.iter().collect();
    assert!(counts.contains(&("secret.raw", 1)) && counts.contains(&("github-token", 1)), "{counts:?}");
    assert!(!format!("{counts:?} {redactor:?}").contains("word"));
}

/// Text that holds plenty of prefixes, breaks and neighbours of the two secrets.
fn pieces() -> impl Strategy<Value = Vec<&'static str>> {
    let piece = prop::sample::select(vec![
        "abcabd",
        "abcab",
        "abc",
        "ab",
        "a",
        "dabcd",
        "bdab",
        "\n",
        "\r\n",
        "\n\n\n",
        " ",
        "x",
        "ghp_",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "eyJ",
        ".eyJ",
        "://",
        "@sha256:",
        "AIza",
        ":",
        "@",
        "abc8Q~",
        "-----BEGIN PRIVATE KEY-----",
        "-----END ",
        "-----",
        "sig=",
    ]);
    prop::collection::vec(piece, 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// The result does not depend on the chunking, and nothing known survives.
    #[test]
    fn chunking_changes_nothing(pieces in pieces(), cuts in prop::collection::vec(0..200_usize, 0..6)) {
        static REDACTOR: std::sync::OnceLock<Redactor> = std::sync::OnceLock::new();
        let redactor = REDACTOR.get_or_init(|| redactor(&["abcabd", "dabcdbdab", "abcab\n\n\n\n\n\ndabcd"]));
        let text = pieces.concat();
        let whole = redactor.redact(&text).into_owned();
        for secret in ["abcabd", "dabcdbdab"] {
            prop_assert!(!whole.contains(secret));
        }
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let chunks: Vec<_> = cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
        prop_assert_eq!(&streamed(redactor, &chunks), &whole);
        let bytes: Vec<_> = text.as_bytes().chunks(1).collect();
        prop_assert_eq!(&streamed(redactor, &bytes), &whole);
    }
}

#[test]
fn what_is_held_back_cannot_be_printed() {
    let redactor = Redactor::builder().secret(&SecretString::new("correct-horse-battery")).build();
    let mut stream = redactor.stream();
    stream.push(b"password=correct-horse-", &mut Vec::new());
    let mut lines = LineRedactor::new(redactor);
    lines.redact(b"password=correct-horse-");
    let shown = format!("{stream:?} {lines:?}");
    assert!(shown.contains("held: 14") && shown.contains("length: 14"), "{shown}");
    let bytes = format!("{:?}", b"correct".as_slice());
    assert!(!shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
}
