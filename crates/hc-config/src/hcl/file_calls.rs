//! The functions that depend on files: `file()`, `templatefile()`, `fileset()` and their relatives.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use globset::GlobBuilder;
use hcl_edit::expr::FuncCall;
use hcl_edit::template::Element;
use indexmap::IndexMap;

use super::eval::{Eval, Evaluator, Scope, Source};
use super::files::{FileError, FileKind, Files};
use super::functions::FILES;
use super::functions::paths::{clean, join, relative};
use super::{Document, convert};
use crate::diagnostic::{Diagnostic, Location};
use crate::value::Value;
use crate::variables::is_identifier;

/// Larger files are not worth evaluating: what they hold is unknown.
const LARGEST: usize = 256 << 10;

/// A call, with what its parts share.
struct FileCall<'a> {
    node: &'a FuncCall,
    name: &'a str,
    /// The first argument.
    path: String,
    files: Option<&'a dyn Files>,
}

impl Evaluator<'_> {
    /// Evaluates a call of one of [`FILES`]; `None` for all others.
    pub(super) fn file_call(
        &self,
        node: &FuncCall,
        arguments: &[Value],
        scope: &Scope,
        depth: usize,
    ) -> Option<Eval> {
        let name = node.name.name.as_str();
        let (_, count) = FILES.iter().find(|(known, _)| *known == name)?;
        let wrong = || Err(self.fail(node, format!("{name}() does not take these arguments")));
        if arguments.len() != *count {
            return Some(wrong());
        }
        let unknown = |value: &Value| *value == Value::Unknown;
        if arguments.iter().any(unknown) {
            return Some(Ok(Value::Unknown));
        }
        let Some(path) = convert::to_text(&arguments[0]) else { return Some(wrong()) };
        let call = FileCall { node, name, path, files: scope.files.as_deref() };
        Some(match name {
            "abspath" => self.absolute(&call),
            "pathexpand" => self.expanded(&call).map(|path| path.map_or(Value::Unknown, Value::String)),
            "file" => self.text(&call).map(|text| text.map_or(Value::Unknown, string)),
            "filebase64" => self.base64(&call),
            "fileexists" => self.exists(&call),
            "fileset" => match convert::to_text(&arguments[1]) {
                Some(pattern) => self.set(&call, &pattern),
                None => wrong(),
            },
            _ => match &arguments[1] {
                Value::Map(names) if names.keys().all(|name| is_identifier(name)) => {
                    self.template_file(&call, names, scope, depth)
                }
                _ => wrong(),
            },
        })
    }

    fn unseen(&self, call: &FileCall<'_>) -> Value {
        self.unknown(call.node, || format!("{}() depends on files, which are not read here", call.name))
    }

    fn failed(&self, call: &FileCall<'_>, path: &str, error: FileError) -> Eval {
        match error {
            FileError::Hidden => {
                Ok(self.unknown(call.node, || format!("`{path}` is not a file that hybrid reads")))
            }
            FileError::Failed(error) => Err(self.fail(call.node, format!("cannot read `{path}`: {error}"))),
        }
    }

    fn absolute(&self, call: &FileCall<'_>) -> Eval {
        Ok(match call.files {
            _ if call.path.starts_with('/') => Value::String(clean(&call.path)),
            Some(files) => Value::String(join(&files.working_dir().to_string_lossy(), &call.path)),
            None => self.unseen(call),
        })
    }

    /// The path with the home directory in place of `~`; `None` when it is unknown.
    fn expanded(&self, call: &FileCall<'_>) -> Result<Option<String>, Box<Diagnostic>> {
        let Some(rest) = call.path.strip_prefix('~') else { return Ok(Some(call.path.clone())) };
        if !rest.is_empty() && !rest.starts_with('/') {
            return Err(self.fail(call.node, "`~` stands for the home directory of one user only"));
        }
        let Some(home) = call.files.and_then(Files::home_dir) else {
            self.unknown(call.node, || "the home directory is not known here".into());
            return Ok(None);
        };
        Ok(Some(clean(&format!("{}/{rest}", home.to_string_lossy()))))
    }

    /// The content of the file at the first argument, as `file()` finds it; `None` when it is unknown.
    fn text(&self, call: &FileCall<'_>) -> Result<Option<String>, Box<Diagnostic>> {
        let Some(files) = call.files else {
            self.unseen(call);
            return Ok(None);
        };
        let Some(path) = self.expanded(call)? else { return Ok(None) };
        let path = join(&files.template_dir().to_string_lossy(), &path);
        let Some(bytes) = self.content(call, files, &path)? else { return Ok(None) };
        let text = String::from_utf8(bytes);
        text.map(Some).map_err(|_| self.fail(call.node, format!("`{path}` is not text in UTF-8")))
    }

    fn base64(&self, call: &FileCall<'_>) -> Eval {
        let Some(files) = call.files else { return Ok(self.unseen(call)) };
        let bytes = self.content(call, files, &clean(&call.path))?;
        Ok(bytes.map_or(Value::Unknown, |bytes| Value::String(BASE64.encode(bytes))))
    }

    /// The bytes of a file; `None` when they are unknown.
    fn content(
        &self,
        call: &FileCall<'_>,
        files: &dyn Files,
        path: &str,
    ) -> Result<Option<Vec<u8>>, Box<Diagnostic>> {
        match files.read(Path::new(path)) {
            Ok(bytes) if bytes.len() > LARGEST => {
                self.unknown(call.node, || format!("`{path}` is too large to be evaluated"));
                Ok(None)
            }
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) => self.failed(call, path, error).map(|_| None),
        }
    }

    fn exists(&self, call: &FileCall<'_>) -> Eval {
        let Some(files) = call.files else { return Ok(self.unseen(call)) };
        let Some(path) = self.expanded(call)? else { return Ok(Value::Unknown) };
        let path = join(&files.template_dir().to_string_lossy(), &path);
        match files.kind(Path::new(&path)) {
            Ok(FileKind::File) => Ok(Value::Bool(true)),
            Ok(FileKind::Missing) => Ok(Value::Bool(false)),
            Ok(FileKind::Other) => Err(self.fail(call.node, format!("`{path}` is not a regular file"))),
            Err(error) => self.failed(call, &path, error),
        }
    }

    fn set(&self, call: &FileCall<'_>, pattern: &str) -> Eval {
        let Some(files) = call.files else { return Ok(self.unseen(call)) };
        let base = join(&files.template_dir().to_string_lossy(), &call.path);
        let pattern = clean(&format!("{base}/{pattern}"));
        // Packer takes this `!` for itself, globset for "not".
        if pattern.contains("[!") {
            return Ok(self
                .unknown(call.node, || format!("`{pattern}` means different things to different programs")));
        }
        let mut found = match matching(files, &pattern) {
            Ok(Some(found)) => found,
            Ok(None) => return Err(self.fail(call.node, format!("`{pattern}` is not a pattern"))),
            Err(error) => return self.failed(call, &pattern, error),
        };
        found.sort();
        let ways = found.iter().filter_map(|path| relative(&base, path));
        Ok(Value::List(ways.map(string).collect()))
    }

    /// Renders a file with names of its own.
    fn template_file(
        &self,
        call: &FileCall<'_>,
        names: &IndexMap<String, Value>,
        scope: &Scope,
        depth: usize,
    ) -> Eval {
        if self.source == Source::TemplateFile {
            return Err(self.fail(call.node, "templatefile() cannot be used inside a template file"));
        }
        let Some(text) = self.text(call)? else { return Ok(Value::Unknown) };
        let (document, template) =
            Document::template(Path::new(&call.path), text).map_err(|problem| self.inside(call, *problem))?;
        let mut scope = scope.only_files();
        for (name, value) in names {
            scope = scope.with(name, value.clone());
        }
        let elements: Vec<&Element> = template.iter().collect();
        let inner = Evaluator { document: &document, shared: self.shared, source: Source::TemplateFile };
        inner.bare(&elements, &scope, depth).map_err(|problem| self.inside(call, *problem))
    }

    /// A problem inside a template file, at the place that renders it.
    fn inside(&self, call: &FileCall<'_>, problem: Diagnostic) -> Box<Diagnostic> {
        let place = problem.location.map(|place: Location| format!(" ({place})")).unwrap_or_default();
        let label = problem.label.map(|label| format!(": {label}")).unwrap_or_default();
        let mut at_call = self.fail(call.node, format!("{}{label}{place}", problem.message));
        at_call.hint = problem.hint;
        at_call
    }
}

fn string(text: String) -> Value {
    convert::normalized(Value::String(text))
}

/// The regular files that match a clean pattern; `None` when it is not one.
fn matching(files: &dyn Files, pattern: &str) -> Result<Option<Vec<String>>, FileError> {
    let wild = |part: &str| part.contains(['*', '?', '[', '{', '\\']);
    let Some(first) = pattern.split('/').position(wild) else {
        let file = files.kind(Path::new(pattern))? == FileKind::File;
        return Ok(Some(if file { vec![pattern.to_owned()] } else { Vec::new() }));
    };
    let glob = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build();
    let Ok(glob) = glob.map(|glob| glob.compile_matcher()) else { return Ok(None) };
    let fixed: Vec<&str> = pattern.split('/').take(first).collect();
    let dir = match (first, pattern.starts_with('/')) {
        (0, _) => ".".to_owned(),
        (1, true) => "/".to_owned(),
        _ => fixed.join("/"),
    };
    let below = files.below(Path::new(&dir))?;
    let paths = below.iter().map(|path| clean(&format!("{dir}/{}", path.to_string_lossy())));
    Ok(Some(paths.filter(|path| glob.is_match(path)).collect()))
}
