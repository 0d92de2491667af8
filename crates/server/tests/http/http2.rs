//! HTTP/2 with prior knowledge.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::harness::Edge;

#[tokio::test]
async fn answers_many_streams_of_one_connection() {
    let edge = Edge::start();
    let stream = TcpStream::connect(edge.address).await.unwrap();
    let (client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let calls = (0..50).map(|event| {
        let mut client = client.clone();
        tokio::spawn(async move {
            let uri = format!("http://{}/2015-03-31/functions/hello/invocations", edge_name());
            let request = Request::post(uri).body(Full::new(Bytes::from(event.to_string()))).unwrap();
            let response = client.send_request(request).await.unwrap();
            assert_eq!(response.headers()["x-swarm-edge"], "edge-b");
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), event.to_string());
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert_eq!(edge.gateway.stats().connections, 1);
    drop(client);
    connection.await.unwrap().unwrap();
}

fn edge_name() -> &'static str {
    "lambda.mesh"
}
