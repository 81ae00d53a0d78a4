//! JSON as Python writes it.

use std::{cell::Cell, io};

use serde::Serialize;
use serde_json::{Serializer, ser::Formatter};

use crate::{finite::is_finite, number};

/// A value as JSON, letter by letter as `gs_quant` has it: a space after each comma and colon, and ASCII alone. Else what is wrong.
///
/// But no NaN and no infinity: Python has words for them that are no JSON.
pub(crate) fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, &'static str> {
    let mut json = Vec::with_capacity(128);
    let has_null = Cell::new(false);
    let python = Python {
        has_null: &has_null,
    };
    // The foreign error may quote the value.
    value
        .serialize(&mut Serializer::with_formatter(&mut json, python))
        .map_err(
            |_| "its body cannot be written as JSON; such as a map with keys that are no texts",
        )?;
    // Written as `null`, they are found by looking again.
    if has_null.get() && !is_finite(value) {
        return Err(
            "its body has a number that is NaN or infinite, for which JSON has no word; leave it out, or send `None`",
        );
    }
    Ok(json)
}

/// Whether Python takes this JSON for false: what is empty, null, false or zero.
pub(crate) fn is_false(json: &[u8]) -> bool {
    matches!(
        json,
        b"{}" | b"[]" | b"\"\"" | b"null" | b"false" | b"0" | b"0.0" | b"-0.0"
    )
}

struct Python<'a> {
    has_null: &'a Cell<bool>,
}

impl Formatter for Python<'_> {
    fn write_null<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.has_null.set(true);
        writer.write_all(b"null")
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first {
            Ok(())
        } else {
            writer.write_all(b", ")
        }
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.begin_array_value(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        writer.write_all(number::text(value).as_bytes())
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(number::text(value).as_bytes())
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let is_plain = |c: char| matches!(c, ' '..='~');
        let mut rest = fragment;
        while let Some(at) = rest.find(|c| !is_plain(c)) {
            let (plain, other) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut other = other.chars();
            let mut units = [0; 2];
            for unit in other.next().unwrap_or_default().encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = other.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_what_python_writes() {
        let value = json!({ "a": [1, 2.5, 1e16, 1e-5, null, true], "b": { "é\u{7f}": "x\n\"😀ü" }, "c": {}, "d": [] });
        assert_eq!(
            String::from_utf8(to_vec(&value).unwrap()).unwrap(),
            r#"{"a": [1, 2.5, 1e+16, 1e-05, null, true], "b": {"\u00e9\u007f": "x\n\"\ud83d\ude00\u00fc"}, "c": {}, "d": []}"#
        );
    }

    #[test]
    fn what_python_takes_for_false_is_known() {
        for value in [
            json!({}),
            json!([]),
            json!(""),
            json!(null),
            json!(false),
            json!(0),
            json!(0.0),
            json!(-0.0),
        ] {
            assert!(is_false(&to_vec(&value).unwrap()), "{value}");
        }
        for value in [
            json!({ "a": {} }),
            json!([0]),
            json!("{}"),
            json!(true),
            json!(0.5),
        ] {
            assert!(!is_false(&to_vec(&value).unwrap()), "{value}");
        }
    }

    #[test]
    fn it_is_read_as_what_was_written() {
        let value = json!({ "é\u{7f}": ["x\n\"😀ü\\", { "": -1 }] });
        let read: serde_json::Value = serde_json::from_slice(&to_vec(&value).unwrap()).unwrap();
        assert_eq!(read, value);
    }
}
