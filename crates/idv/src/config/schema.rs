//! The keys of a configuration, and their JSON Schema.

use idv_core::adapter::settings::{Setting, SettingKind};
use idv_core::call::CallPolicy;
use serde_json::{Map, Value, json};

use super::Config;
use super::transport::TransportSettings;

/// The tables that apply to all accounts, and that each account can override.
const COMMON: [(&str, &[Setting]); 2] = [
    ("calls", CallPolicy::SETTINGS),
    ("transport", TransportSettings::SETTINGS),
];

impl Config {
    /// Returns the tables of a configuration with their keys, including those of the vendors that
    /// are compiled in.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// let tables = idv::Config::tables();
    /// let (_, settings) = tables.iter().find(|(name, _)| *name == "idnow").expect("compiled in");
    /// let company = settings.iter().find(|setting| setting.key == "company").expect("a setting");
    /// assert!(company.required);
    /// assert_eq!(company.variable("idnow"), "IDV_IDNOW_COMPANY");
    /// # }
    /// ```
    #[must_use]
    pub fn tables() -> Vec<(&'static str, &'static [Setting])> {
        COMMON
            .into_iter()
            .chain(
                crate::vendors()
                    .iter()
                    .map(|vendor| (vendor.id, vendor.settings)),
            )
            .collect()
    }

    /// Returns the JSON Schema of a configuration file, including the vendors that are compiled in.
    ///
    /// `sections` are the tables that belong to no vendor, with their keys. Each key has its
    /// environment variable as `x-variable`.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// let schema = idv::Config::schema(&[]);
    /// let idnow = &schema["properties"]["idnow"];
    /// assert_eq!(idnow["properties"]["company"]["x-variable"], "IDV_IDNOW_COMPANY");
    /// assert_eq!(idnow["required"], idv::serde_json::json!(["company", "api_key"]));
    /// # }
    /// ```
    #[must_use]
    pub fn schema(sections: &[(&str, &[Setting])]) -> Value {
        let providers: Vec<&str> = crate::vendors().iter().map(|vendor| vendor.id).collect();
        let account = json!({ "type": "object", "properties": { "provider": { "enum": providers } }, "required": ["provider"] });
        let mut schema = object();
        let provider = json!({ "description": "The default account.", "type": "string", "x-variable": "IDV_PROVIDER" });
        insert(&mut schema, &["provider"], provider);
        let accounts = json!({ "description": "Named accounts.", "type": "object", "additionalProperties": account });
        insert(&mut schema, &["accounts"], accounts);
        for (name, settings) in Self::tables().iter().chain(sections) {
            let mut one = table(name, settings);
            for (inner, settings) in COMMON.iter().filter(|_| providers.contains(name)) {
                insert(
                    &mut one,
                    &[inner],
                    table(&format!("{name}.{inner}"), settings),
                );
            }
            insert(&mut schema, &[name], one);
        }
        if let Some(schema) = schema.as_object_mut() {
            schema.insert(
                "$schema".to_owned(),
                json!("https://json-schema.org/draft/2020-12/schema"),
            );
            schema.insert("title".to_owned(), json!("Config"));
        }
        schema
    }
}

fn table(name: &str, settings: &[Setting]) -> Value {
    let mut schema = object();
    for setting in settings {
        let leaf = json!({
            "description": format!("{} Expected: {}.", setting.summary(), (setting.form)()),
            "x-variable": setting.variable(name),
            "x-secret": matches!(setting.kind, SettingKind::Secret | SettingKind::Secrets),
        });
        insert(
            &mut schema,
            &setting.key.split('.').collect::<Vec<_>>(),
            leaf,
        );
    }
    let required: Vec<&str> = settings
        .iter()
        .filter(|setting| setting.required)
        .map(|setting| setting.key)
        .collect();
    if let (Some(schema), false) = (schema.as_object_mut(), required.is_empty()) {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

/// Inserts a property at a path, and creates the tables on the way.
fn insert(schema: &mut Value, path: &[&str], property: Value) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    match (properties, path) {
        (Some(properties), [key]) => drop(properties.insert((*key).to_owned(), property)),
        (Some(properties), [table, rest @ ..]) => insert(
            properties.entry(*table).or_insert_with(object),
            rest,
            property,
        ),
        _ => {}
    }
}

fn object() -> Value {
    json!({ "type": "object", "properties": Map::new(), "additionalProperties": false })
}
