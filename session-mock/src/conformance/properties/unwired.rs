//! What cannot be shown without connections.

use super::Shown;
use crate::{Subject, Unable, conformance::Trial};

macro_rules! unwired {
    ($($property:ident)*) => {
        $(
            #[allow(clippy::unused_async, reason = "as all others")]
            pub(crate) async fn $property<S: Subject>(_: &Trial<S>) -> Shown {
                Err(Unable::because("`session-mock` is built without its feature `http`"))
            }
        )*
    };
}

unwired! {
    over_http_the_credential_arrives_once_and_nowhere_else
    over_http_a_refused_credential_is_replaced_and_the_request_repeated
    over_http_nothing_of_it_goes_to_another_origin
}
