//! Which principal a server is.

use std::collections::BTreeMap;

use url::{Host, Url};

/// For any host.
pub(crate) const ANY: &str = "*";

/// Service principal names by host, where they are not what hosts are called.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServiceNames(BTreeMap<String, String>);

impl ServiceNames {
    /// Has servers at `host`, or at any if that is `*`, go by `name`: `HTTP@host`, or a principal such as `HTTP/host@REALM`.
    pub(crate) fn insert(&mut self, host: &str, name: String) {
        self.0.insert(host.to_ascii_lowercase(), name);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(host, name)| (host.as_str(), name.as_str()))
    }

    /// The name of the server at `url`: its own, else that for any host, else `HTTP@` and the host (RFC 4559 §4.1), whatever
    /// the port.
    pub(crate) fn of(&self, url: &Url) -> String {
        let host = host(url);
        let name = self.0.get(&host).or_else(|| self.0.get(ANY));
        name.cloned().unwrap_or_else(|| format!("HTTP@{host}"))
    }

    /// The name of the proxy at `url`: its own, else `HTTP@` and its host. What any server is called is not what it is.
    pub(crate) fn of_proxy(&self, url: &Url) -> String {
        let host = host(url);
        let name = self.0.get(&host);
        name.cloned().unwrap_or_else(|| format!("HTTP@{host}"))
    }
}

fn host(url: &Url) -> String {
    match url.host() {
        Some(Host::Ipv6(address)) => address.to_string(),
        Some(host) => host.to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(names: &ServiceNames, url: &str) -> String {
        names.of(&url.parse().unwrap())
    }

    #[test]
    fn servers_are_called_by_their_hosts_without_port() {
        let names = ServiceNames::default();
        assert_eq!(
            name(&names, "https://API.example.com:8443/x"),
            "HTTP@api.example.com"
        );
        assert_eq!(name(&names, "https://[::1]:8443/x"), "HTTP@::1");
    }

    #[test]
    fn a_proxy_is_not_called_what_all_servers_are() {
        let proxy = "http://proxy.example.com:3128".parse().unwrap();
        let mut names = ServiceNames::default();
        names.insert(ANY, "HTTP@front.example.com".into());
        assert_eq!(names.of_proxy(&proxy), "HTTP@proxy.example.com");
        names.insert("proxy.example.com", "HTTP@squid".into());
        assert_eq!(names.of_proxy(&proxy), "HTTP@squid");
    }

    #[test]
    fn a_host_may_have_another_name_and_so_may_all() {
        let mut names = ServiceNames::default();
        names.insert("API.example.com", "HTTP/front@EXAMPLE.COM".into());
        assert_eq!(
            name(&names, "https://api.example.com/"),
            "HTTP/front@EXAMPLE.COM"
        );
        assert_eq!(
            name(&names, "https://mds.example.com/"),
            "HTTP@mds.example.com"
        );
        names.insert(ANY, "HTTP@proxy.example.com".into());
        assert_eq!(
            name(&names, "https://api.example.com/"),
            "HTTP/front@EXAMPLE.COM"
        );
        assert_eq!(
            name(&names, "https://mds.example.com/"),
            "HTTP@proxy.example.com"
        );
    }
}
