//! Who a session is.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use session_core::Result;

use crate::Client;

/// Who the session is, as Marquee knows them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct User {
    /// Their identifier.
    pub id: String,
    /// Their whole name.
    #[serde(default)]
    pub name: Option<String>,
    /// Their address for mail.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether they belong to the firm.
    #[serde(default, deserialize_with = "known")]
    pub internal: bool,
    /// Who manages the application, if it is one; their identifiers.
    #[serde(default, deserialize_with = "known")]
    pub app_managers: Vec<String>,
    /// What else Marquee tells of them.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl User {
    /// Their identifier as entitlements have it: `guid:…`.
    pub fn guid(&self) -> String {
        format!("guid:{}", self.id)
    }
}

/// `null` is not known, as what is absent.
fn known<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    from: D,
) -> std::result::Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

impl Client {
    /// Who the session is: `GsUsersApi.get_current_user_info` of `gs_quant`.
    ///
    /// # Errors
    ///
    /// As [`send`](crate::RequestBuilder::send) and [`decode`](crate::Answer::decode).
    pub async fn user(&self) -> Result<User> {
        self.get("/users/self").send().await?.decode().await
    }
}
