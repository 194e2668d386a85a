//! A document to one HTML file: in a [`Document`] and [`Templates`], out a page that asks the network for nothing.
//!
//! Every value that a template prints passes one formatter, which makes hidden characters visible and escapes the
//! rest. The page carries a policy that allows its own style and script by their digests, and nothing else; so no
//! template may use a `style` attribute or an event handler.

mod svg;
mod templates;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior, context, escape_formatter};
use thiserror::Error;

pub use self::templates::Templates;
use crate::digest::Digest;
use crate::report::document::{Block, Document, Figure, Table};
use crate::report::view::text::DOT;
use crate::report::visible::visible;

/// The template that is rendered; the others are what it imports.
const ROOT: &str = "report.html";
const STYLE: &str = "style.css";
const BRAND_STYLE: &str = "brand.css";
const SCRIPT: &str = "script.js";

/// Renders `document` as one HTML file.
///
/// # Errors
/// Returns an error where a template of the workspace is not one, naming its file and line.
pub fn render(document: &Document, templates: &Templates) -> Result<String, HtmlError> {
    let environment = environment(templates)?;
    let style = inline(templates, STYLE, "</style")?.to_owned()
        + &generated_style(document)
        + inline(templates, BRAND_STYLE, "</style")?;
    let script = inline(templates, SCRIPT, "</script")?.to_owned();
    let figures: BTreeMap<String, Value> = figures(document)
        .map(|figure| (figure.id.clone(), Value::from_safe_string(svg::draw(figure))))
        .collect();
    let context = context! {
        document => Value::from(Serde(document)),
        figures => Value::from(figures),
        policy => policy(&style, &script),
        style => Value::from_safe_string(style),
        script => Value::from_safe_string(script),
    };
    let template = environment.get_template(ROOT).map_err(|error| HtmlError::template(&error))?;
    template.render(context).map_err(|error| HtmlError::template(&error))
}

fn environment(templates: &Templates) -> Result<Environment<'_>, HtmlError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .expect("the usual delimiters do not clash"),
    );
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => Ok(out.write_str(&escape(text))?),
        _ => escape_formatter(out, state, value),
    });
    environment.add_filter("shape", shape);
    environment.add_filter("pieces", |text: &str| text.split(DOT).map(str::to_owned).collect::<Vec<_>>());
    environment.add_filter("breakable", |text: &str| Value::from_safe_string(breakable(text)));
    environment.add_filter("count", |n: u64| crate::report::view::text::count(n));
    environment.add_test("digest", is_digest);
    for (name, text) in templates.pages() {
        environment.add_template(name, text).map_err(|error| HtmlError::template(&error))?;
    }
    Ok(environment)
}

/// Makes hidden characters visible and escapes for element content and quoted attributes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            c => out.push(c),
        }
    }
    out
}

/// Escapes an identifier and lets its line break after the characters that separate its parts.
fn breakable(text: &str) -> String {
    let parts: Vec<String> = text.split_inclusive([':', '/', '_', '.', '@']).map(escape).collect();
    parts.join("<wbr>")
}

/// Returns the shape that stands beside a tone, for readers who don't see its colour.
fn shape(tone: &str) -> &'static str {
    match tone {
        "good" => "●",
        "caution" => "▲",
        "bad" => "◆",
        "unknown" => "○",
        _ => "–",
    }
}

/// Tells whether `text` is a SHA-256 in hex, grouped or not: something that a reader may want to copy.
fn is_digest(text: &str) -> bool {
    let digits: String = text.split(' ').collect();
    Digest::from_hex(&digits).is_some()
}

/// Returns the file `name`, refusing what would end its element early.
fn inline<'a>(templates: &'a Templates, name: &'static str, end: &'static str) -> Result<&'a str, HtmlError> {
    let text = templates.text(name);
    if let Some(line) = text.lines().position(|line| line.to_ascii_lowercase().contains(end)) {
        return Err(HtmlError::EndsElement { file: name.to_owned(), line: line + 1, tag: end });
    }
    Ok(text)
}

/// Returns the content security policy: this style, this script, and nothing from anywhere.
fn policy(style: &str, script: &str) -> String {
    let source = |text: &str| format!("'sha256-{}'", STANDARD.encode(Digest::of(text.as_bytes()).as_bytes()));
    format!(
        "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        source(style),
        source(script)
    )
}

/// Returns the rules that depend on the document: shares of table columns, and the running foot of print.
fn generated_style(document: &Document) -> String {
    let mut widths = std::collections::BTreeSet::new();
    for table in tables(document) {
        widths.extend(table.columns.iter().map(|column| column.width));
    }
    let mut style = String::from("\n");
    for width in widths {
        style.push_str(&format!(".w{width}{{width:{width}%}}\n"));
    }
    let foot =
        format!("{DOT}results digest {}", document.results_digest.chars().take(16).collect::<String>());
    style.push_str(&format!(
        "@page{{@bottom-left{{content:\"{}{}\"}}}}\n",
        css_string(&visible(&document.running_head)),
        css_string(&foot)
    ));
    style
}

/// Escapes everything but letters and digits, so that no name of an entity can leave its string.
fn css_string(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\{:06x}", u32::from(c)) })
        .collect()
}

fn blocks(document: &Document) -> impl Iterator<Item = &Block> {
    document.sections.iter().flat_map(|section| &section.blocks)
}

fn figures(document: &Document) -> impl Iterator<Item = &Figure> {
    blocks(document).filter_map(|block| match block {
        Block::Figure(figure) => Some(figure),
        _ => None,
    })
}

fn tables(document: &Document) -> impl Iterator<Item = &Table> {
    blocks(document).filter_map(|block| match block {
        Block::Table(table) => Some(table),
        Block::Figure(figure) => Some(&figure.data),
        _ => None,
    })
}

/// Why a document cannot be rendered as HTML.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum HtmlError {
    /// A template cannot be parsed or rendered. The user can fix this where the workspace overrides it.
    #[error("template `{file}` cannot be rendered, line {line}: {detail}")]
    Template {
        /// File name.
        file: String,
        /// Line, from 1; 0 where it is not known.
        line: usize,
        /// What is wrong.
        detail: String,
    },
    /// A style sheet or script holds the tag that would end it. The user can fix this.
    #[error("`{file}` holds `{tag}` in line {line}, which would end it there")]
    EndsElement {
        /// File name.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The tag.
        tag: &'static str,
    },
    /// A file of the workspace's templates cannot be read. The user can fix this.
    #[error("cannot read template `{}`: {detail}", path.display())]
    Unreadable {
        /// Path.
        path: PathBuf,
        /// What the system says.
        detail: String,
    },
    /// A file has the name of no shipped template. The user can fix this.
    #[error("`{name}` is no template that reports use")]
    UnknownTemplate {
        /// File name.
        name: String,
        /// The nearest name that is one.
        near: Option<String>,
    },
}

impl HtmlError {
    /// Takes file and line from the innermost error, which is where the mistake is.
    fn template(error: &minijinja::Error) -> Self {
        let mut innermost = error;
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            if let Some(inner) = inner.downcast_ref::<minijinja::Error>() {
                innermost = inner;
            }
            cause = inner.source();
        }
        let detail = match innermost.detail() {
            Some(detail) => format!("{}: {detail}", innermost.kind()),
            None => innermost.kind().to_string(),
        };
        Self::Template {
            file: innermost.name().or(error.name()).unwrap_or(ROOT).to_owned(),
            line: innermost.line().or(error.line()).unwrap_or(0),
            detail,
        }
    }

    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Template { file, .. } => {
                Some(format!("mend `report-templates/html/{file}`, or delete it to use the shipped one"))
            }
            Self::EndsElement { .. } => {
                Some("split the text so that the tag does not stand in one piece".to_owned())
            }
            Self::Unreadable { .. } => Some("check that it is a readable file in UTF-8".to_owned()),
            Self::UnknownTemplate { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            Self::UnknownTemplate { near: None, .. } => Some(format!(
                "use one of {}, or begin the name of a part of your own with `_`",
                Templates::names()
            )),
        }
    }
}
