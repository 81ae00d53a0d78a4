//! Messages to and from a KDC (RFC 4120 §5.4, §5.9), as far as tests look at them or make them.

const AS_REQ: u8 = 0x6a;
const TGS_REQ: u8 = 0x6c;

/// Whether it is the first request of an authentication: the KDC answers that it wants a proof, and another request has that.
pub(crate) fn begins_authentication(request: &[u8]) -> bool {
    // `padata-type [1] Int32`: PA-ENC-TIMESTAMP.
    const PROOF: &[u8] = &[0xa1, 3, 2, 1, 2];
    request.first() == Some(&AS_REQ) && !request.windows(PROOF.len()).any(|part| part == PROOF)
}

/// Whether it asks for a ticket for a service.
pub(crate) fn asks_for_ticket(request: &[u8]) -> bool {
    request.first() == Some(&TGS_REQ)
}

/// Whether it asks for a ticket to be renewed (`renew`, §5.4.1).
pub(crate) fn asks_for_renewal(request: &[u8]) -> bool {
    // `kdc-options [0] KDCOptions`: a string of 32 bits, of which this is the last but one.
    const OPTIONS: &[u8] = &[0xa0, 7, 3, 5, 0];
    const RENEW: u8 = 0b10;
    asks_for_ticket(request)
        && request
            .windows(OPTIONS.len() + 4)
            .any(|part| part.starts_with(OPTIONS) && part[part.len() - 1] & RENEW != 0)
}

/// A refusal with this code and text.
pub(crate) fn error(code: u8, text: &str) -> Vec<u8> {
    let string = |tag, text: &str| element(tag, &element(0x1b, text.as_bytes()));
    let number = |tag, number: u8| element(tag, &element(2, &[number]));
    let name = element(0xa1, &element(0x30, &element(0x1b, b"krbtgt")));
    let fields = [
        number(0xa0, 5),
        number(0xa1, 30),
        element(0xa4, &element(0x18, b"20300101000000Z")),
        number(0xa5, 0),
        number(0xa6, code),
        string(0xa9, "GATE.TEST"),
        element(0xaa, &element(0x30, &[number(0xa0, 2), name].concat())),
        string(0xab, text),
    ];
    element(0x7e, &element(0x30, &fields.concat()))
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match length {
        [0, short @ 0..=127] => vec![tag, short],
        [0, byte] => vec![tag, 0x81, byte],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [head.as_slice(), content].concat()
}
