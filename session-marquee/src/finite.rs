//! Numbers that JSON has no word for.

use std::fmt;

use serde::{
    Serialize, Serializer,
    ser::{
        self, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

/// Whether there is no NaN and no infinity anywhere in a value, which `serde_json` would write as `null` (RFC 8259 §6).
pub(crate) fn is_finite<T: Serialize + ?Sized>(value: &T) -> bool {
    !matches!(value.serialize(Finite), Err(Stop::Number))
}

/// Goes through a value until there is such a number, and writes nothing.
#[derive(Clone, Copy)]
struct Finite;

/// Why it went no further.
#[derive(Debug)]
enum Stop {
    Number,
    /// The value says so itself.
    Value,
}

type Outcome = Result<(), Stop>;

fn number(is_finite: bool) -> Outcome {
    if is_finite { Ok(()) } else { Err(Stop::Number) }
}

macro_rules! passes {
    ($($name:ident($($type:ty),*);)*) => {$(
        fn $name(self $(, _: $type)*) -> Outcome {
            Ok(())
        }
    )*};
}

macro_rules! opens {
    ($($name:ident($($type:ty),*);)*) => {$(
        fn $name(self $(, _: $type)*) -> Result<Self, Stop> {
            Ok(self)
        }
    )*};
}

impl Serializer for Finite {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fn serialize_f32(self, value: f32) -> Outcome {
        number(value.is_finite())
    }

    fn serialize_f64(self, value: f64) -> Outcome {
        number(value.is_finite())
    }

    passes! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    opens! {
        serialize_seq(Option<usize>);
        serialize_tuple(usize);
        serialize_tuple_struct(&'static str, usize);
        serialize_tuple_variant(&'static str, u32, &'static str, usize);
        serialize_map(Option<usize>);
        serialize_struct(&'static str, usize);
        serialize_struct_variant(&'static str, u32, &'static str, usize);
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Outcome {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Outcome {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Outcome {
        value.serialize(self)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Outcome {
        Ok(())
    }
}

macro_rules! goes_through {
    ($($compound:ident: $($method:ident($($key:ty)?)),*;)*) => {$(
        impl $compound for Finite {
            type Ok = ();
            type Error = Stop;

            $(fn $method<T: Serialize + ?Sized>(&mut self, $(_: $key,)? value: &T) -> Outcome {
                value.serialize(*self)
            })*

            fn end(self) -> Outcome {
                Ok(())
            }
        }
    )*};
}

goes_through! {
    SerializeSeq: serialize_element();
    SerializeTuple: serialize_element();
    SerializeTupleStruct: serialize_field();
    SerializeTupleVariant: serialize_field();
    SerializeMap: serialize_key(), serialize_value();
    SerializeStruct: serialize_field(&'static str);
    SerializeStructVariant: serialize_field(&'static str);
}

impl ser::Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Value
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "a number that JSON has not",
            Self::Value => "a value that cannot be written",
        })
    }
}

impl std::error::Error for Stop {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Serialize)]
    enum Each {
        Unit,
        New(Option<f64>),
        Tuple(i128, f64),
        Struct { a: &'static str, b: f32 },
    }

    #[derive(Serialize)]
    struct New(f64);

    #[derive(Serialize)]
    struct Two(char, f64);

    fn with(number: f64) -> [bool; 8] {
        [
            is_finite(&number),
            is_finite(&(number as f32)),
            is_finite(&[vec![1.0], vec![number]]),
            is_finite(&BTreeMap::from([("a", (u128::MAX, number))])),
            is_finite(&[Each::Unit, Each::New(None), Each::New(Some(number))]),
            is_finite(&Each::Tuple(-1, number)),
            is_finite(&Each::Struct {
                a: "x",
                b: number as f32,
            }),
            is_finite(&(New(1.0), Two('x', number), ())),
        ]
    }

    #[test]
    fn a_number_that_json_has_not_is_found_wherever_it_is() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(with(number), [false; 8]);
        }
        assert_eq!(with(-0.5), [true; 8]);
    }
}
