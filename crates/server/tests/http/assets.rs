//! The UI's files, health and the snapshot.

use swarmlambda_server::{Asset, Health};

use crate::harness::{Edge, get};

fn edge_with_assets() -> Edge {
    let edge = Edge::start();
    let asset = |path: &str, body: &'static str, etag: Option<&str>| Asset {
        path: path.to_owned(),
        content_type: "text/html".to_owned(),
        cache_control: "no-cache".to_owned(),
        body: body.into(),
        etag: etag.map(str::to_owned),
    };
    let page = asset("/", "<p>page", Some("\"v1\""));
    edge.gateway.set_assets(vec![page, asset("/assets/x.js", "x()", None)]).unwrap();
    edge
}

#[test]
fn serves_assets_and_leaves_the_rest_to_the_host() {
    let edge = edge_with_assets();
    let page = edge.send(&get("/"));
    assert_eq!((page.status, page.body.as_str()), (200, "<p>page"));
    assert_eq!(page.header("content-type"), Some("text/html"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert_eq!(page.header("etag"), Some("\"v1\""));
    assert_eq!(edge.send(&get("/assets/x.js?v=1")).body, "x()");
    assert_eq!(edge.send(&get("/assets/y.js")).status, 201, "the host's");
    assert_eq!(edge.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n").status, 201, "the host's");
}

#[test]
fn answers_head_and_revalidation_without_a_body() {
    let edge = edge_with_assets();
    let mut client = edge.connect();
    client.send(get("/").replace("GET", "HEAD").as_bytes());
    let head = client.head();
    assert_eq!((head.status, head.header("content-length")), (200, Some("7")));
    for tag in ["\"v1\"", "W/\"v1\"", "\"v0\", \"v1\"", "*"] {
        client.send(format!("GET / HTTP/1.1\r\nhost: a\r\nif-none-match: {tag}\r\n\r\n").as_bytes());
        assert_eq!(client.head().status, 304, "{tag}");
    }
    client.send(b"GET / HTTP/1.1\r\nhost: a\r\nif-none-match: \"v0\"\r\n\r\n");
    assert_eq!(client.response().body, "<p>page");
}

#[test]
fn says_whether_it_is_ready() {
    let edge = Edge::start();
    let before = edge.send(&get("/healthz"));
    assert_eq!(before.status, 503);
    assert!(before.body.contains(r#""status":"starting","live":true,"ready":false"#), "{}", before.body);
    edge.gateway.set_health(Health::Ok);
    let after = edge.send(&get("/healthz"));
    assert_eq!(after.status, 200);
    assert_eq!(after.body, r#"{"status":"ok","live":true,"ready":true,"edge":"edge-a","region":"us-west-sfo"}"#);
    edge.gateway.set_health(Health::Draining);
    let draining = edge.send(&get("/healthz"));
    assert_eq!(draining.status, 503);
    assert!(draining.body.contains(r#""status":"draining","live":true,"ready":false"#), "{}", draining.body);
    assert_eq!(edge.send("POST /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n").status, 405);
}

#[test]
fn serves_the_latest_snapshot() {
    let edge = Edge::start();
    assert_eq!(edge.send(&get("/cluster")).status, 503);
    edge.gateway.set_snapshot(r#"{"at":1}"#);
    edge.gateway.set_snapshot(r#"{"at":2}"#);
    let response = edge.send(&get("/cluster"));
    assert_eq!((response.status, response.body.as_str()), (200, r#"{"at":2}"#));
    assert_eq!(response.header("cache-control"), Some("no-store"));
}
