//! The JSON Schema of a configuration.

use idv_core::adapter::settings::{Setting, SettingKind};
use idv_core::call::CallPolicy;
use serde_json::{Map, Value, json};

use super::Config;
use super::transport::TransportSettings;

impl Config {
    /// Returns the JSON Schema of a configuration file with the vendors that are compiled in. `sections` are the tables that are no
    /// vendor's, with their keys. Each key has its environment variable as `x-variable`.
    #[must_use]
    pub fn schema(sections: &[(&str, &[Setting])]) -> Value {
        let common = [("calls", CallPolicy::SETTINGS), ("transport", TransportSettings::SETTINGS)];
        let mut properties = Map::new();
        for (name, settings) in common.iter().chain(sections) {
            properties.insert((*name).to_owned(), table(name, settings, &[]));
        }
        for vendor in crate::vendors() {
            properties.insert(vendor.id.to_owned(), table(vendor.id, vendor.settings, &common));
        }
        let providers: Vec<&str> = crate::vendors().iter().map(|vendor| vendor.id).collect();
        let provider = json!({ "description": "The default account.", "type": "string", "x-variable": "IDV_PROVIDER" });
        properties.insert("provider".to_owned(), provider);
        let account = json!({ "type": "object", "properties": { "provider": { "enum": providers } }, "required": ["provider"] });
        let accounts = json!({ "description": "Named accounts.", "type": "object", "additionalProperties": account });
        properties.insert("accounts".to_owned(), accounts);
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Config",
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        })
    }
}

fn table(name: &str, settings: &[Setting], inner: &[(&str, &[Setting])]) -> Value {
    let mut schema = object();
    for setting in settings {
        let mut at = &mut schema;
        let mut parts: Vec<&str> = setting.key.split('.').collect();
        let key = parts.pop().unwrap_or_default();
        for part in parts {
            if at["properties"].get(part).is_none() {
                at["properties"][part] = object();
            }
            at = &mut at["properties"][part];
        }
        at["properties"][key] = json!({
            "description": format!("{} Expected: {}.", setting.doc.replace('\n', " ").trim(), (setting.form)()),
            "x-variable": setting.variable(name),
            "x-secret": matches!(setting.kind, SettingKind::Secret | SettingKind::Secrets),
        });
    }
    for (key, settings) in inner {
        schema["properties"][key] = table(&format!("{name}_{key}"), settings, &[]);
    }
    let required: Vec<&str> = settings.iter().filter(|setting| setting.required).map(|setting| setting.key).collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn object() -> Value {
    json!({ "type": "object", "properties": {}, "additionalProperties": false })
}
