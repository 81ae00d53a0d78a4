//! Files of profiles, as people and programs may damage them. Opening one sends nothing and asks for no secret.

#![no_main]

use libfuzzer_sys::fuzz_target;
use session_core::Profiles;

/// Linked, so that its keys are known.
use session_oauth as _;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    match Profiles::from_toml(text, "sessions.toml") {
        Ok(profiles) => {
            let _ = profiles.default().map(str::len);
            for name in profiles.names() {
                let _ = profiles.backend_of(name).map(str::len);
                match profiles.open(name) {
                    Ok(session) => assert!(!format!("{session:?}").is_empty()),
                    Err(error) => assert!(!error.to_string().is_empty()),
                }
            }
        }
        Err(error) => assert!(error.to_string().contains("sessions.toml"), "{error}"),
    }
});
