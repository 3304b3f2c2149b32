//! The variables of one builder as a JSON Schema, for editors and forms (CONFIG-3).

use hc_config::Diagnostic;
use hc_config::hcl::Document;
use hc_config::hcl::eval::{Scope, evaluate};
use hc_config::hcl::hcl_edit::expr::Expression;
use hc_config::hcl::types::Type;
use hc_config::variables::{self, VariableDecl};
use serde_json::{Map, Value as Json, json};

use crate::error::{EngineError, Result};
use crate::outcome::config::SchemaReport;
use crate::prepare::INJECTED;
use crate::select::Selection;

/// The schema of an answers file for the one builder that is selected.
///
/// # Errors
/// [`EngineError::NotOneBuilder`] unless exactly one builder is selected; the diagnostics of its variables.
pub fn schema(selection: &Selection) -> Result<(SchemaReport, Vec<Diagnostic>)> {
    let mut builders = selection.builders();
    let (Some(builder), None) = (builders.next(), builders.next()) else {
        return Err(EngineError::NotOneBuilder { what: "a schema", selected: selection.ids.len() });
    };
    let (declared, mut diagnostics) = variables::collect(&builder.documents);
    diagnostics.extend(selection.problems());
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(EngineError::Invalid(diagnostics));
    }
    let shown = declared.values().filter(|variable| !INJECTED.contains(&variable.name.as_str()));
    let mut properties = Map::new();
    let mut required = Vec::new();
    for variable in shown {
        if !variable.has_default {
            required.push(variable.name.clone());
        }
        properties.insert(variable.name.clone(), property(variable, &builder.documents));
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:hybrid:builder:{}", builder.id),
        "title": format!("Variables of {}", builder.id),
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    // Overlays and var files may give these too, so an answers file need not: for forms only.
    schema["x-hybrid-required"] = required.into();
    if let Some(description) = &builder.metadata.description {
        schema["description"] = description.clone().into();
    }
    Ok((SchemaReport { builder: builder.id.to_string(), schema }, diagnostics))
}

fn property(variable: &VariableDecl, documents: &[Document]) -> Json {
    let mut schema = of_type(&variable.kind);
    let mut words: Vec<String> = variable.description.iter().cloned().collect();
    words.extend(variable.validations.iter().map(|rule| rule.message.clone()));
    if !words.is_empty() {
        schema["description"] = words.join(" ").into();
    }
    if variable.sensitive {
        schema["writeOnly"] = true.into();
    } else if let Some(default) = variable.default.as_ref().and_then(hc_config::Value::to_json) {
        schema["default"] = default;
    }
    let choices = variable
        .validations
        .iter()
        .find_map(|rule| choices(documents.get(rule.document)?, &rule.condition, &variable.name));
    if let Some(choices) = choices {
        schema["enum"] = choices;
    }
    schema
}

/// The list of `contains([…], var.<name>)`.
fn choices(document: &Document, condition: &Expression, name: &str) -> Option<Json> {
    let Expression::FuncCall(call) = condition else { return None };
    let mut arguments = call.args.iter();
    let (list, asked) = (arguments.next()?, arguments.next()?);
    if call.name.name.as_str() != "contains" || asked.to_string().trim() != format!("var.{name}") {
        return None;
    }
    evaluate(document, list, &Scope::closed()).ok()?.to_json()
}

/// A type constraint as a schema.
fn of_type(kind: &Type) -> Json {
    match kind {
        Type::Any => json!({}),
        Type::String => json!({ "type": "string" }),
        Type::Number => json!({ "type": "number" }),
        Type::Bool => json!({ "type": "boolean" }),
        Type::List(inner) => json!({ "type": "array", "items": of_type(inner) }),
        Type::Set(inner) => json!({ "type": "array", "items": of_type(inner), "uniqueItems": true }),
        Type::Map(inner) => json!({ "type": "object", "additionalProperties": of_type(inner) }),
        Type::Tuple(items) => {
            let items: Vec<Json> = items.iter().map(of_type).collect();
            json!({ "type": "array", "minItems": items.len(), "maxItems": items.len(), "prefixItems": items })
        }
        Type::Object(fields) => {
            let properties: Map<String, Json> =
                fields.iter().map(|(name, field)| (name.clone(), of_type(&field.kind))).collect();
            let required: Vec<&String> =
                fields.iter().filter(|(_, field)| field.optional.is_none()).map(|(name, _)| name).collect();
            json!({ "type": "object", "properties": properties, "required": required })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn property_of(text: &str) -> Json {
        let documents = [Document::parse(Path::new("v.pkr.hcl"), text).unwrap()];
        let (declared, problems) = variables::collect(&documents);
        assert!(problems.is_empty(), "{problems:?}");
        property(declared.values().next().unwrap(), &documents)
    }

    #[test]
    fn types_defaults_and_choices_are_carried_over() {
        let mode = property_of(
            "variable \"m\" {\n type = string\n default = \"a\"\n description = \"The mode.\"\n \
             validation {\n condition = contains([\"a\", \"b\"], var.m)\n error_message = \"One of a, b.\"\n }\n}\n",
        );
        assert_eq!(
            mode,
            json!({ "type": "string", "default": "a", "enum": ["a", "b"], "description": "The mode. One of a, b." })
        );
        let disks = property_of(
            "variable \"d\" {\n type = list(object({ size = number, label = optional(string) }))\n}\n",
        );
        assert_eq!(disks["items"]["required"], json!(["size"]));
        assert_eq!(disks["items"]["properties"]["size"]["type"], "number");
    }

    #[test]
    fn a_sensitive_default_stays_out() {
        let secret =
            property_of("variable \"s\" {\n type = string\n default = \"hunter2\"\n sensitive = true\n}\n");
        assert_eq!(secret, json!({ "type": "string", "writeOnly": true }));
    }
}
