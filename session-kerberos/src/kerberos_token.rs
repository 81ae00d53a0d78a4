//! Tokens of the mechanism Kerberos (RFC 4121 §4.1), as far as an initiator has to tell them apart.

use crate::{
    der::{
        GENERAL_STRING, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, application, context, element, only,
    },
    spnego::KRB5,
};

/// What a server answers a token of ours with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// `KRB_AP_REP`: its proof.
    Reply,
    /// `KRB_ERROR`, with its code (RFC 4120 §7.5.9).
    Error(i32),
}

const REPLY: &[u8] = b"\x02\x00";
const ERROR: &[u8] = b"\x03\x00";

impl Answer {
    /// What this token is; `None` if it is neither.
    ///
    /// Libraries are given replies alone. What they do with an error besides reporting it differs: Heimdal's corrects its clock by
    /// what the error says, which nobody vouches for, and has the credential cache remember that.
    pub(crate) fn of(token: &[u8]) -> Option<Self> {
        let content = only(token, application(0))?;
        let (mechanism, content) = element(content, OBJECT_IDENTIFIER)?;
        let (kind, message) = content.split_at_checked(2)?;
        if mechanism != KRB5 {
            return None;
        }
        match kind {
            REPLY => Some(Self::Reply),
            ERROR => code(message).map(Self::Error),
            _ => None,
        }
    }
}

/// The realm that a ticket is from, as its service sees it (RFC 4120 §5.3); `None` if it is damaged.
pub(crate) fn realm_of_ticket(ticket: &[u8]) -> Option<&[u8]> {
    const REALM: u8 = 1;
    let fields = only(only(ticket, application(1))?, SEQUENCE)?;
    only(field(fields, REALM)?, GENERAL_STRING)
}

/// The field of that number, where all before it are there.
fn field(mut fields: &[u8], number: u8) -> Option<&[u8]> {
    for before in 0..number {
        (_, fields) = element(fields, context(before))?;
    }
    element(fields, context(number)).map(|(content, _)| content)
}

/// The code of a `KRB-ERROR` (RFC 4120 §5.9.1).
fn code(message: &[u8]) -> Option<i32> {
    const ERROR_CODE: u8 = 6;
    let mut fields = only(only(message, application(30))?, SEQUENCE)?;
    // Those before it, each of which may be missing.
    for number in 0..ERROR_CODE {
        if let Some((_, rest)) = element(fields, context(number)) {
            fields = rest;
        }
    }
    let (field, _) = element(fields, context(ERROR_CODE))?;
    let bytes = only(field, INTEGER)?;
    // A number of RFC 4120's table, or one that is made up: small and positive.
    match *bytes {
        [low @ 0..=0x7f] | [0, low @ 0x80..=0xff] => Some(i32::from(low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::der::{OCTET_STRING, wrap};

    fn token(kind: &[u8], message: &[u8]) -> Vec<u8> {
        let mechanism = wrap(OBJECT_IDENTIFIER, &[KRB5]);
        wrap(application(0), &[&mechanism, kind, message]).to_vec()
    }

    fn error(code: &[u8]) -> Vec<u8> {
        let number = |field, value: &[u8]| wrap(context(field), &[&wrap(INTEGER, &[value])]);
        let fields = [
            number(0, b"\x05"),
            number(1, b"\x1e"),
            wrap(context(4), &[&wrap(0x18, &[b"20260101000000Z"])]),
            number(5, b"\x00"),
            number(6, code),
            wrap(context(9), &[&wrap(0x1b, &[b"EXAMPLE.TEST"])]),
        ];
        let fields: Vec<&[u8]> = fields.iter().map(|field| field.as_slice()).collect();
        wrap(application(30), &[&wrap(SEQUENCE, &fields)]).to_vec()
    }

    #[test]
    fn errors_are_told_from_replies_and_have_their_codes() {
        assert_eq!(Answer::of(&token(REPLY, b"?")), Some(Answer::Reply));
        for (bytes, code) in [(&b"\x2c"[..], 44), (b"\x00", 0), (b"\x00\xff", 255)] {
            let token = token(ERROR, &error(bytes));
            assert_eq!(Answer::of(&token), Some(Answer::Error(code)));
        }
    }

    #[test]
    fn what_is_neither_is_nothing() {
        let of_another = {
            let mechanism = wrap(OBJECT_IDENTIFIER, &[b"\x2a"]);
            wrap(application(0), &[&mechanism, REPLY, b"?"])
        };
        for token in [
            &of_another[..],
            b"",
            &token(b"\x01\x00", b"?"),
            &token(b"\x02", b""),
            &token(ERROR, b"?"),
            &token(ERROR, &error(b"")),
            &token(ERROR, &error(b"\xff")),
            &token(ERROR, &error(b"\x01\x00\x00")),
            &wrap(OCTET_STRING, &[b"x"]),
            &[&token(REPLY, b"?")[..], b"x"].concat(),
        ] {
            assert_eq!(Answer::of(token), None, "{token:?}");
        }
    }

    #[test]
    fn a_ticket_has_a_realm() {
        let version = wrap(context(0), &[&wrap(INTEGER, &[b"\x05"])]);
        let realm = wrap(context(1), &[&wrap(GENERAL_STRING, &[b"EXAMPLE.TEST"])]);
        let name = wrap(context(2), &[&wrap(SEQUENCE, &[])]);
        let ticket = |fields: &[&[u8]]| wrap(application(1), &[&wrap(SEQUENCE, fields)]);
        let whole = ticket(&[&version, &realm, &name]);
        assert_eq!(realm_of_ticket(&whole), Some(&b"EXAMPLE.TEST"[..]));
        assert_eq!(realm_of_ticket(&ticket(&[&version, &name])), None);
        assert_eq!(realm_of_ticket(&whole[1..]), None);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_no_panic(message: Vec<u8>) {
            let _ = Answer::of(&message);
            let _ = realm_of_ticket(&message);
            let _ = realm_of_ticket(&wrap(application(1), &[&wrap(SEQUENCE, &[&message])]));
            let _ = Answer::of(&token(ERROR, &message));
            let _ = Answer::of(&token(ERROR, &wrap(application(30), &[&wrap(SEQUENCE, &[&message])])));
        }

        #[test]
        fn cut_short_it_is_nothing(length in 0_usize..60) {
            let whole = token(ERROR, &error(b"\x2c"));
            prop_assert_eq!(Answer::of(&whole[..length.min(whole.len() - 1)]), None);
        }
    }
}
