//! The description of the control plane: OpenAPI, made from the table of the routes.

use serde_json::{Map, Value, json};

use super::members::{Kind, Member, Reply, member, object};
use super::routes::{ROUTES, Route};
use super::vendor;
use crate::vendor::VENDORS;

/// The description of the routes, by OpenAPI 3.1.
pub(super) fn description() -> Value {
    let mut paths = Map::new();
    let mut add = |path: String, method: &str, operation: Value| {
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(methods) = entry.as_object_mut() {
            methods.insert(method.to_ascii_lowercase(), operation);
        }
    };
    for route in ROUTES {
        add(
            format!("/_control{}", route.path),
            route.method,
            route.operation(),
        );
    }
    for entry in VENDORS {
        for route in vendor::routes(entry) {
            let path = format!("/_control/{}/{}", entry.id, route.path);
            let body = (route.method != "GET" && route.method != "DELETE")
                .then(|| json!({ "type": "object" }));
            let operation = operation(
                &route.summary,
                entry.name,
                &parameters(&path, &[]),
                body,
                &Reply::Any,
            );
            add(path, route.method, operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "The control plane of the sandbox",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
    })
}

impl Route {
    fn operation(&self) -> Value {
        let tag = if self.path.starts_with("/{vendor}") {
            "Every vendor"
        } else {
            "Sandbox"
        };
        let parameters = parameters(self.path, self.query);
        operation(
            self.summary,
            tag,
            &parameters,
            self.body.map(object),
            &self.reply,
        )
    }
}

fn operation(
    summary: &str,
    tag: &str,
    parameters: &[Value],
    body: Option<Value>,
    reply: &Reply,
) -> Value {
    let of = |schema: Value| json!({ "application/json": { "schema": schema } });
    let error = json!({
        "description": "The request is impossible; the error says what to do",
        "content": of(object(&[member("error", Kind::Text, "The problem")])),
    });
    let mut operation = json!({
        "summary": summary,
        "tags": [tag],
        "parameters": parameters,
        "responses": {
            "200": { "description": "Success", "content": of(reply.schema()) },
            "4XX": error,
        },
    });
    if let (Some(operation), Some(body)) = (operation.as_object_mut(), body) {
        let body = json!({ "required": true, "content": of(body) });
        operation.insert("requestBody".to_owned(), body);
    }
    operation
}

fn parameters(path: &str, query: &[Member]) -> Vec<Value> {
    let vendors: Vec<&str> = VENDORS.iter().map(|vendor| vendor.id).collect();
    let in_path = path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        let schema = match name {
            "vendor" => json!({ "type": "string", "enum": vendors }),
            "number" => json!({ "type": "integer" }),
            _ => json!({ "type": "string" }),
        };
        Some(json!({ "name": name, "in": "path", "required": true, "schema": schema }))
    });
    let in_query = query.iter().map(|member| {
        json!({
            "name": member.name,
            "in": "query",
            "required": member.is_required,
            "description": member.description,
            "schema": member.kind.schema(),
        })
    });
    in_path.chain(in_query).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::routes::names;

    #[test]
    fn description_contains_every_route() {
        let description = description();
        let mut described: Vec<String> = description["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                methods
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(move |method| format!("{} {path}", method.to_ascii_uppercase()))
            })
            .collect();
        let mut names = names();
        described.sort();
        names.sort();
        assert_eq!(described, names);
    }
}
