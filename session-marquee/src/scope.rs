//! What a client may ask for.

use std::{collections::BTreeSet, fmt};

use session_core::{Error, ErrorKind, Result};

/// A scope that Marquee knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// `read_content`
    ReadContent,
    /// `read_financial_data`
    ReadFinancialData,
    /// `read_product_data`
    ReadProductData,
    /// `read_user_profile`
    ReadUserProfile,
    /// `modify_content`
    ModifyContent,
    /// `modify_financial_data`
    ModifyFinancialData,
    /// `modify_product_data`
    ModifyProductData,
    /// `modify_user_profile`
    ModifyUserProfile,
    /// `run_analytics`
    RunAnalytics,
    /// `execute_trades`
    ExecuteTrades,
}

impl Scope {
    /// All that there are.
    pub const ALL: [Self; 10] = [
        Self::ReadContent,
        Self::ReadFinancialData,
        Self::ReadProductData,
        Self::ReadUserProfile,
        Self::ModifyContent,
        Self::ModifyFinancialData,
        Self::ModifyProductData,
        Self::ModifyUserProfile,
        Self::RunAnalytics,
        Self::ExecuteTrades,
    ];

    /// Those that every client asks for, unless it is told not to.
    pub const DEFAULT: [Self; 4] = [
        Self::ReadContent,
        Self::ReadFinancialData,
        Self::ReadProductData,
        Self::ReadUserProfile,
    ];

    /// Its name, such as `read_content`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadContent => "read_content",
            Self::ReadFinancialData => "read_financial_data",
            Self::ReadProductData => "read_product_data",
            Self::ReadUserProfile => "read_user_profile",
            Self::ModifyContent => "modify_content",
            Self::ModifyFinancialData => "modify_financial_data",
            Self::ModifyProductData => "modify_product_data",
            Self::ModifyUserProfile => "modify_user_profile",
            Self::RunAnalytics => "run_analytics",
            Self::ExecuteTrades => "execute_trades",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.as_str().to_owned()
    }
}

/// The scopes of a client: a union in an order that is always the same, so that requests for the same token are the same.
#[derive(Clone, Debug)]
pub(crate) struct Scopes {
    given: BTreeSet<String>,
    pub(crate) with_default: bool,
}

impl Default for Scopes {
    fn default() -> Self {
        Self {
            given: BTreeSet::new(),
            with_default: true,
        }
    }
}

impl Scopes {
    pub(crate) fn extend<S: Into<String>>(&mut self, scopes: impl IntoIterator<Item = S>) {
        self.given.extend(scopes.into_iter().map(Into::into));
    }

    pub(crate) fn given(&self) -> &BTreeSet<String> {
        &self.given
    }

    /// By RFC 6749 §3.3; several in one text, with a space between each two, are as good, as they are to `gs_quant`.
    pub(crate) fn check(&self) -> Result<()> {
        let is_plain = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        let is_one = |scope: &str| !scope.is_empty() && scope.bytes().all(is_plain);
        let are_scopes = |text: &String| text.split(' ').all(is_one);
        if self.given.iter().all(are_scopes) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Config,
            "a scope is empty, or has characters that none can have; write it as Marquee does, such as `read_content`",
        ))
    }

    pub(crate) fn union(&self) -> BTreeSet<String> {
        let mut all = self.given.clone();
        if self.with_default {
            all.extend(Scope::DEFAULT.map(String::from));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_union_has_each_scope_once_and_one_order() {
        let mut scopes = Scopes::default();
        scopes.extend(["run_analytics", "read_content", "an own one"]);
        let mut other = Scopes::default();
        other.extend(["an own one"]);
        other.extend([Scope::ReadContent, Scope::RunAnalytics]);
        let union: Vec<_> = scopes.union().into_iter().collect();
        assert_eq!(union, other.union().into_iter().collect::<Vec<_>>());
        assert_eq!(
            union.join(" "),
            "an own one read_content read_financial_data read_product_data read_user_profile run_analytics"
        );
    }

    #[test]
    fn the_default_can_be_left_out() {
        let mut scopes = Scopes::default();
        assert_eq!(scopes.union().len(), 4);
        scopes.with_default = false;
        assert!(scopes.union().is_empty());
    }

    #[test]
    fn all_ten_have_names_of_their_own() {
        let names: BTreeSet<_> = Scope::ALL.map(Scope::as_str).into();
        assert_eq!(names.len(), 10);
    }
}
