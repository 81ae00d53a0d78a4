//! Columns that line up.

use std::io::{self, Write};

use anstyle::Style;

use crate::output::BOLD;

/// Rows of texts below bold headings. The last column is as long as it likes.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    headings: [&'static str; N],
    /// Each with the style of its first column.
    rows: Vec<(Style, [String; N])>,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(headings: [&'static str; N]) -> Self {
        Self {
            headings,
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, row: [String; N]) {
        self.row_in(Style::new(), row);
    }

    /// A row whose first column has a style.
    pub(crate) fn row_in(&mut self, style: Style, row: [String; N]) {
        self.rows.push((style, row));
    }

    pub(crate) fn write(&self, indent: &str, to: &mut impl Write) -> io::Result<()> {
        let widths = self.widths();
        write!(to, "{indent}{BOLD}")?;
        line(Style::new(), self.headings, &widths, to)?;
        writeln!(to, "{BOLD:#}")?;
        for (style, row) in &self.rows {
            write!(to, "{indent}")?;
            line(*style, row.each_ref().map(String::as_str), &widths, to)?;
            writeln!(to)?;
        }
        Ok(())
    }

    fn widths(&self) -> [usize; N] {
        let mut widths = self.headings.map(|heading| heading.chars().count());
        for (_, row) in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        widths
    }
}

fn line<const N: usize>(
    style: Style,
    cells: [&str; N],
    widths: &[usize; N],
    to: &mut impl Write,
) -> io::Result<()> {
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if column + 1 == N {
            write!(to, "{cell}")?;
        } else if column == 0 {
            write!(to, "{style}{cell:width$}{style:#}  ")?;
        } else {
            write!(to, "{cell:width$}  ")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_start_below_their_headings() {
        let mut table = Table::new(["NAME", "N", "WHAT"]);
        table.row(["ä".into(), "12345".into(), "short".into()]);
        table.row(["longer".into(), "1".into(), "a longer text".into()]);
        let mut written = anstream::StripStream::new(Vec::new());
        table.write("  ", &mut written).unwrap();
        assert_eq!(
            String::from_utf8(written.into_inner()).unwrap(),
            "  NAME    N      WHAT\n  ä       12345  short\n  longer  1      a longer text\n"
        );
    }
}
