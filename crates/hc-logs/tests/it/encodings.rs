//! What everyday tools print of a secret is replaced, and nothing beside it: written by the tools themselves.

use std::io::Write as _;
use std::process::{Command, Stdio};

use hc_core::SecretString;
use hc_logs::Redactor;
use hc_test_support::canary::Dice;

/// The values as the tools write them: name, text, what must be left of it.
fn written(values: &[String]) -> Vec<Vec<[String; 3]>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/encodings.py");
    let mut child = Command::new("python3")
        .args(["-I", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("these tests need python3");
    child.stdin.take().unwrap().write_all(serde_json::to_string(values).unwrap().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Whether so much is left at both ends, or up to `slack` characters less.
fn is_left(shown: &str, left: &str, slack: usize) -> bool {
    let (Some((begin, end)), Some((most_begin, most_end))) =
        (shown.split_once("***"), left.split_once("***"))
    else {
        return false;
    };
    most_begin.starts_with(begin)
        && most_end.ends_with(end)
        && begin.len() + slack >= most_begin.len()
        && end.len() + slack >= most_end.len()
}

fn all_vanish(values: &[String]) {
    let mut seen = Vec::new();
    for (value, forms) in values.iter().zip(written(values)) {
        let redactor = Redactor::builder().secret(&SecretString::new(value.as_str())).build();
        for [name, text, left] in forms {
            let shown = redactor.redact(&text);
            // A neighbour's bits may be those that another form has there.
            let slack = if name.starts_with("base") { 2 } else { 0 };
            if !is_left(&shown, &left, slack) {
                seen.push(format!(
                    "{name} of {value:?}\n  text  {text:?}\n  left  {left:?}\n  shown {shown:?}"
                ));
            }
        }
    }
    seen.truncate(12);
    assert!(seen.is_empty(), "{}", seen.join("\n"));
}

#[test]
fn values_of_every_kind_vanish_from_what_tools_print() {
    let all = "k\"'`$\\ü😀é/+=&<>,;:!#~^ %{}[]()*?|@\u{1}\u{7}\u{8}\u{b}\u{c}\u{1b}\u{7f}\u{85}\u{a0}\u{ad}\u{200d}\r\t€z";
    let long: String = all.chars().cycle().take(4096).collect();
    let values = [
        "kräuter-Öl-straße-z",
        "k👩\u{200d}👩\u{200d}👧-emoji-😀z",
        "k'single-z",
        "k\"double-z",
        "k'both\"-z",
        "k\\back\\n\\\\slash-z",
        "k\u{1}\u{1b}[31m\u{7f}bell\u{7}-z",
        "kfirst line, one\nsecond 'line'\r\n\n\tthird ü line-z",
        "k</script>&amp;<b>-z",
        "k#comment ~home $HOME `id` !x-z",
        "kplain0AND1long2z",
        all,
        &format!("{long}z"),
    ];
    all_vanish(&values.map(str::to_owned));
}

#[test]
fn random_values_vanish_from_what_tools_print() {
    let alphabet: Vec<char> =
        "abcXYZ019-_.\"'\\$`,/+=&<>% {}!#~;:@^|*()[]?\n\r\t\u{1}\u{8}\u{c}\u{1b}\u{7f}\u{a0}\u{ad}üßé€漢😀"
            .chars()
            .collect();
    let mut dice = Dice(0x19);
    let values: Vec<String> = (0..40)
        .map(|_| {
            let middle: String =
                (0..8 + dice.roll(30)).map(|_| alphabet[dice.roll(alphabet.len())]).collect();
            // A line end within the first three bytes leaves those: that is documented.
            format!("keyed{middle}z")
        })
        .collect();
    all_vanish(&values);
}
