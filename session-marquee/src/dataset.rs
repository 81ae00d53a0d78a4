//! Data.

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use session_core::Result;

use crate::{Client, Domain, Marquee, Pages, QueryPages, RequestBuilder};

/// What `gs_quant` asks for at a time.
const PAGE: usize = 4000;
const SCROLL: &str = "30s";

/// In the segment of a path.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.');

/// A dataset of Marquee: `Dataset` of `gs_quant`.
///
/// ```no_run
/// # async fn example(client: session_marquee::Client) -> session_core::Result<()> {
/// use session_marquee::DataQuery;
///
/// #[derive(serde::Deserialize)]
/// struct Weather { date: String, city: String, #[serde(rename = "maxTemperature")] warmest: f64 }
///
/// let query = DataQuery::between("2016-01-15", "2016-01-16").filter("city", ["Boston", "Austin"]);
/// let days: Vec<Weather> = client.dataset("WEATHER").query(&query).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Dataset {
    client: Client,
    id: String,
}

impl Client {
    /// A dataset by its identifier.
    pub fn dataset(&self, id: impl Into<String>) -> Dataset {
        Dataset {
            client: self.clone(),
            id: id.into(),
        }
    }
}

impl Dataset {
    /// What the catalog tells of it, such as its `fields` and `dimensions`.
    ///
    /// # Errors
    ///
    /// As [`send`](RequestBuilder::send) and [`decode`](crate::Answer::decode).
    pub async fn definition(&self) -> Result<Map<String, Value>> {
        let request = self.request(Method::GET, "/data/catalog/", "");
        request.send().await?.decode().await
    }

    /// Its rows, all pages of them: `get_data` of `gs_quant`. As many as [`Pages::LIMIT`]; more are read
    /// [page by page](Self::query_pages).
    ///
    /// # Errors
    ///
    /// As [`QueryPages::collect`].
    pub async fn query<T: DeserializeOwned>(&self, query: &DataQuery) -> Result<Vec<T>> {
        self.query_pages(query).collect().await
    }

    /// Its rows, page by page.
    pub fn query_pages<T: DeserializeOwned>(&self, query: &DataQuery) -> QueryPages<T> {
        QueryPages::new(self.clone(), query.clone())
    }

    /// What it has data of: `get_coverage` of `gs_quant`.
    pub fn coverage<T: DeserializeOwned>(&self) -> Pages<T> {
        let dataset = self.clone();
        Pages::new(move |scroll_id| {
            dataset
                .request(Method::GET, "/data/", "/coverage")
                .query("limit", PAGE)
                .query("scroll", SCROLL)
                .query("scrollId", scroll_id)
        })
    }

    /// Where it is queried, if not where all requests go.
    pub(crate) async fn domain(&self) -> Result<Option<Domain>> {
        if !self.client.redirects_to_mds || self.id == "coordinates" {
            return Ok(None);
        }
        let request = self.request(Method::GET, "/data/datasets/", "");
        let answer: Described = request.send().await?.decode().await?;
        if answer.parameters.unwrap_or_default().database_id.is_none() {
            return Ok(None);
        }
        let domain = self.client.domain.map_or_else(
            || {
                let of = |marquee: &Marquee| marquee.settings.domain;
                self.client
                    .with_session(|session| Ok(Marquee::of(session).map(of).unwrap_or_default()))
            },
            Ok,
        )?;
        Ok(Some(match domain {
            Domain::MdsWeb | Domain::Web => Domain::MdsWeb,
            Domain::Api | Domain::Mds => Domain::Mds,
        }))
    }

    pub(crate) fn post(&self, after: &str) -> RequestBuilder {
        self.request(Method::POST, "/data/", after)
    }

    /// With its identifier as one segment of the path.
    fn request(&self, method: Method, before: &str, after: &str) -> RequestBuilder {
        let segment = utf8_percent_encode(&self.id, ESCAPED);
        let request = self
            .client
            .request(method, &format!("{before}{segment}{after}"));
        // Such a segment would be that of something else (RFC 3986 §5.2.4), escaped or not.
        match &*self.id {
            "" | "." | ".." => request.wrong(
                "a dataset's identifier is empty, `.` or `..`, which no path can have; check it",
            ),
            _ => request,
        }
    }
}

#[derive(Deserialize)]
struct Described {
    parameters: Option<Parameters>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    database_id: Option<Value>,
}

/// What to ask a dataset for: `DataQuery` of `gs_quant`. Dates are written as `2024-01-02`, times as
/// `2024-01-02T00:00:00.000Z`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DataQuery {
    #[serde(rename = "where", skip_serializing_if = "Map::is_empty")]
    filters: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
    #[serde(flatten)]
    choices: Choices,
}

/// What `gs_quant` says of itself in each query.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the API has that many flags")]
struct Choices {
    #[serde(rename = "useTemporalXRef")]
    use_temporal_x_ref: bool,
    restrict_secondary_identifier: bool,
    restrict_fields: bool,
    distinct_consecutive: bool,
    use_field_alias: bool,
    remap_schema_to_alias: bool,
    show_linked_dimensions: bool,
    use_project_processor: bool,
    snapshot: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            use_temporal_x_ref: false,
            restrict_secondary_identifier: false,
            restrict_fields: false,
            distinct_consecutive: false,
            use_field_alias: false,
            remap_schema_to_alias: false,
            show_linked_dimensions: true,
            use_project_processor: false,
            snapshot: false,
        }
    }
}

impl DataQuery {
    /// Whatever there is.
    pub fn new() -> Self {
        Self::default()
    }

    /// From one date to another, both included.
    pub fn between(start: impl Into<String>, end: impl Into<String>) -> Self {
        Self {
            start_date: Some(start.into()),
            end_date: Some(end.into()),
            ..Self::default()
        }
    }

    /// From one time to another.
    #[must_use]
    pub fn times(mut self, start: Option<&str>, end: Option<&str>) -> Self {
        self.start_time = start.map(str::to_owned);
        self.end_time = end.map(str::to_owned);
        self
    }

    /// Where a dimension is this, or one of these.
    #[must_use]
    pub fn filter(mut self, dimension: impl Into<String>, value: impl Into<Value>) -> Self {
        self.filters.insert(dimension.into(), value.into());
        self
    }

    /// These fields alone. Default: all.
    #[must_use]
    pub fn fields<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.fields = fields.into_iter().map(Into::into).collect();
        self
    }
}
