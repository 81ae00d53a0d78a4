//! What there is to be had.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::query::{Page, Query};

/// As many as `gs_quant` asks for at most.
const PAGE: usize = 4000;

#[derive(Debug)]
pub(super) struct Catalogue {
    pub(super) user: Value,
    pub(super) rows: BTreeMap<String, Vec<Value>>,
    pub(super) coverage: BTreeMap<String, Vec<Value>>,
    pub(super) assets: Vec<Value>,
    /// Never zero.
    pub(super) page: usize,
}

impl Catalogue {
    pub(super) fn new() -> Self {
        Self {
            user: json!({
                "id": "guid-1",
                "name": "Test User",
                "email": "test.user@session.test",
                "firstName": "Test",
                "lastName": "User",
                "internal": false,
                "kerberos": "tuser",
            }),
            rows: BTreeMap::new(),
            coverage: BTreeMap::new(),
            assets: Vec::new(),
            page: PAGE,
        }
    }

    /// A dataset's name, and its fields: those of its first row.
    pub(super) fn description(&self, id: &str) -> Option<Value> {
        let known = [&self.rows, &self.coverage];
        let rows = known.iter().find_map(|datasets| datasets.get(id))?;
        let first = rows.first().and_then(Value::as_object);
        let fields = first.into_iter().flatten().map(|(name, value)| {
            let kind = match value {
                Value::Number(_) => json!({ "type": "number" }),
                _ if name == "date" => json!({ "type": "string", "format": "date" }),
                _ => json!({ "type": "string" }),
            };
            (name.clone(), kind)
        });
        let fields: Map<String, Value> = fields.collect();
        Some(json!({
            "id": id,
            "name": id,
            "fields": fields,
            "dimensions": { "timeField": "date" },
        }))
    }

    /// A page of what the query picks; how many there are is told where it is more than one, for `gs_quant` would read the one twice.
    pub(super) fn rows(&self, id: &str, body: &Value) -> Option<Value> {
        let query = Query::of(body);
        let rows = self.rows.get(id)?.iter().filter(|row| query.picks(row));
        let rows: Vec<_> = rows.take(query.limit.unwrap_or(usize::MAX)).collect();
        let page = rows.iter().skip(query.page.saturating_mul(self.page));
        let page: Vec<_> = page.take(self.page).collect();
        let mut answer = json!({ "requestId": "r", "data": page });
        let pages = rows.len().div_ceil(self.page);
        if pages > 1 {
            answer["totalPages"] = pages.into();
        }
        Some(answer)
    }

    /// The last row that the query picks.
    pub(super) fn last(&self, id: &str, body: &Value) -> Option<Value> {
        let query = Query::of(body);
        let mut rows = self.rows.get(id)?.iter();
        let last = rows.rfind(|row| query.picks(row));
        let rows: Vec<_> = last.into_iter().collect();
        Some(json!({ "requestId": "r", "data": rows }))
    }

    pub(super) fn coverage(&self, id: &str, parameters: &Value) -> Option<Value> {
        let rows: Vec<_> = self.coverage.get(id)?.iter().collect();
        Some(Page::of(parameters, self.page).answer(&rows))
    }

    pub(super) fn assets(&self, body: &Value) -> Value {
        let query = Query::of(body);
        let assets = self.assets.iter().filter(|asset| query.picks(asset));
        Page::of(body, self.page).answer(&assets.collect::<Vec<_>>())
    }
}
