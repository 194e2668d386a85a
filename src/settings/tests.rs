use super::*;

const SMALLEST: &str = r#"
entity = "Acme"
period = { from = 2026-07-01, to = 2026-10-01T00:00:00Z }
[[source]]
id = "gate-eu"
profile = "countersign"
objects = ["logs/*.jsonl"]
"#;

fn parse(text: &str) -> Result<Workspace, SettingsError> {
    file::parse(text, Path::new("."))
}

#[test]
fn smallest_workspace_takes_the_defaults() {
    let workspace = parse(SMALLEST).unwrap();
    assert_eq!(workspace.from.to_string(), "2026-07-01T00:00:00.000Z");
    assert_eq!(workspace.frameworks, ["iso27001-2022", "soc2-tsc-2017"]);
    assert_eq!(workspace.sources[0].logs, ["gate-eu"]);
    assert_eq!(workspace.sources[0].role, Role::Approvals);
    assert!(workspace.pack.include_sources);
}

#[test]
fn unknown_key_names_its_line_and_a_near_match() {
    let error = parse(&SMALLEST.replace("profile =", "profil =")).unwrap_err();
    assert!(error.to_string().contains("line 6: unknown field `profil`"), "{error}");
    assert_eq!(error.help().unwrap(), "did you mean `profile`?");
}

#[test]
fn unknown_enum_value_is_an_error_with_a_near_match() {
    let error = parse(&format!("{SMALLEST}role = \"approval\"\n")).unwrap_err();
    assert!(error.to_string().contains("unknown value `approval` of `role`"), "{error}");
    assert_eq!(error.help().unwrap(), "did you mean `approvals`?");
}

#[test]
fn time_without_offset_is_refused() {
    let error = parse(&SMALLEST.replace("2026-10-01T00:00:00Z", "2026-10-01T00:00:00")).unwrap_err();
    assert!(error.to_string().contains("expected an RFC 3339 time"), "{error}");
}

#[test]
fn period_that_ends_before_it_starts_is_refused() {
    let error = parse(&SMALLEST.replace("2026-10-01T", "2026-07-01T")).unwrap_err();
    assert!(error.to_string().contains("not after its start"), "{error}");
}

#[test]
fn source_declared_twice_is_refused() {
    let twice = format!("{SMALLEST}[[source]]\nid = \"gate-eu\"\nprofile = \"hoop\"\nobjects = [\"x\"]\n");
    assert!(parse(&twice).unwrap_err().to_string().contains("declared twice"));
}

#[test]
fn log_of_two_sources_is_refused() {
    let second =
        "[[source]]\nid = \"copy\"\nprofile = \"countersign\"\nobjects = [\"x\"]\nlogs = [\"gate-eu\"]\n";
    let error = parse(&format!("{SMALLEST}{second}")).unwrap_err();
    assert!(error.to_string().contains("log `gate-eu` is declared by source `gate-eu` already"), "{error}");
}

#[test]
fn silence_takes_units() {
    let workspace = parse(&format!("{SMALLEST}max_silence = \"4h\"\n")).unwrap();
    assert_eq!(workspace.sources[0].max_silence_ms, Some(14_400_000));
    assert!(parse(&format!("{SMALLEST}max_silence = \"4\"\n")).is_err());
}

#[test]
fn gated_rule_needs_known_words() {
    let error = parse(&format!("{SMALLEST}[[gated]]\naction_class = [\"wirte\"]\n")).unwrap_err();
    assert_eq!(error.help().unwrap(), "did you mean `write`?");
}
