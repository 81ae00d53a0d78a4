//! Whether servers can be reached.

use std::time::Duration;

use http::{Method, header::DATE};
use session_core::{Clock, Finding, SystemClock};
use url::Url;

use crate::{Connections, retry_after::date, transport_error};

/// What clocks may differ by: as much as those who check tokens commonly allow for.
const TOLERANCE: Duration = Duration::from_secs(60);

impl Connections {
    /// Examines the server at `url`, which people know as `what`: whether it can be reached, and whether its certificate is trusted;
    /// and if it tells the time, whether the clocks agree.
    ///
    /// It is asked for as little as can be, without any credential: a `HEAD` of `/`. What it answers does not matter. Behind a proxy to
    /// which the session logs in it is not asked: without the session there is no way to it.
    pub async fn examine(&self, what: &str, url: &Url) -> Vec<Finding> {
        let mut root = url.clone();
        root.set_path("/");
        root.set_query(None);
        let scheme = match root.scheme() {
            "wss" => "https",
            "ws" => "http",
            other => other,
        }
        .to_owned();
        // Between schemes of this kind any URL can change.
        let _ = root.set_scheme(&scheme);
        let origin = root.origin().ascii_serialization();
        let is_encrypted = root.scheme() == "https";
        let proxy = self.recipe().proxy(&root).map(|proxy| {
            let host = proxy.url().host_str().unwrap_or_default();
            format!(" by way of the proxy `{host}`")
        });
        if self.recipe().has_session_login(&root) {
            let way = proxy.unwrap_or_default();
            let detail = format!(
                "{origin} is reached{way}, to which the session logs in: a request shows how that goes"
            );
            return vec![Finding::ok(what.to_owned(), detail)];
        }
        let answer = async {
            let client = self.probing(&root).await?;
            let request = reqwest::Request::new(Method::HEAD, root);
            let answer = client.execute(request).await;
            answer.map_err(|error| transport_error(&error, url))
        };
        let answer = match answer.await {
            Ok(answer) => answer,
            Err(error) => return vec![Finding::failed(what.to_owned(), &error)],
        };
        let by = proxy.unwrap_or_default();
        let trust = if is_encrypted {
            ", and its certificate is trusted"
        } else {
            ""
        };
        let detail = format!("{origin} answers{by} ({:?}){trust}", answer.version());
        let mut findings = vec![Finding::ok(what.to_owned(), detail)];
        if let Some(theirs) = date(answer.headers(), &DATE) {
            let clock = format!("clock of {what}");
            let ours = SystemClock.wall();
            findings.push(Finding::clock(clock, theirs, ours, TOLERANCE));
        }
        findings
    }
}
