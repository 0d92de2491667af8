//! An edge on a free port, and a client that sees every byte.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use swarmlambda_server::{
    ControlRequest, ControlResponse, Ending, Gateway, Host, HostError, HostFuture, Limits, Listen, MissRequest,
    MissResponse, Outcome, Server, Try,
};

/// How long a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub struct Edge {
    pub gateway: Arc<Gateway>,
    pub server: Option<Server>,
    pub address: SocketAddr,
}

impl Edge {
    /// An edge whose host answers invocations as [`elsewhere`] and control calls as [`echo`].
    pub fn start() -> Self {
        Self::with(Limits::default(), host(elsewhere, echo))
    }

    pub fn with(limits: Limits, host: Host) -> Self {
        let gateway = Gateway::new("edge-a", "us-west-sfo", limits).unwrap();
        let server = Server::listen(Arc::clone(&gateway), host, &plain(), 2).unwrap();
        Self { address: server.address(), gateway, server: Some(server) }
    }

    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// One request on a connection of its own.
    pub fn send(&self, request: &str) -> Response {
        let mut client = self.connect();
        client.send(request.as_bytes());
        client.response()
    }

    pub fn close(&mut self, grace: Duration) {
        self.server.take().unwrap().close(grace);
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.close(Duration::ZERO);
        }
    }
}

/// Any free port of this machine.
pub fn plain() -> Listen {
    Listen { http: "127.0.0.1:0".parse().unwrap(), https: None }
}

pub fn host(
    miss: impl Fn(MissRequest) -> HostFuture<MissResponse> + Send + Sync + 'static,
    control: impl Fn(ControlRequest) -> HostFuture<ControlResponse> + Send + Sync + 'static,
) -> Host {
    Host { miss: Box::new(miss), control: Box::new(control), give_back: || () }
}

/// Another edge gives the event back.
pub fn elsewhere(request: MissRequest) -> HostFuture<MissResponse> {
    Box::pin(async move { Ok(ended(Ending::Ok, request.payload)) })
}

/// What edge-b made of an invocation, in 2.3 ms.
pub fn ended(class: Ending, payload: Bytes) -> MissResponse {
    let duration = Duration::from_micros(2_300);
    let outcome = Outcome { class, payload, logs: Bytes::from_static(b"a log line\n"), duration, memory_bytes: 0 };
    let tries = vec![Try { edge: "edge-b".into(), class, duration }];
    MissResponse { edge: "edge-b".into(), tries, outcome: Ok(outcome), replayed: false }
}

/// Gives the request back.
pub fn echo(request: ControlRequest) -> HostFuture<ControlResponse> {
    let headers = vec![("content-type".to_owned(), "text/plain".to_owned())];
    let body = format!("{} {} {:?} ", request.method, request.path, request.query);
    Box::pin(async move {
        Ok(ControlResponse {
            status: 201,
            headers,
            body: [body.as_bytes(), &request.body].concat().into(),
            stream: None,
        })
    })
}

pub fn fails<T: 'static>(message: &'static str) -> HostFuture<T> {
    Box::pin(async move { Err(HostError(message.to_owned())) })
}

pub fn invocation(name: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /2015-03-31/functions/{name}/invocations HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}

pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")
}

#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Lambda's error type and message.
    pub fn error(&self) -> (u16, &str, String) {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        let message = body["Message"].as_str().or(body["message"].as_str()).unwrap_or_default().to_owned();
        (self.status, self.header("x-amzn-errortype").unwrap_or("none"), message)
    }
}

pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        Self::patient(address, PATIENCE)
    }

    /// One that waits so long for a byte.
    pub fn patient(address: SocketAddr, patience: Duration) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(patience)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends what the server may not want any more.
    pub fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// More bytes from the server; `false` at the end.
    fn fill(&mut self) -> bool {
        let mut chunk = [0; 16 << 10];
        match self.stream.read(&mut chunk) {
            Ok(0) => false,
            Ok(read) => {
                self.buffer.extend_from_slice(&chunk[..read]);
                true
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&self.buffer)),
        }
    }

    /// Everything up to and with `end`.
    pub fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.buffer.windows(end.len()).position(|window| window == end.as_bytes()) {
                let rest = self.buffer.split_off(at + end.len());
                return String::from_utf8(std::mem::replace(&mut self.buffer, rest)).unwrap();
            }
            assert!(self.fill(), "closed after {:?}", String::from_utf8_lossy(&self.buffer));
        }
    }

    pub fn exactly(&mut self, length: usize) -> String {
        while self.buffer.len() < length {
            assert!(self.fill(), "closed after {:?}", String::from_utf8_lossy(&self.buffer));
        }
        let rest = self.buffer.split_off(length);
        String::from_utf8(std::mem::replace(&mut self.buffer, rest)).unwrap()
    }

    /// Waits for the end; gives what came before it.
    pub fn rest(mut self) -> String {
        while self.fill() {}
        String::from_utf8(self.buffer).unwrap()
    }

    /// A response's head, or nothing at all.
    pub fn head_or_end(&mut self) -> Option<Response> {
        (!self.buffer.is_empty() || self.fill()).then(|| self.head())
    }

    /// A response's status line and headers.
    pub fn head(&mut self) -> Response {
        let head = self.until("\r\n\r\n");
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap_or((line.trim_end_matches(':'), "")));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Response { status, headers, body: String::new() }
    }

    /// A response whose body has a length.
    pub fn response(&mut self) -> Response {
        let mut response = self.head();
        let length = response.header("content-length").map_or(0, |length| length.parse().unwrap());
        response.body = self.exactly(length);
        response
    }
}
