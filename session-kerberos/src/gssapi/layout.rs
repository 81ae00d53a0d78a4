//! What structures of libkrb5's are like, as far as anybody but the library looks into them.

use std::{
    ffi::c_void,
    mem::{offset_of, size_of},
    ptr,
};

use super::{functions::c_struct, library::Make};

/// Room for a structure of libkrb5's: a `krb5_creds`, a `krb5_keytab_entry` or a cursor of a keytab. The library fills it and empties
/// it; what is looked at meanwhile is copied, and found by the structures below.
#[repr(C, align(16))]
pub(super) struct Room([u8; Self::BYTES]);

impl Room {
    /// More than twice what the largest one takes.
    const BYTES: usize = 512;

    /// All zeros, as libraries want one that is empty.
    pub(super) const fn empty() -> Self {
        Self([0; Self::BYTES])
    }

    /// The pointer at that place, which need not be where pointers are aligned to.
    pub(super) fn pointer(&self, place: usize) -> *mut c_void {
        ptr::with_exposed_provenance_mut(usize::from_ne_bytes(self.bytes(place)))
    }

    pub(super) fn u32(&self, place: usize) -> u32 {
        u32::from_ne_bytes(self.bytes(place))
    }

    fn i64(&self, place: usize) -> i64 {
        i64::from_ne_bytes(self.bytes(place))
    }

    fn bytes<const N: usize>(&self, place: usize) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.0[place..place + N]);
        bytes
    }
}

/// Where in a ticket, a `krb5_creds`, things are; in bytes from its start.
pub(super) struct TicketLayout {
    pub(super) client: usize,
    pub(super) server: usize,
    pub(super) authenticated: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) renewable_until: usize,
    pub(super) flags: usize,
    /// How long the ticket itself is, and a pointer to it; none where nobody needs it.
    pub(super) encoded: Option<(usize, usize)>,
    pub(super) forwardable: u32,
    pub(super) renewable: u32,
    has_long_times: bool,
    /// Whether any of it is known.
    pub(super) is_known: bool,
}

impl TicketLayout {
    pub(super) fn of(make: &Make) -> &'static Self {
        match make {
            Make::Mit(_) => &Self::MIT,
            Make::Heimdal(_) => &Self::HEIMDAL,
        }
    }

    /// A moment, in seconds since 1970; of one that is beyond what caches can hold, the last that they can.
    pub(super) fn seconds(&self, ticket: &Room, place: usize) -> u32 {
        if self.has_long_times {
            let seconds = ticket.i64(place).max(0);
            u32::try_from(seconds).unwrap_or(u32::MAX)
        } else {
            ticket.u32(place)
        }
    }

    const MIT: Self = Self {
        client: offset_of!(MitTicket, client),
        server: offset_of!(MitTicket, server),
        authenticated: offset_of!(MitTicket, authenticated),
        start: offset_of!(MitTicket, start),
        end: offset_of!(MitTicket, end),
        renewable_until: offset_of!(MitTicket, renewable_until),
        flags: offset_of!(MitTicket, flags),
        encoded: None,
        // `TKT_FLG_FORWARDABLE`, `TKT_FLG_RENEWABLE`: bits 1 and 8 of RFC 4120 §5.3, from the highest one.
        forwardable: 1 << 30,
        renewable: 1 << 23,
        has_long_times: false,
        is_known: true,
    };

    const HEIMDAL: Self = Self {
        client: offset_of!(HeimdalTicket, client),
        server: offset_of!(HeimdalTicket, server),
        authenticated: offset_of!(HeimdalTicket, authenticated),
        start: offset_of!(HeimdalTicket, start),
        end: offset_of!(HeimdalTicket, end),
        renewable_until: offset_of!(HeimdalTicket, renewable_until),
        flags: offset_of!(HeimdalTicket, flags),
        encoded: Some((
            offset_of!(HeimdalTicket, ticket.length),
            offset_of!(HeimdalTicket, ticket.contents),
        )),
        // The same are bit-fields, which compilers count from whichever end of a number comes first.
        forwardable: first_bits(1),
        renewable: first_bits(8),
        has_long_times: true,
        // What Apple has made of them, nobody has looked at.
        is_known: cfg!(not(target_vendor = "apple")),
    };
}

const fn first_bits(number: u32) -> u32 {
    if cfg!(target_endian = "big") {
        1 << (31 - number)
    } else {
        1 << number
    }
}

/// Where in a `krb5_keytab_entry` the principal is, if that is known.
pub(super) fn principal_of_entry(make: &Make) -> Option<usize> {
    TicketLayout::of(make).is_known.then_some(match make {
        Make::Mit(_) => offset_of!(MitEntry, principal),
        Make::Heimdal(_) => offset_of!(HeimdalEntry, principal),
    })
}

c_struct! {
    /// A `krb5_creds` of MIT's (krb5.h, 1.10 to 1.22).
    MitTicket {
        magic: i32,
        client: *mut c_void,
        server: *mut c_void,
        key: MitKey,
        authenticated: u32,
        start: u32,
        end: u32,
        renewable_until: u32,
        is_session_key: u32,
        flags: u32,
        addresses: *mut c_void,
        ticket: MitData,
        second_ticket: MitData,
        authorization: *mut c_void,
    }
}
c_struct! {
    /// A `krb5_keytab_entry` of MIT's.
    MitEntry {
        magic: i32,
        principal: *mut c_void,
        timestamp: u32,
        version: u32,
        key: MitKey,
    }
}
c_struct! {
    /// `krb5_keyblock`
    MitKey {
        magic: i32,
        kind: i32,
        length: u32,
        contents: *mut c_void,
    }
}
c_struct! {
    /// `krb5_data`
    MitData {
        magic: i32,
        length: u32,
        contents: *mut c_void,
    }
}

/// A `krb5_creds` of Heimdal's (krb5.h, 7.0 to 7.8). A time is a `time_t`: the library is taken where that has 64 bits.
#[repr(C)]
struct HeimdalTicket {
    client: *mut c_void,
    server: *mut c_void,
    key: HeimdalKey,
    authenticated: i64,
    start: i64,
    end: i64,
    renewable_until: i64,
    ticket: HeimdalData,
    second_ticket: HeimdalData,
    authorization: HeimdalList,
    addresses: HeimdalList,
    flags: u32,
}

/// `EncryptionKey`
#[repr(C)]
struct HeimdalKey {
    kind: i32,
    value: HeimdalData,
}

/// `heim_octet_string`
#[repr(C)]
struct HeimdalData {
    length: usize,
    contents: *mut c_void,
}

/// `AuthorizationData`, `HostAddresses`
#[repr(C)]
struct HeimdalList {
    length: u32,
    elements: *mut c_void,
}

/// A `krb5_keytab_entry` of Heimdal's.
#[repr(C)]
struct HeimdalEntry {
    principal: *mut c_void,
    version: u32,
    key: HeimdalKey,
    timestamp: u32,
    flags: u32,
    aliases: *mut c_void,
}

const _: () = {
    assert!(2 * size_of::<MitTicket>() <= size_of::<Room>());
    assert!(2 * size_of::<HeimdalTicket>() <= size_of::<Room>());
    assert!(2 * size_of::<MitEntry>() <= size_of::<Room>());
    assert!(2 * size_of::<HeimdalEntry>() <= size_of::<Room>());
};
