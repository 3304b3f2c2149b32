//! Small languages: numbers, names, versions, JSON answers, cloud-init's YAML.

use std::fmt::{Debug, Display};
use std::path::PathBuf;
use std::str::FromStr;

use hc_config::cloudinit::{Part, merge};
use hc_config::number::Number;
use hc_config::settings::HumanDuration;
use hc_config::{Diagnostic, Value};
use hc_core::version::Constraints;
use hc_core::{BuildId, BuilderId, Digest, EnvName, RunId, Selector, Target, Version};

use super::hcl;
use super::outcome::{kind, placed, plain};

/// Two numbers, one on each line: printed and read again, and computed with.
pub(super) fn number(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let mut numbers = text.lines().map(Number::parse);
    let (one, two) = (numbers.next().flatten(), numbers.next().flatten());
    let same = |number: &Number| {
        let printed = number.to_string();
        assert_eq!(Number::parse(&printed).as_ref(), Some(number), "printed {printed}");
        assert!(number.floor() <= *number && *number <= number.ceil(), "{number}");
        assert_eq!(number.negated().negated(), *number);
        assert!(number.abs().signum() >= 0);
        assert_eq!(number.as_i64().map(Number::from), number.as_i64().map(|_| number.clone()));
    };
    one.iter().chain(&two).for_each(same);
    let (Some(one), Some(two)) = (&one, &two) else { return kind((one.is_some(), two.is_some())) };
    let results = [one.plus(two), one.minus(two), one.times(two), one.over(two), one.modulo(two)];
    results.iter().flatten().for_each(same);
    assert_eq!(one.plus(two), two.plus(one));
    assert_eq!(one.times(two), two.times(one));
    kind((results.map(|result| result.map(|number| number.signum())), one.partial_cmp(two)))
}

/// Names, versions and durations: what was read is printed as it was meant.
pub(super) fn ids(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let text = &*text;
    let constraints = text.parse::<Constraints>().map(|constraints| {
        ["0.0.0", "1.2.3", "18446744073709551615.0.1"]
            .map(|version| constraints.allow(version.parse().expect("a version")))
    });
    let selector = Selector::parse(text)
        .map(|selector| selector.unmatched(&["linux.qemu.base".parse().expect("an id")]).count().min(3));
    kind((
        [
            reads_back::<BuilderId>(text),
            reads_back::<EnvName>(text),
            reads_back::<Target>(text),
            reads_back::<RunId>(text),
            reads_back::<BuildId>(text),
            reads_back::<Digest>(text),
            reads_back::<Version>(text),
            reads_back::<HumanDuration>(text),
        ],
        constraints.ok(),
        selector.map_err(|error| plain(&error.to_string())),
        hc_logs::line::neutralize(text).chars().any(|c| c.is_control()),
    ))
}

fn reads_back<T: FromStr<Err: Display> + Display + PartialEq + Debug>(text: &str) -> String {
    match text.parse::<T>() {
        Ok(read) => {
            assert_eq!(read.to_string().parse::<T>().ok().as_ref(), Some(&read), "printed {read}");
            "read".into()
        }
        Err(error) => plain(&error.to_string()),
    }
}

/// An answers file: its values are written as HCL and as JSON, and mean the same.
pub(super) fn answers(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    match Value::from_json_text(&text) {
        Ok(value) => {
            hcl::printed_means_the_same(&value);
            value.to_json();
            kind((value.kind(), value.to_hcl().len().ilog2()))
        }
        Err(error) => kind(plain(&error.to_string())),
    }
}

/// Files of user data, with `=====` between them: what is merged can be merged again without a change.
pub(super) fn yaml(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let parts: Vec<Part> = text
        .split("\n=====\n")
        .take(4)
        .enumerate()
        .map(|(at, text)| Part { path: PathBuf::from(format!("{at}.yaml")), text: text.into() })
        .collect();
    let merged = match merge(&parts) {
        Ok(merged) => merged,
        Err(problems) => {
            return kind(problems.iter().map(|problem| refused(&parts, problem)).collect::<Vec<_>>());
        }
    };
    assert_eq!(merge(&parts).as_ref(), Ok(&merged), "not the same bytes");
    if !parts.iter().all(|part| part.text.starts_with("#cloud-config\n")) {
        return kind((parts.len(), merged.starts_with("Content-Type")));
    }
    let more = Part { path: "more.yaml".into(), text: "#cloud-config\nfuzz_more: 1\n".into() };
    let once = with(&merged, &more);
    assert_eq!(with(&once, &more), once, "merging again changes something; merged:\n{merged}");
    kind((parts.len(), merged.lines().count().ilog2()))
}

/// A configuration with `more` merged over it, without the comment that names the files.
fn with(text: &str, more: &Part) -> String {
    let part = Part { path: "whole.yaml".into(), text: text.into() };
    let merged = merge(&[part, more.clone()]).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    merged.replace("# Merged by hybrid from whole.yaml, more.yaml.\n", "")
}

fn refused(parts: &[Part], problem: &Diagnostic) -> (u64, String) {
    let path = problem.location.as_ref().map(|place| place.path.clone()).unwrap_or_default();
    let text = parts.iter().find(|part| part.path == path).map(|part| part.text.as_str()).unwrap_or_default();
    (placed(&path, text, [problem]), problem.label.as_deref().map(plain).unwrap_or_default())
}
