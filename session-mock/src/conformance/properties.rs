//! What is shown of every backend.

mod callers;
mod failure;
mod identity;
mod life_cycle;
mod request;
mod runtime;
mod stored;
mod time;
#[cfg(not(feature = "http"))]
mod unwired;
#[cfg(feature = "http")]
mod wired;

use std::pin::Pin;

use super::Trial;
use crate::{Subject, Unable};

#[cfg(not(feature = "http"))]
#[allow(clippy::wildcard_imports, reason = "one list of properties is enough")]
use self::unwired::*;
#[cfg(feature = "http")]
#[allow(clippy::wildcard_imports, reason = "one list of properties is enough")]
use self::wired::*;
#[allow(clippy::wildcard_imports, reason = "one list of properties is enough")]
use self::{
    callers::*, failure::*, identity::*, life_cycle::*, request::*, runtime::*, stored::*, time::*,
};

/// Shows a property, by panicking where it is not so; or tells why it cannot be shown.
pub(super) type Property<S> = for<'a> fn(&'a Trial<S>) -> Pin<Box<dyn Future<Output = Shown> + 'a>>;

type Shown = Result<(), Unable>;

/// The names of all of them.
pub(super) const NAMES: &[&str] = {
    macro_rules! list {
        ([] $($property:ident)*) => { &[$(stringify!($property)),*] };
    }
    crate::__properties!((list) [])
};

/// All of them.
pub(super) fn properties<S: Subject>() -> Vec<(&'static str, Property<S>)> {
    macro_rules! list {
        ([] $($property:ident)*) => {
            vec![$((stringify!($property), |trial| Box::pin($property(trial)))),*]
        };
    }
    crate::__properties!((list) [])
}
