//! Evaluation in a world: functions that read files, names on demand, ways that only packer knows.

use std::cell::{Cell, RefCell};
use std::path::Path;

use hc_config::hcl::eval::{Scope, evaluate_in};
use hc_config::hcl::world::{Answer, Call, World};
use hc_config::hcl::{Document, TextTemplate};
use hc_config::{Diagnostic, Value};

/// Every file holds its name; `file("gone")` fails. Notes what is asked.
#[derive(Default)]
struct Notes {
    calls: RefCell<Vec<String>>,
    way: Cell<usize>,
}

impl World for Notes {
    fn field(&self, root: &str, name: &str) -> Option<Value> {
        (root == "world").then(|| Value::String(name.to_owned()))
    }

    fn call(&self, call: &Call<'_>) -> Answer {
        let Some(path) = call.arguments.first().and_then(Value::as_str) else { return Answer::NotMine };
        let needed = if call.needed { "" } else { "?" };
        self.calls.borrow_mut().push(format!("{} {path}{needed} {}", call.name, (call.location)()));
        match (call.name, path) {
            ("file", "gone") => Answer::Fails("no such file".into()),
            ("file", path) => Answer::Value(Value::String(path.to_owned())),
            ("templatefile", text) => {
                let template = TextTemplate::parse(Path::new("x.tpl"), text).unwrap();
                Answer::Value((call.render)(&template, &Scope::open()).unwrap())
            }
            _ => Answer::NotMine,
        }
    }

    fn choose(&self, ways: usize) -> Option<usize> {
        Some(self.way.get() % ways)
    }
}

fn run(text: &str, notes: &Notes) -> Result<Value, Box<Diagnostic>> {
    let document = Document::parse(Path::new("t.hcl"), format!("x = {text}\n")).unwrap();
    evaluate_in(&document, &document.body().attributes().next().unwrap().value, &Scope::open(), notes)
}

fn text(expression: &str) -> String {
    run(expression, &Notes::default()).unwrap().to_hcl()
}

#[test]
fn functions_and_names_come_from_the_world() {
    assert_eq!(text("\"${file(\"a\")}-${world.b}\""), "\"a-b\"");
    assert_eq!(text("upper(file(\"a\"))"), "\"A\"");
    assert_eq!(text("filebase64(\"a\")"), "(unknown)");
    let notes = Notes::default();
    run("[file(\"a\"), templatefile(\"$${file(\\\"b\\\")}\\n\", {})]", &notes).unwrap();
    assert_eq!(
        notes.calls.take(),
        ["file a t.hcl:1:6", "templatefile ${file(\"b\")}\n t.hcl:1:17", "file b x.tpl:1:3"]
    );
}

#[test]
fn what_packer_might_not_need_is_marked() {
    for (expression, calls) in [
        ("true ? file(\"a\") : file(\"b\")", vec!["file a t.hcl:1:12", "file b? t.hcl:1:24"]),
        ("try(file(\"gone\"), file(\"b\"))", vec!["file gone? t.hcl:1:9", "file b? t.hcl:1:23"]),
        ("can(file(\"gone\"))", vec!["file gone? t.hcl:1:9"]),
        ("timestamp() == \"\" ? file(\"a\") : file(\"b\")", vec!["file a? t.hcl:1:25"]),
    ] {
        let notes = Notes::default();
        run(expression, &notes).unwrap();
        assert_eq!(notes.calls.take(), calls, "{expression}");
    }
}

#[test]
fn a_branch_that_is_not_taken_may_fail() {
    assert_eq!(text("true ? 1 : file(\"gone\")"), "1");
    assert!(run("false ? 1 : file(\"gone\")", &Notes::default()).is_err());
}

#[test]
fn every_way_can_be_gone() {
    for (way, wanted) in [(0, "\"a\""), (1, "\"b\"")] {
        let notes = Notes { way: Cell::new(way), ..Notes::default() };
        assert_eq!(run("timestamp() == \"\" ? \"a\" : \"b\"", &notes).unwrap().to_hcl(), wanted);
        assert_eq!(run("[\"a\", \"b\"][timestamp()]", &notes).unwrap().to_hcl(), wanted);
        assert_eq!(run("{ x = \"a\", y = \"b\" }[timestamp()]", &notes).unwrap().to_hcl(), wanted);
        assert_eq!(run("\"%{ if timestamp() }a%{ else }b%{ endif }\"", &notes).unwrap().to_hcl(), wanted);
    }
}

#[test]
fn what_stands_behind_something_unknown_is_evaluated_all_the_same() {
    let notes = Notes::default();
    assert_eq!(run("\"${timestamp()}${file(\"a\")}\"", &notes).unwrap(), Value::Unknown);
    assert_eq!(
        run("\"%{ for x in timestamp() }${file(\"b\")}%{ endfor }\"", &notes).unwrap(),
        Value::Unknown
    );
    assert_eq!(notes.calls.take().len(), 2);
}
