//! Values never vanish: what cannot be computed is an error with its place, and nothing is left out in silence.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hc_config::hcl::Document;
use hc_config::hcl::eval::Scope;
use hc_config::resolve::{Layer, Resolution, ResolveInput, resolve};
use hc_config::{Value, render, variables};

const TEMPLATE: &str = "variable \"text\" {\n  type = string\n  default = \"of the template\"\n}\n\
                        variable \"any\" {\n  default = null\n}\n\
                        variable \"numbers\" {\n  type = list(number)\n  default = []\n}\n";

/// Resolves one overlay, and `--set` values above it.
fn resolved(overlay: &str, sets: &[(&str, &str)]) -> Resolution {
    let documents = [Document::parse(Path::new("t.pkr.hcl"), TEMPLATE).unwrap()];
    let (declared, problems) = variables::collect(&documents);
    assert!(problems.is_empty());
    let document = Document::parse(Path::new("configs/overlays/dev.pkrvars.hcl"), overlay).unwrap();
    let sets: Vec<(String, String)> =
        sets.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    resolve(&ResolveInput {
        declared: &declared,
        templates: &documents,
        supplied: &BTreeMap::new(),
        user_data: None,
        layers: &[Layer { name: "env dev".into(), document }],
        answers: None,
        sets: &sets,
        scope: &Scope::closed().with("env", Value::String("dev".into())),
        injected: &BTreeSet::new(),
        elsewhere: &BTreeSet::new(),
        strict: false,
    })
}

#[test]
fn what_has_no_value_here_is_an_error_at_its_place() {
    for (line, column, message) in [
        ("text = timestamp()", 8, "timestamp() depends on the time of the run"),
        ("text = \"at ${timestamp()}\"", 14, "timestamp() depends on the time of the run"),
        ("any = [1, uuidv4()]", 11, "uuidv4() has another value in every run"),
        ("any = { a = [env(\"HOME\")] }", 14, "env() reads the environment"),
        ("text = try(vault(\"a\", \"b\"), \"x\")", 12, "vault() asks a server when packer runs"),
        ("text = can(bcrypt(\"x\")) ? \"a\" : \"b\"", 12, "bcrypt() has another value in every run"),
        ("text = trimspace(file(\"motd\"))", 18, "file() depends on files, which are not read here"),
        ("text = rsadecrypt(\"a\", \"b\")", 8, "rsadecrypt() gives a secret"),
        ("text = nosuch(1)", 8, "there is no function `nosuch`"),
        ("text = upper(1, 2)", 8, "upper() does not take these arguments: number, number"),
        ("numbers = [1 / 0]", 11, "this number is infinite, and no variable can be given that"),
        ("any = { a = -1 / 0 }", 7, "this number is infinite, and no variable can be given that"),
    ] {
        let resolution = resolved(&format!("# first line\n{line}\n"), &[]);
        let [problem] = resolution.diagnostics.as_slice() else {
            panic!("{line}: {:?}", resolution.diagnostics)
        };
        assert!(problem.is_error());
        assert_eq!(problem.message, message, "{line}");
        let place = problem.location.as_ref().unwrap();
        assert_eq!(place.to_string(), format!("configs/overlays/dev.pkrvars.hcl:2:{column}"), "{line}");
    }
}

#[test]
fn a_set_value_that_has_no_value_is_an_error_too() {
    for (text, message) in [
        ("[sum(timestamp())]", "`numbers` from --set: timestamp() depends on the time of the run"),
        ("[1, 1 / 0]", "`numbers` from --set: this number is infinite, and no variable can be given that"),
        (
            "many",
            "`numbers` from --set does not fit its type: expected list(number), found a string that is none",
        ),
    ] {
        let resolution = resolved("", &[("numbers", text)]);
        let [problem] = resolution.diagnostics.as_slice() else {
            panic!("{text}: {:?}", resolution.diagnostics)
        };
        assert_eq!((problem.is_error(), problem.message.as_str()), (true, message));
    }
}

#[test]
fn a_number_beyond_all_bounds_is_an_error_of_its_document() {
    for text in ["{\"a\": 1e99999}", "[1, -2e123456789012345678901234567890]"] {
        let error = Value::from_json_text(text).unwrap_err();
        assert!(error.to_string().contains("number is too large"), "{error}");
    }
}

#[test]
fn every_value_without_an_error_is_rendered() {
    let overlay = "text = \"${env}\"\nany = [for i in range(3) : { n = i / 2, z = null }]\nnumbers = [-0]\n";
    let resolution = resolved(overlay, &[]);
    assert!(resolution.diagnostics.is_empty(), "{:?}", resolution.diagnostics);
    let text = render::render(&super::target(), &resolution);
    for line in ["\ntext = \"dev\"\n", "\nany = [\n", "\nnumbers = [-0]\n"] {
        assert!(text.contains(line), "{text}");
    }
}
