//! Reads a description (`OpenAPI` 3.1) into what its page shows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Where references to schemas lead.
const SCHEMAS: &str = "#/components/schemas/";

/// An API, as its page shows it.
#[derive(Debug)]
pub(super) struct Docs {
    pub(super) title: String,
    pub(super) lead: Line,
    pub(super) server: String,
    /// What operations belong together.
    pub(super) areas: Vec<Area>,
    /// The objects that operations mention, but for those that are shown with them.
    pub(super) schemas: Vec<Schema>,
}

/// A text, cut where its kind changes.
pub(super) type Line = Vec<Piece>;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// As a program writes it.
    Code(String),
    /// The name of a schema.
    Schema(String),
    /// In words.
    Words(String),
}

/// The operations of a tag.
#[derive(Debug)]
pub(super) struct Area {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) lead: Line,
    pub(super) operations: Vec<Operation>,
}

/// A method of a path.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) lead: Line,
    pub(super) scope: String,
    pub(super) parameters: Vec<Member>,
    pub(super) body: Option<Content>,
    pub(super) answers: Vec<Answer>,
}

/// An answer of an operation.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: String,
    pub(super) lead: Line,
    pub(super) content: Option<Content>,
}

/// What a body holds.
#[derive(Debug)]
pub(super) struct Content {
    /// What it is, unless its members say so.
    pub(super) kind: Line,
    pub(super) members: Vec<Member>,
}

/// An object that is mentioned.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) name: String,
    pub(super) lead: Line,
    pub(super) content: Content,
}

/// A member of an object, or a parameter.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    /// Where a parameter stands.
    pub(super) place: Option<String>,
    pub(super) kind: Line,
    pub(super) is_required: bool,
    pub(super) lead: Line,
}

impl Docs {
    /// Reads a description.
    pub(super) fn read(description: &Value) -> Self {
        let reader = Reader(&description["components"]);
        let mut by_tag: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
        for (path, methods) in entries(&description["paths"]) {
            for (method, operation) in entries(methods) {
                let tag = text(&operation["tags"][0]);
                let operation = reader.operation(path, method, operation);
                by_tag.entry(tag).or_default().push(operation);
            }
        }
        let leads: BTreeMap<String, Line> = list(&description["tags"])
            .map(|tag| (text(&tag["name"]), line(&text(&tag["description"]))))
            .collect();
        let areas = by_tag.into_iter().map(|(name, operations)| Area {
            id: name.to_lowercase().replace(' ', "-"),
            lead: leads.get(&name).cloned().unwrap_or_default(),
            name,
            operations,
        });
        let areas: Vec<Area> = areas.collect();
        Self {
            title: text(&description["info"]["title"]),
            lead: line(&text(&description["info"]["description"])),
            server: text(&description["servers"][0]["url"]),
            schemas: reader.mentioned(&areas),
            areas,
        }
    }
}

/// Reads with the components of a description at hand.
struct Reader<'a>(&'a Value);

impl<'a> Reader<'a> {
    fn operation(&self, path: &str, method: &str, operation: &Value) -> Operation {
        let parameter = |parameter: &Value| Member {
            name: text(&parameter["name"]),
            place: Some(text(&parameter["in"])),
            kind: kind(&parameter["schema"]),
            is_required: parameter["required"] == true,
            lead: line(&text(&parameter["description"])),
        };
        let id = text(&operation["operationId"]);
        let words = ["summary", "description"].map(|part| text(&operation[part]));
        Operation {
            name: spaced(&id),
            id,
            method: method.to_uppercase(),
            path: path.to_owned(),
            lead: line(words.join(" ").trim()),
            scope: text(&operation["security"][0]["management"][0]),
            parameters: list(&operation["parameters"]).map(parameter).collect(),
            body: self.content(&operation["requestBody"], true),
            answers: entries(&operation["responses"])
                .map(|(status, answer)| self.answer(status, answer))
                .collect(),
        }
    }

    fn answer(&self, status: &str, answer: &Value) -> Answer {
        let answer = self.resolved(answer);
        Answer {
            status: status.to_owned(),
            lead: line(&text(&answer["description"])),
            content: self.content(answer, status.starts_with('2')),
        }
    }

    /// The content of a body, in full or by name.
    fn content(&self, holder: &Value, in_full: bool) -> Option<Content> {
        let schema = &holder["content"]["application/json"]["schema"];
        if schema.is_null() {
            return None;
        }
        let members = if in_full {
            self.members(schema)
        } else {
            Vec::new()
        };
        let kind = if members.is_empty() {
            kind(schema)
        } else {
            Line::new()
        };
        Some(Content { kind, members })
    }

    /// The members of an object, those of its parts included.
    fn members(&self, schema: &Value) -> Vec<Member> {
        let schema = self.resolved(schema);
        let mut members = Vec::new();
        for part in list(&schema["allOf"]) {
            members.extend(self.members(part));
        }
        let required: BTreeSet<String> = list(&schema["required"]).map(text).collect();
        for (name, schema) in entries(&schema["properties"]) {
            let lead = line(&text(&schema["description"]));
            members.push(Member {
                name: name.clone(),
                place: None,
                kind: kind(schema),
                is_required: required.contains(name),
                lead,
            });
            // An object without a name is shown where it is.
            let (inner, sign) = match &schema["items"] {
                Value::Null => (schema, "."),
                items => (items, "[]."),
            };
            if inner["$ref"].is_null() {
                members.extend(self.members(inner).into_iter().map(|member| Member {
                    name: format!("{name}{sign}{}", member.name),
                    ..member
                }));
            }
        }
        members
    }

    /// What a reference leads to.
    fn resolved<'v>(&self, value: &'v Value) -> &'v Value
    where
        'a: 'v,
    {
        let path = value["$ref"].as_str();
        path.and_then(|path| path.strip_prefix("#/components"))
            .and_then(|path| self.0.pointer(path))
            .unwrap_or(value)
    }

    /// The schemas that areas mention, and those that these mention, by name.
    fn mentioned(&self, areas: &[Area]) -> Vec<Schema> {
        let mut found: BTreeMap<String, Schema> = BTreeMap::new();
        let mut names: Vec<String> = Vec::new();
        for operation in areas.iter().flat_map(|area| &area.operations) {
            names.extend(in_members(&operation.parameters));
            names.extend(operation.body.iter().flat_map(in_content));
            let contents = operation.answers.iter().flat_map(|answer| &answer.content);
            names.extend(contents.flat_map(in_content));
        }
        while let Some(name) = names.pop() {
            if found.contains_key(&name) {
                continue;
            }
            let schema = self.schema(&name);
            names.extend(in_content(&schema.content));
            found.insert(name, schema);
        }
        found.into_values().collect()
    }

    fn schema(&self, name: &str) -> Schema {
        let schema = &self.0["schemas"][name];
        let members = self.members(schema);
        let kind = if members.is_empty() {
            kind(schema)
        } else {
            Line::new()
        };
        Schema {
            name: name.to_owned(),
            lead: line(&text(&schema["description"])),
            content: Content { kind, members },
        }
    }
}

fn in_content(content: &Content) -> Vec<String> {
    let mut names = in_line(&content.kind);
    names.extend(in_members(&content.members));
    names
}

fn in_members(members: &[Member]) -> Vec<String> {
    members
        .iter()
        .flat_map(|member| in_line(&member.kind))
        .collect()
}

fn in_line(line: &Line) -> Vec<String> {
    let names = line.iter().filter_map(|piece| match piece {
        Piece::Schema(name) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

/// What a value may be.
fn kind(schema: &Value) -> Line {
    if let Some(path) = schema["$ref"].as_str() {
        let name = path.trim_start_matches(SCHEMAS);
        return vec![Piece::Schema(name.to_owned())];
    }
    let mut line = Line::new();
    let choices = ["oneOf", "anyOf", "allOf"].map(|word| list(&schema[word]));
    for (index, choice) in choices.into_iter().flatten().enumerate() {
        if index > 0 {
            line.push(words(" or "));
        }
        line.extend(kind(choice));
    }
    if !line.is_empty() {
        // Whether there is none comes last.
        if line.len() > 2 && line[0] == words("null") {
            line.drain(..2);
            line.push(words(" or null"));
        }
        return line;
    }
    let types: Vec<String> = match &schema["type"] {
        Value::String(one) => vec![one.clone()],
        several => list(several).map(text).collect(),
    };
    let named = types
        .iter()
        .find(|name| *name != "null" || types.len() == 1);
    match named.map(String::as_str) {
        None => line.push(words("any value")),
        Some("array") => {
            line.push(words("list of "));
            line.extend(kind(&schema["items"]));
        }
        Some("object") if schema["additionalProperties"].is_object() => {
            line.push(words("object of "));
            line.extend(kind(&schema["additionalProperties"]));
        }
        Some(name) => line.push(words(name)),
    }
    if types.len() > 1 && types.iter().any(|name| name == "null") {
        line.push(words(" or null"));
    }
    line.extend(limits(schema));
    line
}

/// What a value is held to.
fn limits(schema: &Value) -> Line {
    let mut line = Line::new();
    match schema["format"].as_str() {
        // Which number of the machine holds it is nothing to people.
        None | Some("int32" | "int64") => {}
        Some(format) => line.push(words(&format!(", {format}"))),
    }
    for (least, most, what) in [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " entries"),
    ] {
        let number = |name: &str| schema[name].as_number().map(ToString::to_string);
        let said = match (number(least), number(most)) {
            (Some(least), Some(most)) => format!(", {least} to {most}{what}"),
            (Some(least), None) => format!(", at least {least}{what}"),
            (None, Some(most)) => format!(", at most {most}{what}"),
            (None, None) => continue,
        };
        line.push(words(&said));
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        line.push(words(", matching "));
        line.push(Piece::Code(pattern.to_owned()));
    }
    for (index, value) in list(&schema["enum"]).enumerate() {
        line.push(words(if index == 0 { ", one of " } else { ", " }));
        line.push(Piece::Code(text(value)));
    }
    line
}

fn words(text: &str) -> Piece {
    Piece::Words(text.to_owned())
}

/// Cuts a text at its backticks: every second piece is code.
fn line(text: &str) -> Line {
    let pieces = text.trim().split('`').enumerate();
    let pieces = pieces.filter(|(_, piece)| !piece.is_empty());
    let kinds = pieces.map(|(index, piece)| {
        let piece = piece.to_owned();
        if index % 2 == 1 {
            Piece::Code(piece)
        } else {
            Piece::Words(piece)
        }
    });
    kinds.collect()
}

/// A name such as `listUsers` as words: "List users".
fn spaced(name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for character in name.chars() {
        match words.last_mut() {
            Some(word) if !character.is_uppercase() => word.push(character),
            Some(_) => words.push(character.to_lowercase().collect()),
            None => words.push(character.to_uppercase().collect()),
        }
    }
    let spelled = words.iter().map(|word| match word.as_str() {
        "api" => "API",
        "apis" => "APIs",
        "urls" => "URLs",
        other => other,
    });
    spelled.collect::<Vec<_>>().join(" ")
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
