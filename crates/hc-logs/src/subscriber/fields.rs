//! The fields of events and spans as texts.

use std::collections::BTreeMap;
use std::fmt;

use tracing::field::{Field, Visit};

/// Fields by name; `message` apart.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) message: String,
    pub(super) values: BTreeMap<&'static str, String>,
}

impl Fields {
    /// Takes over the fields of a span; inner spans win.
    pub(super) fn extend(&mut self, other: &Self) {
        self.values.extend(other.values.iter().map(|(key, value)| (*key, value.clone())));
    }

    fn put(&mut self, field: &Field, value: String) {
        if field.name() == "message" {
            self.message = value;
        } else {
            self.values.insert(field.name(), value);
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        self.put(field, text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}
