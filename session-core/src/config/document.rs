//! TOML, read without ever quoting it.

use toml::de::{DeTable, DeValue};

use super::{
    Place,
    value::{Entry, Table, Value},
};
use crate::Result;

/// Reads a TOML document. The parser's own errors quote the lines around them, and with them
/// secrets: only their position is used, and what they can be told apart by.
pub(crate) fn parse(text: &str, place: &Place) -> Result<Table> {
    let lines = Lines::of(text);
    match DeTable::parse(text) {
        Ok(table) => Ok(lines.table(table.into_inner())),
        Err(error) => {
            let hint = hint(error.message());
            let span = error.span().unwrap_or_default();
            // Where something is missing the parser points past the end.
            let (line, column) = lines.position(text, span.start.min(text.len()));
            Err(place.syntax_error(line, column, hint))
        }
    }
}

/// Where each line starts.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self(
            std::iter::once(0)
                .chain(breaks.map(|(index, _)| index + 1))
                .collect(),
        )
    }

    /// The line of an offset, counted from 1.
    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }

    /// Line and column, counted from 1; columns in characters.
    fn position(&self, text: &str, offset: usize) -> (usize, usize) {
        let line = self.line(offset);
        let before = &text.as_bytes()[self.0[line - 1]..offset];
        (line, 1 + String::from_utf8_lossy(before).chars().count())
    }

    fn table(&self, table: DeTable<'_>) -> Table {
        table
            .into_iter()
            .map(|(name, value)| {
                let line = Some(self.line(name.span().start));
                let value = self.value(value.into_inner());
                (name.into_inner().into_owned(), Entry { value, line })
            })
            .collect()
    }

    fn value(&self, value: DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::text(text),
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
                .map_or(Value::Other("an integer out of range"), Value::Integer),
            DeValue::Float(_) => Value::Other("a decimal number"),
            DeValue::Boolean(flag) => Value::Flag(flag),
            DeValue::Datetime(_) => Value::Other("a date or time"),
            DeValue::Array(values) => Value::List(
                values
                    .into_iter()
                    .map(|value| self.value(value.into_inner()))
                    .collect(),
            ),
            DeValue::Table(table) => Value::Table(self.table(table)),
        }
    }
}

fn hint(message: &str) -> &'static str {
    const HINTS: &[(&str, &str)] = &[
        (
            "duplicate key",
            "this key or table is there twice; remove one",
        ),
        (
            "string values must be quoted",
            "a value is missing, or a text is not in quotes",
        ),
        (
            "unclosed",
            "something opened here is never closed; add the bracket",
        ),
        ("key with no value", "a key needs `=` and a value"),
        (
            "cannot extend",
            "this name has a value already, and cannot be a table too",
        ),
    ];
    let known = HINTS.iter().find(|(start, _)| message.starts_with(start));
    known.map_or(
        "look for a missing quote, bracket or `=` here",
        |(_, hint)| hint,
    )
}
