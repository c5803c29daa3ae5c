use serde_json::json;

use super::*;

/// A line with its kinds as signs.
fn signs(line: &Line) -> String {
    let signs = line.iter().map(|piece| match piece {
        Piece::Code(text) => format!("`{text}`"),
        Piece::Schema(name) => format!("<{name}>"),
        Piece::Words(text) => text.clone(),
    });
    signs.collect()
}

#[test]
fn what_a_value_may_be_is_said_in_words() {
    let role = json!({ "$ref": "#/components/schemas/Role" });
    for (schema, expected) in [
        (json!({}), "any value"),
        (json!({ "type": "string" }), "string"),
        (
            json!({ "type": ["string", "null"], "minLength": 1, "maxLength": 9, "pattern": "^a$" }),
            "string or null, 1 to 9 characters, matching `^a$`",
        ),
        (
            json!({ "type": "integer", "format": "int64", "minimum": 0 }),
            "integer, at least 0",
        ),
        (
            json!({ "type": "array", "items": { "type": "string", "format": "uuid" }, "maxItems": 5 }),
            "list of string, uuid, at most 5 entries",
        ),
        (
            json!({ "type": "string", "enum": ["a", "b"] }),
            "string, one of `a`, `b`",
        ),
        (role.clone(), "<Role>"),
        (json!({ "type": "array", "items": role }), "list of <Role>"),
        (
            json!({ "type": "object", "additionalProperties": role }),
            "object of <Role>",
        ),
        (
            json!({ "oneOf": [{ "type": "null" }, role] }),
            "<Role> or null",
        ),
    ] {
        assert_eq!(signs(&kind(&schema)), expected, "{schema}");
    }
}

#[test]
fn members_are_those_of_all_parts_and_of_objects_without_a_name() {
    let components = json!({ "schemas": {
        "Role": { "type": "object", "required": ["id"], "properties": { "id": { "type": "string" } } },
    } });
    let schema = json!({ "allOf": [
        { "$ref": "#/components/schemas/Role" },
        { "type": "object", "properties": {
            "users": { "type": "array", "items": { "type": "object", "properties": { "name": {} } } },
            "role": { "$ref": "#/components/schemas/Role" },
        } },
    ] });
    let members = Reader(&components).members(&schema);
    let told = members.iter().map(|member| {
        let sign = if member.is_required { "!" } else { "" };
        format!("{}{sign}: {}", member.name, signs(&member.kind))
    });
    let expected = [
        "id!: string",
        "users: list of object",
        "users[].name: any value",
        "role: <Role>",
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[test]
fn code_stands_between_backticks_and_names_become_words() {
    assert_eq!(signs(&line("Use `a`, not `b`.")), "Use `a`, not `b`.");
    assert_eq!(line("`a` it is")[0], Piece::Code("a".to_owned()));
    assert_eq!(spaced("listUsers"), "List users");
    assert_eq!(spaced("addMemberRole"), "Add member role");
    assert_eq!(spaced("listApiScopes"), "List API scopes");
}
