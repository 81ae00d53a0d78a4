//! Where Marquee is, address by address.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use session_core::Environment;
use session_marquee::{Domain, MarqueeEnvironment};

/// Each with its addresses: of the API, market data, that of the web site, the web site, and to authenticate at.
const KNOWN: [(&str, [&str; 5]); 3] = [
    (
        "PROD",
        [
            "https://api.gs.com",
            "https://us-east.data.gsapis.com",
            "https://data.gs.com",
            "https://marquee.gs.com",
            "https://idfs.gs.com/as/token.oauth2",
        ],
    ),
    (
        "QA",
        [
            "https://api.marquee-qa.gs.com",
            "https://qa.us-east.data.gsapis.com",
            "https://data-qa.gs.com",
            "https://marquee-qa.gs.com",
            "https://idfs-qa.gs.com/as/token.oauth2",
        ],
    ),
    (
        "DEV",
        [
            "https://api.marquee-dev-ext.web.gs.com",
            "https://dev.us-east.data.gsapis.com",
            "https://data-dev.gs.com",
            "https://marquee-dev.web.gs.com",
            "https://idfs-dev.nimbus.gs.com:9031/as/token.oauth2",
        ],
    ),
];

/// The addresses of an environment in that order; without the slash that a URL has in place of no path.
fn addresses(environment: &MarqueeEnvironment) -> [String; 5] {
    let of = |domain| environment.address(domain).unwrap().as_str();
    let [api, mds, mds_web, web] = Domain::ALL.map(of);
    [api, mds, mds_web, web, environment.auth()].map(|address| address.trim_end_matches('/').into())
}

#[test]
fn each_environment_has_the_addresses_that_gs_quant_has() {
    let by_code = [
        MarqueeEnvironment::prod(),
        MarqueeEnvironment::qa(),
        MarqueeEnvironment::dev(),
    ];
    assert_eq!(MarqueeEnvironment::NAMES, KNOWN.map(|(name, _)| name));
    for ((name, expected), by_code) in KNOWN.iter().zip(by_code) {
        assert_eq!(by_code.name(), *name);
        assert_eq!(addresses(&by_code), *expected);
        assert_eq!(name.parse::<MarqueeEnvironment>().unwrap(), by_code);
        for domain in Domain::ALL {
            let service = by_code.url(domain.as_str()).unwrap();
            let address = by_code.address(domain).unwrap();
            assert_eq!(service.as_str(), format!("{address}v1/"));
        }
    }
}

/// By the file of the package that `cargo xtask test` installs.
#[cfg(feature = "counterparts")]
#[test]
fn gs_quants_own_file_has_these_addresses() {
    use std::{collections::BTreeMap, env, fs};

    const NAMES: [&str; 5] = [
        "AppDomain",
        "MdsDomainEast",
        "MdsWebDomain",
        "MarqueeWebDomain",
        "AuthURL",
    ];
    let file = env::var("SESSION_TEST_GS_QUANT").expect(
        "SESSION_TEST_GS_QUANT names the file with what `cargo xtask up gs-quant --json` prints",
    );
    let ready: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let text = fs::read_to_string(ready["config"].as_str().unwrap()).unwrap();
    let mut sections = BTreeMap::<_, BTreeMap<_, _>>::new();
    let mut section = "";
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match (line.strip_prefix('['), line.split_once(" = ")) {
            (Some(name), _) => section = name.trim_end_matches(']'),
            (None, Some((key, value))) => {
                sections.entry(section).or_default().insert(key, value);
            }
            (None, None) => panic!("{line}"),
        }
    }
    // What is there for want of an environment is PROD's.
    let default = sections.remove("DEFAULT");
    assert_eq!(default.as_ref(), sections.get("PROD"));
    let expected =
        KNOWN.map(|(name, addresses)| (name, NAMES.into_iter().zip(addresses).collect()));
    assert_eq!(sections, BTreeMap::from(expected));
}
