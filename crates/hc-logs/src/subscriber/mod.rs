//! The `tracing` subscriber: console, `logs/<component>.log`, `logs/<component>.jsonl` and, when wanted, the
//! log of the system, all redacted.
//!
//! Promises: a log that cannot be written never panics and never fails what is logged; the failure is
//! counted and said once on the console. Never prints by itself: the console is a writer that the caller
//! gives.

mod fields;
mod options;
mod sinks;
mod system;

use std::path::Path;
use std::sync::Arc;

use hc_core::{RunId, SecretString};
use time::OffsetDateTime;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Metadata, Subscriber, span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::error::LogError;
use crate::line::{LINE_VERSION, LogLine};
use crate::redact::{RedactWarning, Redactor};
use fields::Fields;
pub use options::{ConsoleOptions, LogOptions};
use sinks::Sinks;
pub use system::{SystemOptions, SystemProtocol};

/// Stands for the running log.
#[derive(Clone)]
pub struct LogGuard {
    sinks: Arc<Sinks>,
}

impl LogGuard {
    /// Makes secrets known to every sink from now on; gives a warning for each that is too short.
    pub fn add_secrets<'a>(&self, secrets: impl IntoIterator<Item = &'a SecretString>) -> Vec<RedactWarning> {
        self.sinks.redactor.add(secrets)
    }

    /// The redactor of the log; its clones learn what is added here.
    pub fn redactor(&self) -> &Redactor {
        &self.sinks.redactor
    }

    /// How many writes to log files and to the log of the system failed.
    pub fn failures(&self) -> u64 {
        self.sinks.failures()
    }

    /// The text log, when logs go to files.
    pub fn path(&self) -> Option<&Path> {
        self.sinks.text_path.as_deref()
    }
}

/// Builds the subscriber without installing it: for `tracing::subscriber::with_default` in tests.
///
/// # Errors
/// [`LogError::BadComponent`]. A directory that cannot be used is no error: see the module's promise.
pub fn build(options: LogOptions) -> Result<(impl Subscriber + Send + Sync, LogGuard), LogError> {
    if !hc_core::id::is_kebab(&options.component) {
        return Err(LogError::BadComponent { component: options.component });
    }
    let console = console_level(options.console.verbosity);
    let files = if options.dir.is_some() { LevelFilter::DEBUG.max(console) } else { LevelFilter::OFF };
    let foreign = if options.console.verbosity > 2 { LevelFilter::TRACE } else { LevelFilter::WARN };
    let (run_id, now) = (options.run_id.clone(), options.now);
    let sinks = Arc::new(Sinks::new(options, console, files));
    let most = console.max(files).max(sinks.system_level());
    let layer = LogLayer { sinks: Arc::clone(&sinks), run_id, now, most, foreign };
    Ok((tracing_subscriber::registry().with(layer), LogGuard { sinks }))
}

/// Builds the subscriber and installs it for the whole process.
///
/// # Errors
/// As [`build`], and [`LogError::AlreadySet`].
pub fn init(options: LogOptions) -> Result<LogGuard, LogError> {
    let (subscriber, guard) = build(options)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::AlreadySet)?;
    Ok(guard)
}

fn console_level(verbosity: i8) -> LevelFilter {
    match verbosity {
        ..=-2 => LevelFilter::ERROR,
        -1 => LevelFilter::WARN,
        0 => LevelFilter::INFO,
        1 => LevelFilter::DEBUG,
        2.. => LevelFilter::TRACE,
    }
}

struct LogLayer {
    sinks: Arc<Sinks>,
    run_id: RunId,
    now: fn() -> OffsetDateTime,
    most: LevelFilter,
    /// For crates that are not ours.
    foreign: LevelFilter,
}

impl LogLayer {
    fn takes(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata.target().starts_with("hc_") || metadata.target().starts_with("hybrid");
        // Spans carry the target of a build and cost little.
        *metadata.level() <= if ours { self.most } else { self.most.min(self.foreign) }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.takes(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.most)
    }

    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut all = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<Fields>() {
                all.extend(fields);
            }
        }
        event.record(&mut all);
        let redactor = &self.sinks.redactor;
        let clean = |text: String| match redactor.redact(&text) {
            std::borrow::Cow::Borrowed(_) => text,
            std::borrow::Cow::Owned(clean) => clean,
        };
        let component =
            all.values.remove("component").unwrap_or_else(|| component_of(event.metadata().target()));
        let line = LogLine {
            version: LINE_VERSION,
            timestamp: (self.now)(),
            level: (*event.metadata().level()).into(),
            component: clean(component),
            run_id: self.run_id.clone(),
            target: all.values.remove("target").map(clean),
            message: clean(all.message),
            fields: all.values.into_iter().map(|(key, value)| (key.to_owned(), clean(value))).collect(),
        };
        self.sinks.write(*event.metadata().level(), &line);
    }
}

/// `hc_packer::process` speaks as `packer`.
fn component_of(target: &str) -> String {
    let krate = target.split("::").next().unwrap_or(target);
    krate.strip_prefix("hc_").unwrap_or(krate).replace('_', "-")
}
