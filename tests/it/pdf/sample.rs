//! A document with every kind of block, long tables, and names in many scripts.

use countersign::report::document::{
    Align, Block, Chip, Document, Fact, Figure, Ink, Section, Shape, Table, TableColumn, Text, Tone,
};

/// Names that a roster may hold.
pub(super) const NAMES: [&str; 6] =
    ["Zoë Brontë", "Ελένη Παπαδοπούλου", "Наталья Ёлкина", "דוד לוי", "محمد الأحمد", "Łukasz Żółć"];

/// Rows of the longest table.
pub(super) const LONG: usize = 400;

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// Returns the document.
pub(super) fn document() -> Document {
    Document {
        title: "Approval evidence for Acme Payments, third quarter 2026".into(),
        subtitle: "Automated procedures and findings over privileged-action approval records".into(),
        running_head: "Acme Payments B.V. · payments platform".into(),
        language: "en".into(),
        results_digest: DIGEST.into(),
        cover: vec![
            fact("Entity", Text::body("Acme Payments B.V.")),
            fact("System", Text::body("payments platform (production)")),
            fact("Period", Text::body("1 July 2026 to 30 September 2026, UTC")),
            fact("Frameworks", Text::body("ISO/IEC 27001:2022 Annex A; SOC 2 TSC 2017")),
            fact("Results digest", Text::mono(DIGEST)),
            fact("Prepared for", Text::body(NAMES.join(", "))),
        ],
        verdicts: vec![
            chip("Integrity of the logs", "verified 3 of 4", "one log carries no signature", Tone::Caution),
            chip("Population", "contiguous", "no gap in 6,012 records; the tail is not pinned", Tone::Good),
            chip("Control tests", "exceptions noted in 4 of 13", "27 exceptions; 2 accepted by waiver", Tone::Bad),
        ],
        statement: "This report states the results of automated procedures. It expresses no opinion, conclusion, or \
                    assurance on the design or operating effectiveness of controls. Records outside the four sources \
                    were not examined."
            .into(),
        sections: sections(),
    }
}

fn sections() -> Vec<Section> {
    let mut sections = vec![
        section("glance", "1", "At a glance", vec![glance(), limits(), top_exceptions()]),
        section("basis", "2", "Basis, limits, and responsibilities", basis()),
        section("sources", "3", "Scope and sources", vec![sources(), settings()]),
        section("population", "4", "Population", vec![paragraph(2), waterfall()]),
        section("reconciliation", "4.1", "Reconciliation of records", vec![conservation()]),
        section("integrity", "5", "Integrity", vec![paragraph(3), coverage()]),
        section("keys", "5.1", "Key register", vec![keys()]),
        section("breaks", "5.2", "Breaks", vec![empty()]),
        section("results", "6", "Results by control", vec![paragraph(1), daily()]),
    ];
    for n in 1..=9_usize {
        let id = format!("control-{n}");
        let title = format!("A.{}.{n} Duties that conflict are held by different people", 4 + n % 5);
        let blocks = vec![paragraph(1 + n % 3), attributes(n)];
        sections.push(section(&id, &format!("6.{n}"), &title, blocks));
    }
    sections.push(section("exceptions", "7", "Exceptions register", vec![paragraph(1), register()]));
    sections.push(section("hostile", "7.1", "Text from a hostile log", vec![hostile(), tall_row()]));
    sections.push(section("glossary", "8", "Glossary", vec![list()]));
    sections
}

fn section(id: &str, number: &str, title: &str, blocks: Vec<Block>) -> Section {
    let level = if number.contains('.') { 2 } else { 1 };
    Section { id: id.into(), number: number.into(), title: title.into(), level, blocks }
}

fn fact(label: &str, value: Text) -> Fact {
    Fact { label: label.into(), value }
}

fn chip(label: &str, value: &str, note: &str, tone: Tone) -> Chip {
    Chip { label: label.into(), value: value.into(), note: note.into(), tone }
}

fn paragraph(sentences: usize) -> Block {
    const SENTENCES: [&str; 3] = [
        "Each record that was read lands in exactly one bucket, and the sums are printed, so that a reader can go \
         from any number in this report to the object and the line it comes from. ",
        "Hash chains and signatures can show that recorded entries were altered, reordered, or removed inside a \
         verified range; they cannot show that an action was never recorded. ",
        "Times are as recorded by the clock of the source, and are printed in UTC. ",
    ];
    let text: String = SENTENCES.iter().cycle().take(sentences * 2).copied().collect();
    Block::Paragraph { text: Text::body(text.trim()) }
}

fn glance() -> Block {
    let figures = [
        ("Records examined", "6,012", "in 7 objects of 4 sources", Tone::Plain),
        ("Actions executed", "1,204", "311 of them gated", Tone::Plain),
        ("Approved before execution", "284", "91 % of the gated actions", Tone::Plain),
        ("Exceptions", "27", "19 new, 8 carried", Tone::Bad),
        ("Unable to test", "6", "a hole in the gateway log", Tone::Unknown),
        ("Days covered", "92 of 92", "every day has records", Tone::Good),
    ];
    Block::Chips { chips: figures.map(|(label, value, note, tone)| chip(label, value, note, tone)).to_vec() }
}

fn limits() -> Block {
    Block::Note {
        tone: Tone::Caution,
        title: "What this does not cover".into(),
        paragraphs: vec![
            Text::body(
                "Actions that no source records. Completeness evidence is limited to the reconciliations in section 4.",
            ),
            Text::body("Population and reconciliation").to("population"),
        ],
    }
}

fn basis() -> Vec<Block> {
    vec![
        paragraph(3),
        paragraph(2),
        Block::Note {
            tone: Tone::Plain,
            title: "Responsibilities".into(),
            paragraphs: vec![Text::body(
                "Management selected the sources, the procedures, and the mapping of controls, and is responsible for them.",
            )],
        },
        list(),
    ]
}

fn list() -> Block {
    let items = [
        "requester: who asks for the action",
        "approver: who decides, other than the requester and the accountable owner of the agent that executes it, with the right to decide at that moment",
        "executor: who or what carries it out",
    ];
    Block::List { items: items.map(Text::body).to_vec() }
}

fn settings() -> Block {
    Block::Facts {
        title: "Settings of the workspace".into(),
        facts: vec![
            fact("Roster", Text::mono("reference/people.csv")),
            fact(
                "Gated actions",
                Text::body(
                    "kubernetes exec and delete in production; IAM changes; database writes; exports of more than 1,000 rows, except by the reporting job",
                ),
            ),
            fact("Object digest", Text::mono(DIGEST)),
            fact("Status", Text::mark("not verifiable", Tone::Unknown)),
        ],
    }
}

fn column(title: &str, width: u32) -> TableColumn {
    TableColumn { title: title.into(), width, numeric: false }
}

fn number(title: &str, width: u32) -> TableColumn {
    TableColumn { title: title.into(), width, numeric: true }
}

fn table(id: &str, caption: &str, columns: Vec<TableColumn>, rows: Vec<Vec<Text>>) -> Table {
    Table {
        id: id.into(),
        caption: caption.into(),
        columns,
        total: rows.len() as u64,
        rows,
        rest: None,
        empty: "No rows.".into(),
        filter: false,
    }
}

fn top_exceptions() -> Block {
    let rows = (0..5)
        .map(|n| {
            vec![
                Text::mono(exception(n)).to(exception(n)),
                Text::body("requester approved own request"),
                Text::body(NAMES[n]),
            ]
        })
        .collect();
    let columns = vec![column("Exception", 2), column("What", 4), column("Requester", 3)];
    Block::Table(table("top", "The five most severe exceptions", columns, rows))
}

fn exception(n: usize) -> String {
    format!("EX-{:012x}", (n + 1) * 0x9e37_79b9_7f4a)
}

fn sources() -> Block {
    let rows = [
        ("gateway", "countersign-log/1", 3011, Tone::Good),
        ("hoop", "hoop sessions", 1207, Tone::Good),
        ("teleport", "Teleport audit", 1544, Tone::Good),
        ("slack", "approval bot", 250, Tone::Caution),
    ]
    .map(|(id, kind, records, tone)| {
        vec![
            Text::mono(id),
            Text::body(kind),
            Text::body(records.to_string()),
            Text::body("2026-07-01 00:04:11Z"),
            Text::body("2026-09-30 23:58:02Z"),
            Text::mark(if tone == Tone::Good { "verified" } else { "not verifiable" }, tone),
            Text::mono(DIGEST),
        ]
    });
    let columns = vec![
        column("Source", 2),
        column("Kind", 3),
        number("Records", 2),
        column("First event", 3),
        column("Last event", 3),
        column("Integrity", 3),
        column("SHA-256", 4),
    ];
    Block::Table(table("source-table", "Sources and what was read from them", columns, rows.to_vec()))
}

fn conservation() -> Block {
    let rows = (1..=14)
        .map(|n| {
            vec![
                Text::strong(format!("step {n}")),
                Text::body((n * 4312).to_string()),
                Text::body((n * 3).to_string()),
                Text::body("records that no rule of the profile matches"),
            ]
        })
        .collect();
    Block::Table(table(
        "steps",
        "What became of every line read",
        vec![column("Step", 2), number("Items", 1), number("Set aside", 1), column("Reason", 4)],
        rows,
    ))
}

fn keys() -> Block {
    let rows = vec![vec![
        Text::mono(DIGEST),
        Text::body("gateway, rotated yearly"),
        Text::mark("trusted", Tone::Good),
        Text::body("2026-01-01"),
        Text::body("3011"),
    ]];
    Block::Table(table(
        "key-table",
        "Keys that signed records",
        vec![
            column("Key id", 3),
            column("Owner", 3),
            column("Standing", 2),
            column("Valid from", 2),
            number("Records", 1),
        ],
        rows,
    ))
}

fn empty() -> Block {
    let mut empty = table("break-table", "Breaks, by object and line", vec![column("Object", 1)], Vec::new());
    empty.empty = "No break was detected in the records that are covered.".into();
    Block::Table(empty)
}

fn attributes(n: usize) -> Block {
    let rows = [
        "approval exists",
        "approval precedes execution",
        "approver differs from requester",
        "approver was authorised at that time",
    ]
    .iter()
    .enumerate()
    .map(|(i, question)| {
        vec![
            Text::strong(["AUTHZ-01", "AUTHZ-03", "SOD-01", "SOD-02"][i]),
            Text::body(*question),
            Text::body((n * 31 + i).to_string()),
            Text::body(i.to_string()),
            [
                Text::mark("no exceptions noted", Tone::Good),
                Text::mark("exceptions noted", Tone::Bad),
                Text::mark("for review", Tone::Caution),
                Text::mark("unable to test", Tone::Unknown),
            ][i]
                .clone(),
        ]
    })
    .collect();
    let columns = vec![
        column("Test", 2),
        column("Question", 5),
        number("Population", 2),
        number("Exceptions", 2),
        column("Result", 3),
    ];
    Block::Table(table(&format!("attributes-{n}"), "Tests that bear on it", columns, rows))
}

fn register() -> Block {
    let rows = (0..LONG)
        .map(|n| {
            vec![
                Text::mono(exception(n)).at(exception(n)),
                Text::mark(if n % 3 == 0 { "critical" } else { "high" }, if n % 3 == 0 { Tone::Bad } else { Tone::Caution }),
                Text::body(NAMES[n % 6]),
                Text::body(if n % 4 == 0 { "executed 42 s before the approval was given, and with another command than the approved one" } else { "requester approved own request" }),
                Text::mono(format!("logs/gateway/2026-{:02}.jsonl:{}", 7 + n % 3, 118 + n * 7)),
                Text::body(n.to_string()),
            ]
        })
        .collect();
    let columns = vec![
        column("Exception", 3),
        column("Severity", 2),
        column("Requester", 3),
        column("What was found", 5),
        column("Source", 4),
        number("Case", 1),
    ];
    let mut register = table("register", "Exceptions, most severe first", columns, rows);
    register.total = 1_234;
    register.rest = Some("data/exceptions.csv".into());
    Block::Table(register)
}

fn hostile() -> Block {
    let facts = vec![
        fact("Bidi override", Text::body("invoice\u{202e}fdp.exe")),
        fact("Escape", Text::mono("\u{1b}[31mred\u{7}")),
        fact("Chinese", Text::body("李小龍 approved")),
        fact("Emoji", Text::body("ok 👍 done")),
        fact("PDF string", Text::body(") Tj ET (\\")),
        fact("Unbreakable", Text::mono("x".repeat(300))),
        fact("Mixed", Text::body("case 12: דוד לוי (approver), محمد الأحمد and Ελένη at 10:42")),
        fact("Marks", Text::body("Z\u{301}\u{302}\u{303}\u{304}\u{305}algo")),
    ];
    Block::Facts { title: "Values as recorded".into(), facts }
}

fn tall_row() -> Block {
    let command = "kubectl -n payments exec deploy/api -- psql -c 'select * from cards' ".repeat(90);
    let rows = vec![
        vec![Text::strong("command"), Text::mono(command)],
        vec![Text::strong("after"), Text::body("next row")],
    ];
    Block::Table(table(
        "tall",
        "A row taller than a page",
        vec![column("Field", 1), column("Value", 6)],
        rows,
    ))
}

fn figure(id: &str, title: &str, width: f32, height: f32, shapes: Vec<Shape>, rows: Vec<Vec<Text>>) -> Block {
    Block::Figure(Figure {
        id: id.into(),
        title: title.into(),
        description: format!("{title}: verified records are solid, others hatched, days without data blank."),
        width,
        height,
        shapes,
        data: table(
            &format!("{id}-data"),
            "Data of the figure",
            vec![column("What", 3), number("Items", 1)],
            rows,
        ),
        open: false,
    })
}

fn label(x: f32, y: f32, size: f32, ink: Ink, align: Align, text: &str) -> Shape {
    Shape::Label { x, y, size, ink, align, text: text.into() }
}

fn bar(x: f32, y: f32, w: f32, h: f32, ink: Ink, hatched: bool) -> Shape {
    Shape::Rect { x, y, w, h, ink, hatched, title: String::new() }
}

fn coverage() -> Block {
    let mut shapes = Vec::new();
    for (row, name) in ["gateway", "hoop", "teleport", "slack"].iter().enumerate() {
        let y = 20.0 + 26.0 * row as f32;
        shapes.push(label(88.0, y + 13.0, 12.0, Ink::Text, Align::End, name));
        for day in 0..92_usize {
            let x = 96.0 + 6.6 * day as f32;
            let (ink, hatched) = match (row, day % 17) {
                (3, _) => (Ink::Unknown, true),
                (0, 5) => (Ink::Bad, false),
                (_, 11) => (Ink::Faint, false),
                _ => (Ink::Good, false),
            };
            shapes.push(bar(x, y, 5.8, 18.0, ink, hatched));
        }
    }
    for (month, name) in ["July", "August", "September"].iter().enumerate() {
        shapes.push(label(96.0 + 204.0 * month as f32, 138.0, 11.0, Ink::Muted, Align::Start, name));
    }
    let rows = (0..20).map(|n| vec![Text::body(format!("day {n}")), Text::body(n.to_string())]).collect();
    figure("coverage", "Coverage by source and day", 720.0, 148.0, shapes, rows)
}

fn waterfall() -> Block {
    let mut shapes = Vec::new();
    let steps = [
        ("records read", 6012.0, Ink::Accent),
        ("mapped to events", 5688.0, Ink::Accent),
        ("executions", 1204.0, Ink::Good),
        ("gated", 311.0, Ink::Caution),
    ];
    for (n, (name, items, ink)) in steps.iter().enumerate() {
        let y = 10.0 + 30.0 * n as f32;
        shapes.push(label(130.0, y + 14.0, 12.0, Ink::Text, Align::End, name));
        shapes.push(bar(140.0, y, items * 0.08, 20.0, *ink, false));
        shapes.push(label(
            148.0 + items * 0.08,
            y + 14.0,
            12.0,
            Ink::Muted,
            Align::Start,
            &items.to_string(),
        ));
    }
    shapes.push(Shape::Line { x1: 140.0, y1: 4.0, x2: 140.0, y2: 128.0, ink: Ink::Muted, width: 1.0 });
    let rows =
        steps.iter().map(|(name, items, _)| vec![Text::body(*name), Text::body(items.to_string())]).collect();
    figure("waterfall", "From records to gated executions", 720.0, 132.0, shapes, rows)
}

fn daily() -> Block {
    let mut shapes =
        vec![Shape::Line { x1: 40.0, y1: 160.0, x2: 710.0, y2: 160.0, ink: Ink::Muted, width: 1.0 }];
    for day in 0..92_usize {
        let x = 42.0 + 7.2 * day as f32;
        let approved = 30.0 + (day * 37 % 61) as f32;
        shapes.push(bar(x, 160.0 - approved, 5.4, approved, Ink::Good, false));
        shapes.push(bar(x, 148.0 - approved, 5.4, 12.0, Ink::Caution, true));
        if day % 13 == 0 {
            shapes.push(bar(x, 138.0 - approved, 5.4, 10.0, Ink::Bad, false));
        }
    }
    shapes.push(label(376.0, 176.0, 11.0, Ink::Muted, Align::Middle, "day of the period"));
    figure("daily", "Gated executions by day", 720.0, 184.0, shapes, Vec::new())
}
