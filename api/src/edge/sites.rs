//! Which names this server answers to, and which web pages may send it commands.
//!
//! A browser sends requests for every page that it shows. A page may get a name of its own to mean this machine (DNS
//! rebinding), and then reads what is answered; so only known names are answered. A page may also send a form or a
//! script's request to any address; the browser says in `Origin` which page that was, so commands from pages of other
//! sites are refused. Programs send no `Origin`.

use crate::{
    limits::Limits,
    problem::{Problem, kind},
};
use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Version, header, request::Parts, uri::Authority,
};
use std::net::IpAddr;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// In place of a list: everything is allowed.
const ANY: &str = "*";

/// The names and the pages that are allowed.
pub(crate) struct Sites {
    /// In lower case, without a port.
    hosts: Vec<String>,
    /// In lower case, with scheme.
    origins: Vec<String>,
}

impl Sites {
    pub(crate) fn of(limits: &Limits) -> Self {
        let lower = |list: &[String]| list.iter().map(|entry| entry.trim().to_ascii_lowercase()).collect();
        Self { hosts: lower(&limits.allowed_hosts), origins: lower(&limits.allowed_origins) }
    }

    /// A problem unless the request is for a name of this server and, if it may change something, from a page that
    /// may. `local` is the address that the connection was made to.
    pub(crate) fn check(&self, request: &Parts, local: Option<IpAddr>) -> Result<(), Problem> {
        let host = host(request)?;
        for authority in host.iter().chain(request.uri.authority()) {
            if !self.is_ours(authority.host(), local) {
                return Err(misdirected(authority));
            }
        }
        if !matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS) {
            self.check_page(&request.headers, host.as_ref())?;
        }
        Ok(())
    }

    fn is_ours(&self, host: &str, local: Option<IpAddr>) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        if let Ok(address) = host.parse::<IpAddr>() {
            // A page cannot make an address mean another machine.
            let address = address.to_canonical();
            if address.is_loopback() || local.is_some_and(|local| local.to_canonical() == address) {
                return true;
            }
        }
        let host = host.to_ascii_lowercase();
        host == "localhost" || self.hosts.iter().any(|allowed| *allowed == host || allowed == ANY)
    }

    fn check_page(&self, headers: &HeaderMap, host: Option<&Authority>) -> Result<(), Problem> {
        let Some(origin) = one(headers, &header::ORIGIN)? else {
            // A browser that does not say which page it was says at least this.
            return match headers.get(&SEC_FETCH_SITE).map(HeaderValue::as_bytes) {
                Some(b"cross-site" | b"same-site") => Err(cross_site("another site")),
                _ => Ok(()),
            };
        };
        let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
        let is_allowed = self.origins.iter().any(|allowed| *allowed == origin || allowed == ANY);
        if is_allowed || host.is_some_and(|host| is_page_of(&origin, host)) {
            return Ok(());
        }
        Err(cross_site(&origin))
    }
}

/// The one `Host` that HTTP/1.1 asks for.
fn host(request: &Parts) -> Result<Option<Authority>, Problem> {
    let Some(value) = one(&request.headers, &header::HOST)? else {
        let is_old = matches!(request.version, Version::HTTP_10 | Version::HTTP_09);
        return if is_old { Ok(None) } else { Err(invalid(&header::HOST, "the request has no Host")) };
    };
    let authority = Authority::try_from(value.as_bytes()).ok();
    match authority.filter(|authority| !authority.as_str().contains('@') && !authority.host().is_empty()) {
        Some(authority) => Ok(Some(authority)),
        None => Err(invalid(&header::HOST, "Host is not a name or an address, with or without a port")),
    }
}

/// The one value of a header that may be there once.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(invalid(name, &format!("{name} is given more than once"))),
    }
}

/// Whether a page of `origin` is one that this server itself answered with.
fn is_page_of(origin: &str, host: &Authority) -> bool {
    let Some((scheme, page)) = origin.split_once("://") else { return false };
    let default = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let host = host.as_str().to_ascii_lowercase();
    let without_default = |authority: &str| authority.strip_suffix(default).unwrap_or(authority).to_owned();
    without_default(page) == without_default(&host)
}

fn invalid(name: &HeaderName, detail: &str) -> Problem {
    Problem::new(&kind::INVALID_HEADER, detail).with("header", name.as_str())
}

fn misdirected(authority: &Authority) -> Problem {
    let shown: String = authority.as_str().chars().take(80).collect();
    let detail = format!(
        "this server does not answer to {shown:?}; the operator can add the name with --allowed-hosts"
    );
    Problem::new(&kind::MISDIRECTED_REQUEST, detail)
}

fn cross_site(origin: &str) -> Problem {
    let shown: String = origin.chars().take(80).collect();
    let detail = format!(
        "a page of {shown:?} may not send commands here; the operator can allow it with --allowed-origins"
    );
    Problem::new(&kind::CROSS_SITE, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    /// The name of the problem, or "ok".
    fn checked(sites: &Sites, method: &str, uri: &str, headers: &[(&str, &str)]) -> &'static str {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        sites.check(&parts, Some([10, 0, 0, 5].into())).map_or_else(|problem| problem.kind.name, |()| "ok")
    }

    fn sites() -> Sites {
        Sites::of(&Limits {
            allowed_hosts: vec!["Shop.example".to_owned()],
            allowed_origins: vec!["https://admin.example".to_owned()],
            ..Limits::default()
        })
    }

    #[test]
    fn only_known_names_are_answered() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "localhost.",
            "127.0.0.1:8080",
            "127.8.8.8",
            "[::1]:8080",
            "[::ffff:127.0.0.1]",
            "10.0.0.5:80",
            "shop.example:443",
        ] {
            assert_eq!(checked(&sites(), "GET", "/events", &[("host", host)]), "ok", "{host}");
        }
        for host in ["evil.example", "10.0.0.6", "localhost.evil.example", "0.0.0.0", "2130706433"] {
            assert_eq!(checked(&sites(), "GET", "/", &[("host", host)]), "misdirected-request", "{host}");
        }
        for hosts in [&[][..], &[("host", "")], &[("host", "localhost"), ("host", "localhost")]] {
            assert_eq!(checked(&sites(), "GET", "/", hosts), "invalid-header", "{hosts:?}");
        }
        let absolute = "http://evil.example/events";
        assert_eq!(checked(&sites(), "GET", absolute, &[("host", "localhost")]), "misdirected-request");
        assert_eq!(checked(&sites(), "GET", "/", &[("host", "a@localhost")]), "invalid-header");
    }

    #[test]
    fn commands_of_other_pages_are_refused_and_their_reads_are_left_to_the_browser() {
        let post = |headers: &[(&str, &str)]| {
            let headers = [&[("host", "localhost:8080")], headers].concat();
            checked(&sites(), "POST", "/orders/1/ship", &headers)
        };
        for origin in ["http://localhost:8080", "HTTP://LOCALHOST:8080", "https://admin.example"] {
            assert_eq!(post(&[("origin", origin)]), "ok", "{origin}");
        }
        for origin in ["https://evil.example", "null", "http://localhost:3000", "http://localhost", "x", ""] {
            assert_eq!(post(&[("origin", origin)]), "cross-site", "{origin}");
        }
        assert_eq!(post(&[]), "ok", "a program");
        assert_eq!(post(&[("sec-fetch-site", "cross-site")]), "cross-site");
        assert_eq!(post(&[("sec-fetch-site", "same-origin")]), "ok");
        let read = [("host", "localhost"), ("origin", "https://evil.example")];
        assert_eq!(checked(&sites(), "GET", "/products/x", &read), "ok");
    }

    #[test]
    fn a_star_allows_everything() {
        let any = vec![ANY.to_owned()];
        let sites =
            Sites::of(&Limits { allowed_hosts: any.clone(), allowed_origins: any, ..Limits::default() });
        let headers = [("host", "anything.example"), ("origin", "https://else.example")];
        assert_eq!(checked(&sites, "POST", "/carts", &headers), "ok");
    }
}
