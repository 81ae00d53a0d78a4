//! Users, data and assets, from the embedded Marquee.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use session_core::{ErrorKind, Secret, SessionHandle};
use session_marquee::{AssetQuery, Client, DataQuery, Domain, Failure, Marquee, blocking};
use session_mock::{Kind, Outage, Provider, Reply, Request};
use support::{environment, header, requests, text};

/// The embedded Marquee, with an open session of its client.
async fn started() -> (session_mock::Marquee, Provider, SessionHandle, Client) {
    let marquee = session_mock::Marquee::new();
    let provider = Provider::builder().site(marquee.clone()).start().unwrap();
    let session = session(&provider);
    session.init().await.unwrap();
    let client = Client::new(&session);
    (marquee, provider, session, client)
}

fn session(provider: &Provider) -> SessionHandle {
    let (id, secret) = (provider.client_id(), provider.client_secret());
    let session = Marquee::client_credentials(environment(provider), id, secret);
    session.open().unwrap()
}

fn asked(provider: &Provider) -> Vec<String> {
    let requests = requests(provider, Kind::Api);
    let target = |entry: &session_mock::Entry| match entry.query() {
        Some(query) => format!("{} {}?{query}", entry.method(), entry.path()),
        None => format!("{} {}", entry.method(), entry.path()),
    };
    requests.iter().map(target).collect()
}

#[derive(Debug, PartialEq, Deserialize)]
struct Weather {
    date: String,
    city: String,
    v: f64,
}

fn weather() -> Vec<Value> {
    vec![
        json!({ "date": "2016-01-15", "city": "Boston", "v": 1.5 }),
        json!({ "date": "2016-01-16", "city": "Austin", "v": 2.5 }),
        json!({ "date": "2016-01-17", "city": "Boston", "v": 3.5 }),
    ]
}

#[tokio::test]
async fn the_user_is_told() {
    let (marquee, provider, _session, client) = started().await;
    marquee.set_user(json!({
        "id": "guid-1", "name": "Test User", "email": "t@example.com", "internal": true,
        "appManagers": ["m1"], "kerberos": "tuser",
    }));
    let user = client.user().await.unwrap();
    assert_eq!(user.guid(), "guid:guid-1");
    assert_eq!(user.name.as_deref(), Some("Test User"));
    assert_eq!(user.email.as_deref(), Some("t@example.com"));
    assert!(user.internal);
    assert_eq!(user.app_managers, ["m1"]);
    assert_eq!(user.more["kerberos"], "tuser");
    assert_eq!(asked(&provider), ["GET /v1/users/self"]);
    // What is not there is not needed.
    marquee.set_user(json!({ "id": "guid-2" }));
    let bare = client.user().await.unwrap();
    assert_eq!(bare.id, "guid-2");
    marquee.set_user(json!({
        "id": "guid-2", "name": null, "email": null, "internal": null, "appManagers": null,
    }));
    assert_eq!(client.user().await.unwrap(), bare);
}

#[tokio::test]
async fn a_dataset_is_queried_as_gs_quant_does() {
    let (marquee, provider, _session, client) = started().await;
    marquee.set_dataset("WEATHER", weather());
    let query =
        DataQuery::between("2016-01-15", "2016-01-16").filter("city", vec!["Boston", "Austin"]);
    let rows: Vec<Weather> = client.dataset("WEATHER").query(&query).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[0],
        serde_json::from_value(weather().remove(0)).unwrap()
    );
    let request = support::last(&provider);
    assert_eq!(request.path(), "/v1/data/WEATHER/query");
    assert_eq!(header(&request, "accept"), Some("application/msgpack"));
    assert_eq!(
        text(&request),
        r#"{"format": "MessagePack", "where": {"city": ["Boston", "Austin"]}, "startDate": "2016-01-15", "endDate": "2016-01-16", "useTemporalXRef": false, "restrictSecondaryIdentifier": false, "restrictFields": false, "distinctConsecutive": false, "useFieldAlias": false, "remapSchemaToAlias": false, "showLinkedDimensions": true, "useProjectProcessor": false, "snapshot": false}"#
    );
}

#[tokio::test]
async fn the_latest_rows_are_asked_for_as_gs_quant_does() {
    let (marquee, provider, _session, client) = started().await;
    marquee.set_dataset("WEATHER", weather());
    let query = DataQuery::new()
        .filter("city", "Boston")
        .times(None, Some("2024-01-02T00:00:00.000Z"));
    let rows: Vec<Value> = client.dataset("WEATHER").last(&query).await.unwrap();
    assert!(!rows.is_empty());
    let request = support::last(&provider);
    assert_eq!(request.path(), "/v1/data/WEATHER/last/query");
    assert_eq!(header(&request, "accept"), Some("*/*"));
    assert_eq!(
        text(&request),
        r#"{"where": {"city": "Boston"}, "endTime": "2024-01-02T00:00:00.000Z", "useTemporalXRef": false, "restrictSecondaryIdentifier": false, "restrictFields": false, "distinctConsecutive": false, "useFieldAlias": false, "remapSchemaToAlias": false, "showLinkedDimensions": true, "useProjectProcessor": false, "snapshot": false}"#
    );
}

#[tokio::test]
async fn all_pages_of_a_query_are_read() {
    let (marquee, provider, _session, client) = started().await;
    let all: Vec<_> = (0..5).map(|n| json!({ "n": n })).collect();
    marquee.set_dataset("X", all.clone());
    for (most, expected) in [(5, 1), (2, 3), (1, 5)] {
        marquee.set_page(most);
        let before = provider.count(Kind::Api);
        let rows: Vec<Value> = client.dataset("X").query(&DataQuery::new()).await.unwrap();
        assert_eq!(rows, all);
        let asked = requests(&provider, Kind::Api).split_off(before);
        let page = |request: &session_mock::Entry| {
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            body["page"].clone()
        };
        let pages: Vec<_> = asked.iter().map(page).collect();
        let mut numbers: Vec<_> = (0..expected).map(|page| json!(page)).collect();
        numbers[0] = Value::Null;
        assert_eq!(pages, numbers);
    }
}

/// Answers each request with what the function makes of its number, from 0.
async fn answering(
    answer: impl Fn(u64) -> Value + Send + Sync + 'static,
) -> (Provider, SessionHandle, Client) {
    let number = AtomicU64::new(0);
    let site = move |_: &Request<'_>| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        Reply::json(StatusCode::OK, answer(number).to_string())
    };
    let provider = Provider::builder().site(site).start().unwrap();
    let session = Marquee::token(environment(&provider), Secret::new("t"));
    let session = session.open().unwrap();
    session.init().await.unwrap();
    let client = Client::new(&session);
    (provider, session, client)
}

#[tokio::test]
async fn how_many_pages_there_are_the_first_one_says() {
    // Also where later ones say nothing, or always more.
    for more in [None, Some(10)] {
        let (provider, _session, client) = answering(move |number| {
            let total = match number {
                0 => Some(3),
                _ => more.map(|more| number + more),
            };
            json!({ "data": [{ "page": number }], "totalPages": total })
        })
        .await;
        let rows = client.dataset("X").query::<Value>(&DataQuery::new()).await;
        assert_eq!(rows.unwrap().len(), 3);
        assert_eq!(provider.count(Kind::Api), 3);
    }
    let (provider, _session, client) =
        answering(|_| json!({ "data": [], "totalPages": u64::MAX })).await;
    let rows = client.dataset("X").query::<Value>(&DataQuery::new()).await;
    assert_eq!(rows.unwrap_err().kind(), ErrorKind::Protocol);
    assert_eq!(provider.count(Kind::Api), 1);
}

#[tokio::test]
async fn rows_of_a_query_come_page_by_page_and_no_page_before_it_is_wanted() {
    let (marquee, provider, _session, client) = started().await;
    marquee.set_dataset("WEATHER", weather());
    marquee.set_page(2);
    let query = DataQuery::new();
    let mut pages = client.dataset("WEATHER").query_pages::<Value>(&query);
    assert!(asked(&provider).is_empty());
    for (number, rows) in weather().chunks(2).enumerate() {
        assert_eq!(pages.next_page().await.unwrap().unwrap(), rows);
        assert_eq!(provider.count(Kind::Api), number + 1);
    }
    assert_eq!(pages.next_page().await.unwrap(), None);
    assert_eq!(provider.count(Kind::Api), 2, "the end is known");
}

#[tokio::test]
async fn rows_of_groups_have_what_the_group_has_in_common() {
    let group = |city: &str| {
        let rows = [json!({ "date": "2016-01-15", "v": 1.5, "city": "-" })];
        json!({ "context": { "city": city }, "data": rows })
    };
    let body = json!({ "groups": [group("Boston"), group("Austin")] });
    let (_provider, _session, client) = answering(move |_| body.clone()).await;
    let rows: Vec<Weather> = client.dataset("X").query(&DataQuery::new()).await.unwrap();
    let cities: Vec<_> = rows.iter().map(|row| &*row.city).collect();
    assert_eq!(cities, ["Boston", "Austin"]);
}

#[tokio::test]
async fn an_answer_without_rows_is_an_error_and_not_an_empty_table() {
    for (body, is_none) in [
        (json!({}), true),
        (
            json!({ "errorMessages": ["s3cr3t"], "requestId": "x" }),
            true,
        ),
        (json!({ "data": [], "errorMessages": ["s3cr3t"] }), true),
        (json!({ "data": [] }), false),
        (json!({ "data": null, "errorMessages": [] }), false),
    ] {
        let (_provider, _session, client) = answering(move |_| body.clone()).await;
        let (dataset, query) = (client.dataset("X"), DataQuery::new());
        for answer in [
            dataset.query::<Value>(&query).await,
            dataset.last::<Value>(&query).await,
        ] {
            match answer {
                Ok(rows) => assert!(!is_none && rows.is_empty()),
                Err(error) => {
                    assert!(is_none);
                    assert_eq!(error.kind(), ErrorKind::Protocol);
                    assert!(!support::texts(&error).contains("s3cr3t"), "{error:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_scrolls_without_end_is_not_collected_without_end() {
    let (provider, _session, client) =
        answering(|_| json!({ "results": [{ "a": 1 }], "scrollId": "same" })).await;
    let pages = client.dataset("X").coverage::<Value>().limit(20);
    let error = pages.collect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("page by page"), "{error}");
    assert_eq!(provider.count(Kind::Api), 21);
    let (_provider, _session, client) =
        answering(|_| json!({ "data": [{}, {}], "totalPages": 9 })).await;
    let pages = client.dataset("X").query_pages::<Value>(&DataQuery::new());
    assert!(pages.limit(17).collect().await.is_err());
}

#[tokio::test]
async fn results_that_end_before_their_total_are_an_error_and_not_the_whole() {
    type Answer = fn(u64) -> Value;
    let cases: [(Answer, usize); 4] = [
        (|_| json!({ "results": [1, 2], "totalResults": 10 }), 0),
        (
            |_| json!({ "results": [], "totalResults": 10, "scrollId": "s" }),
            0,
        ),
        (
            |number| match number {
                0 => json!({ "results": [1, 2], "totalResults": 10, "scrollId": "s" }),
                _ => json!({ "results": [], "totalResults": 10, "scrollId": "s" }),
            },
            2,
        ),
        // The last one does not say how many there are, but another has.
        (
            |number| match number {
                0 => json!({ "results": [1, 2], "totalResults": 10, "scrollId": "s" }),
                _ => json!({ "results": [3], "scrollId": null }),
            },
            2,
        ),
    ];
    for (answer, before) in cases {
        let (_provider, _session, client) = answering(answer).await;
        let mut pages = client.dataset("X").coverage::<u64>();
        let mut seen = 0;
        let error = loop {
            match pages.next_page().await {
                Ok(page) => seen += page.unwrap().len(),
                Err(error) => break error,
            }
        };
        assert_eq!(seen, before);
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains("10"), "{error}");
        let (_provider, _session, client) = answering(answer).await;
        let all = client.dataset("X").coverage::<u64>().collect().await;
        assert_eq!(all.unwrap_err().kind(), ErrorKind::Protocol);
    }
    for answer in [
        (|_| json!({ "results": [1, 2], "totalResults": 2, "scrollId": "s" })) as Answer,
        |_| json!({ "results": [1, 2], "totalResults": 1 }),
        |_| json!({ "results": [1, 2] }),
        |_| json!({ "results": [1, 2], "totalResults": null, "scrollId": null }),
    ] {
        let (_provider, _session, client) = answering(answer).await;
        let all = client.dataset("X").coverage::<u64>().collect().await;
        assert_eq!(all.unwrap(), [1, 2]);
    }
}

#[tokio::test]
async fn coverage_comes_page_by_page_and_no_page_before_it_is_wanted() {
    let (marquee, provider, _session, client) = started().await;
    marquee.set_page(2);
    let cities = ["Boston", "Austin", "Paris", "Rome", "Oslo"];
    marquee.set_coverage("WEATHER", cities.map(|city| json!({ "city": city })));
    let mut pages = client.dataset("WEATHER").coverage::<Value>();
    assert!(asked(&provider).is_empty());
    assert_eq!(pages.next_page().await.unwrap().unwrap().len(), 2);
    assert_eq!(
        asked(&provider),
        ["GET /v1/data/WEATHER/coverage?limit=4000&scroll=30s"]
    );
    assert_eq!(pages.next_page().await.unwrap().unwrap().len(), 2);
    assert!(asked(&provider)[1].contains("&scrollId="));
    assert_eq!(pages.next_page().await.unwrap().unwrap().len(), 1);
    assert_eq!(pages.next_page().await.unwrap(), None);
    assert_eq!(asked(&provider).len(), 3, "the end is known");
    let all = client
        .dataset("WEATHER")
        .coverage::<Value>()
        .collect()
        .await
        .unwrap();
    assert_eq!(all.len(), 5);
}

#[tokio::test]
async fn a_page_that_failed_can_be_asked_for_again() {
    let (marquee, provider, _session, client) = started().await;
    marquee.set_page(1);
    marquee.set_coverage(
        "WEATHER",
        [json!({ "city": "Boston" }), json!({ "city": "Rome" })],
    );
    let mut pages = client.dataset("WEATHER").coverage::<Value>();
    pages.next_page().await.unwrap().unwrap();
    provider.fail_next(
        Kind::Api,
        1,
        Outage::status(StatusCode::SERVICE_UNAVAILABLE),
    );
    let error = pages.next_page().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(pages.next_page().await.unwrap().unwrap()[0]["city"], "Rome");

    marquee.set_dataset("WEATHER", weather());
    let query = DataQuery::new();
    let mut pages = client.dataset("WEATHER").query_pages::<Value>(&query);
    let mut rows = Vec::new();
    for _ in weather() {
        let outage = Outage::status(StatusCode::SERVICE_UNAVAILABLE);
        provider.fail_next(Kind::Api, 1, outage);
        let error = pages.next_page().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        rows.extend(pages.next_page().await.unwrap().unwrap());
    }
    assert_eq!(rows, weather());
    assert_eq!(pages.next_page().await.unwrap(), None);
}

#[tokio::test]
async fn assets_are_found_and_scrolled_through() {
    let (marquee, provider, _session, client) = started().await;
    marquee.set_assets(["A", "B", "C"].map(|id| json!({ "id": id, "ticker": "GS" })));
    let query = AssetQuery::by("ticker", "GS")
        .as_of("2024-01-02T00:00:00.000Z")
        .order_by([">rank"]);
    let found: Vec<Value> = client.assets(&query).await.unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!(
        text(&support::last(&provider)),
        r#"{"where": {"ticker": "GS"}, "asOfTime": "2024-01-02T00:00:00.000Z", "orderBy": [">rank"], "limit": 100}"#
    );
    marquee.set_page(2);
    let all = client.asset_pages::<Value>(&query).collect().await.unwrap();
    assert_eq!(all.len(), 3);
}

#[tokio::test]
async fn what_is_kept_by_the_market_data_service_is_queried_there_if_asked() {
    let (_marquee, provider, _session, client) = started().await;
    let other = session_mock::Marquee::new();
    other.set_dataset("D", weather());
    let mds = Provider::builder().site(other.clone()).start().unwrap();
    let environment = environment(&provider)
        .domain(Domain::Mds, mds.api().as_str())
        .unwrap();
    let (id, secret) = (provider.client_id(), provider.client_secret());
    let session = Marquee::client_credentials(environment, id, secret)
        .open()
        .unwrap();
    session.init().await.unwrap();
    let token = session.credential().await.unwrap();
    let token = token.header(&http::header::AUTHORIZATION).unwrap().clone();
    other.accept_token(token.expose_str().unwrap().strip_prefix("Bearer ").unwrap());

    let described = json!({ "id": "D", "parameters": { "databaseId": "db" } }).to_string();
    provider.fail_next(Kind::Api, 1, Outage::json(StatusCode::OK, described));
    let redirecting = Client::new(&session).with_redirects_to_mds();
    let rows: Vec<Value> = redirecting
        .dataset("D")
        .query(&DataQuery::new())
        .await
        .unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(asked(&provider), ["GET /v1/data/datasets/D"]);
    assert_eq!(asked(&mds), ["POST /v1/data/D/query"]);

    let error = client
        .dataset("D")
        .query::<Value>(&DataQuery::new())
        .await
        .unwrap_err();
    assert_eq!(Failure::of(&error).unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(asked(&mds).len(), 1);
}

#[tokio::test]
async fn an_identifier_is_one_segment_of_the_path() {
    let (_marquee, provider, _session, client) = started().await;
    let _ = client.dataset("../users?x#y").definition().await;
    assert_eq!(
        asked(&provider),
        ["GET /v1/data/catalog/..%2Fusers%3Fx%23y"]
    );
    for id in ["", ".", ".."] {
        let (dataset, query) = (client.dataset(id), DataQuery::new());
        for error in [
            dataset.definition().await.unwrap_err(),
            dataset.query::<Value>(&query).await.unwrap_err(),
            dataset.last::<Value>(&query).await.unwrap_err(),
            dataset.coverage::<Value>().next_page().await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Config);
        }
    }
    assert_eq!(asked(&provider).len(), 1);
}

/// Inside of a runtime and outside.
#[test]
fn all_of_it_can_be_had_without_async() {
    let work = |client: &blocking::Client, marquee: &session_mock::Marquee| {
        marquee.set_dataset("WEATHER", weather());
        marquee.set_coverage(
            "WEATHER",
            [json!({ "city": "Boston" }), json!({ "city": "Rome" })],
        );
        marquee.set_assets([json!({ "id": "A", "ticker": "GS" })]);
        marquee.set_page(1);
        client.user().unwrap();
        let dataset = client.dataset("WEATHER");
        dataset.definition().unwrap();
        assert_eq!(
            dataset.query::<Weather>(&DataQuery::new()).unwrap().len(),
            3
        );
        assert!(
            !dataset
                .last::<Weather>(&DataQuery::new())
                .unwrap()
                .is_empty()
        );
        let query = DataQuery::new();
        assert_eq!(dataset.query_pages::<Weather>(&query).count(), 3);
        let pages: Vec<_> = dataset
            .coverage::<Value>()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(pages.len(), 2);
        let query = AssetQuery::by("ticker", "GS");
        assert_eq!(client.assets::<Value>(&query).unwrap().len(), 1);
        assert_eq!(client.asset_pages::<Value>(&query).count(), 1);
        let answer = client
            .post("/x")
            .json(&json!({ "a": 1 }))
            .query("q", 1)
            .send()
            .unwrap();
        assert!(answer.request_id().is_some());
        let echo: Value = answer.decode().unwrap();
        assert_eq!(echo["method"], "POST");
        let text = client
            .put("/x")
            .msgpack(&json!({}))
            .unversioned()
            .send()
            .unwrap();
        assert!(!text.bytes().unwrap().is_empty());
        let error = client
            .get("/status/403")
            .timeout(std::time::Duration::MAX)
            .send()
            .unwrap_err();
        assert!(Failure::of(&error).unwrap().request_id().is_some());
    };
    let marquee = session_mock::Marquee::new();
    let provider = Provider::builder().site(marquee.clone()).start().unwrap();
    let session = session(&provider);
    session
        .blocking()
        .enter(|| work(&blocking::Client::current(), &marquee))
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        session.blocking().init().unwrap();
        work(&blocking::Client::new(&session), &marquee);
    });
}
