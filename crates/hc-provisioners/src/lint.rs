//! Linters of a stack: which to run on what, and their answers as diagnostics (PROV-2).
//!
//! Starts nothing itself; [`CommandRunner`] is the seam. A linter that is not installed is no problem, and said so.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hc_config::{Diagnostic, Location};
use hc_core::fs::{FsError, create_dirs, io_error, read_text};
use hc_records::layout;

use crate::checks::{CODE, files};
use crate::registry::{Linter, Stack};

/// Lines of a linter's answer that are shown when none of them names a place.
const SHOWN_LINES: usize = 8;

/// A program to run to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinterRun {
    /// Program, looked up on `PATH`.
    pub program: &'static str,
    /// Arguments.
    pub args: Vec<OsString>,
    /// Working directory, absolute.
    pub cwd: PathBuf,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs programs. The caller of this crate owns processes; tests give answers instead.
pub trait CommandRunner {
    /// Runs a program to its end, without input and without colours.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] means that it is not installed; every other error is reported.
    fn run(&self, invocation: &LinterRun) -> io::Result<Ended>;
}

/// What the linters of a stack said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LintReport {
    /// Problems of all linters.
    pub diagnostics: Vec<Diagnostic>,
    /// Linters that ran.
    pub ran: Vec<&'static str>,
    /// Linters that this machine does not have.
    pub missing: Vec<&'static str>,
}

/// Runs the linters of a stack that are installed.
pub fn lint(stack: &Stack, root: &Path, runner: &dyn CommandRunner) -> LintReport {
    let mut report = LintReport::default();
    for linter in stack.linters {
        let Some(mut invocation) = invocation(stack, linter, root) else { continue };
        // The file lives as long as this value.
        let config = match config_file(stack, linter, root) {
            Ok(config) => config,
            Err(error) => {
                report.diagnostics.push(Diagnostic::error(error.code(), error.to_string()));
                continue;
            }
        };
        if let Some((flag, file)) = &config {
            invocation.args.splice(0..0, [flag.into(), file.path().into()]);
        }
        match runner.run(&invocation) {
            Ok(ended) => {
                report.ran.push(linter.program);
                if ended.code != Some(0) {
                    report.diagnostics.extend(problems(stack, linter, root, &ended));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => report.missing.push(linter.program),
            Err(error) => report
                .diagnostics
                .push(Diagnostic::error(CODE, format!("`{}` cannot be run: {error}", linter.program))),
        }
    }
    report
}

/// Writes the configuration that a linter needs and the project does not have.
fn config_file(
    stack: &Stack,
    linter: &Linter,
    root: &Path,
) -> Result<Option<(&'static str, tempfile::NamedTempFile)>, FsError> {
    let dir = root.join(stack.dir);
    let Some(config) = linter.config.filter(|config| !config.own.iter().any(|own| dir.join(own).is_file()))
    else {
        return Ok(None);
    };
    let scratch = root.join(layout::LINT);
    create_dirs(&scratch)?;
    let mut file = tempfile::Builder::new()
        .prefix(linter.program)
        .suffix(".yml")
        .tempfile_in(&scratch)
        .map_err(io_error("create", &scratch))?;
    file.write_all(config.text.as_bytes()).map_err(io_error("write", file.path()))?;
    Ok(Some((config.flag, file)))
}

/// The call of a linter, without the configuration that [`lint`] may add; `None` when it has nothing to look at.
pub fn invocation(stack: &Stack, linter: &Linter, root: &Path) -> Option<LinterRun> {
    let cwd = root.join(stack.dir);
    let mut args: Vec<OsString> = linter.args.iter().map(OsString::from).collect();
    let before = args.len();
    match linter.files_ending {
        Some(ending) => {
            let found = files(&cwd, linter.paths, &[ending]);
            args.extend(found.iter().map(|file| file.strip_prefix(&cwd).unwrap_or(file).into()));
        }
        None => args.extend(linter.paths.iter().filter(|path| cwd.join(path).exists()).map(OsString::from)),
    }
    (args.len() > before).then_some(LinterRun { program: linter.program, args, cwd })
}

fn problems(stack: &Stack, linter: &Linter, root: &Path, ended: &Ended) -> Vec<Diagnostic> {
    let written = ended.stdout.lines().chain(ended.stderr.lines());
    let lines: Vec<&str> = written.map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(place) = place_of(line) else { continue };
        // `ansible-playbook` names the place in a line of its own, after the message.
        let message = if place.message.is_empty() {
            lines[..at].iter().rev().find(|line| line.starts_with("ERROR")).copied().unwrap_or(line)
        } else {
            place.message
        };
        if place.is_warning {
            continue;
        }
        let mut diagnostic =
            Diagnostic::error(CODE, format!("{}: {}", linter.program, message.trim_end_matches('.')));
        if let Some(location) = locate(stack, root, &place) {
            diagnostic = diagnostic.at(location);
        }
        if !diagnostics.contains(&diagnostic) {
            diagnostics.push(diagnostic);
        }
    }
    if diagnostics.is_empty() {
        let code = ended.code.map_or("a signal".to_owned(), |code| format!("exit code {code}"));
        let shown = lines[..lines.len().min(SHOWN_LINES)].join("; ");
        diagnostics.push(
            Diagnostic::error(CODE, format!("{} ended with {code}: {shown}", linter.program))
                .hint(format!("run it in {} to see everything", stack.dir)),
        );
    }
    diagnostics
}

/// A place that a linter names.
#[derive(Debug, PartialEq, Eq)]
struct Place<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    message: &'a str,
    is_warning: bool,
}

/// Understands `path:line[:column]: message`, Puppet's `… (file: path, line: 1[, column: 2])` and Ansible's
/// `… in 'path': line 1, column 2, …`.
fn place_of(line: &str) -> Option<Place<'_>> {
    let (path, at, message) = if let Some((message, rest)) = line.split_once(" (file: ") {
        // At the end of the input Puppet names no line.
        let (path, numbers) =
            rest.split_once(", line: ").or(rest.strip_suffix(')').map(|path| (path, "1")))?;
        (path, numbers, message.strip_prefix("Error: ").unwrap_or(message))
    } else if let Some((_, rest)) = line.split_once("error appears to be in '") {
        let (path, numbers) = rest.split_once("': line ")?;
        (path, numbers, "")
    } else {
        let (path, rest) = line.split_once(':').filter(|(path, _)| !path.contains(' '))?;
        let end = rest.find(": ").unwrap_or(rest.find(' ')?);
        (path, &rest[..end], rest[end..].trim_start_matches([':', ' ']))
    };
    let mut numbers = at.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok());
    let is_warning = message.starts_with("[warning]");
    let message = message.strip_prefix("[error] ").unwrap_or(message);
    Some(Place { path, line: numbers.next()?, column: numbers.next().unwrap_or(1), message, is_warning })
}

/// Line and column as a place in a file of the project.
fn locate(stack: &Stack, root: &Path, place: &Place<'_>) -> Option<Location> {
    let full = root.join(stack.dir).join(place.path);
    let shown = full.strip_prefix(root).ok()?;
    let text = read_text(&full, 8 << 20).ok().flatten()?;
    let before: usize = text.split_inclusive('\n').take(place.line.saturating_sub(1)).map(str::len).sum();
    let line = text[before..].lines().next().unwrap_or_default();
    let column = line.char_indices().nth(place.column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
    Some(Location::new(shown, &text, before + column..before + line.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_all_linters_are_understood() {
        let place = |line| place_of(line).map(|place| (place.path, place.line, place.column, place.message));
        assert_eq!(
            place("playbooks/x.yml:4:7: syntax-check[specific]: The role 'nope' was not found."),
            Some(("playbooks/x.yml", 4, 7, "syntax-check[specific]: The role 'nope' was not found."))
        );
        assert_eq!(
            place("roles/a/tasks/main.yml:12: name[missing] All tasks should be named."),
            Some(("roles/a/tasks/main.yml", 12, 1, "name[missing] All tasks should be named."))
        );
        assert_eq!(
            place("playbooks/base.yml:2:81: [error] line too long (91 > 80 characters) (line-length)"),
            Some(("playbooks/base.yml", 2, 81, "line too long (91 > 80 characters) (line-length)"))
        );
        assert_eq!(
            place(
                "Error: Could not parse for environment production: Syntax error at '}' (file: /p/manifests/site.pp, line: 3, column: 1)"
            ),
            Some((
                "/p/manifests/site.pp",
                3,
                1,
                "Could not parse for environment production: Syntax error at '}'"
            ))
        );
        assert_eq!(
            place("The error appears to be in '/p/x.yml': line 4, column 7, but may"),
            Some(("/p/x.yml", 4, 7, ""))
        );
        assert_eq!(
            place("Error: Syntax error at end of input (file: /p/a.pp)"),
            Some(("/p/a.pp", 1, 1, "Syntax error at end of input"))
        );
        assert_eq!(place("Passed with production profile: 0 failures"), None);
        assert_eq!(place("error: something: else"), None);
    }
}
