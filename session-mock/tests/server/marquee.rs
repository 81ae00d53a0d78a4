//! The stand-in for Marquee.

use serde_json::{Value, json};
use session_mock::{Marquee, Provider};

use crate::wire::{Answer, Wire, ask, get, get_with_token, post};

struct Scene {
    marquee: Marquee,
    provider: Provider,
    token: String,
}

impl Scene {
    fn new() -> Self {
        let marquee = Marquee::new();
        let provider = Provider::builder().site(marquee.clone()).start().unwrap();
        let token = token(&provider, "").access_token();
        Self {
            marquee,
            provider,
            token,
        }
    }

    fn get(&self, target: &str) -> Answer {
        ask(&self.provider, get_with_token(target, &self.token))
    }

    fn post(&self, target: &str, headers: &str, body: &[u8]) -> Answer {
        let head = format!(
            "POST {target} HTTP/1.1\r\nhost: provider\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n{headers}\r\n",
            self.token,
            body.len(),
        );
        ask(&self.provider, [head.as_bytes(), body].concat())
    }
}

fn token(provider: &Provider, headers: &str) -> Answer {
    let (id, secret) = (provider.client_id(), provider.client_secret());
    let scope = Marquee::SCOPES.join("+");
    let form = format!(
        "grant_type=client_credentials&client_id={id}&client_secret={secret}&scope={scope}"
    );
    ask(provider, post("/as/token.oauth2", headers, &form))
}

fn rows(answer: &Answer, name: &str) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()[name].as_array().unwrap().clone()
}

#[test]
fn its_token_endpoint_knows_all_scopes_and_minds_no_old_token() {
    let scene = Scene::new();
    assert_eq!(scene.provider.token_endpoint().path(), "/as/token.oauth2");
    let old = format!("authorization: Bearer {}\r\n", scene.token);
    let answer = token(&scene.provider, &old);
    assert_eq!(answer.json()["scope"], Marquee::SCOPES.join(" "));
}

#[test]
fn the_user_is_told_to_who_is_let_in_and_each_answer_has_an_id() {
    let scene = Scene::new();
    let me = scene.get("/v1/users/self");
    assert_eq!(
        (me.status, me.header("x-dash-requestid")),
        (200, Some("req-1"))
    );
    assert_eq!(
        me.header("content-type"),
        Some("application/json;charset=utf-8")
    );
    assert_eq!(me.json()["name"], "Test User");
    scene.marquee.set_user(json!({ "name": "Other" }));
    for path in ["/v2/users/self", "/users/self"] {
        assert_eq!(scene.get(path).json(), json!({ "name": "Other" }));
    }
    let refused = ask(&scene.provider, get("/v1/users/self", ""));
    assert_eq!(
        (refused.status, refused.header("x-dash-requestid")),
        (401, Some("req-4"))
    );
    let passed = || ask(&scene.provider, get_with_token("/v1/users/self", "theirs")).status;
    assert_eq!(passed(), 401);
    scene.marquee.accept_token("theirs");
    assert_eq!(passed(), 200);
    scene.marquee.accept_nothing();
    assert_eq!(passed(), 401);
}

#[test]
fn cookies_let_in_with_the_csrf_token_that_belongs_to_them() {
    let scene = Scene::new();
    let status = |headers: &str| ask(&scene.provider, get("/v1/users/self", headers)).status;
    scene.marquee.accept_login("login");
    assert_eq!(status("Cookie: a=b; MarqueeLogin=login\r\n"), 200);
    assert_eq!(status("Cookie: MarqueeLogin=other\r\n"), 401);
    scene.marquee.accept_gssso("bare", None);
    assert_eq!(status("Cookie: GSSSO=bare\r\n"), 200);
    scene.marquee.accept_gssso("sso", Some("csrf"));
    let cookies = "Cookie: GSSSO=sso; MARQUEE-CSRF-TOKEN=csrf\r\n";
    assert_eq!(status(cookies), 403);
    assert_eq!(
        status("Cookie: GSSSO=sso\r\nX-MARQUEE-CSRF-TOKEN: csrf\r\n"),
        403
    );
    assert_eq!(
        status(&format!("{cookies}X-MARQUEE-CSRF-TOKEN: csrf\r\n")),
        200
    );
}

#[test]
fn datasets_are_queried_in_json_and_in_message_pack() {
    let scene = Scene::new();
    let row = |date, city, v| json!({ "date": date, "city": city, "v": v });
    let all = [
        row("2024-01-01", "Boston", 1.5),
        row("2024-01-02", "Austin", 2.5),
        row("2024-01-03", "Boston", 3.5),
    ];
    scene.marquee.set_dataset("WEATHER", all.clone());
    let query = |body: Value| scene.post("/v1/data/WEATHER/query", "", body.to_string().as_bytes());
    assert_eq!(rows(&query(json!({})), "data"), all);
    let boston =
        query(json!({ "where": { "city": ["Boston", "Paris"] }, "startDate": "2024-01-02" }));
    assert_eq!(rows(&boston, "data"), [all[2].clone()]);
    assert_eq!(
        rows(
            &query(json!({ "endDate": "2024-01-02", "limit": 1 })),
            "data"
        ),
        [all[0].clone()]
    );
    let last = scene.post(
        "/v1/data/WEATHER/last/query",
        "",
        br#"{"where":{"city":"Austin"}}"#,
    );
    assert_eq!(rows(&last, "data"), [all[1].clone()]);

    let packed = rmp_serde::to_vec_named(&json!({ "where": { "city": "Austin" } })).unwrap();
    let headers = "content-type: application/x-msgpack\r\naccept: application/msgpack\r\n";
    let answer = scene.post("/v1/data/WEATHER/query", headers, &packed);
    assert_eq!(answer.header("content-type"), Some("application/x-msgpack"));
    let answer: Value = rmp_serde::from_slice(&answer.body).unwrap();
    assert_eq!(answer["data"], json!([all[1]]));

    assert_eq!(
        scene.get("/v1/data/catalog/WEATHER").json()["fields"]["v"]["type"],
        "number"
    );
    assert_eq!(scene.get("/v1/data/catalog/NONE").status, 404);
}

#[test]
fn rows_come_page_by_page_where_a_query_picks_more_than_a_page() {
    let scene = Scene::new();
    let all: Vec<Value> = (0..5)
        .map(|n| json!({ "n": n, "even": n % 2 == 0 }))
        .collect();
    scene.marquee.set_dataset("D", all.clone());
    let query = |body: Value| scene.post("/v1/data/D/query", "", body.to_string().as_bytes());
    assert_eq!(query(json!({})).json()["totalPages"], Value::Null);
    for (most, pages) in [(1, 5), (2, 3), (4, 2)] {
        scene.marquee.set_page(most);
        let mut read = rows(&query(json!({})), "data");
        for page in 1..pages {
            let answer = query(json!({ "page": page }));
            assert_eq!(answer.json()["totalPages"], pages);
            read.extend(rows(&answer, "data"));
        }
        assert_eq!(read, all);
        assert_eq!(query(json!({ "page": 0 })).json(), query(json!({})).json());
        for beyond in [pages, u64::MAX] {
            assert_eq!(
                rows(&query(json!({ "page": beyond })), "data"),
                [] as [Value; 0]
            );
        }
    }
    // Of what is picked, and as many as are wanted.
    scene.marquee.set_page(2);
    let even = query(json!({ "where": { "even": true }, "page": 1 }));
    assert_eq!(rows(&even, "data"), [all[4].clone()]);
    assert_eq!(even.json()["totalPages"], 2);
    assert_eq!(
        query(json!({ "limit": 2 })).json()["totalPages"],
        Value::Null
    );
    scene.marquee.set_page(0);
    assert_eq!(rows(&query(json!({})), "data"), [all[0].clone()]);
}

#[test]
fn a_body_that_nests_without_end_or_goes_on_is_none() {
    let scene = Scene::new();
    let body = |body: &[u8]| {
        let headers = "content-type: application/x-msgpack\r\n";
        scene.post("/v1/x", headers, body).json()["body"].clone()
    };
    let nested = |depth| [vec![0x91; depth], vec![1]].concat();
    assert_eq!(body(&nested(2)), json!([[1]]));
    assert_eq!(
        body(&nested(100)).to_string(),
        format!("{}1{}", "[".repeat(100), "]".repeat(100))
    );
    for bad in [
        nested(1000),
        nested(500_000),
        b"\x01\x01".to_vec(),
        vec![0x91],
    ] {
        assert_eq!(body(&bad), Value::Null);
    }
}

#[test]
fn coverage_and_assets_come_page_by_page() {
    let scene = Scene::new();
    let all: Vec<Value> = (0..5).map(|n| json!({ "n": n, "type": "Stock" })).collect();
    scene.marquee.set_coverage("C", all.clone());
    scene.marquee.set_assets(all.clone());
    scene.marquee.set_page(2);
    let (mut covered, mut assets, mut scroll) = (Vec::new(), Vec::new(), String::new());
    for _ in 0..3 {
        let page = scene.get(&format!(
            "/v1/data/C/coverage?limit=4000&scroll=30s{scroll}"
        ));
        covered.extend(rows(&page, "results"));
        let id = page.json()["scrollId"].as_str().unwrap().to_owned();
        assert_eq!(page.json()["totalResults"], 5);
        let body = json!({ "where": { "type": "Stock" }, "scroll": "1m", "scrollId": scroll.strip_prefix("&scrollId=") });
        assets.extend(rows(
            &scene.post("/v1/assets/query", "", body.to_string().as_bytes()),
            "results",
        ));
        scroll = format!("&scrollId={id}");
    }
    assert_eq!(covered, all);
    assert_eq!(assets, all);
    let beyond = scene.get(&format!("/v1/data/C/coverage?scroll=30s{scroll}"));
    assert_eq!(rows(&beyond, "results"), [] as [Value; 0]);
    let plain = scene.get("/v1/data/C/coverage?limit=1&offset=1").json();
    assert_eq!(plain, json!({ "results": [all[1]], "totalResults": 5 }));
}

#[test]
fn the_rest_is_reported_echoed_or_as_it_is_asked_for() {
    let scene = Scene::new();
    assert_eq!(
        scene
            .post("/v1/activities", "", b"{\"action\":\"Initiated\"}")
            .json(),
        json!({})
    );
    assert_eq!(
        scene.marquee.activities(),
        [json!({ "action": "Initiated" })]
    );
    let echo = scene.post(
        "/v1/things?a=1&a=2",
        "",
        format!("[\"{}\"]", scene.token).as_bytes(),
    );
    let expected = json!({
        "method": "POST", "path": "/v1/things", "query": [["a", "1"], ["a", "2"]],
        "body": ["[the token]"], "ok": true,
    });
    assert_eq!(echo.json(), expected);
    assert_eq!(scene.get("/v1/status/418").status, 418);
    assert_eq!(scene.get("/v1/status/99").status, 400);
    let moved = scene.get("/v1/redirect?status=307&to=http://127.0.0.9/");
    assert_eq!(
        (moved.status, moved.header("location")),
        (307, Some("http://127.0.0.9/"))
    );
}

#[test]
fn a_websocket_echoes() {
    let scene = Scene::new();
    let handshake = |token: &str| {
        let headers = format!(
            "authorization: Bearer {token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        );
        get("/v1/stream", &headers)
    };
    assert_eq!(ask(&scene.provider, handshake("none")).status, 401);
    let mut wire = Wire::to(&scene.provider);
    // RFC 6455 §1.3 has this key, and what is made of it.
    let switched = wire.ask(handshake(&scene.token));
    assert_eq!(switched.status, 101);
    assert_eq!(
        switched.header("sec-websocket-accept"),
        Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
    // A text, masked by zeros, and a close.
    wire.send(b"\x81\x82\x00\x00\x00\x00hi\x88\x82\x00\x00\x00\x00\x03\xe8");
    assert_eq!(wire.rest().unwrap(), b"\x81\x07echo:hi\x88\x02\x03\xe8");
    assert_eq!(
        ask(
            &scene.provider,
            get_with_token("/v1/x", &scene.token)
                .replace("\r\nhost", "\r\nUpgrade: websocket\r\nhost")
        )
        .status,
        400
    );
}
