//! As much of DER (X.690) as certificates, SPNEGO and Kerberos's errors need.

use zeroize::Zeroizing;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const GENERAL_STRING: u8 = 0x1b;
pub(crate) const SEQUENCE: u8 = 0x30;

/// The tag of a field by its number, which is less than 31.
pub(crate) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// The tag of a type of an application by its number, which is less than 31.
pub(crate) const fn application(number: u8) -> u8 {
    0x60 | number
}

/// The content of the element at the start, if it has that tag, and what comes after it.
pub(crate) fn element(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = input.split_first()?;
    let (&length, rest) = rest.split_first()?;
    if first != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length - 0x80))?;
            let length = bytes.iter().try_fold(0_usize, |sum, byte| {
                sum.checked_mul(256)?.checked_add(usize::from(*byte))
            })?;
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// The content of the element that the input is, if it has that tag and nothing comes after it.
pub(crate) fn only(input: &[u8], tag: u8) -> Option<&[u8]> {
    let (content, rest) = element(input, tag)?;
    rest.is_empty().then_some(content)
}

/// The content of a field, if it is there, and what comes after it. `None` if it is damaged.
pub(crate) fn optional(input: &[u8], tag: u8) -> Option<(Option<&[u8]>, &[u8])> {
    if input.first() != Some(&tag) {
        return Some((None, input));
    }
    let (content, rest) = element(input, tag)?;
    Some((Some(content), rest))
}

/// An element of that tag with these contents.
pub(crate) fn wrap(tag: u8, contents: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length: usize = contents.iter().map(|content| content.len()).sum();
    let bytes = length.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let significant = &bytes[zeros..];
    // Of the right size: one that grows leaves copies behind that nobody wipes.
    let mut element = Zeroizing::new(Vec::with_capacity(2 + significant.len() + length));
    element.push(tag);
    if let Ok(short @ 0..=0x7f) = u8::try_from(length) {
        element.push(short);
    } else {
        element.push(0x80 | u8::try_from(significant.len()).unwrap_or(u8::MAX));
        element.extend_from_slice(significant);
    }
    for content in contents {
        element.extend_from_slice(content);
    }
    element
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_wrapped_is_read_again(tag: u8, content: Vec<u8>, after: Vec<u8>) {
            let (first, second) = content.split_at(content.len() / 2);
            let wrapped = wrap(tag, &[first, second]);
            prop_assert_eq!(only(&wrapped, tag), Some(content.as_slice()));
            let followed = [wrapped.as_slice(), &after].concat();
            prop_assert_eq!(element(&followed, tag), Some((content.as_slice(), after.as_slice())));
            prop_assert_eq!(only(&followed, tag).is_some(), after.is_empty());
            prop_assert_eq!(element(&wrapped, !tag), None);
            // Cut short anywhere it is none.
            for length in 0..wrapped.len() {
                prop_assert_eq!(element(&wrapped[..length], tag), None);
            }
        }

        #[test]
        fn whatever_comes_is_read_or_not_and_never_a_panic(input: Vec<u8>, tag: u8) {
            if let Some((content, rest)) = element(&input, tag) {
                prop_assert!(input.len() >= 2 + content.len() + rest.len());
                prop_assert!(input.ends_with(rest));
            }
            let _ = optional(&input, tag);
        }
    }

    #[test]
    fn lengths_are_written_in_as_few_bytes_as_they_need() {
        for (length, head) in [
            (0, &[4, 0][..]),
            (0x7f, &[4, 0x7f]),
            (0x80, &[4, 0x81, 0x80]),
            (0xff, &[4, 0x81, 0xff]),
            (0x100, &[4, 0x82, 1, 0]),
            (0x1_0000, &[4, 0x83, 1, 0, 0]),
        ] {
            let wrapped = wrap(OCTET_STRING, &[&vec![1; length]]);
            assert_eq!(&wrapped[..wrapped.len() - length], head, "{length}");
            // Nothing had to grow.
            assert!(wrapped.capacity() <= wrapped.len() + 2);
        }
    }

    #[test]
    fn a_field_may_be_missing() {
        let field = wrap(context(1), &[b"x"]);
        assert_eq!(
            optional(&field, context(1)),
            Some((Some(&b"x"[..]), &b""[..]))
        );
        assert_eq!(optional(&field, context(0)), Some((None, field.as_slice())));
        assert_eq!(optional(&field[..2], context(1)), None);
    }
}
