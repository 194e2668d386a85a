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

    /// Reads row `index` of `columns`, which are in the order of [`Row::COLUMNS`]; an absent one reads as null.
    fn read(columns: &[Option<&Held>], index: usize) -> Self;
}

/// Builds the frame of a table row by row.
pub struct FrameBuilder<R> {
    columns: Vec<Values>,
    height: usize,
    row: std::marker::PhantomData<R>,
}

impl<R: Row> Default for FrameBuilder<R> {
    fn default() -> Self {
        Self {
            columns: R::COLUMNS.iter().map(|column| Values::new(column, 0)).collect(),
            height: 0,
            row: std::marker::PhantomData,
        }
    }
}

impl<R: Row> FrameBuilder<R> {
    /// Appends a row.
    pub fn push(&mut self, row: &R) {
        row.push(&mut self.columns);
        self.height += 1;
    }

    /// Returns how many rows were appended.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Returns the frame; one without rows still has every column.
    pub fn finish(self) -> DataFrame {
        let columns: Vec<Held> = self.columns.into_iter().map(|values| values.finish().into()).collect();
        DataFrame::new(self.height, columns)
            .expect("columns of one builder share their height and have distinct names")
    }
}

/// Builds the frame of `rows`, in their order.
pub fn to_frame<'a, R: Row + 'a>(rows: impl IntoIterator<Item = &'a R>) -> DataFrame {
    let mut builder = FrameBuilder::default();
    for row in rows {
        builder.push(row);
    }
    builder.finish()
}

/// Reads the rows of a frame, looking its columns up once.
pub struct FrameReader<'a, R> {
    columns: Vec<Option<&'a Held>>,
    height: usize,
    row: std::marker::PhantomData<R>,
}

impl<'a, R: Row> FrameReader<'a, R> {
    /// Looks up the columns of `frame`.
    pub fn new(frame: &'a DataFrame) -> Self {
        Self {
            columns: R::COLUMNS.iter().map(|column| frame.column(column.name).ok()).collect(),
            height: frame.height(),
            row: std::marker::PhantomData,
        }
    }

    /// Returns the rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = R> + '_ {
        (0..self.height).map(|index| R::read(&self.columns, index))
    }

    /// Returns row `index`.
    pub fn row(&self, index: usize) -> R {
        R::read(&self.columns, index)
    }
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

            fn read(columns: &[Option<&$crate::column::Held>], index: usize) -> Self {
                use $crate::column::Cell as _;
                let mut columns = columns.iter().copied();
                Self {
                    $( $field: columns
                        .next()
                        .flatten()
                        .and_then(|column| <$crate::columns!(@type $ty)>::read(column, index)), )+
                }
            }
        }
    };
    (@type Text) => { Option<String> };
    (@type Int) => { Option<i64> };
    (@type Flag) => { Option<bool> };
}
