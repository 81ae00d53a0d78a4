//! Rows, as pandas shows them.

use std::fmt::Write as _;
use std::iter;

use serde_json::{Map, Value};

/// The columns, each by the date that it is of.
pub(crate) fn by_date(rows: &[Value]) -> Value {
    let mut columns = Map::new();
    for row in rows {
        let date = format!("{} 00:00:00", shown(&row["date"]));
        for (name, value) in row.as_object().unwrap() {
            if name != "date" {
                let column = columns.entry(name).or_insert_with(|| Map::new().into());
                column[&date] = value.clone();
            }
        }
    }
    columns.into()
}

/// A table, whose rows have numbers or what is in the index.
pub(crate) fn text(rows: &[Value], index: Option<&str>, columns: &[&str]) -> String {
    let rows_of_index = rows.iter().enumerate().map(|(number, row)| match index {
        Some(name) => shown(&row[name]),
        None => number.to_string(),
    });
    let mut first = vec![String::new()];
    first.extend(index.map(str::to_owned));
    first.extend(rows_of_index);
    let width = first.iter().map(String::len).max().unwrap();
    let mut lines: Vec<String> = first.iter().map(|cell| format!("{cell:<width$}")).collect();
    for column in columns {
        let is_number = rows.iter().all(|row| row[column].is_number());
        let head = format!("{}{column}", if is_number { " " } else { "" });
        let cells = rows.iter().map(|row| format!(" {}", shown(&row[column])));
        let empty = index.map(|_| String::new());
        let cells: Vec<String> = iter::once(head).chain(empty).chain(cells).collect();
        let width = cells.iter().map(String::len).max().unwrap();
        for (line, cell) in lines.iter_mut().zip(cells) {
            write!(line, " {cell:>width$}").unwrap();
        }
    }
    lines.join("\n")
}

fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
