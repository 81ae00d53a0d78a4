//! SPNEGO (RFC 4178), as an initiator has it that offers Kerberos and nothing else.
//!
//! It is made here because the libraries' own cannot be told who to be: MIT's passes over a credential that is for Kerberos alone, and
//! Heimdal's (up to 7.8) first tries whether the default cache has tickets for the server. Both then use somebody else's.

use zeroize::Zeroizing;

use crate::der::{
    ENUMERATED, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, application, context, only, optional,
    wrap,
};

/// The mechanism Kerberos 5 (RFC 4121): 1.2.840.113554.1.2.2.
pub(crate) const KRB5: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
/// The same, as Windows calls it too: 1.2.840.48018.1.2.2.
const KRB5_OF_WINDOWS: &[u8] = b"\x2a\x86\x48\x82\xf7\x12\x01\x02\x02";
/// 1.3.6.1.5.5.2
const SPNEGO: &[u8] = b"\x2b\x06\x01\x05\x05\x02";

/// The first token: what is offered, and that mechanism's own first token (§4.2.1).
pub(crate) fn first(token: &[u8]) -> Zeroizing<Vec<u8>> {
    let offered = wrap(context(0), &[&offered()]);
    let token = wrap(context(2), &[&wrap(OCTET_STRING, &[token])]);
    let init = wrap(context(0), &[&wrap(SEQUENCE, &[&offered, &token])]);
    // RFC 2743 §3.1
    wrap(
        application(0),
        &[&wrap(OBJECT_IDENTIFIER, &[SPNEGO]), &init],
    )
}

/// A later token, with the mechanism's own (§4.2.2).
pub(crate) fn later(token: &[u8]) -> Zeroizing<Vec<u8>> {
    response(2, token)
}

/// The last token: that nobody has changed what was offered (§5).
pub(crate) fn code(code: &[u8]) -> Zeroizing<Vec<u8>> {
    response(3, code)
}

fn response(field: u8, content: &[u8]) -> Zeroizing<Vec<u8>> {
    let field = wrap(context(field), &[&wrap(OCTET_STRING, &[content])]);
    wrap(context(1), &[&wrap(SEQUENCE, &[&field])])
}

/// What is offered, which the code in the end is about: `MechTypeList`.
pub(crate) fn offered() -> Zeroizing<Vec<u8>> {
    wrap(SEQUENCE, &[&wrap(OBJECT_IDENTIFIER, &[KRB5])])
}

/// How far the acceptor says that the negotiation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Completed,
    Incomplete,
    Rejected,
    /// It wants to know that nobody has changed what was offered.
    CodeRequested,
}

/// What the acceptor answers (§4.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Response<'a> {
    pub(crate) state: State,
    /// Of the mechanism. Empty if there is none.
    pub(crate) token: &'a [u8],
    /// That nobody has changed what was offered. Empty if there is none.
    pub(crate) code: &'a [u8],
}

impl<'a> Response<'a> {
    /// Reads one. `None` if it is none, has no state, or is about another mechanism than Kerberos.
    pub(crate) fn read(token: &'a [u8]) -> Option<Self> {
        let fields = only(only(token, context(1))?, SEQUENCE)?;
        let (state, fields) = optional(fields, context(0))?;
        let (mechanism, fields) = optional(fields, context(1))?;
        let (token, fields) = optional(fields, context(2))?;
        let (code, fields) = optional(fields, context(3))?;
        if !fields.is_empty() {
            return None;
        }
        if let Some(mechanism) = mechanism
            && ![KRB5, KRB5_OF_WINDOWS].contains(&only(mechanism, OBJECT_IDENTIFIER)?)
        {
            return None;
        }
        let state = match only(state?, ENUMERATED)? {
            [0] => State::Completed,
            [1] => State::Incomplete,
            [2] => State::Rejected,
            [3] => State::CodeRequested,
            _ => return None,
        };
        Some(Self {
            state,
            token: octets(token)?,
            code: octets(code)?,
        })
    }
}

/// Empty if there are none.
fn octets(field: Option<&[u8]>) -> Option<&[u8]> {
    field.map_or(Some(&[]), |field| only(field, OCTET_STRING))
}

#[cfg(test)]
mod tests {
    use proptest::{option, prelude::*};

    use super::*;
    use crate::der::element;

    /// As an acceptor writes it.
    fn answer(
        state: Option<u8>,
        mechanism: Option<&[u8]>,
        token: Option<&[u8]>,
        code: Option<&[u8]>,
    ) -> Vec<u8> {
        let fields: Vec<_> = [
            state.map(|state| wrap(context(0), &[&wrap(ENUMERATED, &[&[state]])])),
            mechanism.map(|oid| wrap(context(1), &[&wrap(OBJECT_IDENTIFIER, &[oid])])),
            token.map(|token| wrap(context(2), &[&wrap(OCTET_STRING, &[token])])),
            code.map(|code| wrap(context(3), &[&wrap(OCTET_STRING, &[code])])),
        ]
        .into_iter()
        .flatten()
        .collect();
        let fields: Vec<&[u8]> = fields.iter().map(|field| field.as_slice()).collect();
        wrap(context(1), &[&wrap(SEQUENCE, &fields)]).to_vec()
    }

    proptest! {
        #[test]
        fn what_an_acceptor_writes_is_read(
            state in 0_u8..4,
            mechanism in option::of(prop_oneof![Just(KRB5), Just(KRB5_OF_WINDOWS)]),
            token: Option<Vec<u8>>,
            code: Option<Vec<u8>>,
        ) {
            let written = answer(Some(state), mechanism, token.as_deref(), code.as_deref());
            let read = Response::read(&written).unwrap();
            let states = [State::Completed, State::Incomplete, State::Rejected, State::CodeRequested];
            prop_assert_eq!(read.state, states[usize::from(state)]);
            prop_assert_eq!(read.token, token.unwrap_or_default());
            prop_assert_eq!(read.code, code.unwrap_or_default());
            for length in 0..written.len() {
                prop_assert_eq!(Response::read(&written[..length]), None);
            }
        }

        #[test]
        fn whatever_comes_is_no_panic(input: Vec<u8>) {
            let _ = Response::read(&input);
            let _ = Response::read(&wrap(context(1), &[&wrap(SEQUENCE, &[&input])]));
        }

        #[test]
        fn what_is_sent_holds_what_it_is_given(token: Vec<u8>) {
            let first = first(&token);
            prop_assert!(first.ends_with(&wrap(OCTET_STRING, &[&token])));
            let inner = only(&first, application(0)).unwrap();
            let (mechanism, init) = element(inner, OBJECT_IDENTIFIER).unwrap();
            prop_assert_eq!(mechanism, SPNEGO);
            let fields = only(only(init, context(0)).unwrap(), SEQUENCE).unwrap();
            let (list, fields) = element(fields, context(0)).unwrap();
            let offer = offered();
            prop_assert_eq!(list, offer.as_slice());
            let field = only(fields, context(2)).unwrap();
            prop_assert_eq!(only(field, OCTET_STRING).unwrap(), token.as_slice());
        }
    }

    /// Byte by byte, so that what both directions get wrong alike shows.
    #[test]
    fn tokens_are_as_the_standard_has_them() {
        assert_eq!(
            first(b"\xaa\xbb").as_slice(),
            b"\x60\x21\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x17\x30\x15\
              \xa0\x0d\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\
              \xa2\x04\x04\x02\xaa\xbb"
        );
        assert_eq!(
            code(b"\xaa").as_slice(),
            b"\xa1\x07\x30\x05\xa3\x03\x04\x01\xaa"
        );
        assert_eq!(
            later(b"\xaa").as_slice(),
            b"\xa1\x07\x30\x05\xa2\x03\x04\x01\xaa"
        );
        let accepted = b"\xa1\x14\x30\x12\xa0\x03\x0a\x01\x00\xa1\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
        assert_eq!(
            Response::read(accepted),
            Some(Response {
                state: State::Completed,
                token: b"",
                code: b""
            })
        );
    }

    #[test]
    fn what_does_not_answer_the_offer_is_no_answer() {
        const NTLM: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";
        assert!(Response::read(&answer(Some(0), Some(KRB5), None, None)).is_some());
        for token in [
            answer(None, Some(KRB5), None, None),
            answer(Some(4), Some(KRB5), None, None),
            answer(Some(0), Some(NTLM), None, None),
            answer(Some(0), Some(SPNEGO), None, None),
            [&answer(Some(0), None, None, None)[..], b"x"].concat(),
            first(b"x").to_vec(),
        ] {
            assert_eq!(Response::read(&token), None, "{token:?}");
        }
    }
}
