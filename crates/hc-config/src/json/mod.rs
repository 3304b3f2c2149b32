//! Templates and var files that are written in JSON, read as the HCL that says the same (TPL-4).
//!
//! Packer knows two kinds of JSON: HCL written as JSON (`.pkr.json`, `.pkrvars.json`), and legacy templates with
//! `builders` and `{{user …}}`. Both become the text of an HCL file that nobody sees and nobody writes: everything that
//! knows HCL then knows them, and every place in it leads back to the place in the file. Packer gets the file as it is.

pub(crate) mod actions;
mod hcl;
mod legacy;
mod names;
mod problem;
mod writer;

use std::ops::Range;
use std::path::Path;

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};

use crate::diagnostic::{Diagnostic, Location};

use writer::Writer;

pub(crate) use names::spelled;
pub use names::{is_json, plain_name};

/// The language that a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// HCL in its own syntax.
    Hcl,
    /// HCL written as JSON.
    HclJson,
    /// A legacy template: `builders`, `provisioners`, `{{user …}}`.
    Legacy,
}

/// The HCL that says what a JSON file says.
pub(crate) struct Shadow {
    pub(crate) dialect: Dialect,
    /// The text that is parsed.
    pub(crate) text: String,
    /// Where parts of the text come from: offset in it, place in the file; ascending.
    pub(crate) marks: Vec<(usize, Range<usize>)>,
}

impl Shadow {
    /// The place in the file of a place in the text.
    pub(crate) fn origin(&self, span: &Range<usize>) -> Range<usize> {
        let after = self.marks.partition_point(|(at, _)| *at <= span.start);
        match after.checked_sub(1).and_then(|at| self.marks.get(at)) {
            Some((_, origin)) => origin.clone(),
            None => 0..0,
        }
    }
}

/// Reads the JSON file at `path`.
///
/// # Errors
/// `JsonSyntax` with the place, also for what packer could not take for a template or var file.
pub(crate) fn read(path: &Path, text: &str) -> Result<Shadow, Box<Diagnostic>> {
    let value = parse(path, text)?;
    let Value::Object(root) = &value else {
        let place = value.range();
        return Err(refused(path, text, place.start..place.end, "packer takes one object, in braces"));
    };
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = names::without_example(name);
    let is_template = root
        .properties
        .iter()
        .any(|prop| prop.name.as_str() == "builders" && matches!(prop.value, Value::Array(_)));
    let written = if name.ends_with(".pkr.json") {
        hcl::template(root).map(|writer| (Dialect::HclJson, writer))
    } else if name.ends_with(".pkrvars.json") || !is_template {
        hcl::var_file(root).map(|writer| (Dialect::HclJson, writer))
    } else {
        legacy::template(root).map(|writer| (Dialect::Legacy, writer))
    };
    match written {
        Ok((_, Writer { broken: Some((at, what)), .. })) => Err(refused(path, text, at, &what)),
        Ok((dialect, writer)) => Ok(Shadow { dialect, text: writer.text, marks: writer.marks }),
        Err(problem) => Err(refused(path, text, problem.at, &problem.what)),
    }
}

fn refused(path: &Path, text: &str, at: Range<usize>, what: &str) -> Box<Diagnostic> {
    let diagnostic = Diagnostic::error("JsonSyntax", "packer cannot read this JSON");
    let hint = "correct the file; what packer expects is in its documentation of JSON templates";
    Box::new(diagnostic.at(Location::new(path, text, at)).label(what.to_owned()).hint(hint))
}

/// Strict JSON: what another reader would take and packer would not is an error.
fn parse<'a>(path: &Path, text: &'a str) -> Result<Value<'a>, Box<Diagnostic>> {
    let collect = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: false };
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    // serde_json is the judge: it knows no extensions that could be forgotten here, and stops at 128 levels.
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let start = offset(text, error.line(), error.column());
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default().to_owned();
        return Err(refused(path, text, start..start + 1, &what));
    }
    match parse_to_ast(text, &collect, &strict) {
        Ok(parsed) => match parsed.value {
            Some(value) => Ok(value),
            None => Err(refused(path, text, 0..0, "the file is empty")),
        },
        Err(error) => {
            let range = error.range();
            Err(refused(path, text, range.start..range.end, &error.kind().to_string()))
        }
    }
}

/// The byte of a line and a column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shadow(path: &str, text: &str) -> String {
        read(Path::new(path), text).unwrap_or_else(|error| panic!("{error:?}")).text
    }

    #[test]
    fn hcl_in_json_is_the_hcl_that_it_says() {
        let text = r#"{"//": "x", "variable": {"a": {"type": "list(string)", "default": ["${env(\"X\")}", "${y}-$${z}"]}},
            "source": {"null": {"one": {"communicator": "none"}, "two": [{"n": 1.5}]}},
            "build": [{"sources": ["null.one"], "provisioner": [{"shell-local": {"inline": ["a\nb"]}}, {"file": {"source": "x"}}]}]}"#;
        assert_eq!(
            shadow("t.pkr.json", text),
            "variable \"a\" {\ntype = list(string)\ndefault = [(env(\"X\")), \"${y}-$${z}\"]\n}\n\
             source \"null\" \"one\" {\ncommunicator = \"none\"\n}\nsource \"null\" \"two\" {\nn = 1.5\n}\n\
             build {\nsources = [\"null.one\"]\nprovisioner \"shell-local\" {\ninline = [\"a\\nb\"]\n}\n\
             provisioner \"file\" {\nsource = \"x\"\n}\n}\n"
        );
    }

    #[test]
    fn a_legacy_template_is_sources_and_one_build() {
        let text = r#"{"_comment": "x", "variables": {"a": "1", "b": null, "c": "{{env `C`}}-{{user `a`}}"},
            "sensitive-variables": ["b"], "min_packer_version": "1.5",
            "builders": [{"type": "null", "communicator": "none"}, {"type": "file", "name": "{{user `n`}}", "target": "x"}],
            "provisioners": [{"type": "shell", "scripts": "a.sh,b.sh", "only": ["null"]}],
            "post-processors": ["compress", [{"type": "manifest"}]]}"#;
        assert_eq!(
            shadow("t.json", text),
            "packer {\nrequired_version = \">= 1.5\"\n}\n\
             variable \"a\" {\ntype = string\ndefault = \"1\"\n}\nvariable \"b\" {\ntype = string\nsensitive = true\n}\n\
             variable \"c\" {\ntype = string\ndefault = \"${env(\"C\")}-${var.a}\"\n}\n\
             variable \"n\" {\ntype = string\ndefault = \"\"\n}\n\
             source \"null\" \"null\" {\ncommunicator = \"none\"\n}\nsource \"file\" \"file\" {\ntarget = \"x\"\n}\n\
             build {\nsource \"source.null.null\" {\n}\nsource \"source.file.file\" {\nname = var.n\n}\n\
             provisioner \"shell\" {\nscripts = split(\",\", \"a.sh,b.sh\")\nonly = [\"null.null\", ]\n}\n\
             post-processor \"compress\" {\n}\npost-processors {\npost-processor \"manifest\" {\n}\n}\n}\n"
        );
    }

    #[test]
    fn places_lead_to_the_file() {
        let text = "{\n  \"builders\": [\n    {\"type\": \"null\",\n     \"x\": \"{{user `y`}}\"}]}";
        let document = crate::hcl::Document::parse(Path::new("t.json"), text).unwrap();
        let source = document.body().get_blocks("source").next().unwrap();
        assert_eq!(document.location(source).to_string(), "t.json:3:5");
        let attribute = source.body.get_attribute("x").unwrap();
        assert_eq!(document.location(&attribute.value).to_string(), "t.json:4:11");
    }

    #[test]
    fn what_packer_refuses_is_refused_at_its_place() {
        for (path, text, place, label) in [
            ("t.json", "{\"a\": 1,}", "t.json:1:9", "key must be"),
            ("t.json", "[1]", "t.json:1:1", "one object"),
            ("t.json", "{\"builders\": [{}]}", "t.json:1:15", "no `type`"),
            ("t.pkr.json", "{\"locals\": {\n\"a\": \"${1) \\n b = (2}\"}}", "t.pkr.json:2:6", ""),
            ("t.pkr.json", "{\"build\": 3}", "t.pkr.json:1:11", "block"),
        ] {
            let error = read(Path::new(path), text).err().unwrap_or_else(|| panic!("{text} was read"));
            assert_eq!(error.code, "JsonSyntax");
            assert_eq!(error.location.unwrap().to_string(), place, "{text}");
            let found = error.label.unwrap();
            assert!(found.contains(label), "{text}: {found}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_json_is_read_or_refused(text in "[\\[\\]{}:,\"a-c$%`\\\\ 0-9\n]{0,60}") {
            for path in ["t.json", "t.pkr.json", "t.pkrvars.json"] {
                let _ = crate::hcl::Document::parse(Path::new(path), text.clone());
            }
        }

        #[test]
        fn any_text_in_a_template_stays_one_value(text in "(\\$\\{|%\\{|\\}|[-a-z\"()\\\\ $%\n]|if x|endif){0,12}") {
            for key in ["pkr.json", "json"] {
                let json = serde_json::json!({"builders": [{"type": "null", "x": text}], "locals": {"x": text, "y": 1}});
                if let Ok(document) = crate::hcl::Document::parse(Path::new(&format!("t.{key}")), json.to_string()) {
                    let names: usize = document.body().get_blocks("locals").map(|block| block.body.attributes().count()).sum();
                    proptest::prop_assert!(names == 2 || key == "json", "{}", document.syntax());
                }
            }
        }
    }
}
