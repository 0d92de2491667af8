//! `InvokeWithResponseStream`: an invocation whose response goes to the client as the function produces it.
//!
//! The invocation runs inside the response's body: a client that goes away stops it, one that is slow slows it down. It fails
//! over to another edge as long as nothing of its response is on its way; what another edge answers comes as a whole.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Instant,
};

use bytes::Bytes;
use hyper::{
    Request, Response,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use swarmlambda_executor::{Invocation, Part};
use tokio::sync::mpsc;

use crate::{
    body::{Body, Cut},
    eventstream,
    gateway::Gateway,
    host::{Ending, Outcome},
    invoke::{Call, fail_over},
    receipt::{EDGE, EXECUTED_VERSION, Receipt},
    recent::{Ended, Origin, Via},
    reply::{Failure, REQUEST_ID},
    report::Report,
    request_id::RequestId,
    table::Entry,
    target,
    worker::Worker,
};

/// Parts of 64 KiB that wait for the client.
const PARTS: usize = 4;
/// Between an HTTP response's prelude and its body.
const PRELUDE_END: [u8; 8] = [0; 8];

/// Answers such an invocation. The caller has seen that this is the path of one.
pub(crate) async fn stream(worker: &Rc<Worker>, request: Request<Incoming>) -> Response<Body> {
    let id = RequestId::new();
    let counted = Counted::new(&worker.gateway);
    answer(worker, request, id, counted).await.unwrap_or_else(|failure| {
        let mut response = failure.respond(id);
        response.headers_mut().insert(EDGE, worker.gateway.name_header.clone());
        response
    })
}

async fn answer(
    worker: &Rc<Worker>,
    request: Request<Incoming>,
    id: RequestId,
    counted: Counted,
) -> Result<Response<Body>, Failure> {
    let gateway = &*worker.gateway;
    let (head, body) = request.into_parts();
    let call = Call::read(
        gateway,
        &head,
        target::streaming_segment(head.uri.path()),
        body,
        id,
        (Via::Stream, counted.started),
    )
    .await?;
    let mut receipt = call.receipt(gateway);
    let begun = Begun::of(&call, worker, counted.started).await;
    let body = match begun {
        Begun::Streams(head, streaming) => {
            receipt.tries.push_named(&gateway.name, "streams", counted.started.elapsed());
            let first = head.prelude.map(|prelude| [prelude.get().as_bytes(), &PRELUDE_END].concat());
            let first = first.map(|first| eventstream::chunk(first.into()));
            let framing = Framing::EventStream(call.report(gateway));
            let noted = Noted::new(&call, receipt.tries.as_str(), &counted);
            Body::Stream(Box::new(StreamBody::new(first, streaming, framing, noted, counted)), None)
        }
        Begun::Ended(local) => {
            let outcome = match ended(worker, &call, local, &mut receipt).await {
                Ok(outcome) => outcome,
                Err(failure) => return Ok(receipt.refuse(&failure)),
            };
            if matches!(outcome.class, Ending::Absent | Ending::Refused | Ending::Unreachable) {
                return Ok(receipt.respond(outcome));
            }
            let mut whole = Vec::new();
            if outcome.class == Ending::Ok {
                whole.extend_from_slice(&eventstream::chunk(outcome.payload.clone()));
            }
            whole.extend_from_slice(&eventstream::complete(&outcome, call.report(gateway).as_ref()));
            Body::Full(whole.into())
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(eventstream::CONTENT_TYPE));
    headers.insert(EXECUTED_VERSION, receipt.version());
    headers.insert(REQUEST_ID, id.to_header());
    receipt.stamp(headers);
    Ok(response)
}

/// The outcome of an invocation that streamed nothing here: its own if it is a good one.
pub(crate) async fn ended(
    worker: &Rc<Worker>,
    call: &Call<'_>,
    local: Option<Outcome>,
    receipt: &mut Receipt<'_>,
) -> Result<Outcome, Failure> {
    if let Some(outcome) = &local {
        receipt.tries.push(&worker.gateway.name, outcome.class, outcome.duration);
    }
    match local {
        Some(outcome) if outcome.class == Ending::Ok => {
            call.keep(&worker.gateway, receipt, &outcome, false);
            Ok(outcome)
        }
        local => fail_over(worker, call, local, receipt).await,
    }
}

/// What stands before a streamed response.
#[derive(Default, Deserialize)]
pub(crate) struct Head {
    #[serde(rename = "type")]
    pub(crate) content_type: Option<String>,
    /// Of an HTTP response: `statusCode`, `headers`, `cookies`.
    pub(crate) prelude: Option<Box<RawValue>>,
}

/// An invocation that runs, and what it has produced.
pub(crate) struct Streaming {
    run: Option<Pin<Box<dyn Future<Output = Outcome>>>>,
    outcome: Option<Outcome>,
    parts: mpsc::Receiver<Part>,
}

enum Next {
    Part(Part),
    End(Outcome),
}

/// How an invocation first shows itself.
pub(crate) enum Begun {
    Streams(Head, Streaming),
    /// It streamed nothing; `None`: it may not begin before the host has looked.
    Ended(Option<Outcome>),
}

impl Begun {
    /// Begins the call here.
    pub(crate) async fn of(call: &Call<'_>, worker: &Worker, started: Instant) -> Self {
        if !call.may_begin() {
            return Self::Ended(None);
        }
        match call.entry(&worker.gateway) {
            Some(entry) => Streaming::start(entry, call.invocation(), worker).begun().await,
            None => Self::Ended(Some(Outcome::absent(started.elapsed()))),
        }
    }
}

impl Streaming {
    pub(crate) fn start(entry: Arc<Entry>, mut invocation: Invocation, worker: &Worker) -> Self {
        let (sender, parts) = mpsc::channel(PARTS);
        invocation.stream = Some(sender);
        let (gateway, turns) = (Arc::clone(&worker.gateway), Arc::clone(&worker.turns));
        let run = async move { entry.invoke(invocation, &gateway, &turns).await };
        Self { run: Some(Box::pin(run)), outcome: None, parts }
    }

    pub(crate) async fn begun(mut self) -> Begun {
        match poll_fn(|cx| self.poll_next(cx)).await {
            Next::Part(Part::Head(json)) => Begun::Streams(serde_json::from_slice(&json).unwrap_or_default(), self),
            // The plugin sends a head first.
            Next::Part(Part::Data(_)) => Begun::Streams(Head::default(), self),
            Next::End(outcome) => Begun::Ended(Some(outcome)),
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if let Poll::Ready(Some(part)) = self.parts.poll_recv(cx) {
            return Poll::Ready(Next::Part(part));
        }
        if let Some(run) = &mut self.run
            && let Poll::Ready(outcome) = run.as_mut().poll(cx)
        {
            self.run = None;
            self.outcome = Some(outcome);
        }
        match self.parts.poll_recv(cx) {
            Poll::Ready(Some(part)) => Poll::Ready(Next::Part(part)),
            Poll::Ready(None) => self.outcome.take().map_or(Poll::Pending, |outcome| Poll::Ready(Next::End(outcome))),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// What the client gets of a response's bytes.
enum Framing {
    EventStream(Option<Report>),
    /// The bytes; a failure cuts them short.
    Raw,
}

/// The body of the response.
pub(crate) struct StreamBody {
    first: Option<Bytes>,
    /// `None`: all is said.
    streaming: Option<Streaming>,
    framing: Framing,
    /// The function failed in the middle.
    cut: bool,
    noted: Noted,
    _counted: Counted,
}

impl StreamBody {
    fn new(first: Option<Bytes>, streaming: Streaming, framing: Framing, noted: Noted, counted: Counted) -> Self {
        Self { first, streaming: Some(streaming), framing, cut: false, noted, _counted: counted }
    }

    /// The bytes as the function writes them.
    pub(crate) fn raw(streaming: Streaming, noted: Noted, counted: Counted) -> Self {
        Self::new(None, streaming, Framing::Raw, noted, counted)
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        if std::mem::take(&mut self.cut) {
            return Poll::Ready(Some(Err(Cut)));
        }
        let Some(streaming) = &mut self.streaming else { return Poll::Ready(None) };
        loop {
            let next = ready!(streaming.poll_next(cx));
            return Poll::Ready(match (next, &self.framing) {
                (Next::Part(Part::Head(_)), _) => continue,
                (Next::Part(Part::Data(bytes)), Framing::EventStream(_)) => Some(Ok(eventstream::chunk(bytes))),
                (Next::Part(Part::Data(bytes)), Framing::Raw) => Some(Ok(bytes)),
                (Next::End(outcome), framing) => {
                    self.streaming = None;
                    self.noted.keep(&outcome);
                    match framing {
                        Framing::EventStream(report) => Some(Ok(eventstream::complete(&outcome, report.as_ref()))),
                        Framing::Raw if outcome.class == Ending::Ok => None,
                        Framing::Raw => {
                            // What was written before gets its turn.
                            self.cut = true;
                            cx.waker().wake_by_ref();
                            return Poll::Pending;
                        }
                    }
                }
            });
        }
    }
}

/// What is said of a streamed invocation when it ends.
pub(crate) struct Noted {
    gateway: Arc<Gateway>,
    id: RequestId,
    name: String,
    version: Option<String>,
    event: Bytes,
    tries: String,
    origin: Origin,
    started: Instant,
}

impl Noted {
    pub(crate) fn new(call: &Call<'_>, tries: &str, counted: &Counted) -> Self {
        Self {
            gateway: Arc::clone(&counted.gateway),
            id: call.id,
            name: call.target.name.clone().into_owned(),
            version: call.target.qualifier.as_ref().map(|version| version.clone().into_owned()),
            event: call.payload.clone(),
            tries: tries.to_owned(),
            origin: call.origin.clone(),
            started: counted.started,
        }
    }

    fn keep(&self, outcome: &Outcome) {
        let recent = &self.gateway.recent;
        let Some(sampled) = recent.wants(outcome, false, &self.origin, self.started) else { return };
        let ended = Ended {
            request_id: self.id.as_str(),
            name: &self.name,
            version: self.version.as_deref(),
            event: &self.event,
            started: self.started,
            edge: &self.gateway.name,
            tries: &self.tries,
            outcome,
        };
        recent.record(&ended, self.origin.clone(), sampled);
    }
}

/// Counts an invocation as long as its response is on its way.
pub(crate) struct Counted {
    gateway: Arc<Gateway>,
    pub(crate) started: Instant,
}

impl Counted {
    pub(crate) fn new(gateway: &Arc<Gateway>) -> Self {
        gateway.counters.begin();
        Self { gateway: Arc::clone(gateway), started: Instant::now() }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.gateway.counters.end();
        self.gateway.counters.answered(self.started.elapsed());
    }
}
