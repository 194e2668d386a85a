//! `docs/formats/source-profile.schema.json` against the profiles of the tree and against the loader.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::integrity::foreign::tests::valid;
use crate::profile::compile::OPERATORS;
use crate::profile::library::Library;
use crate::profile::load::TOP;
use crate::profile::read::KEYS;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../docs/formats/source-profile.schema.json")).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Value>(text).unwrap()).unwrap()
}

#[test]
fn every_shipped_profile_fits_the_schema() {
    let schema = schema();
    for entry in Library::shipped().unwrap().entries() {
        let text = String::from_utf8(entry.files()["profile.toml"].clone()).unwrap();
        valid(&schema, &schema, &json(&text))
            .unwrap_or_else(|error| panic!("{}: {error}", entry.profile().name()));
    }
}

#[test]
fn the_schema_refuses_what_the_loader_refuses() {
    let schema = schema();
    let library = Library::shipped().unwrap();
    let text = String::from_utf8(library.find("teleport").unwrap().files()["profile.toml"].clone()).unwrap();
    for (from, to) in [
        ("framing = \"lines\"", "framing = \"line\""),
        ("match = \"all\"", "match = \"some\""),
        ("emit = \"request\"", "emit = \"requests\""),
        ("[read]", "[raed]\nx = 1\n[read]"),
        ("map = \"vote\"", "mpa = \"vote\""),
        ("type = \"array\"", "type = \"list\""),
        ("digest = \"utf8-sha256\"", "digest = \"md5\""),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        assert!(valid(&schema, &schema, &json(&changed)).is_err(), "{from} to {to}");
        assert!(crate::profile::Profile::parse("profile.toml", &changed).is_err(), "{from} to {to}");
    }
}

#[test]
fn the_schema_names_the_keys_that_the_loader_knows() {
    let schema = schema();
    let names = |value: &Value| -> BTreeSet<String> { value.as_object().unwrap().keys().cloned().collect() };
    let known = |keys: &[&str]| -> BTreeSet<String> { keys.iter().map(|key| (*key).to_owned()).collect() };
    assert_eq!(names(&schema["properties"]), known(&TOP));
    assert_eq!(names(&schema["$defs"]["read"]["properties"]), known(&KEYS));
    let operators: BTreeSet<String> = schema["$defs"]["operator"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|option| option["required"][0].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(operators, known(&OPERATORS));
}
