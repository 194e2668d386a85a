//! `countersign case`: one case in the terminal, with the lines that prove it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::{Common, Io, input};
use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::verdict::Verdict;
use crate::report::console::clean;
use crate::report::model::{Exception, TestOutcome};
use crate::report::view::text::{place, second_or_dash, short};
use crate::run::case::{CaseView, MomentView, Named, TestView, find};

/// Moments printed, of two lines each; `--json` has all.
const MAX_MOMENTS: usize = 6;
/// Tests printed.
const MAX_TESTS: usize = 9;
/// Cases named where an id fits several.
const MAX_NAMED: usize = 10;

/// Show one case: who asked, who decided, what ran, and what every test says
#[derive(Args, Debug)]
pub(super) struct CaseArgs {
    /// A case id, an exception id or the beginning of one, or the product's own id
    id: String,
    /// Folder with a `countersign.toml`, or a pack
    #[arg(default_value = ".")]
    workspace: PathBuf,
    /// Print the case as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &CaseArgs, common: &Common, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let (material, run) = input::run(&args.workspace, common)?;
    match find(&material, &run, &args.id) {
        Named::One(case) if args.json => {
            io.result(&serde_json::to_string_pretty(&case).expect("strings and numbers are JSON"))?;
        }
        Named::One(case) => print(&case, io)?,
        Named::Alone(exceptions) => return Err(alone(&args.id, &exceptions)),
        Named::Several(fits) => return Err(several(&args.id, &fits)),
        Named::Nothing => {
            return Err(Failure::message(
                Exit::Usage,
                format!("`{}` names no case of `{}`", args.id, args.workspace.display()),
                "give a case id, an exception id or its first four signs, or an id as the product logs it; \
                 `check --json` lists exceptions with their cases",
            ));
        }
    }
    Ok(Exit::Done)
}

fn several(id: &str, fits: &[(String, &'static str)]) -> Failure {
    let named: Vec<String> =
        fits.iter().take(MAX_NAMED).map(|(case, why)| format!("`{case}` ({why})")).collect();
    let more =
        if fits.len() > MAX_NAMED { format!(", and {} more", fits.len() - MAX_NAMED) } else { String::new() };
    Failure::message(
        Exit::Usage,
        format!("`{id}` fits {} cases", fits.len()),
        format!("give one of {}{more}", named.join(", ")),
    )
}

/// An exception of an event that belongs to no request and is no execution.
fn alone(id: &str, exceptions: &[Exception]) -> Failure {
    let places: Vec<String> = exceptions
        .iter()
        .take(MAX_NAMED)
        .map(|found| format!("{} {} at {}", found.test, found.summary, place(&found.object, found.line)))
        .collect();
    Failure::message(
        Exit::Usage,
        format!("`{id}` is an exception that belongs to no case"),
        format!("look at {}", places.join(", ")),
    )
}

fn print(case: &CaseView, io: &mut Io<'_>) -> Result<(), Failure> {
    let gaps =
        if case.gaps.is_empty() { String::new() } else { format!(" · no {}", case.gaps.join(", no ")) };
    io.result(&format!(
        "Case         {} · {} · {}{}",
        clean(&case.id),
        clean(&case.native_id),
        clean(&case.state),
        clean(&gaps)
    ))?;
    for moment in case.moments.iter().take(MAX_MOMENTS) {
        for line in moment_lines(moment) {
            io.result(&clean(&line))?;
        }
    }
    if case.moments.len() > MAX_MOMENTS {
        io.result(&format!(
            "             … and {} more moments; `--json` has all",
            case.moments.len() - MAX_MOMENTS
        ))?;
    }
    io.result(&format!("Tests        {}", tally(&case.tests)))?;
    let lines = test_lines(case);
    for line in lines.iter().take(MAX_TESTS) {
        io.result(&clean(line))?;
    }
    if lines.len() > MAX_TESTS {
        io.result(&format!("  … and {} more; `--json` has all", lines.len() - MAX_TESTS))?;
    }
    Ok(())
}

/// Returns when and what, and below it where it is logged and how far that record can be relied on.
fn moment_lines(view: &MomentView) -> [String; 2] {
    let moment = &view.moment;
    let person = moment.person.as_ref().filter(|person| **person != moment.who);
    let person = person.map(|person| format!(" ({person})")).unwrap_or_default();
    let until = moment.valid_to.map(|until| format!(" · until {}", second_or_dash(Some(until))));
    let verdict = match view.verdict {
        Some(verdict) => format!("log {} {}", view.log, verdict.word()),
        None => Verdict::NotVerifiable.word().to_owned(),
    };
    let status = if view.status.is_empty() { "record not listed" } else { view.status.as_str() };
    [
        format!(
            "{:<12} {}  {}{person}: {}{}",
            moment.lane,
            second_or_dash(moment.at),
            moment.who,
            moment.what,
            until.unwrap_or_default()
        ),
        format!(
            "             --> {} · {status}, {} · {verdict}",
            place(&moment.object, moment.line),
            moment.grade
        ),
    ]
}

fn tally(tests: &[TestView]) -> String {
    if tests.is_empty() {
        return "none looks at this case".to_owned();
    }
    let words = ["exception", "accepted", "untestable", "pending", "ok"];
    let parts = words.iter().filter_map(|word| {
        let count = tests.iter().filter(|test| test.state == *word).count();
        (count > 0).then(|| format!("{count} {word}"))
    });
    parts.collect::<Vec<_>>().join(" · ")
}

/// Returns a line per test and outcome. What did not hold comes first, and so is never what is left out.
fn test_lines(case: &CaseView) -> Vec<String> {
    let mut counted: BTreeMap<(bool, &str, &str, &str), (usize, &TestView)> = BTreeMap::new();
    for test in &case.tests {
        let key = (test.state == "ok", test.test.as_str(), test.state, test.reason.as_str());
        counted.entry(key).or_insert((0, test)).0 += 1;
    }
    counted.into_values().map(|(items, test)| test_line(test, items, &case.exceptions)).collect()
}

fn test_line(test: &TestView, items: usize, exceptions: &[Exception]) -> String {
    let own = exceptions.iter().find(|exception| {
        (exception.test == test.test || exception.also.contains(&test.test)) && test.state == "exception"
    });
    let mut line = format!(
        "  {:<9} {:<11} {}",
        test.test,
        test.state,
        if test.reason.is_empty() { &test.title } else { &test.reason }
    );
    if items > 1 {
        line.push_str(&format!(" · {items} items"));
    }
    if let Some(exception) = own {
        line.push_str(&format!(" · exception {}", short(&exception.id)));
    }
    if test.result == TestOutcome::UnableToTest {
        line.push_str(" · the test as a whole: unable to test");
    }
    line
}
