//! The project's own chores, run as `cargo xtask <chore>`.

mod bench;
mod demo;
mod docs;
mod flow;
mod fuzz;
mod manifests;
mod package;
mod platforms;
mod schema;
mod tidy;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies below the workspace root");
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["schema"] => schema::write(root),
        ["schema", "--check"] => schema::check(root),
        ["bench", words @ ..] => bench::main(root, words),
        ["flames"] => bench::flames::main(root),
        ["fuzz", words @ ..] => fuzz::main(root, words),
        ["demo", words @ ..] => demo::main(root, words),
        ["package", words @ ..] => package::main(root, words),
        ["platforms", words @ ..] => platforms::keep(root, words).and_then(|()| docs::write(root)),
        ["docs"] => docs::write(root),
        ["docs", "--check"] => docs::check(root),
        ["tidy"] => tidy::check(root),
        _ => {
            eprintln!(
                "usage: cargo xtask schema [--check] | docs [--check] | tidy | {} | bench [--json] [NAME]… | flames | {} | {} | {}",
                demo::USAGE,
                fuzz::USAGE,
                package::USAGE,
                platforms::USAGE
            );
            return ExitCode::from(1);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}
