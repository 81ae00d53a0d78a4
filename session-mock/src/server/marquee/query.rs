//! What a request picks, and by how much at once.

use serde_json::{Value, json};

/// Which objects are wanted.
pub(super) struct Query<'a> {
    wanted: &'a Value,
    from: Option<&'a str>,
    to: Option<&'a str>,
    pub(super) limit: Option<usize>,
    /// From 0, which is also where none is named.
    pub(super) page: usize,
}

impl<'a> Query<'a> {
    pub(super) fn of(body: &'a Value) -> Self {
        Self {
            wanted: &body["where"],
            from: body["startDate"].as_str(),
            to: body["endDate"].as_str(),
            limit: number(&body["limit"]),
            page: number(&body["page"]).unwrap_or(0),
        }
    }

    /// Whether an object has what is wanted of each property: the value, or one of a list of them; and a date that is in between.
    pub(super) fn picks(&self, object: &Value) -> bool {
        let mut wanted = self.wanted.as_object().into_iter().flatten();
        let has_all = wanted.all(|(name, wanted)| match wanted {
            Value::Array(any) => any.contains(&object[name]),
            one => *one == object[name],
        });
        // Dates as ISO 8601 has them are in the order of their text.
        let in_time = object["date"].as_str().is_none_or(|date| {
            self.from.is_none_or(|from| from <= date) && self.to.is_none_or(|to| date <= to)
        });
        has_all && in_time
    }
}

/// A part of what there is.
pub(super) struct Page {
    offset: usize,
    limit: usize,
    scrolls: bool,
}

impl Page {
    /// The one that these parameters name, of at most so many.
    pub(super) fn of(parameters: &Value, most: usize) -> Self {
        let scrolled = parameters["scrollId"].as_str();
        let scrolled = scrolled.and_then(|id| id.strip_prefix("scroll-")?.parse().ok());
        Self {
            offset: scrolled.or(number(&parameters["offset"])).unwrap_or(0),
            limit: number(&parameters["limit"]).unwrap_or(most).min(most),
            scrolls: parameters["scroll"].is_string(),
        }
    }

    pub(super) fn answer(&self, all: &[&Value]) -> Value {
        let page: Vec<_> = all.iter().skip(self.offset).take(self.limit).collect();
        let mut answer = json!({ "results": page, "totalResults": all.len() });
        if self.scrolls {
            let next = self.offset.saturating_add(page.len());
            answer["scrollId"] = format!("scroll-{next}").into();
        }
        answer
    }
}

/// A number, or the text of one, as queries have it.
fn number(value: &Value) -> Option<usize> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    number.and_then(|number| usize::try_from(number).ok())
}
