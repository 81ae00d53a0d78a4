//! Data, read by blocking.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use session_core::Result;
use session_http::blocking::wait;

use crate::DataQuery;

/// As [`session_marquee::Dataset`](crate::Dataset).
#[derive(Clone, Debug)]
pub struct Dataset(crate::Dataset);

impl Dataset {
    pub(crate) fn new(dataset: crate::Dataset) -> Self {
        Self(dataset)
    }

    /// As [`definition`](crate::Dataset::definition).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn definition(&self) -> Result<Map<String, Value>> {
        wait(self.0.definition())?
    }

    /// As [`query`](crate::Dataset::query).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn query<T: DeserializeOwned>(&self, query: &DataQuery) -> Result<Vec<T>> {
        wait(self.0.query(query))?
    }

    /// As [`query_pages`](crate::Dataset::query_pages).
    pub fn query_pages<T: DeserializeOwned>(&self, query: &DataQuery) -> QueryPages<T> {
        QueryPages(self.0.query_pages(query))
    }

    /// As [`last`](crate::Dataset::last).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn last<T: DeserializeOwned>(&self, query: &DataQuery) -> Result<Vec<T>> {
        wait(self.0.last(query))?
    }

    /// As [`coverage`](crate::Dataset::coverage).
    pub fn coverage<T: DeserializeOwned>(&self) -> Pages<T> {
        Pages::new(self.0.coverage())
    }
}

/// As [`session_marquee::Pages`](crate::Pages): an iterator over pages.
#[derive(Debug)]
#[must_use = "nothing is asked for until a page is"]
pub struct Pages<T>(crate::Pages<T>);

impl<T: DeserializeOwned> Pages<T> {
    pub(crate) fn new(pages: crate::Pages<T>) -> Self {
        Self(pages)
    }
}

impl<T: DeserializeOwned> Iterator for Pages<T> {
    type Item = Result<Vec<T>>;

    fn next(&mut self) -> Option<Self::Item> {
        wait(self.0.next_page()).and_then(|page| page).transpose()
    }
}

/// As [`session_marquee::QueryPages`](crate::QueryPages): an iterator over pages.
#[derive(Debug)]
#[must_use = "nothing is asked for until a page is"]
pub struct QueryPages<T>(crate::QueryPages<T>);

impl<T: DeserializeOwned> Iterator for QueryPages<T> {
    type Item = Result<Vec<T>>;

    fn next(&mut self) -> Option<Self::Item> {
        wait(self.0.next_page()).and_then(|page| page).transpose()
    }
}
