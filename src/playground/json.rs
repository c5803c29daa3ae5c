//! JSON laid out for reading: a list of coloured pieces, escaped by the template that shows them.

use serde_json::Value;

use super::words;
use crate::clock::Timestamp;

/// Members whose value is an instant (RFC 7519 §4.1, OpenID Connect Core 1.0 §2, §5.1; RFC 7662).
const INSTANTS: [&str; 6] = ["auth_time", "exp", "iat", "nbf", "rat", "updated_at"];

/// A piece of the text and the style it is shown in.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) style: &'static str,
    pub(super) text: String,
}

/// Lays out a document, two spaces a level, with the instants of its members in words.
pub(super) fn pieces(document: &Value, now: Timestamp) -> Vec<Piece> {
    let mut layout = Layout {
        pieces: Vec::new(),
        now,
    };
    layout.value(document, 0);
    layout.pieces
}

struct Layout {
    pieces: Vec<Piece>,
    now: Timestamp,
}

impl Layout {
    fn push(&mut self, style: &'static str, text: impl Into<String>) {
        let text = text.into();
        self.pieces.push(Piece { style, text });
    }

    fn value(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Array(items) if items.is_empty() => self.push("mark", "[]"),
            Value::Array(items) => self.array(items, depth),
            Value::Object(members) if members.is_empty() => self.push("mark", "{}"),
            Value::Object(members) => self.object(members, depth),
            Value::Bool(_) | Value::Null => self.push("literal", value.to_string()),
            Value::Number(number) => self.push("number", number.to_string()),
            Value::String(_) => self.push("string", value.to_string()),
        }
    }

    fn array(&mut self, items: &[Value], depth: usize) {
        self.push("mark", "[");
        for (index, item) in items.iter().enumerate() {
            self.new_line(depth + 1);
            self.value(item, depth + 1);
            if index + 1 < items.len() {
                self.push("mark", ",");
            }
        }
        self.new_line(depth);
        self.push("mark", "]");
    }

    fn object(&mut self, members: &serde_json::Map<String, Value>, depth: usize) {
        self.push("mark", "{");
        for (index, (name, value)) in members.iter().enumerate() {
            self.new_line(depth + 1);
            self.push("name", Value::from(name.as_str()).to_string());
            self.push("mark", ": ");
            self.value(value, depth + 1);
            if index + 1 < members.len() {
                self.push("mark", ",");
            }
            if let Some(instant) = instant(name, value) {
                self.push("mark", "  ");
                self.push("remark", words::relative(instant, self.now));
            }
        }
        self.new_line(depth);
        self.push("mark", "}");
    }

    fn new_line(&mut self, depth: usize) {
        self.push("mark", format!("\n{}", "  ".repeat(depth)));
    }
}

fn instant(name: &str, value: &Value) -> Option<Timestamp> {
    INSTANTS
        .contains(&name)
        .then(|| value.as_i64().map(Timestamp::from_unix))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_together_are_the_document_with_remarks_on_its_instants() {
        let document = serde_json::json!({"exp": 1060, "scp": ["a", "b"], "roles": {}, "ok": true});
        let text: String = pieces(&document, Timestamp::from_unix(1000))
            .into_iter()
            .map(|piece| piece.text)
            .collect();
        assert_eq!(
            text,
            "{\n  \"exp\": 1060,  in 60 seconds\n  \"scp\": [\n    \"a\",\n    \"b\"\n  ],\n  \
             \"roles\": {},\n  \"ok\": true\n}"
        );
    }
}
