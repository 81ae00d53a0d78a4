//! Real providers.
