//! One description per table column: the Rust field, the frame column, and the documentation.
//!
//! [`columns!`](crate::columns) declares a row type. From the same lines come the struct, the Polars frame, and
//! the page in `docs/formats/`, so none of them can drift.

use polars::prelude::*;

/// The type of a column. Every column may be null.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// 64-bit signed integer; times are UTC epoch milliseconds and end in `_ms`.
    Int,
    /// True or false.
    Flag,
}

impl ColumnType {
    /// Returns the word used in documentation and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Int => "integer",
            Self::Flag => "flag",
        }
    }
}

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Plain lower-case name.
    pub name: &'static str,
    /// What it holds.
    pub ty: ColumnType,
    /// Its meaning, as printed in `docs/formats/tables.md`.
    pub doc: &'static str,
}

/// Values of one column while a frame is being built.
pub enum Values {
    /// Text values.
    Text(StringChunkedBuilder),
    /// Integer values.
    Int(PrimitiveChunkedBuilder<Int64Type>),
    /// Truth values.
    Flag(BooleanChunkedBuilder),
}

impl Values {
    fn new(column: &Column, capacity: usize) -> Self {
        let name = PlSmallStr::from_static(column.name);
        match column.ty {
            ColumnType::Text => Self::Text(StringChunkedBuilder::new(name, capacity)),
            ColumnType::Int => Self::Int(PrimitiveChunkedBuilder::new(name, capacity)),
            ColumnType::Flag => Self::Flag(BooleanChunkedBuilder::new(name, capacity)),
        }
    }

    fn finish(self) -> Series {
        match self {
            Self::Text(builder) => builder.finish().into_series(),
            Self::Int(builder) => builder.finish().into_series(),
            Self::Flag(builder) => builder.finish().into_series(),
        }
    }
}

/// A Rust type that can stand in a column.
pub trait Cell: Sized {
    /// Appends the value to `values`, which is of the cell's own type.
    fn push(&self, values: &mut Values);
    /// Reads row `index` of `series`.
    fn read(series: &Held, index: usize) -> Self;
}

/// Polars' own column type, renamed because ours describes and theirs holds.
pub type Held = polars::prelude::Column;

impl Cell for Option<String> {
    fn push(&self, values: &mut Values) {
        if let Values::Text(builder) = values {
            builder.append_option(self.as_deref());
        }
    }

    fn read(series: &Held, index: usize) -> Self {
        series.str().ok().and_then(|values| values.get(index)).map(str::to_owned)
    }
}

impl Cell for Option<i64> {
    fn push(&self, values: &mut Values) {
        if let Values::Int(builder) = values {
            builder.append_option(*self);
        }
    }

    fn read(series: &Held, index: usize) -> Self {
        series.i64().ok().and_then(|values| values.get(index))
    }
}

impl Cell for Option<bool> {
    fn push(&self, values: &mut Values) {
        if let Values::Flag(builder) = values {
            builder.append_option(*self);
        }
    }

    fn read(series: &Held, index: usize) -> Self {
        series.bool().ok().and_then(|values| values.get(index))
    }
}

/// A row of a table: made by [`columns!`](crate::columns).
pub trait Row: Default {
    /// The table's name.
    const TABLE: &'static str;
    /// What one row stands for.
    const DOC: &'static str;
    /// The columns, in order.
    const COLUMNS: &'static [Column];

    /// Appends this row to the columns under construction.
    fn push(&self, columns: &mut [Values]);

    /// Reads row `index` of a frame that [`to_frame`] made.
    fn read(frame: &DataFrame, index: usize) -> Self;
}

/// Builds the frame of `rows`, in their order. An empty input gives an empty frame with every column.
pub fn to_frame<'a, R: Row + 'a>(rows: impl ExactSizeIterator<Item = &'a R>) -> DataFrame {
    let height = rows.len();
    let mut columns: Vec<Values> = R::COLUMNS.iter().map(|column| Values::new(column, height)).collect();
    for row in rows {
        row.push(&mut columns);
    }
    let columns: Vec<Held> = columns.into_iter().map(|values| values.finish().into()).collect();
    DataFrame::new(height, columns)
        .expect("columns of one builder share their height and have distinct names")
}

/// Reads every row of a frame that [`to_frame`] made.
pub fn from_frame<R: Row>(frame: &DataFrame) -> Vec<R> {
    (0..frame.height()).map(|index| R::read(frame, index)).collect()
}

/// Declares a row type, its frame and its documentation from one list.
///
/// ```text
/// columns! {
///     /// One request for a privileged action.
///     pub struct Request in "request" {
///         /// Namespaced id of the request.
///         request_id: Text,
///     }
/// }
/// ```
#[macro_export]
macro_rules! columns {
    (
        $(#[doc = $doc:literal])+
        pub struct $name:ident in $table:literal {
            $( $(#[doc = $fdoc:literal])+ $field:ident : $ty:ident, )+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Default, Debug, PartialEq, Eq)]
        pub struct $name {
            $( $(#[doc = $fdoc])+ pub $field: $crate::columns!(@type $ty), )+
        }

        impl $crate::column::Row for $name {
            const TABLE: &'static str = $table;
            const DOC: &'static str = concat!($($doc),+);
            const COLUMNS: &'static [$crate::column::Column] = &[
                $( $crate::column::Column {
                    name: stringify!($field),
                    ty: $crate::column::ColumnType::$ty,
                    doc: concat!($($fdoc),+),
                }, )+
            ];

            fn push(&self, columns: &mut [$crate::column::Values]) {
                use $crate::column::Cell as _;
                let mut columns = columns.iter_mut();
                $( if let Some(values) = columns.next() { self.$field.push(values); } )+
            }

            fn read(frame: &polars::prelude::DataFrame, index: usize) -> Self {
                use $crate::column::Cell as _;
                Self {
                    $( $field: frame
                        .column(stringify!($field))
                        .map(|column| <$crate::columns!(@type $ty)>::read(column, index))
                        .unwrap_or_default(), )+
                }
            }
        }
    };
    (@type Text) => { Option<String> };
    (@type Int) => { Option<i64> };
    (@type Flag) => { Option<bool> };
}
