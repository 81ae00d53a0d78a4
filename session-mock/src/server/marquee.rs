//! Goldman Sachs' Marquee, as far as its public client shows it.

mod access;
mod catalogue;
mod format;
mod query;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::header::{HeaderName, LOCATION, UPGRADE};
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::reply::Reply;
use super::request::Request;
use super::site::Site;
use super::state::lock;
use access::Access;
use catalogue::Catalogue;
use format::{body, encoded, parameters};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-dash-requestid");

/// A stand-in for Goldman Sachs' Marquee: what a [`Provider`](super::Provider) serves to a client of Marquee's, be it
/// session-marquee or `gs_quant`.
///
/// What Marquee really answers is not public. This is what `gs_quant` 2.2.1 understands, and no more.
///
/// | path | what |
/// |---|---|
/// | `/as/token.oauth2` | the provider's token endpoint; it does not mind `gs_quant`'s old token beside the client's secret |
/// | `/v1/users/self` | [the user](Self::set_user) |
/// | `/v1/data/ID/query`, `/v1/data/ID/last/query` | rows of [a dataset](Self::set_dataset), picked by `where`, `startDate`, `endDate`, `limit`; where a query picks more than [a page](Self::set_page), page by page by `page`, from 0, and with `totalPages` |
/// | `/v1/data/ID/coverage` | [its coverage](Self::set_coverage), by `limit` and `offset`, or page by page by `scroll` and `scrollId` |
/// | `/v1/data/catalog/ID`, `/v1/data/datasets/ID` | its name and fields |
/// | `/v1/assets/query` | [assets](Self::set_assets), picked by `where`, page by page by `scroll` and `scrollId` |
/// | `/v1/activities` | takes [reports](Self::activities) |
/// | `/v1/status/NNN` | an answer of that status |
/// | `/v1/redirect?to=URL&status=NNN` | a redirect, by default 302 |
/// | any path, with the handshake of a websocket | a websocket that answers `hi` with `echo:hi` |
/// | anything else | what the request looked like, as JSON: `method`, `path`, `query`, `body`, `ok` |
///
/// Another version of the API, or none, is as good as `/v1`. Answers are MessagePack where the request accepts it, else JSON, and have
/// an `x-dash-requestid`. Who is let in: [tokens](super::Provider::issued) that the provider issued, and those that
/// [`accept_token`](Self::accept_token), [`accept_gssso`](Self::accept_gssso) and [`accept_login`](Self::accept_login) name. All else is
/// scripted as with any provider.
///
/// ```
/// use session_mock::{Marquee, Provider};
/// use serde_json::json;
///
/// let marquee = Marquee::new();
/// marquee.set_coverage("WEATHER", [json!({ "city": "Boston" }), json!({ "city": "Austin" })]);
/// let provider = Provider::builder().site(marquee.clone()).start()?;
///
/// assert_eq!(provider.token_endpoint().path(), "/as/token.oauth2");
/// // What is under test gets `provider.api()`, `provider.token_endpoint()`, `provider.client_id()` and `provider.client_secret()`.
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Marquee(Arc<Contents>);

#[derive(Debug)]
struct Contents {
    access: Mutex<Access>,
    catalogue: Mutex<Catalogue>,
    activities: Mutex<Vec<Value>>,
    answered: AtomicUsize,
}

impl Marquee {
    /// The scopes that Marquee knows; the provider's client may have them all.
    pub const SCOPES: [&str; 10] = [
        "read_content",
        "read_financial_data",
        "read_product_data",
        "read_user_profile",
        "modify_content",
        "modify_financial_data",
        "modify_product_data",
        "modify_user_profile",
        "run_analytics",
        "execute_trades",
    ];

    /// One with a user, and without data.
    pub fn new() -> Self {
        Self(Arc::new(Contents {
            access: Mutex::default(),
            catalogue: Mutex::new(Catalogue::new()),
            activities: Mutex::default(),
            answered: AtomicUsize::new(0),
        }))
    }

    /// Who `/users/self` says that the user is.
    pub fn set_user(&self, user: Value) {
        lock(&self.0.catalogue).user = user;
    }

    /// The rows of a dataset: objects. Those with a `date` are picked by it too.
    pub fn set_dataset(&self, id: impl Into<String>, rows: impl IntoIterator<Item = Value>) {
        let rows = rows.into_iter().collect();
        lock(&self.0.catalogue).rows.insert(id.into(), rows);
    }

    /// What a dataset covers: objects.
    pub fn set_coverage(&self, id: impl Into<String>, rows: impl IntoIterator<Item = Value>) {
        let rows = rows.into_iter().collect();
        lock(&self.0.catalogue).coverage.insert(id.into(), rows);
    }

    /// The assets that there are: objects.
    pub fn set_assets(&self, assets: impl IntoIterator<Item = Value>) {
        let assets = assets.into_iter().collect();
        lock(&self.0.catalogue).assets = assets;
    }

    /// How much a page of rows, coverage or assets has at most, whatever `limit` a request names: at least 1. Default: 4000, as much as
    /// `gs_quant` asks for.
    pub fn set_page(&self, most: usize) {
        lock(&self.0.catalogue).page = most.max(1);
    }

    /// Lets in who has this bearer token, beside those that the provider issued.
    pub fn accept_token(&self, token: impl Into<String>) {
        lock(&self.0.access).tokens.push(token.into());
    }

    /// Lets in who has this `GSSSO` cookie; with a CSRF token only if that is in the cookie `MARQUEE-CSRF-TOKEN` and in the header
    /// `X-MARQUEE-CSRF-TOKEN` too, and with status 403 else.
    pub fn accept_gssso(&self, gssso: impl Into<String>, csrf_token: Option<&str>) {
        let csrf_token = csrf_token.map(str::to_owned);
        lock(&self.0.access).gssso.push((gssso.into(), csrf_token));
    }

    /// Lets in who has this `MarqueeLogin` cookie.
    pub fn accept_login(&self, marquee_login: impl Into<String>) {
        lock(&self.0.access).logins.push(marquee_login.into());
    }

    /// Lets in nobody any longer by what was accepted so far; for tokens of the provider see [`refuse`](super::Provider::refuse).
    pub fn accept_nothing(&self) {
        *lock(&self.0.access) = Access::default();
    }

    /// What was reported to `/activities`, in order.
    pub fn activities(&self) -> Vec<Value> {
        lock(&self.0.activities).clone()
    }

    fn reply(&self, request: &Request<'_>) -> Reply {
        if let Some(refused) = lock(&self.0.access).refusal(request) {
            return refused;
        }
        if request.header_map().contains_key(UPGRADE) {
            return Reply::websocket(|text| format!("echo:{text}"));
        }
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let segments = match segments[..] {
            [version, ref rest @ ..] if is_version(version) => rest,
            ref all => all,
        };
        let get = request.method() == Method::GET;
        let post = request.method() == Method::POST;
        let catalogue = lock(&self.0.catalogue);
        let answer = match *segments {
            ["users", "self"] if get => Some(catalogue.user.clone()),
            ["data", "catalog" | "datasets", id] if get => catalogue.description(id),
            ["data", id, "coverage"] if get => catalogue.coverage(id, &parameters(request)),
            ["data", id, "query"] if post => catalogue.rows(id, &body(request)),
            ["data", id, "last", "query"] if post => catalogue.last(id, &body(request)),
            ["assets", "query"] if post => Some(catalogue.assets(&body(request))),
            ["activities"] if post => {
                lock(&self.0.activities).push(body(request));
                Some(json!({}))
            }
            ["status", number] => return status(number),
            ["redirect"] => return redirect(request),
            _ => Some(echo(request)),
        };
        match answer {
            Some(answer) => encoded(request, &answer),
            None => messages(StatusCode::NOT_FOUND, "there is no such dataset"),
        }
    }
}

impl Default for Marquee {
    fn default() -> Self {
        Self::new()
    }
}

impl Site for Marquee {
    fn token_path(&self) -> Option<&str> {
        Some("/as/token.oauth2")
    }

    fn scopes(&self) -> Vec<String> {
        Self::SCOPES.map(str::to_owned).to_vec()
    }

    fn takes_bearer_with_secret(&self) -> bool {
        true
    }

    fn answer(&self, request: &Request<'_>) -> Reply {
        let number = self.0.answered.fetch_add(1, Ordering::Relaxed) + 1;
        let id = HeaderValue::from_str(&format!("req-{number}"));
        let reply = self.reply(request);
        match id {
            Ok(id) => reply.header(REQUEST_ID, id),
            Err(_) => reply,
        }
    }
}

fn is_version(segment: &str) -> bool {
    let digits = segment.strip_prefix('v').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A refusal in Marquee's words.
fn messages(status: StatusCode, message: &str) -> Reply {
    Reply::json(status, json!({ "messages": [message] }).to_string())
}

/// What the request looked like from here, but for its token.
fn echo(request: &Request<'_>) -> Value {
    let shown = |text: &str| match request.bearer() {
        Some(token) => text.replace(token, "[the token]"),
        None => text.to_owned(),
    };
    let query = request.parameters().into_iter();
    let query: Vec<_> = query.map(|(name, value)| [name, shown(&value)]).collect();
    let body = serde_json::from_str(&shown(&body(request).to_string()));
    json!({
        "method": request.method().as_str(),
        "path": shown(request.path()),
        "query": query,
        "body": body.unwrap_or(Value::Null),
        "ok": true,
    })
}

fn status(number: &str) -> Reply {
    let number = number
        .parse()
        .ok()
        .filter(|number| (200..600).contains(number));
    match number.and_then(|number| StatusCode::from_u16(number).ok()) {
        Some(status) => messages(status, "as it was asked for"),
        None => messages(StatusCode::BAD_REQUEST, "a status is from 200 to 599"),
    }
}

fn redirect(request: &Request<'_>) -> Reply {
    let status = request.parameter("status");
    let status = status.map_or(Ok(302), |status| status.parse());
    let status = status.ok().filter(|status| (300..400).contains(status));
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let location = request.parameter("to");
    let location = location.and_then(|to| HeaderValue::from_str(&to).ok());
    match (status, location) {
        (Some(status), Some(location)) => Reply::status(status).header(LOCATION, location),
        _ => messages(
            StatusCode::BAD_REQUEST,
            "a redirect takes the query ?to=URL, and perhaps &status= from 300 to 399",
        ),
    }
}
