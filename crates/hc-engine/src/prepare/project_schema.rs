//! The project's own JSON Schema of its variables, `[config] schema` of hybrid.toml (CONFIG-3).
//!
//! Checked against the final values of every builder, before anything is written or run. A secret's value is never
//! fetched for it: such a variable counts as given, and whatever else a schema says of it is not looked at.

use std::path::{Path, PathBuf};

use hc_config::resolve::{Resolution, ResolvedVar};
use hc_config::{Diagnostic, Location};
use hc_core::fs::{confine, read_text};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value};

use crate::project::Project;

/// Most bytes of a schema that are read.
const LIMIT: u64 = 4 << 20;

/// A schema that can be used.
pub(super) struct ProjectSchema {
    path: PathBuf,
    validator: Validator,
}

impl ProjectSchema {
    /// The schema that hybrid.toml names, if it names one.
    ///
    /// # Errors
    /// `SchemaInvalid`: it is not there, not JSON, not a schema, or refers to other files.
    pub(super) fn of(project: &Project) -> Result<Option<Self>, Box<Diagnostic>> {
        let Some(path) = project.settings.config.schema.clone() else { return Ok(None) };
        let invalid = |why: String| {
            let message = format!("the schema of variables {} cannot be used: {why}", path.display());
            let hint = "correct it, or `schema` under [config] of hybrid.toml";
            Box::new(Diagnostic::error("SchemaInvalid", message).at(Location::whole_file(&path)).hint(hint))
        };
        let full = confine(&project.root, &path).map_err(|error| invalid(error.to_string()))?;
        let text = read_text(&full, LIMIT).map_err(|error| invalid(error.to_string()))?;
        let text = text.ok_or_else(|| invalid("it does not exist".into()))?;
        let schema: Value = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        let validator = jsonschema::validator_for(&schema).map_err(|error| invalid(error.to_string()))?;
        Ok(Some(Self { path, validator }))
    }

    /// Every value of a target that is not what the schema asks for, with the place that gave it.
    pub(super) fn problems(&self, resolution: &Resolution) -> Vec<Diagnostic> {
        let mut instance = Map::new();
        for (name, var) in &resolution.vars {
            instance.insert(name.clone(), var.value.to_json().unwrap_or(Value::Null));
        }
        let instance = Value::Object(instance);
        let errors = self.validator.iter_errors(&instance);
        errors.flat_map(|error| self.told(&error, resolution)).collect()
    }

    fn told(&self, error: &ValidationError<'_>, resolution: &Resolution) -> Vec<Diagnostic> {
        let path = error.instance_path().as_str().to_owned();
        let name = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let name = name.replace("~1", "/").replace("~0", "~");
        if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind()
            && name.is_empty()
        {
            let told = |name: &String| {
                let known = resolution.vars.get(name);
                self.problem(known, format!("`{name}` is not a variable of the schema"))
            };
            return unexpected.iter().map(told).collect();
        }
        let var = resolution.vars.get(&name);
        // What nobody knows before the run cannot be judged.
        if var.is_some_and(|var| var.value.has_unknown()) {
            return Vec::new();
        }
        let hides = var.is_some_and(|var| var.sensitive);
        let what = if hides { error.masked().to_string() } else { error.to_string() };
        let subject = match name.is_empty() {
            true => "the variables".to_owned(),
            false => format!("`{}`", path.trim_start_matches('/').replace('/', ".")),
        };
        vec![self.problem(var, format!("{subject}: {what}"))]
    }

    /// A problem at the place that gave the value, else at the schema.
    fn problem(&self, var: Option<&ResolvedVar>, message: String) -> Diagnostic {
        let given = var.and_then(|var| var.chain.last());
        let place = given.and_then(|origin| origin.location.clone());
        let layer = given.filter(|origin| origin.location.is_none()).map(|origin| origin.layer.clone());
        let place = place.unwrap_or_else(|| Location::whole_file(&self.path));
        let hint = match layer {
            Some(layer) => format!("given by {layer}; the schema is {}", shown(&self.path)),
            None => format!("the schema is {}", shown(&self.path)),
        };
        Diagnostic::error("ValidationFailed", message).at(place).hint(hint)
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
