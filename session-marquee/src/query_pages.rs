//! The rows of a dataset that a query finds, a page at a time.

use std::{fmt, marker::PhantomData};

use http::header::ACCEPT;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use session_core::{Error, ErrorKind, Result};

use crate::{DataQuery, Dataset, Domain, Pages, RequestBuilder};

/// The rows that a query finds: nothing is held in memory but the page at hand, and nothing asked for that is not wanted.
///
/// How many pages there are, the first one says.
///
/// ```no_run
/// # async fn example(client: session_marquee::Client) -> session_core::Result<()> {
/// use session_marquee::DataQuery;
///
/// let query = DataQuery::between("2000-01-01", "2024-12-31");
/// let mut pages = client.dataset("WEATHER").query_pages::<serde_json::Value>(&query);
/// while let Some(rows) = pages.next_page().await? {
///     println!("{} more", rows.len());
/// }
/// # Ok(()) }
/// ```
#[must_use = "nothing is asked for until a page is"]
pub struct QueryPages<T> {
    dataset: Dataset,
    query: DataQuery,
    limit: usize,
    /// Where it is queried, once that is known.
    place: Place,
    page: u64,
    /// As the first page says.
    pages: Option<u64>,
    kind: PhantomData<fn() -> T>,
}

/// Where a dataset is queried: `None` where all requests go.
#[derive(Clone, Copy)]
enum Place {
    Unknown,
    Known(Option<Domain>),
}

impl<T: DeserializeOwned> QueryPages<T> {
    /// How many pages a query may have. Whoever says that there are more is not believed.
    pub const MOST_PAGES: u64 = 10_000;

    pub(crate) fn new(dataset: Dataset, query: DataQuery) -> Self {
        Self {
            dataset,
            query,
            limit: Pages::<T>::LIMIT,
            place: Place::Unknown,
            page: 0,
            pages: None,
            kind: PhantomData,
        }
    }

    /// With this many rows at most for [`collect`](Self::collect). Default: [`Pages::LIMIT`].
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// The next page; `None` after the last. One that failed can be asked for again. They travel as MessagePack.
    ///
    /// # Errors
    ///
    /// As [`send`](RequestBuilder::send) and [`decode`](crate::Answer::decode); `Protocol` also when an answer has no rows, or there are more
    /// pages than [can be](Self::MOST_PAGES).
    pub async fn next_page(&mut self) -> Result<Option<Vec<T>>> {
        if self.pages.is_some_and(|pages| self.page >= pages) {
            return Ok(None);
        }
        let domain = match self.place {
            Place::Known(domain) => domain,
            Place::Unknown => self.dataset.domain().await?,
        };
        self.place = Place::Known(domain);
        let body = Asked {
            format: Some("MessagePack"),
            query: &self.query,
            page: (self.page > 0).then_some(self.page),
        };
        let request = self.dataset.post("/query").json(&body);
        let request = request.header(ACCEPT, "application/msgpack");
        let answer: Rows<T> = at(request, domain).send().await?.decode().await?;
        if self.pages.is_none() {
            let pages = answer.total_pages.unwrap_or_default().max(1);
            if pages > Self::MOST_PAGES {
                return Err(no_rows(&format!(
                    "has {pages} pages; {} is the most, so ask for less at a time",
                    Self::MOST_PAGES
                )));
            }
            self.pages = Some(pages);
        }
        let rows = answer.rows()?;
        self.page += 1;
        Ok(Some(rows))
    }

    /// All that are left, in memory.
    ///
    /// # Errors
    ///
    /// As [`next_page`](Self::next_page); `Protocol` when they are more than the [limit](Self::limit).
    pub async fn collect(mut self) -> Result<Vec<T>> {
        let mut all = Vec::new();
        while let Some(page) = self.next_page().await? {
            crate::pages::add(&mut all, page, self.limit)?;
        }
        Ok(all)
    }
}

impl Dataset {
    /// Its latest rows: `get_data_last` of `gs_quant`.
    ///
    /// # Errors
    ///
    /// As [`definition`](Self::definition); `Protocol` also when the answer has no rows.
    pub async fn last<T: DeserializeOwned>(&self, query: &DataQuery) -> Result<Vec<T>> {
        let domain = self.domain().await?;
        let body = Asked {
            format: None,
            query,
            page: None,
        };
        let request = self.post("/last/query").json(&body);
        let answer: Rows<T> = at(request, domain).send().await?.decode().await?;
        answer.rows()
    }
}

fn at(request: RequestBuilder, domain: Option<Domain>) -> RequestBuilder {
    match domain {
        Some(domain) => request.domain(domain),
        None => request,
    }
}

#[derive(Serialize)]
struct Asked<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    #[serde(flatten)]
    query: &'a DataQuery,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: DeserializeOwned")]
struct Rows<T> {
    #[serde(default, deserialize_with = "given")]
    data: Option<Vec<T>>,
    #[serde(default)]
    groups: Option<Vec<Group>>,
    #[serde(default)]
    error_messages: Option<Vec<Value>>,
    total_pages: Option<u64>,
}

/// Rows that have something in common.
#[derive(Deserialize)]
struct Group {
    context: Map<String, Value>,
    data: Vec<Map<String, Value>>,
}

impl<T: DeserializeOwned> Rows<T> {
    /// Those of groups have what is common to the group, in place of their own, as `gs_quant` merges them.
    fn rows(self) -> Result<Vec<T>> {
        // What they say may repeat the query.
        if self.error_messages.is_some_and(|all| !all.is_empty()) {
            return Err(no_rows(
                "has error messages; send the query as a request to read them",
            ));
        }
        if self.data.is_none() && self.groups.is_none() {
            return Err(no_rows(
                "has neither `data` nor `groups`; send the query as a request to see what it has",
            ));
        }
        let mut rows = self.data.unwrap_or_default();
        for group in self.groups.unwrap_or_default() {
            for mut row in group.data {
                row.extend(group.context.clone());
                let row = serde_json::from_value(Value::Object(row));
                // The foreign error may quote the row.
                rows.push(row.map_err(|_| {
                    no_rows(
                        "has a row in a group that is not what is expected; read it as `serde_json::Value`"
                            ,
                    )
                })?);
            }
        }
        Ok(rows)
    }
}

/// `null` is none, but it is there.
fn given<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Option::deserialize(from).map(|it: Option<T>| Some(it.unwrap_or_default()))
}

fn no_rows(what: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!("the answer to a dataset's query {what}"),
    )
}

impl<T> fmt::Debug for QueryPages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryPages")
            .field("page", &self.page)
            .field("pages", &self.pages)
            .finish_non_exhaustive()
    }
}
