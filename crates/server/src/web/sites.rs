//! Function URLs and routes: which requests are whose. Replaced as a whole when the registry changes.

use std::collections::{BTreeMap, HashMap, HashSet};

use hyper::Method;
use serde::Deserialize;

use super::{
    cors::Cors,
    event::{Format, decode},
};

/// In development, and whatever else the mesh is called.
const ZONE: &str = "lambda.mesh";

/// As the host gives it, JSON.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Given {
    urls: Vec<GivenUrl>,
    routes: Vec<GivenRoute>,
    /// Of all routes.
    cors: Option<Cors>,
    /// First segments of paths that no route takes: the edge's own.
    reserved: HashSet<String>,
    /// The mesh's name in DNS, beside `lambda.mesh`; functions are found under it.
    #[serde(default)]
    zone: Option<String>,
    /// Names of the edge itself, which may be under that.
    #[serde(default)]
    hosts: HashSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenUrl {
    id: String,
    #[serde(flatten)]
    url: Url,
}

/// A function's URL.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Url {
    pub(super) function: String,
    /// `None`: `$LATEST`.
    pub(super) qualifier: Option<String>,
    /// Asks for a signed request.
    pub(super) signed: bool,
    /// Sends what the function streams as it comes; else as a whole.
    pub(super) streams: bool,
    pub(super) cors: Option<Cors>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenRoute {
    /// `GET /orders/{id}`, `ANY /{proxy+}`, `$default`.
    key: String,
    function: String,
    qualifier: Option<String>,
    /// `1.0` or `2.0`.
    format: String,
}

pub(super) struct Route {
    pub(super) key: String,
    /// `None`: any.
    method: Option<Method>,
    /// `None`: any path.
    segments: Option<Vec<Segment>>,
    pub(super) function: String,
    pub(super) qualifier: Option<String>,
    pub(super) format: Format,
}

/// The more special first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Text(String),
    One(String),
    Rest(String),
}

#[derive(Default)]
pub(crate) struct Sites {
    urls: HashMap<String, Url>,
    /// `$LATEST`'s URL, by the function's name: what holds for `/fn/{name}`, too.
    ids: HashMap<String, String>,
    /// The most special first.
    routes: Vec<Route>,
    pub(super) cors: Option<Cors>,
    reserved: HashSet<String>,
    zone: Option<String>,
    hosts: HashSet<String>,
}

/// What the routes say of a request.
pub(super) enum Routed<'a> {
    To(&'a Route, BTreeMap<String, String>),
    /// The path's routes have other methods: these.
    Method(String),
    Nowhere,
}

impl From<Given> for Sites {
    fn from(given: Given) -> Self {
        let ids = given.urls.iter().filter(|one| one.url.qualifier.is_none());
        let ids = ids.map(|one| (one.url.function.clone(), one.id.clone())).collect();
        let mut routes: Vec<Route> = given.routes.into_iter().map(Route::from).collect();
        routes.sort_by(|a, b| a.rank().cmp(&b.rank()));
        Self {
            urls: given.urls.into_iter().map(|one| (one.id, one.url)).collect(),
            ids,
            routes,
            cors: given.cors,
            reserved: given.reserved,
            zone: given.zone,
            hosts: given.hosts,
        }
    }
}

impl From<GivenRoute> for Route {
    fn from(GivenRoute { key, function, qualifier, format }: GivenRoute) -> Self {
        let (method, segments) = match key.split_once(' ') {
            None => (None, None),
            Some((method, path)) => {
                let method = Method::from_bytes(method.as_bytes()).ok().filter(|_| method != "ANY");
                (method, Some(path.split('/').skip(1).map(Segment::parse).collect()))
            }
        };
        let format = if format == "1.0" { Format::V1 } else { Format::V2 };
        Self { key, method, segments, function, qualifier, format }
    }
}

impl Segment {
    fn parse(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Self::Rest(name.to_owned()),
                None => Self::One(name.to_owned()),
            },
            None => Self::Text(text.to_owned()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Text(_) => 0,
            Self::One(_) => 1,
            Self::Rest(_) => 2,
        }
    }
}

impl Route {
    /// Smaller is more special: kinds of segments from the left, then an own method, then the key.
    fn rank(&self) -> (bool, Vec<u8>, bool, &str) {
        let kinds = self.segments.iter().flatten().map(Segment::rank).collect();
        (self.segments.is_none(), kinds, self.method.is_none(), &self.key)
    }

    /// The path's parameters, decoded; `None`: another path.
    fn parameters(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let mut found = BTreeMap::new();
        let Some(segments) = &self.segments else { return Some(found) };
        let mut rest = path.strip_prefix('/')?;
        let mut more = true;
        for segment in segments {
            if !more {
                return None;
            }
            if let Segment::Rest(name) = segment {
                if rest.is_empty() {
                    return None;
                }
                found.insert(name.clone(), decode(rest).into_owned());
                return Some(found);
            }
            let (part, behind) = rest.split_once('/').map_or((rest, None), |(part, behind)| (part, Some(behind)));
            match segment {
                Segment::Text(text) if decode(part) == text.as_str() => {}
                Segment::One(name) if !part.is_empty() => drop(found.insert(name.clone(), decode(part).into_owned())),
                _ => return None,
            }
            more = behind.is_some();
            rest = behind.unwrap_or_default();
        }
        // `/a/` is `/a`.
        (!more || rest.is_empty()).then_some(found)
    }

    fn takes(&self, method: &Method) -> bool {
        self.method.as_ref().is_none_or(|own| own == method || (own == Method::GET && method == Method::HEAD))
    }
}

impl Sites {
    /// What a host name, without a port, has before the mesh's name; `None`: it is no name of a function.
    pub(super) fn labels<'a>(&self, host: &'a str) -> Option<&'a str> {
        let under = |zone: &str| host.strip_suffix(zone)?.strip_suffix('.');
        let found = under(ZONE).or_else(|| under(self.zone.as_deref()?))?;
        (!self.hosts.contains(host)).then_some(found)
    }

    pub(super) fn url(&self, id: &str) -> Option<&Url> {
        self.urls.get(id)
    }

    /// The URL of a function's `$LATEST`.
    pub(super) fn url_of(&self, function: &str) -> Option<&Url> {
        self.urls.get(self.ids.get(function)?)
    }

    /// Whether routes decide about that path. `/` is the UI's unless a route names it.
    pub(crate) fn take(&self, path: &str) -> bool {
        let first = path.split('/').nth(1).unwrap_or_default();
        if self.routes.is_empty() || self.reserved.contains(first) {
            return false;
        }
        let dated = first.len() == 10 && first.starts_with("20") && first.as_bytes()[4] == b'-';
        !dated && !first.starts_with('.')
    }

    /// Whether a route names the root itself.
    pub(crate) fn take_root(&self, method: &Method) -> bool {
        let is_root =
            |route: &Route| matches!(route.segments.as_deref(), Some([Segment::Text(text)]) if text.is_empty());
        self.routes.iter().any(|route| is_root(route) && route.takes(method))
    }

    pub(super) fn route(&self, method: &Method, path: &str) -> Routed<'_> {
        let mut others = Vec::new();
        for route in &self.routes {
            let Some(parameters) = route.parameters(path) else { continue };
            if route.takes(method) {
                return Routed::To(route, parameters);
            }
            others.extend(route.method.as_ref().map(Method::as_str));
        }
        others.sort_unstable();
        others.dedup();
        if others.is_empty() { Routed::Nowhere } else { Routed::Method(others.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sites(keys: &[&str]) -> Sites {
        let routes = keys.iter().map(|key| serde_json::json!({ "key": key, "function": "f", "format": "2.0" }));
        let given = serde_json::json!({ "urls": [], "routes": routes.collect::<Vec<_>>(), "reserved": ["functions"] });
        serde_json::from_value::<Given>(given).unwrap().into()
    }

    fn found(sites: &Sites, method: Method, path: &str) -> String {
        match sites.route(&method, path) {
            Routed::To(route, parameters) => format!("{} {parameters:?}", route.key),
            Routed::Method(allow) => format!("405 {allow}"),
            Routed::Nowhere => "404".to_owned(),
        }
    }

    #[test]
    fn takes_the_most_special_route() {
        let all =
            sites(&["$default", "ANY /{proxy+}", "GET /a/{id}", "ANY /a/{id}", "GET /a/new", "GET /a/{id}/{rest+}"]);
        assert_eq!(found(&all, Method::GET, "/a/new"), "GET /a/new {}");
        assert_eq!(found(&all, Method::GET, "/a/5"), "GET /a/{id} {\"id\": \"5\"}");
        assert_eq!(found(&all, Method::HEAD, "/a/5"), "GET /a/{id} {\"id\": \"5\"}");
        assert_eq!(found(&all, Method::POST, "/a/new"), "ANY /a/{id} {\"id\": \"new\"}");
        assert_eq!(found(&all, Method::GET, "/a/5%20/b/c"), "GET /a/{id}/{rest+} {\"id\": \"5 \", \"rest\": \"b/c\"}");
        assert_eq!(found(&all, Method::PUT, "/a/5/b"), "ANY /{proxy+} {\"proxy\": \"a/5/b\"}");
        assert_eq!(found(&all, Method::GET, "/"), "$default {}");
    }

    #[test]
    fn tells_a_wrong_method_from_a_wrong_path() {
        let some = sites(&["GET /a/{id}", "POST /a/{id}", "GET /"]);
        assert_eq!(found(&some, Method::DELETE, "/a/1"), "405 GET, POST");
        assert_eq!(found(&some, Method::GET, "/a/"), "404");
        assert_eq!(found(&some, Method::GET, "/a/1/"), "GET /a/{id} {\"id\": \"1\"}");
        assert_eq!(found(&some, Method::GET, "/b"), "404");
        assert!(some.take("/a") && !some.take("/functions/x") && !some.take("/2015-03-31/functions"));
        assert!(some.take_root(&Method::GET) && !some.take_root(&Method::POST));
    }
}
