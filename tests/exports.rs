//! The facade has all that core has.

use std::collections::BTreeSet;

/// The names that a `lib.rs` exports from `pub use`, without those that documentation hides.
fn exported(text: &str) -> BTreeSet<&str> {
    let uses = text.split("pub use ").skip(1).zip(text.split("pub use "));
    uses.filter(|(_, before)| !before.trim_end().ends_with("#[doc(hidden)]"))
        .filter_map(|(used, _)| used.split(';').next())
        .flat_map(|used| {
            let names = used
                .split_once('{')
                .map_or_else(|| used.rsplit("::").next(), |(_, list)| Some(list));
            names.unwrap_or_default().trim_end_matches('}').split(',')
        })
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn what_core_exports_the_facade_does_too() {
    let text = include_str!("../session-core/src/lib.rs");
    let core = exported(text.split("mod __private").next().unwrap());
    let facade = exported(include_str!("../src/lib.rs"));
    assert!(
        core.contains("SessionHandle") && core.contains("Store"),
        "{core:?}"
    );
    assert!(!core.contains("link"), "hidden");
    let missing: Vec<_> = core.difference(&facade).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
