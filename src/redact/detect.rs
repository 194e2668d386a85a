//! The detectors: what secrets and personal data look like.
//!
//! Two steps, so that text without any costs little: one pass of a [`RegexSet`] tells which groups of detectors can find
//! something at all, and only those search. Every expression runs in linear time (crate `regex`); one group of each is what
//! is masked. A detector errs on the side of masking, except where plain prose would suffer.

use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use regex::{Captures, Regex, RegexSet};

use super::class::Class;
use super::filter::Filter;
use super::mask::Scope;

/// Raised with any change after which another value is found.
pub const DETECTORS_VERSION: u32 = 3;

/// Digits of the shortest card number (ISO/IEC 7812-1).
const MIN_CARD: usize = 13;

/// Ids shorter than this hold no secret that has a form.
const MIN_ID: usize = 12;

/// A value that should be masked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Found {
    pub class: Class,
    pub range: Range<usize>,
}

/// Detectors that have something in common, and how to tell that none of them can find anything.
struct Group {
    trigger: &'static str,
    detectors: &'static [Detector],
    /// Where matches of the trigger begin too shortly for a [`Filter`]: tells whether there may be one.
    short: Option<fn(&str) -> bool>,
}

struct Detector {
    class: Class,
    pattern: &'static str,
    /// Decides on a match, given the text and the part to be masked.
    holds: fn(&Captures<'_>, &str) -> bool,
    /// Whether it searches ids too. There `auth:4f1c…` is a name and its number; only `auth=` introduces a value.
    in_ids: bool,
}

const fn always(class: Class, pattern: &'static str) -> Detector {
    Detector { class, pattern, holds: |_, _| true, in_ids: true }
}

const fn checked(
    class: Class,
    pattern: &'static str,
    holds: fn(&Captures<'_>, &str) -> bool,
    in_ids: bool,
) -> Detector {
    Detector { class, pattern, holds, in_ids }
}

/// A value in quotes, in escaped quotes, or bare. Exactly one of its groups matches.
macro_rules! value {
    () => {
        r#"(?:\\+["'](?<escaped>[^"'\\]{3,})\\+["']|"(?<double>[^"\\]{3,})"|'(?<single>[^'\\]{3,})'|(?<bare>[^\s"'\\,;&<>(){}|]{3,}))"#
    };
}

const GROUPS: &[Group] = &[
    Group {
        trigger: r"-----BEGIN|PuTTY-User-Key|AGE-SECRET-KEY",
        short: None,
        detectors: &[
            always(
                Class::PrivateKey,
                r"(?s)(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\z))",
            ),
            always(Class::PrivateKey, r"(?s)(PuTTY-User-Key-File-[23]:.*)\z"),
            always(Class::PrivateKey, r"\b(AGE-SECRET-KEY-1[0-9A-Z]{50,70})"),
        ],
    },
    Group {
        trigger: r"AKIA|ASIA|ABIA|ACCA|LTAI|AIza|GOCSPX-|ya29\.|AccountKey=|sig=|8Q~|X-Amz-|do[opr]_v1_|(?i-u:aws)",
        short: None,
        detectors: &[
            // An access key id names a key as a login names a person, so it stays where it is an id.
            checked(Class::CloudKey, r"\b((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b", |_, _| true, false),
            always(
                Class::CloudKey,
                r#"(?i)aws[a-z_.-]{0,30}(?:secret|key)[a-z_.-]{0,20}["'\\\s:=>]{1,8}([A-Za-z0-9/+]{40})"#,
            ),
            checked(Class::CloudKey, r"\b(LTAI[A-Za-z0-9]{12,24})\b", |_, _| true, false),
            always(Class::CloudKey, r"\b(AIza[0-9A-Za-z_-]{35})"),
            always(Class::CloudKey, r"\b(GOCSPX-[A-Za-z0-9_-]{28})"),
            always(Class::CloudKey, r"\b(ya29\.[A-Za-z0-9_-]{20,})"),
            always(Class::CloudKey, r"AccountKey=([A-Za-z0-9+/]{40,}={0,2})"),
            always(Class::CloudKey, r"[?&]sig=([A-Za-z0-9%+/=_-]{20,})"),
            always(Class::CloudKey, r"\b([A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{31,34})"),
            always(Class::CloudKey, r#"X-Amz-(?:Signature|Security-Token|Credential)=([^&\s"']{16,})"#),
            always(Class::CloudKey, r"\b(do[opr]_v1_[a-f0-9]{64})"),
        ],
    },
    Group {
        trigger: r"gh[pousr]_|github_pat_|gl[a-z]{2,5}-|xox[a-z]-|xapp-|hooks\.slack|k_(?:live|test)_|whsec_|sk-|npm_|pypi-|cio[A-Za-z0-9]{32}|SG\.|hv[sbr]\.|hf_|dapi|SK[0-9a-f]{32}|:AA|dckr_pat_|dp\.pt\.|lin_api_|shp[a-z]{2}_|\.atlasv1\.|NRAK-",
        short: None,
        detectors: &[
            always(Class::Token, r"\b(gh[pousr]_[A-Za-z0-9]{36,255})"),
            always(Class::Token, r"\b(github_pat_[A-Za-z0-9_]{22,255})"),
            always(Class::Token, r"\b(gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent|oas)-[A-Za-z0-9_.-]{20,})"),
            always(Class::Token, r"\b(xox[abceoprs]-[A-Za-z0-9-]{10,})"),
            always(Class::Token, r"\b(xapp-[0-9]-[A-Za-z0-9-]{10,})"),
            always(
                Class::Token,
                r"hooks\.slack\.com/(?:services|workflows)/(T[A-Z0-9]+/[AB][A-Z0-9]+/[A-Za-z0-9/]{16,})",
            ),
            always(Class::Token, r"\b([rs]k_(?:live|test)_[A-Za-z0-9]{16,})"),
            always(Class::Token, r"\b(whsec_[A-Za-z0-9+/=]{16,})"),
            always(Class::Token, r"\b(sk-(?:ant-|proj-|svcacct-|admin-|or-)?[A-Za-z0-9_-]{20,})"),
            always(Class::Token, r"\b(npm_[A-Za-z0-9]{36})"),
            always(Class::Token, r"\b(pypi-[A-Za-z0-9_-]{16,})"),
            always(Class::Token, r"\b(cio[A-Za-z0-9]{32})\b"),
            always(Class::Token, r"\b(SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})"),
            always(Class::Token, r"\b(hv[sbr]\.[A-Za-z0-9_-]{20,})"),
            always(Class::Token, r"\b(hf_[A-Za-z0-9]{30,})"),
            always(Class::Token, r"\b(dapi[0-9a-f]{32}(?:-[0-9])?)"),
            always(Class::Token, r"\b(SK[0-9a-f]{32})\b"),
            always(Class::Token, r"\b([0-9]{8,10}:AA[A-Za-z0-9_-]{33})"),
            always(Class::Token, r"\b(dckr_pat_[A-Za-z0-9_-]{20,})"),
            always(Class::Token, r"\b(dp\.pt\.[A-Za-z0-9]{40,})"),
            always(Class::Token, r"\b(lin_api_[A-Za-z0-9]{32,})"),
            always(Class::Token, r"\b(shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32})"),
            always(Class::Token, r"\b([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,})"),
            always(Class::Token, r"\b(NRAK-[A-Z0-9]{27})"),
        ],
    },
    Group {
        trigger: r"eyJ",
        short: None,
        detectors: &[always(Class::Jwt, r"\b(eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){2,4})")],
    },
    Group {
        trigger: r"://",
        short: None,
        detectors: &[checked(
            Class::ConnectionString,
            r#"(?i)\b[a-z][a-z0-9+.-]{1,30}://[^\s/:@"'<>]*:([^\s/"'<>]+)@"#,
            |_, value| !stands_for_another(value),
            true,
        )],
    },
    Group {
        trigger: r"(?i-u)authorization|bearer",
        short: None,
        detectors: &[
            checked(
                Class::Token,
                r#"(?i)\bauthorization\b["'\\]*\s*[:=]\s*["'\\]*(?:bearer|basic|token|apikey|negotiate)\s+([^\s"'\\,;]{6,})"#,
                |_, value| !stands_for_another(value),
                true,
            ),
            checked(
                Class::Token,
                r"(?i)\bbearer\s+([A-Za-z0-9_.~+/-]{16,}=*)",
                |_, value| !stands_for_another(value) && has_digit_and_letter(value),
                true,
            ),
        ],
    },
    Group {
        trigger: r"(?i-u:pass|pwd|secret|identified|mysql|-u[ =]|--user)|(?i:pw\s)",
        short: None,
        detectors: &[
            checked(
                Class::Password,
                concat!(
                    r#"(?i)\b(?<key>[a-z0-9_.-]*(?:passw(?:or)?d|passphrase|passwd|pwd|secret)[a-z0-9_.-]*)(?<sep>["'\\]*\s*(?::=|=>|=|:)\s*)"#,
                    value!()
                ),
                is_password,
                false,
            ),
            checked(
                Class::Password,
                r#"(?i)(?:^|[?&;,\s])(?<key>[a-z0-9_.-]*(?:passw(?:or)?d|passphrase|passwd|pwd|secret)[a-z0-9_.-]*)=(?<bare>[^\s&;,"']{3,})"#,
                is_password,
                true,
            ),
            checked(
                Class::Password,
                r#"(?i)(?:^|\s)--?[a-z-]*(?:password|passwd|passphrase|secret|pass|pw)\s+["']?([^\s"'-][^\s"']{2,})"#,
                |_, value| !stands_for_another(value),
                true,
            ),
            checked(
                Class::Password,
                r#"(?i)\b(?:identified\s+by|password)\s+(?:password\s+)?["']([^"']{3,})["']"#,
                |_, value| !stands_for_another(value),
                true,
            ),
            checked(
                Class::Password,
                r#"(?:^|\s)(?:-u|--user)[ =]["']?[^\s:"']+:([^\s"']{3,})"#,
                |_, value| !stands_for_another(value),
                true,
            ),
            checked(
                Class::Password,
                r#"\bsshpass\s+-p\s*["']?([^\s"']{3,})"#,
                |_, value| !stands_for_another(value),
                true,
            ),
            checked(
                Class::Password,
                r#"\bmysql[a-z]*\s(?:[^|;\n]*\s)?-p["']?([^\s"']{3,})"#,
                |_, value| !stands_for_another(value),
                true,
            ),
        ],
    },
    Group {
        trigger: r"(?i-u)token|key|auth|credential|signature",
        short: None,
        detectors: &[
            checked(
                Class::HighEntropy,
                concat!(
                    r#"(?i)\b(?<key>[a-z0-9_.-]*(?:token|credentials?|auth|signature|(?:api|access|auth|client|session|refresh|signing|encryption|master|account|shared|service)[_-]?key)[a-z0-9_.-]*)(?<sep>["'\\]*\s*(?::=|=>|=|:)\s*)"#,
                    value!()
                ),
                is_random,
                false,
            ),
            checked(
                Class::HighEntropy,
                r#"(?i)(?:^|[?&;,\s])(?<key>[a-z0-9_.-]*(?:token|credentials?|auth|signature|(?:api|access|auth|client|session|shared|service)[_-]?key)[a-z0-9_.-]*)=(?<bare>[^\s&;,"']{16,})"#,
                is_random,
                true,
            ),
            checked(
                Class::HighEntropy,
                r#"(?i)(?:^|\s)--?[a-z-]*(?:token|api-?key|access-?key|credentials?)\s+["']?([^\s"'-][^\s"']{15,})"#,
                |_, value| !stands_for_another(value) && looks_random(value),
                true,
            ),
        ],
    },
    Group {
        trigger: r"[0-9](?:[ -]?[0-9]){12}",
        short: Some(|text| digits(text) >= MIN_CARD),
        detectors: &[checked(
            Class::Card,
            r"\b([2-6][0-9]{3}(?:[ -]?[0-9]{2,6}){2,15})\b",
            |_, value| is_card(value),
            false,
        )],
    },
    Group {
        trigger: r"@",
        short: Some(|text| text.contains('@')),
        detectors: &[checked(
            Class::Email,
            r"([\p{L}\p{N}][\p{L}\p{N}._%+'-]*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24})\b",
            |_, value| !value.starts_with("git@"),
            false,
        )],
    },
    Group {
        trigger: r"\+[0-9]|\+\([0-9]",
        short: Some(|text| text.contains('+')),
        detectors: &[checked(
            Class::Phone,
            r"(?:^|[^\w.+:])(\+[0-9]{1,3}[ ./()-]{0,3}(?:[0-9][ ./()-]{0,2}){6,13}[0-9])\b",
            |_, value| (8..=15).contains(&digits(value)),
            false,
        )],
    },
    Group {
        trigger: r"(?i-u)tel|phone|mobile|fax",
        short: None,
        detectors: &[checked(
            Class::Phone,
            r#"(?i)\b(?:tel|telephone|phone|mobile|fax)(?:[_-]?(?:no|number))?["'\\]*\s*[:=.]\s*["'\\]*(\(?[0-9][0-9 ./()-]{6,20}[0-9])\b"#,
            |_, value| (7..=15).contains(&digits(value)),
            false,
        )],
    },
];

const EXPECT: &str = "the patterns are constants, and a test compiles every one";

/// One pass over a text that tells which groups can find something, and the groups it looks for.
struct Triggers {
    set: RegexSet,
    groups: Vec<usize>,
    /// Tells for most texts that no trigger matches, with what the groups say themselves.
    filter: Filter,
    short: Vec<fn(&str) -> bool>,
}

impl Triggers {
    fn of(wanted: impl Fn(&Group) -> bool) -> Self {
        let groups: Vec<usize> = (0..GROUPS.len()).filter(|index| wanted(&GROUPS[*index])).collect();
        let all = || groups.iter().map(|index| &GROUPS[*index]);
        let long = all().filter(|group| group.short.is_none()).map(|group| group.trigger);
        Self {
            set: RegexSet::new(all().map(|group| group.trigger)).expect(EXPECT),
            filter: Filter::of(long).expect(EXPECT),
            short: all().filter_map(|group| group.short).collect(),
            groups,
        }
    }

    /// Tells whether no trigger matches in `text`.
    fn none_in(&self, text: &str) -> bool {
        let may = self.filter.passes(text) || self.short.iter().any(|short| short(text));
        !may || !self.set.is_match(text)
    }
}

static IN_TEXTS: LazyLock<Triggers> = LazyLock::new(|| Triggers::of(|_| true));

/// Most texts are ids, and some groups have nothing to find in one.
static IN_IDS: LazyLock<Triggers> =
    LazyLock::new(|| Triggers::of(|group| group.detectors.iter().any(|detector| detector.in_ids)));

/// The expressions of each group, compiled when the group is first needed: most runs need a few.
static COMPILED: [OnceLock<Vec<Regex>>; GROUPS.len()] = [const { OnceLock::new() }; GROUPS.len()];

fn compiled(group: usize) -> impl Iterator<Item = (&'static Regex, &'static Detector)> {
    let detectors = GROUPS[group].detectors;
    let regexes = COMPILED[group].get_or_init(|| {
        detectors.iter().map(|detector| Regex::new(detector.pattern).expect(EXPECT)).collect()
    });
    regexes.iter().zip(detectors)
}

/// Tells whether no detector can find anything in `text`, nor in a part of it: triggers look at nothing around what they match.
pub(super) fn is_clean(text: &str, scope: Scope) -> bool {
    (scope == Scope::Id && text.len() < MIN_ID) || triggers(scope).none_in(text)
}

fn triggers(scope: Scope) -> &'static Triggers {
    match scope {
        Scope::FreeText => &IN_TEXTS,
        Scope::Id => &IN_IDS,
    }
}

/// Returns what the detectors find in `text`, in no order; ranges may overlap and lie on character boundaries.
pub(super) fn find(text: &str, scope: Scope) -> Vec<Found> {
    let mut all = Vec::new();
    if scope == Scope::Id && text.len() < MIN_ID {
        return all;
    }
    let triggers = triggers(scope);
    for index in &triggers.set.matches(text) {
        for (regex, detector) in compiled(triggers.groups[index]) {
            if scope == Scope::Id && !detector.in_ids {
                continue;
            }
            for captures in regex.captures_iter(text) {
                let Some(value) = value(&captures) else { continue };
                if (detector.holds)(&captures, value.as_str()) {
                    all.push(Found { class: detector.class, range: value.range() });
                } else if detector.class == Class::Card {
                    let shifted = |part: Range<usize>| value.start() + part.start..value.start() + part.end;
                    let cards = cards_within(value.as_str()).into_iter().map(shifted);
                    all.extend(cards.map(|range| Found { class: Class::Card, range }));
                }
            }
        }
    }
    all
}

/// Returns the part of a match that is masked: the group of a value, else the first.
fn value<'t>(captures: &Captures<'t>) -> Option<regex::Match<'t>> {
    let named = ["escaped", "double", "single", "bare"];
    named.into_iter().find_map(|name| captures.name(name)).or_else(|| captures.get(1))
}

/// Tells whether a value only stands for another one: a variable, a template, or stars.
fn stands_for_another(value: &str) -> bool {
    let value = value.trim();
    let first = value.chars().next();
    value.starts_with(['$', '<', '{', '%'])
        || value.starts_with("[redacted")
        || value.starts_with("[REDACTED")
        || value.starts_with("***")
        || value.chars().all(|c| Some(c) == first)
        || [
            "null",
            "none",
            "nil",
            "true",
            "false",
            "undefined",
            "redacted",
            "masked",
            "hidden",
            "unset",
            "env",
        ]
        .contains(&value.to_lowercase().as_str())
        || value.contains("process.env")
        || value.contains("os.environ")
}

/// Tells whether the name of a value says that it is about a secret and not one: `secret_name`, `token_file`.
fn is_about(key: &str) -> bool {
    let key = key.to_lowercase();
    let parts: Vec<&str> = key.split(['_', '-', '.']).collect();
    let last = parts.last().copied().unwrap_or_default();
    let about = [
        "name", "arn", "id", "ids", "ref", "path", "file", "version", "type", "length", "policy", "url",
        "uri", "count", "expires", "expiry", "ttl", "age", "status", "mode", "method", "manager", "store",
        "rotation",
    ];
    about.contains(&last) || ["secretname", "secretarn", "secretid", "tokentype", "sessionid"].contains(&last)
}

fn is_password(captures: &Captures<'_>, value: &str) -> bool {
    if is_about(captures.name("key").map_or("", |key| key.as_str())) || stands_for_another(value) {
        return false;
    }
    // `password: see the wiki` is prose; a bare word after a colon must look like more than a word.
    let prose =
        captures.name("bare").is_some() && captures.name("sep").is_some_and(|sep| sep.as_str().trim() == ":");
    !prose || !value.trim_end_matches(['.', '!', '?']).chars().all(|c| c.is_alphabetic() || c == '-')
}

fn is_random(captures: &Captures<'_>, value: &str) -> bool {
    !is_about(captures.name("key").map_or("", |key| key.as_str()))
        && !stands_for_another(value)
        && looks_random(value)
}

/// The entropy of its characters, in bits each, from which a value counts as random.
const MIN_ENTROPY: f64 = 3.5;
/// The shortest value whose entropy says anything: 12 different characters already have 3.58 bits.
const MIN_RANDOM: usize = 16;

fn looks_random(value: &str) -> bool {
    value.len() >= MIN_RANDOM
        && has_digit_and_letter(value)
        && !value.contains("://")
        && !value.starts_with("arn:")
        && !value.starts_with(['/', '.'])
        && value.chars().all(|c| c.is_ascii_graphic())
        && entropy(value) >= MIN_ENTROPY
}

fn has_digit_and_letter(value: &str) -> bool {
    value.bytes().any(|b| b.is_ascii_digit()) && value.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Returns the Shannon entropy of the bytes of `value`, in bits per byte.
fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let total = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX));
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / total);
    shares.map(|share| -share * share.log2()).sum()
}

fn digits(value: &str) -> usize {
    value.bytes().filter(u8::is_ascii_digit).count()
}

/// Tells whether `value` is a payment card number: a length that its first digits allow (ISO/IEC 7812-1), one kind of
/// separator, not all the same digit, and Luhn's check digit.
fn is_card(value: &str) -> bool {
    let numbers: Vec<u32> = value.chars().filter_map(|c| c.to_digit(10)).collect();
    let separators: Vec<char> = value.chars().filter(|c| !c.is_ascii_digit()).collect();
    let first = |count: usize| numbers.iter().take(count).fold(0, |number, digit| number * 10 + digit);
    let fits = match numbers.len() {
        13 | 19 => first(1) == 4 || matches!(first(2), 60 | 62 | 64 | 65),
        14 => matches!(first(2), 30 | 36 | 38 | 39),
        15 => matches!(first(2), 34 | 37),
        16 => {
            first(1) == 4
                || matches!(first(2), 35 | 51..=55 | 60 | 62 | 64 | 65)
                || (2221..=2720).contains(&first(4))
        }
        _ => false,
    };
    fits && separators.windows(2).all(|pair| pair[0] == pair[1])
        && numbers.windows(2).any(|pair| pair[0] != pair[1])
        && luhn(&numbers)
}

/// Returns the card numbers that groups of digits of `value` make, where numbers beside them hide them from [`is_card`].
fn cards_within(value: &str) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (at, c) in value.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
        match groups.last_mut().filter(|group| group.end == at) {
            Some(group) => group.end = at + c.len_utf8(),
            None => groups.push(at..at + c.len_utf8()),
        }
    }
    let card_from = |first: usize| {
        let ends = groups[first..].iter().map(|group| group.end);
        ends.map(|end| groups[first].start..end).find(|range| is_card(&value[range.clone()]))
    };
    (0..groups.len()).filter_map(card_from).collect()
}

/// ISO/IEC 7812-1 annex B.
fn luhn(numbers: &[u32]) -> bool {
    let doubled = |(place, digit): (usize, &u32)| match (place % 2, digit * 2) {
        (0, _) => *digit,
        (_, twice @ 0..=9) => twice,
        (_, twice) => twice - 9,
    };
    numbers.iter().rev().enumerate().map(doubled).sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the triggers are made of, whole and in part.
    const PIECES: &[&str] = &[
        "gh",
        "p_",
        "o",
        "glpat",
        "-",
        "xoxb",
        "SK",
        "0123456789abcdef",
        "cio",
        ":",
        "AA",
        "//",
        "eyJ",
        "8Q~",
        "pa",
        "ss",
        "PW",
        "pw",
        "D",
        " ",
        "\t",
        "\u{a0}",
        "-u",
        "=",
        "--user",
        "-p",
        "se",
        "cret",
        "K",
        "ey",
        "tel",
        "Fax",
        "+",
        "(",
        "4",
        "1 2",
        "3-4567890123",
        "@",
        "x",
        "ü",
        "SG.",
        "sig=",
        "-----BEGIN",
        "do",
        "o_v1_",
        "aws",
    ];

    proptest! {
        #[test]
        fn the_filter_leaves_out_no_text_in_which_a_trigger_matches(
            pieces in prop::collection::vec(prop::sample::select(PIECES), 0..8),
        ) {
            let text = pieces.concat();
            for triggers in [&IN_TEXTS, &IN_IDS] {
                prop_assert_eq!(triggers.none_in(&text), !triggers.set.is_match(&text), "{}", text);
            }
        }
    }

    #[test]
    fn ids_are_searched_for_what_has_a_filter_alone() {
        assert!(IN_IDS.short.is_empty() && !IN_TEXTS.short.is_empty());
    }
}
