//! Results that come in pages.

use std::marker::PhantomData;

use serde::{Deserialize, de::DeserializeOwned};
use session_core::{Error, ErrorKind, Result};

use crate::RequestBuilder;

/// Results that Marquee scrolls through, a page at a time: nothing is held in memory but the page at hand, and nothing
/// asked for that is not wanted.
///
/// ```no_run
/// # async fn example(client: session_marquee::Client) -> session_core::Result<()> {
/// let mut pages = client.dataset("WEATHER").coverage::<serde_json::Value>();
/// while let Some(page) = pages.next_page().await? {
///     println!("{} more", page.len());
/// }
/// # Ok(()) }
/// ```
#[must_use = "nothing is asked for until a page is"]
pub struct Pages<T> {
    source: Box<Source>,
    next: Next,
    seen: u64,
    /// How many there are, as a page has said last.
    total: Option<u64>,
    limit: usize,
    kind: PhantomData<fn() -> T>,
}

/// Makes the request for the page that a scroll id leads to.
type Source = dyn Fn(Option<&str>) -> RequestBuilder + Send + Sync;

enum Next {
    First,
    After(String),
    None,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: DeserializeOwned")]
struct Page<T> {
    results: Vec<T>,
    total_results: Option<u64>,
    scroll_id: Option<String>,
}

impl<T: DeserializeOwned> Pages<T> {
    /// How many results [`collect`](Self::collect) holds in memory, unless it is told otherwise.
    pub const LIMIT: usize = 1_000_000;

    pub(crate) fn new(
        source: impl Fn(Option<&str>) -> RequestBuilder + Send + Sync + 'static,
    ) -> Self {
        Self {
            source: Box::new(source),
            next: Next::First,
            seen: 0,
            total: None,
            limit: Self::LIMIT,
            kind: PhantomData,
        }
    }

    /// With this many results at most for [`collect`](Self::collect). Default: [`LIMIT`](Self::LIMIT).
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// The next page; `None` after the last. One that failed can be asked for again.
    ///
    /// # Errors
    ///
    /// As [`send`](RequestBuilder::send) and [`decode`](crate::Answer::decode); `Protocol` also when there are said to be more results, but
    /// this page is empty or leads to no other.
    pub async fn next_page(&mut self) -> Result<Option<Vec<T>>> {
        let request = match &self.next {
            Next::First => (self.source)(None),
            Next::After(id) => (self.source)(Some(id)),
            Next::None => return Ok(None),
        };
        let page: Page<T> = request.send().await?.decode().await?;
        let is_first = matches!(self.next, Next::First);
        let seen = self.seen.saturating_add(page.results.len() as u64);
        let total = page.total_results.or(self.total);
        let next = match page.scroll_id {
            _ if total.is_some_and(|total| seen >= total) => Next::None,
            Some(id) if !page.results.is_empty() => Next::After(id),
            _ => Next::None,
        };
        if let (Next::None, Some(total)) = (&next, total)
            && seen < total
        {
            return Err(cut_off(seen, total));
        }
        (self.next, self.seen, self.total) = (next, seen, total);
        Ok((is_first || !page.results.is_empty()).then_some(page.results))
    }

    /// All that are left, in memory.
    ///
    /// # Errors
    ///
    /// As [`next_page`](Self::next_page); `Protocol` when they are more than the [limit](Self::limit).
    pub async fn collect(mut self) -> Result<Vec<T>> {
        let mut all = Vec::new();
        while let Some(page) = self.next_page().await? {
            add(&mut all, page, self.limit)?;
        }
        Ok(all)
    }
}

/// What is missing would be missed by nobody.
fn cut_off(seen: u64, total: u64) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!(
            "the results end after {seen} of {total}, and nothing leads to the others; ask again, or send it as a request to see what there is"
        ),
    )
}

/// Whoever scrolls without end would fill the memory.
pub(crate) fn add<T>(all: &mut Vec<T>, page: Vec<T>, limit: usize) -> Result<()> {
    if all.len().saturating_add(page.len()) > limit {
        return Err(Error::new(
            ErrorKind::Protocol,
            format!(
                "there are more than {limit} results; read them page by page, or allow more by `limit`"
            ),
        ));
    }
    all.extend(page);
    Ok(())
}

impl<T> std::fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages")
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}
