//! The house holds: who imports whom, who names which library, and how long a file may grow.
//!
//! Reads the source as text. Unit tests, which may do more, are left out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The modules in the order of their layers: each may import those before it, and itself.
///
/// Those in one row belong together and may import each other.
const LAYERS: &[&[&str]] = &[
    // vocabulary
    &["clock", "id", "naming", "secret", "words"],
    &["protocol"],
    &["config"],
    // adapters
    &["vault"],
    &["federation", "mail", "passwords"],
    &["store"],
    // concepts
    &["audit", "clients"],
    &["access", "flags", "properties"],
    &["directory", "tokens"],
    &["interaction", "maintenance", "provisioning"],
    // what is built of them, and the surfaces
    &["app"],
    &["web"],
];

/// Beside the house: somebody else's application, which could be a crate of its own.
const PLAYGROUND: &str = "playground";

/// Modules of one row that may not import each other all the same.
const APART: &[(&str, &str)] = &[
    ("directory", "tokens"),
    ("tokens", "directory"),
    ("interaction", "maintenance"),
    ("interaction", "provisioning"),
    ("maintenance", "interaction"),
    ("maintenance", "provisioning"),
    ("provisioning", "interaction"),
    ("provisioning", "maintenance"),
];

/// The libraries that only these modules name.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("axum", &["command", "playground", "web"]),
    ("josekit", &["tokens", "vault"]),
    ("openidconnect", &["federation", "playground"]),
];

const LONGEST_FILE: usize = 500;

/// A file of `src/`, without comments and unit tests.
struct Source {
    path: PathBuf,
    /// The first part of its path.
    module: String,
    lines: usize,
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    assert!(paths.len() > 50, "the source is here");
    paths.sort();
    paths.iter().map(|path| read(&root, path)).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the source can be read") {
        let path = entry.expect("the source can be read").path();
        let name = path.file_name().and_then(|name| name.to_str());
        if path.is_dir() && name != Some("tests") {
            collect(&path, paths);
        } else if path.extension().is_some_and(|end| end == "rs") && name != Some("tests.rs") {
            paths.push(path);
        }
    }
}

fn read(root: &Path, path: &Path) -> Source {
    let text = std::fs::read_to_string(path).expect("the source can be read");
    let relative = path.strip_prefix(root).expect("it is below").to_owned();
    let first = relative.iter().next().and_then(|part| part.to_str());
    let module = first.unwrap_or_default().trim_end_matches(".rs");
    let tested = text.split("\n#[cfg(test)]\nmod ").next();
    let code: Vec<&str> = tested
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    Source {
        module: module.to_owned(),
        lines: text.lines().count(),
        code: code.join("\n"),
        path: relative,
    }
}

/// The modules of ours that a file names: after `crate::`, alone or in braces.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        if let Some(group) = rest.strip_prefix('{') {
            found.extend(first_names(group));
        } else {
            found.insert(first_word(rest));
        }
    }
    found.retain(|name| is_module(name));
    found
}

/// The first word of each element of a group in braces.
fn first_names(group: &str) -> Vec<String> {
    let (mut depth, mut element, mut names) = (0, String::new(), Vec::new());
    for character in group.chars() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(first_word(&std::mem::take(&mut element))),
            other if depth == 0 => element.push(other),
            _ => {}
        }
    }
    names.push(first_word(&element));
    names
}

fn first_word(text: &str) -> String {
    let text = text.trim_start();
    let end = text.find(|character: char| !character.is_alphanumeric() && character != '_');
    text[..end.unwrap_or(text.len())].to_owned()
}

fn is_module(name: &str) -> bool {
    layer(name).is_some() || name == PLAYGROUND
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// Whether the library is named in a path or an attribute, and not as a part of another word.
fn names(code: &str, library: &str) -> bool {
    code.match_indices(library).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let is_start = before.is_none_or(|b| !b.is_alphanumeric() && b != '_' && b != '"');
        is_start && code[at + library.len()..].starts_with("::")
    })
}

#[test]
fn every_module_has_its_layer() {
    let known: BTreeSet<&str> = LAYERS.iter().flat_map(|row| row.iter().copied()).collect();
    let beside = ["command", "lib", "main", PLAYGROUND];
    let modules: BTreeSet<String> = sources().into_iter().map(|file| file.module).collect();
    for module in &modules {
        let has = known.contains(module.as_str()) || beside.contains(&module.as_str());
        assert!(has, "{module} is missing from the layers in this test");
    }
    for layer in known {
        assert!(modules.contains(layer), "there is no module {layer}");
    }
}

#[test]
fn each_layer_imports_what_is_to_its_right() {
    let mut wrong = Vec::new();
    for file in sources() {
        let Some(own) = layer(&file.module) else {
            continue;
        };
        for import in imports(&file.code) {
            let is_apart = APART.contains(&(&file.module, &import));
            if layer(&import).is_none_or(|theirs| theirs > own) || is_apart {
                wrong.push(format!("{} imports {import}", file.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_protocol_could_be_a_crate_of_its_own() {
    let allowed = ["clock", "id", "protocol", "secret", "words"];
    for file in sources().iter().filter(|file| file.module == "protocol") {
        for import in imports(&file.code) {
            let is_allowed = allowed.contains(&import.as_str());
            assert!(is_allowed, "{} imports {import}", file.path.display());
        }
        for foreign in ["async fn", "sqlx::", "axum::", "tokio::"] {
            let has = file.code.contains(foreign);
            assert!(!has, "{} has {foreign}", file.path.display());
        }
    }
}

#[test]
fn the_playground_knows_nothing_of_the_server() {
    for file in sources().iter().filter(|file| file.module == PLAYGROUND) {
        for import in imports(&file.code) {
            let is_allowed = ["clock", PLAYGROUND].contains(&import.as_str());
            assert!(is_allowed, "{} imports {import}", file.path.display());
        }
    }
}

#[test]
fn each_library_is_named_where_it_belongs() {
    let mut wrong = Vec::new();
    for file in sources() {
        for (library, modules) in LIBRARIES {
            if names(&file.code, library) && !modules.contains(&file.module.as_str()) {
                wrong.push(format!("{} names {library}", file.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_store_contains_sql() {
    let statements = [
        "\"SELECT ",
        "\"INSERT INTO ",
        "\"UPDATE ",
        "\"DELETE FROM ",
        "\"BEGIN",
    ];
    let queries = [
        "sqlx::query",
        "sqlx::raw_sql",
        "query_as",
        ".fetch_one(",
        ".fetch_all(",
    ];
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| file.module != "store") {
        for sign in statements.iter().chain(&queries) {
            if file.code.contains(sign) {
                wrong.push(format!("{} has {sign}", file.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let drivers = ["SqlitePool", "PgPool"];
    for file in sources()
        .iter()
        .filter(|file| !file.path.ends_with("store/db.rs"))
    {
        let named = drivers.iter().any(|driver| file.code.contains(driver));
        assert!(!named, "{} names a driver", file.path.display());
    }
}

#[test]
fn no_file_grows_past_reading() {
    for file in sources() {
        let is_short = file.lines <= LONGEST_FILE;
        assert!(is_short, "{} has {} lines", file.path.display(), file.lines);
    }
}

#[test]
fn this_test_reads_imports_as_the_compiler_does() {
    let code = "use crate::clock::Timestamp;\nuse crate::{\n    id::{ClientId, UserId},\n    secret,\n};\n\
                fn f() -> crate::store::Tx {}\nuse crate::web;";
    let expected = ["clock", "id", "secret", "store", "web"].map(str::to_owned);
    assert_eq!(imports(code), BTreeSet::from(expected));
    assert!(names("use axum::Router;", "axum"));
    assert!(names("#[derive(josekit::X)]", "josekit"));
    assert!(!names("use myaxum::Router;", "axum"));
    assert!(!names("let axum = 1;", "axum"));
}
