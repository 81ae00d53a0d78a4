//! Assets.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use session_core::Result;

use crate::{Client, Pages};

const PATH: &str = "/assets/query";

/// Which assets to look for: `EntityQuery` of `gs_quant`.
///
/// ```no_run
/// # async fn example(client: session_marquee::Client) -> session_core::Result<()> {
/// use session_marquee::AssetQuery;
///
/// let query = AssetQuery::by("ticker", "GS").as_of("2024-01-02T00:00:00.000Z").order_by([">rank"]);
/// let found: Vec<serde_json::Value> = client.assets(&query).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetQuery {
    #[serde(rename = "where")]
    filters: Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of_time: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    order_by: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scroll: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scroll_id: Option<String>,
    limit: usize,
}

impl AssetQuery {
    /// Those of which a field is this, or one of these.
    pub fn by(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self {
            filters: Map::new(),
            fields: Vec::new(),
            as_of_time: None,
            order_by: Vec::new(),
            scroll: None,
            scroll_id: None,
            limit: 100,
        }
        .and(field, value)
    }

    /// Of which this holds too.
    #[must_use]
    pub fn and(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.filters.insert(field.into(), value.into());
        self
    }

    /// As they were at this time, such as `2024-01-02T00:00:00.000Z`. Default: now.
    #[must_use]
    pub fn as_of(mut self, time: impl Into<String>) -> Self {
        self.as_of_time = Some(time.into());
        self
    }

    /// In this order, such as `>rank`.
    #[must_use]
    pub fn order_by<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.order_by = fields.into_iter().map(Into::into).collect();
        self
    }

    /// With these fields alone. Default: all.
    #[must_use]
    pub fn fields<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.fields = fields.into_iter().map(Into::into).collect();
        self
    }

    /// This many at a time. Default: 100.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }
}

impl Client {
    /// Assets, as many as the query's limit: `GsAssetApi.get_many_assets` of `gs_quant`.
    ///
    /// # Errors
    ///
    /// As [`send`](crate::RequestBuilder::send) and [`decode`](crate::Answer::decode).
    pub async fn assets<T: DeserializeOwned>(&self, query: &AssetQuery) -> Result<Vec<T>> {
        self.post(PATH).json(query).send().await?.results().await
    }

    /// Assets, all of them, page by page: `GsAssetApi.get_many_assets_scroll` of `gs_quant`.
    pub fn asset_pages<T: DeserializeOwned>(&self, query: &AssetQuery) -> Pages<T> {
        let (client, query) = (self.clone(), query.clone());
        Pages::new(move |scroll_id| {
            let page = AssetQuery {
                scroll: Some("1m".to_owned()),
                scroll_id: scroll_id.map(str::to_owned),
                ..query.clone()
            };
            client.post(PATH).json(&page)
        })
    }
}
