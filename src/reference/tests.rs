use super::*;

const PEOPLE: &str = "\
person,kind,owner,ns,id,from,until
ada,human,,email,ada@acme.example,,
ben,human,,email,ben@acme.example,,2026-08-01
bot,agent,ada,agents,deploy-bot,,
";

fn read(files: &[(&str, &str)]) -> Result<Reference, ReferenceError> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("reference")).unwrap();
    for (path, text) in files {
        fs::write(folder.path().join(path), text).unwrap();
    }
    parse(&super::files(folder.path()).unwrap(), &Roster::parse(PEOPLE, "people.csv").unwrap())
}

#[test]
fn a_workspace_without_them_states_nothing() {
    let found = read(&[("reference/people.csv", PEOPLE)]).unwrap();
    assert!(found.sod_rules.is_empty() && found.roles.is_empty());
    assert!(found.agents.is_empty() && found.policies.is_empty());
    let none = tempfile::tempdir().unwrap();
    assert!(super::files(none.path()).unwrap().is_empty());
}

#[test]
fn rows_are_read_with_their_spans() {
    let found = read(&[
        (RULES, "\u{feff}role_a,role_b,mode\nrequester,approver,dynamic\nauthor,deployer,static\n"),
        (ROLES, "person,role,from,until\nada,author,,\nada,deployer,2026-07-01,2026-08-01\n"),
        (AGENTS, "ns,id,action_class,group,env\nagents,deploy-bot,deploy,*,prod\n"),
        (POLICIES, "policy,digest,approved_by,from\ngates,aa,email:ada@acme.example,2026-07-01T10:00:00Z\n"),
    ])
    .unwrap();
    let rules: Vec<_> =
        found.sod_rules.iter().map(|row| (row.role_a.as_deref(), row.mode.as_deref())).collect();
    assert_eq!(rules, [(Some("requester"), Some("dynamic")), (Some("author"), Some("static"))]);
    let day = |text: &str| Some(text.parse::<Moment>().unwrap().ms());
    assert_eq!((found.roles[0].valid_from_ms, found.roles[0].valid_to_ms), (None, None));
    assert_eq!(
        (found.roles[1].valid_from_ms, found.roles[1].valid_to_ms),
        (day("2026-07-01"), day("2026-08-01"))
    );
    let agent = AgentManifest {
        actor_id: Some("deploy-bot".to_owned()),
        actor_ns: Some("agents".to_owned()),
        action_class: Some("deploy".to_owned()),
        resource_group: Some("*".to_owned()),
        env: Some("prod".to_owned()),
        ..AgentManifest::default()
    };
    assert_eq!(found.agents, [agent]);
    assert_eq!(found.policies[0].approved_by.as_deref(), Some("ada"));
}

/// Each is refused with file, line, and what to do.
#[test]
fn files_that_are_wrong_say_where_and_why() {
    let roles = (ROLES, "person,role\nada,author\n");
    let rule = |row: &str| format!("role_a,role_b,mode\n{row}\n");
    let policy = |row: &str| format!("policy,digest,approved_by,from,until\n{row}\n");
    for (path, text, line, message) in [
        (ROLES, String::new(), 1, "there is no header"),
        (ROLES, "person,rolle\nada,author\n".to_owned(), 1, "unknown column `rolle`"),
        (ROLES, "person,from\nada,\n".to_owned(), 1, "missing column `role`"),
        (ROLES, "person,role,role\nada,a,b\n".to_owned(), 1, "the column `role` stands twice"),
        (ROLES, "person,role\nada,author,x\n".to_owned(), 2, "found record with 3 fields"),
        (ROLES, "person,role\nada,author\nada,author\n".to_owned(), 3, "the row says what line 2 says"),
        (ROLES, "person,role\nada,\n".to_owned(), 2, "`role` must not be empty"),
        (ROLES, "person,role\neve,author\n".to_owned(), 2, "the roster has no human `eve`"),
        (ROLES, "person,role\nbot,author\n".to_owned(), 2, "the roster has no human `bot`"),
        (ROLES, "person,role\nada,approver\n".to_owned(), 2, "`approver` is a part"),
        (ROLES, "person,role,from\nada,author,July\n".to_owned(), 2, "`from`: "),
        (ROLES, "person,role,from,until\nada,author,2026-08-01,2026-08-01\n".to_owned(), 2, "is not after"),
        (ROLES, "person,role\n\"a\nb\",author\nada,author\n".to_owned(), 2, "no human `a"),
        (RULES, rule("requester,approver,dinamic"), 2, "unknown mode `dinamic`"),
        (RULES, rule("requester,approver,static"), 2, "`requester` is a part"),
        (RULES, rule("author,author,static"), 2, "`author` conflicts with itself"),
        (RULES, rule("author,deployer,static"), 2, "nobody is assigned the role `deployer`"),
        (RULES, rule("author,approver,dynamic\napprover,author,dynamic"), 3, "the row says what line 2 says"),
        (
            AGENTS,
            "ns,id,action_class,group,env\nagents,deploy-bot,deploy,,prod\n".to_owned(),
            2,
            "`group` must",
        ),
        (POLICIES, policy("gates,aa,ada,,"), 2, "`from` must not be empty"),
        (POLICIES, policy("gates,aa,bot,2026-07-01,"), 2, "has no human `bot` at"),
        (POLICIES, policy("gates,aa,ben,2026-08-01,"), 2, "has no human `ben` at"),
        (POLICIES, policy("gates,,ada,2026-07-01,"), 2, "`digest` must not be empty"),
    ] {
        let files = if path == ROLES { vec![(path, text.as_str())] } else { vec![roles, (path, &text)] };
        let error = read(&files).unwrap_err();
        let printed = error.to_string();
        assert!(printed.starts_with(&format!("`{path}`, line {line}: ")), "{text}: {printed}");
        assert!(printed.contains(message), "{text}: expected {message}, found {printed}");
        assert!(error.help().unwrap().ends_with("see `docs/formats/reference.md`"));
    }
}

#[test]
fn a_near_miss_is_named() {
    let error = read(&[(RULES, "role_a,roleb,mode\n")]).unwrap_err();
    assert!(error.help().unwrap().starts_with("did you mean `role_b`?"), "{:?}", error.help());
}

#[test]
fn bytes_that_are_no_text_and_files_of_any_size_are_refused() {
    let roster = Roster::parse(PEOPLE, "people.csv").unwrap();
    let error = parse(&[(ROLES.to_owned(), b"person,role\nada,\xff\n".to_vec())], &roster).unwrap_err();
    assert_eq!(error.to_string(), "`reference/roles.csv`, line 2: the text is not UTF-8");
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("reference")).unwrap();
    let file = fs::File::create(folder.path().join(ROLES)).unwrap();
    file.set_len(MAX_FILE_BYTES + 1).unwrap();
    assert!(matches!(super::files(folder.path()).unwrap_err(), ReferenceError::Oversize { .. }));
}
