//! Zones of times that state none: a fixed offset, or a place whose clocks change.
//!
//! A local time that a place had twice, or never, is no moment. It is refused, unless the profile says which it
//! takes; then the event says so too.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};

use super::error::{ProfileError, nearest};
use super::stamp::read_offset;
use super::syntax::{Node, Shape, Table};
use crate::redact::shown;

/// The zone of times that state none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Zone {
    Fixed(Offset),
    Place(Box<Place>),
}

/// A place of the time zone database that is part of the program, so that every machine reads a time alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    zone: TimeZone,
    name: String,
    /// Which of two moments a local time means when clocks go back; none where it is refused.
    repeated: Option<Side>,
    /// Whether a local time that clocks skip is read as if they had not been put forward.
    skipped: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Earlier,
    Later,
}

/// What a local time is in a zone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Resolved {
    At(Offset),
    /// Of two, or of none, as the profile says.
    Chosen(Offset),
    /// No single moment, in words.
    Unclear(String),
}

impl Zone {
    /// Compiles an offset, the name of a place, or a table of a place and of what to do where its clocks change.
    pub(super) fn of(node: Node<'_>) -> Result<Self, ProfileError> {
        match node.shape()? {
            Shape::Table(table) => Place::of(table).map(|place| Self::Place(Box::new(place))),
            _ => match read_offset(node.text()?) {
                Some(offset) => Ok(Self::Fixed(offset)),
                None => Place::named(node).map(|place| Self::Place(Box::new(place))),
            },
        }
    }

    /// Returns the offset of a local time.
    pub(super) fn resolve(&self, at: DateTime) -> Resolved {
        match self {
            Self::Fixed(offset) => Resolved::At(*offset),
            Self::Place(place) => place.resolve(at),
        }
    }
}

impl Place {
    fn of(table: Table<'_>) -> Result<Self, ProfileError> {
        table.only(&["name", "repeated", "skipped"])?;
        let place = Self::named(table.need("name")?)?;
        let repeated = match table.opt("repeated").map(|node| node.word(&["reject", "earlier", "later"])) {
            None => None,
            Some(word) => match word? {
                "earlier" => Some(Side::Earlier),
                "later" => Some(Side::Later),
                _ => None,
            },
        };
        let skipped = match table.opt("skipped") {
            None => false,
            Some(node) => node.word(&["reject", "later"])? == "later",
        };
        Ok(Self { repeated, skipped, ..place })
    }

    fn named(node: Node<'_>) -> Result<Self, ProfileError> {
        let name = node.text()?;
        let database = TimeZoneDatabase::bundled();
        // The database finds names in any case; a profile writes them as they are.
        match database.get(name).ok().filter(|zone| zone.iana_name() == Some(name)) {
            Some(zone) => Ok(Self { zone, name: name.to_owned(), repeated: None, skipped: false }),
            None => {
                let known: Vec<String> = database.available().map(|name| name.to_string()).collect();
                let same = known.iter().find(|known| known.eq_ignore_ascii_case(name)).map(String::as_str);
                let near = same.or_else(|| nearest(name, known.iter().map(String::as_str)));
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write an offset such as `Z` or `+01:00`, or a name such as `Europe/Berlin`"
                        .to_owned(),
                };
                Err(node.error(
                    format!("`{}` is no offset, and no zone of the database", shown(name)),
                    Some(help),
                ))
            }
        }
    }

    fn resolve(&self, at: DateTime) -> Resolved {
        match self.zone.to_ambiguous_timestamp(at).offset() {
            AmbiguousOffset::Unambiguous { offset } => Resolved::At(offset),
            AmbiguousOffset::Fold { before, after } => match self.repeated {
                Some(Side::Earlier) => Resolved::Chosen(before),
                Some(Side::Later) => Resolved::Chosen(after),
                None => Resolved::Unclear(format!("was twice in `{}`", self.name)),
            },
            AmbiguousOffset::Gap { before, .. } if self.skipped => Resolved::Chosen(before),
            AmbiguousOffset::Gap { .. } => Resolved::Unclear(format!("never was in `{}`", self.name)),
        }
    }
}
