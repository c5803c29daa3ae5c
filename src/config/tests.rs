//! Loading, from the outside: what is accepted, what is refused and with which words.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::clock::Seconds;

fn variables(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect::<Vec<_>>()
        .into_iter()
}

/// Loads `text` as the file `vestibule.toml` in a folder of its own.
fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.toml");
    fs::write(&path, text).unwrap();
    let place = format!("{}/", folder.path().display());
    Config::load(Some(&path), variables(environment))
        .map_err(|error| error.to_string().replace(&place, ""))
}

#[test]
fn the_example_is_the_defaults() {
    let config = Config::load(None, variables(&[])).unwrap();
    assert_eq!(config.server.issuer.as_str(), "http://localhost:8080");
    assert_eq!(config.passwords.memory_kib, 19456);
    assert_eq!(config.tokens.refresh_grace, Seconds::new(30));
    assert!(config.server.strict_transport_security);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/example.toml");
    let copied = Config::load(Some(&example), variables(&[])).unwrap();
    assert_eq!(copied.server.listen, config.server.listen);
}

#[test]
fn the_environment_is_stronger_than_the_file_and_the_file_than_the_defaults() {
    let file = "[server]\nlisten = '127.0.0.1:1'\nmax_connections = 7\n";
    let config = load(
        file,
        &[("VESTIBULE__SERVER__LISTEN", "127.0.0.1:2"), ("HOME", "/")],
    )
    .unwrap();
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.server.max_connections, 7);
    assert_eq!(config.server.body_limit_bytes, 65536);
}

#[test]
fn the_environment_speaks_every_kind_of_value() {
    let config = load(
        "",
        &[
            ("VESTIBULE__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            ("VESTIBULE__SERVER__STRICT_TRANSPORT_SECURITY", "false"),
            ("VESTIBULE__KEYS__ROTATE_AFTER_SECONDS", "0"),
            ("VESTIBULE__BRANDING__NAME", "Acme, Inc."),
        ],
    )
    .unwrap();
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert!(!config.server.strict_transport_security);
    assert_eq!(config.keys.rotate_after, None);
    assert_eq!(config.branding.name, "Acme, Inc.");
}

/// A configuration file, and how its refusal begins.
const REFUSALS: &[(&str, &str)] = &[
    ("[server]\nlisten = \n", "vestibule.toml:2:10: "),
    (
        "listen = ''\n",
        "vestibule.toml:1:1: listen: must stand in a section",
    ),
    (
        "\n[sever]\n\n  listen = ''\n",
        "vestibule.toml:4:3: sever.listen: there is no section [sever]",
    ),
    (
        "[server]\nlisten_on = ''\n",
        "vestibule.toml:2:1: server.listen_on: there is no such setting; [server] knows ",
    ),
    (
        "[server]\nlisten = 8080\n",
        "vestibule.toml:2:10: server.listen: must be a text, not a whole number",
    ),
    (
        "[server]\nlisten = '8080'\n",
        "vestibule.toml:2:10: server.listen: \"8080\" is not an address with a port",
    ),
    (
        "[server]\nlisten = ''\n",
        "vestibule.toml:2:10: server.listen: must be set",
    ),
    (
        "[server]\nissuer = 'http://id.example.com'\n",
        "vestibule.toml:2:10: server.issuer: ",
    ),
    (
        "[server]\nissuer = 'https://id.example.com/'\n",
        "vestibule.toml:2:10: server.issuer: ",
    ),
    (
        "[server]\nissuer = 'https://id.example.com/tenant'\n",
        "vestibule.toml:2:10: server.issuer: must have no path, as this server answers at the root of its host: write https://id.example.com",
    ),
    (
        "[server]\nbody_limit_bytes = 65537\n",
        "vestibule.toml:2:20: server.body_limit_bytes: must be from 1024 to 65536, not 65537",
    ),
    (
        "server.max_connections = 0\n",
        "vestibule.toml:1:26: server.max_connections: must be from 1 to 1000000, not 0",
    ),
    (
        "[server]\ntrusted_proxies = ['10.0.0.1/8']\n",
        "vestibule.toml:2:19: server.trusted_proxies: ",
    ),
    (
        "[server]\ntrusted_proxies = [8]\n",
        "vestibule.toml:2:19: server.trusted_proxies: must be a list of texts",
    ),
    (
        "[database]\nurl = 'mysql://a:hunter2@b/c'\n",
        "vestibule.toml:2:7: database.url: must be sqlite:PATH or",
    ),
    (
        "[database]\nurl = 'sqlite:'\n",
        "vestibule.toml:2:7: database.url: names no file",
    ),
    (
        "[database]\nurl = 'sqlite:a'\nurl_file = 'b'\n",
        "vestibule.toml:3:12: database.url_file: set either this or url",
    ),
    (
        "[database]\nurl_file = 'none'\n",
        "vestibule.toml:2:12: database.url_file: none can't be read",
    ),
    (
        "[keys]\nmaster_key = 'abc'\n",
        "vestibule.toml:2:14: keys.master_key: must be 32 bytes",
    ),
    (
        "[keys]\nmaster_key_file = ''\n",
        "vestibule.toml:2:19: keys.master_key_file: must be set",
    ),
    (
        "[keys]\nprevious_master_keys = ['']\n",
        "vestibule.toml:2:24: keys.previous_master_keys: must be 32 bytes",
    ),
    (
        "[keys]\nrotate_after_seconds = 3600\n",
        "vestibule.toml:2:24: keys.rotate_after_seconds: rotate_after_seconds must be longer",
    ),
    (
        "[keys]\nretain_seconds = 3600\n",
        "vestibule.toml:2:18: keys.retain_seconds: must be at least the longest lifetime",
    ),
    (
        "[sessions]\nabsolute_seconds = 60\n",
        "vestibule.toml:2:20: sessions.absolute_seconds: idle_seconds must not",
    ),
    (
        "[sign_in]\ncode_lifetime_seconds = 61\n",
        "vestibule.toml:2:25: sign_in.code_lifetime_seconds: must be from",
    ),
    (
        "[server]\nstrict_transport_security = 'no'\n",
        "vestibule.toml:2:29: server.strict_transport_security: must be true or false, not a text",
    ),
    (
        "[passwords]\niterations = 1\n",
        "vestibule.toml:2:14: passwords.iterations: memory_kib times iterations",
    ),
    (
        "[mail]\ntransport = 'pigeon'\n",
        "vestibule.toml:2:13: mail.transport: must be \"directory\" or \"smtp\"",
    ),
    (
        "[mail]\nfrom = 'nobody'\n",
        "vestibule.toml:2:8: mail.from: \"nobody\" is not a sender",
    ),
    (
        "[mail]\ntransport = 'smtp'\n",
        "the default settings: mail.smtp_host: must be set with transport",
    ),
    (
        "[mail]\nsmtp_host = 'mx.example.com'\nsmtp_tls = 'none'\n",
        "vestibule.toml:",
    ),
    (
        "[mail]\nsmtp_username = 'a'\n",
        "vestibule.toml:2:17: mail.smtp_username: needs smtp_password",
    ),
    (
        "[branding]\naccent_dark = 'red'\n",
        "vestibule.toml:2:15: branding.accent_dark: \"red\" is not a colour",
    ),
    (
        "[branding]\nlogo_url = '//cdn.example/x'\n",
        "vestibule.toml:2:12: branding.logo_url: ",
    ),
    (
        "[branding]\nterms_url = 'javascript:x'\n",
        "vestibule.toml:2:13: branding.terms_url: ",
    ),
    (
        "[tokens]\nid_lifetime_seconds = 1.5\n",
        "vestibule.toml:2:23: tokens.id_lifetime_seconds: must be a text, a whole",
    ),
    (
        "[tokens]\nid_lifetime_seconds = 99999999999999999999\n",
        "vestibule.toml:2:23: tokens.id_lifetime_seconds: is too large",
    ),
    (
        "[log]\nformat = 'xml'\n",
        "vestibule.toml:2:10: log.format: must be \"json\" or \"pretty\"",
    ),
    (
        "[log]\nfilter = 'a=b=c'\n",
        "vestibule.toml:2:10: log.filter: ",
    ),
];

#[test]
fn a_refusal_names_place_key_and_remedy() {
    for (text, refusal) in REFUSALS {
        let error = load(text, &[]).expect_err(text);
        assert!(error.starts_with(refusal), "{text}\n{error}\n{refusal}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_refused_variable_is_named() {
    for (name, value, refusal) in [
        (
            "VESTIBULE__LISTEN",
            "",
            "the environment variable VESTIBULE__LISTEN: must be named",
        ),
        (
            "VESTIBULE__SERVER__PORT",
            "1",
            "the environment variable VESTIBULE__SERVER__PORT: server.port: there is no such",
        ),
        (
            "VESTIBULE__SERVER__MAX_CONNECTIONS",
            "many",
            "the environment variable VESTIBULE__SERVER__MAX_CONNECTIONS: server.max_connections: must be a whole number",
        ),
        (
            "VESTIBULE__SERVER__LISTEN",
            "x",
            "the environment variable VESTIBULE__SERVER__LISTEN: server.listen: \"x\" is not",
        ),
    ] {
        let error = load("", &[(name, value)]).expect_err(name);
        assert!(error.starts_with(refusal), "{error}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::load(Some(Path::new("/none/vestibule.toml")), variables(&[])).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("/none/vestibule.toml: can't be read")
    );
}

#[test]
fn relative_paths_start_at_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.toml");
    fs::write(
        &path,
        "[database]\nurl = 'sqlite:a.db'\n[keys]\nmaster_key_file = '/absolute.key'\n",
    )
    .unwrap();
    let config = Config::load(Some(&path), variables(&[])).unwrap();
    let DatabaseUrl::Sqlite(database) = config.database.url else {
        panic!()
    };
    assert_eq!(database, folder.path().join("a.db"));
    let MasterKeySource::File(key) = config.keys.master_key else {
        panic!()
    };
    assert_eq!(key, PathBuf::from("/absolute.key"));
    let MailTransport::Directory(mail) = config.mail.transport else {
        panic!()
    };
    assert_eq!(mail, folder.path().join("data/mail"));
}

#[test]
fn a_secret_can_be_a_file_and_the_stronger_layer_decides() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("password"), "s3cret\r\n").unwrap();
    let path = folder.path().join("vestibule.toml");
    let smtp = "[mail]\ntransport = 'smtp'\nsmtp_host = 'localhost'\nsmtp_username = 'u'\nsmtp_password_file = 'password'\n";
    fs::write(&path, smtp).unwrap();
    for (environment, expected) in [
        (&[][..], "s3cret"),
        (&[("VESTIBULE__MAIL__SMTP_PASSWORD", "other")][..], "other"),
    ] {
        let config = Config::load(Some(&path), variables(environment)).unwrap();
        assert!(!format!("{config:?}").contains(expected));
        let MailTransport::Smtp(smtp) = config.mail.transport else {
            panic!()
        };
        assert_eq!(smtp.credentials.unwrap().password.expose(), expected);
    }
}

#[test]
fn a_postgres_address_keeps_its_password_to_itself() {
    let config = load("[database]\nurl = 'postgres://a:hunter2@b/c'\n", &[]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(matches!(config.database.url, DatabaseUrl::Postgres(_)));
}

#[test]
fn master_keys_come_from_the_configuration_or_a_file() {
    let key = MasterKey::generate(&mut rand::rng());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.toml");
    fs::write(&path, "").unwrap();
    let made = Config::load(Some(&path), variables(&[]))
        .unwrap()
        .keys
        .master_keys(&mut rand::rng())
        .unwrap();
    let text = fs::read_to_string(folder.path().join("data/master.key")).unwrap();
    let environment = [
        ("VESTIBULE__KEYS__MASTER_KEY", text.trim()),
        (
            "VESTIBULE__KEYS__PREVIOUS_MASTER_KEY_FILES",
            "data/master.key",
        ),
    ];
    let given = Config::load(Some(&path), variables(&environment))
        .unwrap()
        .keys
        .master_keys(&mut rand::rng())
        .unwrap();
    assert_eq!(given.current, made.current);
    assert_eq!(given.previous, [made.current]);
    assert_ne!(given.current, key);
}
