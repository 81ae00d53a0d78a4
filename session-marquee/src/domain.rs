//! The services of Marquee.

use std::fmt;

/// A service of Marquee: which of an environment's addresses a request goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Domain {
    /// The API itself, `AppDomain` in `gs_quant`.
    #[default]
    Api,
    /// Market data, `MdsDomainEast` in `gs_quant`.
    Mds,
    /// Market data as the web site has it, `MdsWebDomain` in `gs_quant`.
    MdsWeb,
    /// The web site, `MarqueeWebDomain` in `gs_quant`.
    Web,
}

impl Domain {
    /// All that there are.
    pub const ALL: [Self; 4] = [Self::Api, Self::Mds, Self::MdsWeb, Self::Web];

    /// Its name as a service of the environment, such as `mds-web`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Mds => "mds",
            Self::MdsWeb => "mds-web",
            Self::Web => "web",
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
