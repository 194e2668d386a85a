use proptest::prelude::*;

use super::*;
use crate::event::Event;

/// Puts a test secret together from parts, so that no scanner takes this file for a leak.
fn joined(parts: &[&str]) -> String {
    parts.concat()
}

/// One value of each detector, in the text it would stand in, and its class.
fn planted() -> Vec<(Class, String, String)> {
    use Class::*;
    let a40 = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzz9xKQ8aB1";
    let key = joined(&[
        "-----BEGIN RSA PRIV",
        "ATE KEY-----\nMIIEow\nIBAAKCAQEA\n-----END RSA PRIV",
        "ATE KEY-----",
    ]);
    let jwt = joined(&["eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NSJ9", ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"]);
    let entry =
        |class, before: &str, value: String, after: &str| (class, format!("{before}{value}{after}"), value);
    vec![
        entry(PrivateKey, "cat <<EOF\n", key, "\nEOF"),
        entry(CloudKey, "export ID=", joined(&["AKI", "AZ7QX3LMN5PVW2RTB"]), " && aws s3 ls"),
        entry(CloudKey, "aws_secret_access_key = ", a40.to_owned(), "\n"),
        entry(CloudKey, "key ", joined(&["AIz", "aSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"]), ""),
        entry(
            CloudKey,
            "https://x.blob.core.windows.net/c?sp=r&sig=",
            "9aB%2Fq8Zr7Kp3Lw1Xy0Vt5Nc2".to_owned(),
            "&se=1",
        ),
        entry(Token, "git clone with ", joined(&["gh", "p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"]), "."),
        entry(Token, "", joined(&["glp", "at-x7Kq2mZ9pLw4Rt6Vb8Ny"]), ""),
        entry(Token, "slack ", joined(&["xox", "b-123456789012-abcdefGHIJKL"]), ""),
        entry(Token, "", joined(&["sk-", "ant-api03-Zx9Yw8Vu7Ts6Rq5Po4Nm3Lk2"]), " used"),
        entry(Token, "stripe ", joined(&["sk_", "live_4eC39HqLyjWDarjtT1zdp7dc"]), ""),
        entry(Token, "curl -H 'Authorization: Bearer ", "q8Zr7Kp3Lw1Xy0Vt5Nc2".to_owned(), "' https://api"),
        entry(Jwt, "token ", jwt, " ok"),
        entry(ConnectionString, "psql postgres://app:", "S3cr3tPw!".to_owned(), "@db.internal:5432/ledger"),
        entry(Password, "mysqldump --password=", "hunter2".to_owned(), " ledger"),
        entry(Password, "PGPASSWORD=", "correcthorse".to_owned(), " psql"),
        entry(Password, r#"{"db_password": ""#, "correct horse battery".to_owned(), r#""}"#),
        entry(Password, r#"{\"password\":\""#, "x9!kL2mQ".to_owned(), r#"\"}"#),
        entry(Password, "ALTER USER app IDENTIFIED BY '", "n3wpass".to_owned(), "'"),
        entry(Password, "curl -u admin:", "tops3cret".to_owned(), " https://x"),
        entry(Password, "sync --dbpw ", "v1olet-h4t".to_owned(), " now"),
        entry(Password, "vault kv put x --secret ", "h0tel-c4lifornia".to_owned(), ""),
        entry(HighEntropy, "API_KEY=", "k9Qz2Xv7Lm4Rt8Wb1Ny6".to_owned(), " ./run"),
        entry(HighEntropy, "refresh_token: ", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6".to_owned(), ""),
        entry(Card, "refund card ", "4111 1111 1111 1111".to_owned(), " today"),
        entry(Card, "pan=", "378282246310005".to_owned(), ""),
        entry(Email, "asked by ", "dana.reyes@corp.example".to_owned(), ", see chat"),
        entry(Phone, "call ", "+44 20 7946 0958".to_owned(), " first"),
    ]
}

#[test]
fn every_detector_masks_its_value_and_nothing_beside_it() {
    for (class, text, value) in planted() {
        let (masked, hits) =
            mask(&text, &Policy::default(), Scope::FreeText).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(masked, text.replace(&value, &format!("[redacted:{class}]")), "{text}");
        assert_eq!(hits.len(), 1, "{text}: {hits:?}");
        assert_eq!(hits[0].exception, !matches!(class, Class::Email | Class::Phone));
    }
    let seen: std::collections::BTreeSet<Class> = planted().into_iter().map(|planted| planted.0).collect();
    assert_eq!(seen.len(), Class::ALL.len(), "every class has a value here");
}

#[test]
fn a_card_number_does_not_hide_among_other_numbers() {
    for (text, masked) in [
        ("pan=378282246310005 00", "pan=[redacted:card] 00"),
        ("1234 4111 1111 1111 1111 07", "1234 [redacted:card] 07"),
        ("00-4111-1111-1111-1111", "00-[redacted:card]"),
        ("2345 6789 4111 1111 1111 1111", "2345 6789 [redacted:card]"),
    ] {
        let found = mask(text, &Policy::default(), Scope::FreeText).map(|found| found.0);
        assert_eq!(found.as_deref(), Some(masked), "{text}");
    }
}

#[test]
fn plain_text_stays_as_it_is() {
    for text in [
        "kubectl rollout restart deploy/payments -n prod",
        "SELECT id, password_changed_at FROM users WHERE token_type = 'access'",
        "rotate the password: see the runbook",
        "secret_name=prod/db secretArn: arn:aws:secretsmanager:eu-west-1:1234:secret:db",
        "export PASSWORD=$DB_PASSWORD TOKEN=${TOKEN} --password \"$PW\"",
        "password=********** token=<token> secret={{ secret }}",
        "INC-2041 approved at 2026-07-02T10:11:12.123456Z, 1751450000000, 1751450000000000",
        "0000 0000 0000 0000 and 4111 1111 1111 1112",
        "git clone git@github.com:acme/payments.git",
        "https://grafana.acme.example:3000/d/abc?from=now-6h",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "key=payments/2026/07/file.parquet",
        "sk-short eyJ gh p_ AKIA",
        "session: 87a1b09d-3aae-4044-885e-3586036f047e",
        "version 1.2.3+20260701",
    ] {
        assert_eq!(mask(text, &Policy::default(), Scope::FreeText), None, "{text}");
    }
}

#[test]
fn ids_keep_apart_what_they_were_and_keep_addresses() {
    let policy = Policy::default();
    let token = |end: &str| format!("req-{}{end}", joined(&["gh", "p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R"]));
    let masked = |text: &str| mask(text, &policy, Scope::Id).map(|masked| masked.0);
    let (one, other) = (masked(&token("8")).unwrap(), masked(&token("9")).unwrap());
    assert!(
        one.starts_with("req-[redacted:token:") && one.len() == "req-[redacted:token:]".len() + 32,
        "{one}"
    );
    assert_ne!(one, other);
    assert_eq!(Some(one), masked(&token("8")));
    for id in ["auth:request:87a1b09d-3aae-4044-885e-3586036f047e", "oauth:google:a1b2c3d4e5f6a7b8c9d0"] {
        assert_eq!(masked(id), None, "{id}");
    }
    let link = masked("https://x.example/y?id=7&access_token=k9Qz2Xv7Lm4Rt8Wb1Ny6").unwrap();
    assert!(link.starts_with("https://x.example/y?id=7&access_token=[redacted:high-entropy:"), "{link}");
    for id in
        ["dana@corp.example", "4111111111111111", "+442079460958", &joined(&["AKI", "AZ7QX3LMN5PVW2RTB"])]
    {
        assert_eq!(masked(id), None, "{id}");
    }
    let target = masked("postgres://app:pw123@db.internal/ledger").unwrap();
    assert!(target.starts_with("postgres://app:[redacted:connection-string:"), "{target}");
    assert!(target.ends_with("]@db.internal/ledger"), "{target}");
}

#[test]
fn the_workspace_decides_on_personal_data_and_on_known_values_only() {
    let text = "asked by dana@corp.example, password=hunter2";
    let keep = Policy::new(&[(Class::Email, Action::Keep), (Class::Password, Action::Keep)], &[]);
    let (masked, _) = mask(text, &keep, Scope::FreeText).unwrap();
    assert_eq!(masked, "asked by dana@corp.example, password=[redacted:password]", "secrets are no choice");
    let strict = Policy::new(&[(Class::Email, Action::Exception)], &[]);
    let (_, hits) = mask(text, &strict, Scope::FreeText).unwrap();
    assert!(hits.iter().all(|hit| hit.exception));
    let known = Allowed {
        sha256: crate::digest::Digest::of(b"hunter2"),
        reason: "the vendor's example".to_owned(),
        decided_by: "j.doe".to_owned(),
    };
    let allowing = Policy::new(&[(Class::Email, Action::Keep)], &[known]);
    assert_eq!(mask(text, &allowing, Scope::FreeText), None);
}

#[test]
fn a_written_placeholder_is_no_hit_and_hides_nothing() {
    let policy = Policy::default();
    assert_eq!(mask("password=[redacted:password]", &policy, Scope::FreeText), None);
    let (masked, hits) = mask("[redacted:jwt] password=hunter2", &policy, Scope::FreeText).unwrap();
    assert_eq!((masked.as_str(), hits.len()), ("[redacted:jwt] password=[redacted:password]", 1));
}

#[test]
fn a_secret_is_masked_before_a_long_text_is_cut() {
    let before = "x".repeat(MAX_CHARS - 30);
    let text = format!("{before} {}", planted()[5].1);
    let secret = &planted()[5].2;
    let shown = shown(&text);
    assert!(!shown.contains(&secret[..12]), "{}", &shown[shown.len() - 80..]);
    let mut event = Event { command: Some(text.into()), ..Event::default() };
    super::event(&mut event, &Policy::default());
    assert_eq!(event.masked.as_deref(), Some("command:token=1"));
    assert!(!event.command.unwrap().contains(&secret[..12]));
}

#[test]
fn an_event_says_what_was_masked_where() {
    let mut event = Event {
        requester_id: Some("dana@corp.example".into()),
        command: Some("a --password=hunter2 b --password=hunter3".into()),
        reason: Some("dana@corp.example asked".into()),
        resource_id: Some("redis://:pw12345@cache:6379".into()),
        ..Event::default()
    };
    super::event(&mut event, &Policy::default());
    assert_eq!(
        event.masked.as_deref(),
        Some("command:password=2,reason:email=1,resource_id:connection-string=1")
    );
    let mut linked =
        Event { corr_request: Some("secret-gate:request:87a1b09d=3".into()), ..Event::default() };
    super::event(&mut linked, &Policy::default());
    assert_eq!(
        linked.corr_request.as_deref(),
        Some("secret-gate:request:87a1b09d=3"),
        "the instance is no key"
    );
    assert_eq!(event.secrets.as_deref(), Some("command:password=2,resource_id:connection-string=1"));
    assert_eq!(event.requester_id.as_deref(), Some("dana@corp.example"), "an id is an id");
    let listed: Vec<_> = hits(event.masked.as_deref().unwrap()).collect();
    assert_eq!(listed[1], ("reason", "email", 1));
}

#[test]
fn every_text_column_of_an_event_is_masked_or_known_to_need_none() {
    use crate::column::{ColumnType, Row as _};
    // Written by the program, digests of it, or one of a closed list of words that the mapping checks.
    let harmless = [
        "id",
        "source",
        "log",
        "object",
        "line_digest",
        "rule",
        "kind",
        "time",
        "grade",
        "request_link",
        "requester_kind",
        "decider_kind",
        "executor_kind",
        "action_class",
        "command_state",
        "risk",
        "quorum_link",
        "outcome",
        "basis",
        "scope",
        "phase",
        "resolution",
        "channel",
        "exec_state",
        "masked",
        "secrets",
        "quality",
        "dedup_key",
        "offers",
        "takes",
        "joined",
    ];
    let source = include_str!("event.rs");
    for column in Event::COLUMNS.iter().filter(|column| column.ty == ColumnType::Text) {
        let listed = source.contains(&format!("        {} ", column.name));
        assert!(listed != harmless.contains(&column.name), "{} is listed {listed}", column.name);
    }
    for name in FREE_TEXT {
        assert!(source.contains(&format!("        {name} FreeText,")), "{name}");
    }
}

/// Text made of what detectors look for, of placeholders, and of anything else.
fn hostile() -> impl Strategy<Value = String> {
    let planted: Vec<String> = planted().into_iter().map(|planted| planted.1).collect();
    let piece = prop_oneof![
        proptest::sample::select(planted),
        proptest::sample::select(vec![
            "password=",
            "token: ",
            "://",
            ":",
            "@",
            "\"",
            "\\\"",
            "-----BEGIN ",
            "PRIVATE KEY-----",
            "eyJ",
            ".",
            "4111",
            " ",
            "+44",
            "[redacted:jwt]",
            "[redacted:",
            "]",
            "Bearer ",
            "-p",
            "sig=",
            "AKIA",
            "\n",
            "=",
            "ō",
            "\u{202e}",
        ])
        .prop_map(str::to_owned),
        ".{0,12}",
        "[a-zA-Z0-9]{0,24}",
    ];
    proptest::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn masking_is_idempotent_and_never_panics(text in hostile(), id in any::<bool>()) {
        let scope = if id { Scope::Id } else { Scope::FreeText };
        let policy = Policy::default();
        if let Some((masked, hits)) = mask(&text, &policy, scope) {
            prop_assert!(!hits.is_empty());
            prop_assert_eq!(mask(&masked, &policy, scope), None, "{} of {}", masked, text);
        }
    }

    #[test]
    fn what_is_found_lies_on_character_boundaries(text in hostile()) {
        for found in super::detect::find(&text, Scope::FreeText) {
            prop_assert!(!found.range.is_empty());
            prop_assert!(text.get(found.range.clone()).is_some(), "{:?} in {}", found, text);
        }
    }

    #[test]
    fn a_planted_secret_is_gone_whatever_stands_around_it(at in 0_usize..26, before in ".{0,40}", after in ".{0,40}") {
        let (_, text, value) = planted().swap_remove(at);
        let text = format!("{before} {text} {after}");
        let (masked, _) = mask(&text, &Policy::default(), Scope::FreeText).unwrap();
        prop_assert!(!masked.contains(&value) || before.contains(&value) || after.contains(&value), "{}", masked);
    }
}
