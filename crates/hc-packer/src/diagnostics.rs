//! Packer's own words about a template, taken apart: `Error: …`, where, and why.
//!
//! ```text
//! Error: Unsupported argument
//!
//!   on base.pkr.hcl line 3, in source "null" "x":
//!    3:   foo = 1
//!
//! An argument named "foo" is not expected here.
//! ```

use std::path::PathBuf;

/// Whether packer goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Error,
    Warning,
}

/// One error or warning, as packer says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) weight: Weight,
    /// The first line.
    pub(crate) summary: String,
    /// File as packer names it, and line from 1.
    pub(crate) place: Option<(PathBuf, u32)>,
    /// What follows, a paragraph or an item of a list each; quoted lines of the template left out.
    pub(crate) details: Vec<String>,
}

/// Every error and warning of a text, in its order; whatever comes before the first is left out.
pub(crate) fn parse(text: &str) -> Vec<Said> {
    let mut found: Vec<Said> = Vec::new();
    let mut paragraph_goes_on = false;
    for line in text.lines() {
        let opening = [("Error: ", Weight::Error), ("Warning: ", Weight::Warning)]
            .into_iter()
            .find_map(|(start, weight)| Some((weight, line.strip_prefix(start)?)));
        if let Some((weight, summary)) = opening {
            found.push(Said { weight, summary: summary.trim().to_owned(), place: None, details: Vec::new() });
            paragraph_goes_on = false;
            continue;
        }
        let Some(said) = found.last_mut() else { continue };
        if let Some((file, number)) = place(line) {
            // Packer 1.6 writes `on  line 0:` where it does not know.
            if number > 0 && said.place.is_none() {
                said.place = Some((file, number));
            }
            paragraph_goes_on = false;
        } else if line.trim().is_empty() || is_quote(line) {
            paragraph_goes_on = false;
        } else if paragraph_goes_on && !line.starts_with("* ") {
            // Packer wraps its texts; a pattern must find what stands across a line end.
            if let Some(last) = said.details.last_mut() {
                last.push(' ');
                last.push_str(line.trim());
            }
        } else {
            said.details.push(line.trim().to_owned());
            paragraph_goes_on = true;
        }
    }
    found
}

/// `  on base.pkr.hcl line 3, in source "null" "x":`.
fn place(line: &str) -> Option<(PathBuf, u32)> {
    let (file, rest) = line.strip_prefix("  on ")?.rsplit_once(" line ")?;
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    Some((PathBuf::from(file), rest[..digits].parse().ok()?))
}

/// `   3:   foo = 1`, or that there is nothing to quote.
fn is_quote(line: &str) -> bool {
    let text = line.trim_start();
    line.starts_with("  ")
        && (text == "(source code not available)"
            || text.split_once(':').is_some_and(|(number, _)| {
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn place_and_reason_are_told_apart() {
        let text = "Warning: Both source file and contents are blank\n\n  on a b/t.pkr.hcl line 1:\n  (source code not available)\n\n\
                    Error: Invalid default value for variable\n\n  on t.pkr.hcl line 3, in variable \"n\":\n   3:   default = \"abc\"\n\n\
                    This default value is not compatible with the variable's type constraint: a\nnumber is required.\n\n\n\
                    Error: Unknown source null.zzz\n\n  on  line 0:\n  (source code not available)\n\nKnown: map[]\n";
        let said = parse(text);
        let places: Vec<_> = said.iter().map(|said| said.place.clone()).collect();
        assert_eq!(places, [Some(("a b/t.pkr.hcl".into(), 1)), Some(("t.pkr.hcl".into(), 3)), None]);
        assert_eq!((said[0].weight, said[1].weight), (Weight::Warning, Weight::Error));
        assert_eq!(
            said[1].details,
            [
                "This default value is not compatible with the variable's type constraint: a number is required."
            ]
        );
        assert_eq!(said[2].details, ["Known: map[]"]);
    }

    #[test]
    fn lists_stay_lists() {
        let said =
            parse("noise\nError: 2 error(s) occurred:\n\n* target required\n* a long one\n  that goes on\n");
        assert_eq!(said[0].details, ["* target required", "* a long one that goes on"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(Error: |  on | line |[0-9]:|\\PC|\n){0,60}") {
            parse(&text);
        }
    }
}
