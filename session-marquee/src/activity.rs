//! Telling Marquee that a session has begun.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};
use serde::Serialize;
use session_core::{Carrier, Credential, Environment, Error, ErrorKind, Result};
use session_http::{Connections, transport_error};
use url::Url;

use crate::{Domain, MarqueeEnvironment, json, request::JSON, settings::Settings};

/// How long it may take at most.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The notice that `gs_quant` posts when a session was initialized, with what it tells of the program.
#[derive(Debug)]
pub(crate) struct Activity {
    connections: Connections,
    address: Url,
    headers: HeaderMap,
    body: Vec<u8>,
    time_limit: Duration,
}

#[derive(Serialize)]
struct Notice<'a> {
    action: &'static str,
    kpis: [Kpi; 1],
    resource: &'static str,
    parameters: Parameters<'a>,
}

#[derive(Serialize)]
struct Kpi {
    id: &'static str,
    value: u32,
}

/// Without the version of Python, for there is none.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Parameters<'a> {
    feature_application: &'a str,
    gs_quant_version: &'a str,
}

impl Activity {
    pub(crate) fn new(environment: &MarqueeEnvironment, settings: &Settings) -> Result<Self> {
        let base = environment.base(Domain::Api, Some(environment.api_version()))?;
        let notice = Notice {
            action: "Initiated",
            kpis: [Kpi {
                id: "gsqInitiated",
                value: 1,
            }],
            resource: "GSQuant",
            parameters: Parameters {
                feature_application: &settings.application,
                gs_quant_version: &settings.application_version,
            },
        };
        let mut headers = settings.names.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        Ok(Self {
            connections: Connections::new(environment.transport()),
            address: session_http::below(&base, "activities")?,
            headers,
            body: json::to_vec(&notice)
                .map_err(|_| Error::new(ErrorKind::Config, "the notice cannot be written"))?,
            time_limit: TIME_LIMIT.min(settings.time_limit),
        })
    }

    /// Whatever comes of it, the session is open.
    pub(crate) async fn post(&self, credential: &Credential) -> Result<()> {
        let answered = self.answer(credential).await;
        // There is one for each session.
        self.connections.disconnect();
        let status = answered?;
        if status.is_success() {
            return Ok(());
        }
        let kind = match status.as_u16() {
            401 | 403 => ErrorKind::Denied,
            429 | 500.. => ErrorKind::Unavailable,
            _ => ErrorKind::Protocol,
        };
        let host = self.address.host_str().unwrap_or_default();
        let code = status.as_u16();
        Err(Error::new(
            kind,
            format!(
                "`{host}` does not take the notice of the session: status {code}; the session is open all the same, and without `activity` there is no notice"
            ),
        ))
    }

    async fn answer(&self, credential: &Credential) -> Result<http::StatusCode> {
        let mut headers = self.headers.clone();
        for (name, value) in credential.iter_headers() {
            let value = value
                .header_value()
                .ok_or_else(|| Error::new(ErrorKind::Config, "a credential no header can have"))?;
            headers.insert(HeaderName::clone(name), value);
        }
        let client = self.connections.client(&self.address).await?;
        let request = client.post(self.address.clone()).headers(headers);
        let request = request.body(self.body.clone()).timeout(self.time_limit);
        let answer = request.send().await;
        let answer = answer.map_err(|error| transport_error(&error, &self.address))?;
        Ok(answer.status())
    }
}
