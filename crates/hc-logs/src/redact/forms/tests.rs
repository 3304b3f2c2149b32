use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::*;

fn has(secret: &str, form: &str) -> bool {
    forms(secret).contains_key(form.as_bytes())
}

#[test]
fn base64_of_any_neighbours_holds_a_form() {
    for (before, after) in [("", ""), ("a", "b"), ("ab", "c"), ("abc", "de"), ("user:", "\n")] {
        let text = STANDARD_NO_PAD.encode(format!("{before}hunter2/secret{after}"));
        let found = forms("hunter2/secret").into_keys().any(|form| {
            let form = String::from_utf8(form).unwrap();
            form.len() > 12 && text.contains(&form)
        });
        assert!(found, "{before:?} {after:?}");
    }
}

#[test]
fn quoting_and_splitting() {
    let secret = "p'a\"s,s$w`o\\r d&/<é";
    for form in [
        "p'a\\\"s,s$w`o\\\\r d&/<é",
        "p'a\\\"s,s$w`o\\\\r d\\u0026/\\u003c\\u00e9",
        "p'\\''a\"s,s$w`o\\r d&/<é",
        "p'a\\\"s,s\\$w\\`o\\\\r d&/<é",
        "p''a\"s,s$w`o\\r d&/<é",
        "p'a`\"s,s`$w``o\\r d&/<é",
        "p%27a%22s%2Cs%24w%60o%5Cr%20d%26%2F%3C%C3%A9",
        "p'a\"s%!(PACKER_COMMA)s$w`o\\r d&/<é",
        "p&#39;a&#34;s,s$w`o\\r d&amp;/&lt;é",
    ] {
        assert!(has(secret, form), "{form}");
    }
    assert!(has("a${b}c", "a$${b}c"));
    assert!(has("first-part,second-part", "second-part"));
    assert!(has("line one is long\nline two is long\n", "line two is long"));
}

#[test]
fn what_go_node_rust_and_markup_print() {
    let secret = "kß\"q'\\b<&>/,é😀\u{1}\u{1b}\u{7f}\tz, two\nthree \u{a0}\u{200b}end";
    for form in [
        // `%q`, `%+q`, and JSON in JSON, by Go.
        "kß\\\"q'\\\\b<&>/,é😀\\x01\\x1b\\x7f\\tz, two\\nthree \\u00a0\\u200bend",
        "k\\u00df\\\"q'\\\\b<&>/,\\u00e9\\U0001f600\\x01\\x1b\\x7f\\tz, two\\nthree \\u00a0\\u200bend",
        "kß\\\\\\\"q'\\\\\\\\b\\\\u003c\\\\u0026\\\\u003e/,é😀\\\\u0001\\\\u001b\u{7f}\\\\tz, two\\\\nthree \u{a0}\u{200b}end",
    ] {
        assert!(has(secret, form), "{form}");
    }
    assert!(has("k\0\u{ad}\"ü", format!("{:?}", "k\0\u{ad}\"ü").trim_matches('"')));
    assert!(has("k\u{1b}'ü", "k\\x1B\\'ü") && has("k\u{1b}'ü", "k\\x1B'ü"));
    for form in ["&lt;k&#39;&uuml;&#x2F;", "&lt;k&#x27;&#252;&#x2F;", "&lt;k&#039;&uuml;/", "&lt;k'&#xFC;/"] {
        assert!(has("<k'ü/", form), "{form}");
    }
    assert!(has("k\n\"z", "k&#10;&quot;z") && has("k\n\"z", "k&#xA;&#34;z"));
}

#[test]
fn forms_of_a_plain_word_are_few() {
    assert!(forms("correcthorsebattery").len() < 60, "{}", forms("correcthorsebattery").len());
}
