//! Client authentication (RFC 6749 §2.3.1).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;

use super::answer::Refusal;
use super::bearer::Bearer;
use super::client::{Client, ClientAuthMethod};
use super::form::Form;
use super::received::Received;

/// Who a request says its client is, and the proof. No `Debug`: it holds the secret.
pub(super) struct Presented {
    pub(super) id: String,
    secret: String,
    pub(super) method: ClientAuthMethod,
}

impl Presented {
    /// `lenient`: a bearer token beside the secret does not count.
    pub(super) fn by(request: &Received, form: &Form, lenient: bool) -> Result<Self, Refusal> {
        let repeated = |_| Refusal::invalid_request("there is more than one Authorization header");
        let basic = request.single(&AUTHORIZATION).map_err(repeated)?;
        let basic = basic.filter(|_| !(lenient && Bearer::of(request) != Bearer::Absent));
        let (id, secret) = (form.get("client_id"), form.get("client_secret"));
        match (basic, id, secret) {
            (Some(_), _, Some(_)) => Err(Refusal::invalid_request(
                "the client authenticates by more than one method",
            )),
            (Some(header), id, None) => {
                let presented = Self::basic(header).ok_or(Refusal::invalid_client(
                    "the Authorization header holds no form-encoded Basic credentials",
                ))?;
                if id.is_some_and(|id| id != presented.id) {
                    return Err(Refusal::invalid_request(
                        "client_id is not the client of the Authorization header",
                    ));
                }
                Ok(presented)
            }
            (None, Some(id), Some(secret)) => Ok(Self {
                id: id.to_owned(),
                secret: secret.to_owned(),
                method: ClientAuthMethod::ClientSecretPost,
            }),
            (None, _, _) => Err(Refusal::invalid_client("the client does not authenticate")),
        }
    }

    fn basic(header: &[u8]) -> Option<Self> {
        let (scheme, credentials) = std::str::from_utf8(header).ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded =
            String::from_utf8(STANDARD.decode(credentials.trim_matches(' ')).ok()?).ok()?;
        // The first colon separates: form-encoding leaves none in the id.
        let (id, secret) = decoded.split_once(':')?;
        Some(Self {
            id: form_decode(id)?,
            secret: form_decode(secret)?,
            method: ClientAuthMethod::ClientSecretBasic,
        })
    }

    /// The client, if it is known, may authenticate so, and the secret is its own.
    pub(super) fn authenticate<'a>(
        &self,
        clients: &'a BTreeMap<String, Client>,
    ) -> Result<&'a Client, Refusal> {
        let client = clients.get(&self.id);
        let client = client.ok_or(Refusal::invalid_client("the client is unknown"))?;
        if !client.may_authenticate_by(self.method) {
            return Err(Refusal::invalid_client(
                "the client may not authenticate by this method",
            ));
        }
        if client.secret() != self.secret {
            return Err(Refusal::invalid_client("the client's secret is wrong"));
        }
        Ok(client)
    }
}

fn form_decode(encoded: &str) -> Option<String> {
    let spaced = encoded.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}
