//! Where lines go.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tracing::Level as TracingLevel;
use tracing::level_filters::LevelFilter;

use super::options::{ConsoleOptions, LogOptions};
use super::system::SystemSink;
use crate::line::{Level, LogLine};
use crate::redact::Redactor;
use crate::rotate::RotatingFile;

/// All sinks of a log.
pub(super) struct Sinks {
    pub(super) redactor: Redactor,
    pub(super) text_path: Option<PathBuf>,
    console_level: LevelFilter,
    file_level: LevelFilter,
    console: Mutex<ConsoleOptions>,
    files: Mutex<Vec<(Form, RotatingFile)>>,
    system: Option<SystemSink>,
    failures: AtomicU64,
    /// Whether a failure was said: of the files, of the log of the system.
    said: AtomicBool,
    said_system: AtomicBool,
}

#[derive(Clone, Copy)]
enum Form {
    Text,
    Json,
}

impl Sinks {
    pub(super) fn new(options: LogOptions, console_level: LevelFilter, file_level: LevelFilter) -> Self {
        let mut files = Vec::new();
        let mut text_path = None;
        let mut failures = 0;
        if let Some(dir) = &options.dir {
            // The first write reports it when this failed.
            failures += u64::from(hc_core::fs::create_dirs(dir).is_err());
            let path = dir.join(format!("{}.log", options.component));
            text_path = Some(path.clone());
            files.push((Form::Text, RotatingFile::new(path, options.rotation)));
            let path = dir.join(format!("{}.jsonl", options.component));
            files.push((Form::Json, RotatingFile::new(path, options.rotation)));
        }
        let system = options.system.map(|system| SystemSink::new(system, &options.component));
        Self {
            redactor: options.redactor,
            text_path,
            console_level,
            file_level,
            console: Mutex::new(options.console),
            files: Mutex::new(files),
            system,
            failures: AtomicU64::new(failures),
            said: AtomicBool::new(false),
            said_system: AtomicBool::new(false),
        }
    }

    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// What the log of the system takes.
    pub(super) fn system_level(&self) -> LevelFilter {
        self.system.as_ref().map_or(LevelFilter::OFF, |system| system.level)
    }

    pub(super) fn write(&self, level: TracingLevel, line: &LogLine) {
        if level <= self.console_level {
            self.write_console(line);
        }
        if level <= self.file_level {
            self.write_files(line);
        }
        if let Some(system) = self.system.as_ref().filter(|system| level <= system.level)
            && let Err(error) = system.send(line)
        {
            self.failures.fetch_add(1, Ordering::Relaxed);
            self.say_once(&self.said_system, line, &system.path, &error);
        }
    }

    fn write_files(&self, line: &LogLine) {
        let mut failed = None;
        {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            for (form, file) in files.iter_mut() {
                let mut text = match form {
                    Form::Text => line.to_text(),
                    Form::Json => line.to_json(),
                };
                text.push('\n');
                if let Err(error) = file.append(text.as_bytes()) {
                    failed = Some((file.path().to_owned(), error));
                    self.failures.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        if let Some((path, error)) = failed {
            self.say_once(&self.said, line, &path, &error);
        }
    }

    /// The first failure is said on the console, whatever its verbosity.
    fn say_once(&self, said: &AtomicBool, line: &LogLine, path: &Path, error: &std::io::Error) {
        if said.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut notice = line.clone();
        notice.level = Level::Warn;
        notice.component = "logs".into();
        notice.target = None;
        notice.fields.clear();
        notice.message =
            format!("cannot write {}: {error}; the run goes on without this log", path.display());
        self.write_console(&notice);
    }

    fn write_console(&self, line: &LogLine) {
        let mut console = self.console.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = if console.json { line.to_json() } else { line.to_text() };
        if console.color && !console.json {
            let (on, level) = (color(line.level), line.level.to_string());
            text = text.replacen(&format!(" {level} "), &format!(" {on}{level}\x1b[0m "), 1);
        }
        text.push('\n');
        // A closed terminal is nobody's failure.
        let _ = console.writer.write_all(text.as_bytes()).and_then(|()| console.writer.flush());
    }
}

fn color(level: Level) -> &'static str {
    match level {
        Level::Error => "\x1b[1;31m",
        Level::Warn => "\x1b[33m",
        Level::Info => "\x1b[32m",
        Level::Debug | Level::Trace => "\x1b[2m",
    }
}
