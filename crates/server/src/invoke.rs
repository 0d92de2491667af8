//! An invocation over HTTP: checks the request, runs the function here, and asks the host when that does not end well.

use std::{rc::Rc, sync::Arc, sync::atomic::Ordering::Relaxed, time::Instant};

use bytes::Bytes;
use hyper::{Method, Request, Response, StatusCode, body::Incoming, header::HeaderValue, http::request::Parts};
use serde_json::value::RawValue;
use swarmlambda_executor::Invocation;

use crate::{
    asked::Asked,
    body::Body,
    gateway::Gateway,
    host::{Ending, HostError, MissRequest, MissResponse, Once, Outcome, Refusal},
    now::{lately, since},
    read::read,
    receipt::{EDGE, Receipt, Tries},
    recent::{Ended, Origin, Via},
    reply::{Failure, REQUEST_ID},
    report::Report,
    request_id::RequestId,
    table::Entry,
    target::{self, Target},
    worker::Worker,
};

const NO_EVENT: Bytes = Bytes::from_static(b"{}");

/// Answers an invocation. The caller has seen that this is the path of one.
pub(crate) async fn invoke(worker: &Rc<Worker>, request: Request<Incoming>) -> Response<Body> {
    let started = lately();
    let gateway = &*worker.gateway;
    let _in_flight = gateway.counters.invocation();
    let id = RequestId::new();
    let response = match answer(worker, request, id, started).await {
        Ok(response) => response,
        Err(failure) => {
            let mut response = failure.respond(id);
            response.headers_mut().insert(EDGE, gateway.name_header.clone());
            response
        }
    };
    gateway.counters.answered(since(started));
    response
}

/// A request to invoke, checked and read.
pub(crate) struct Call<'a> {
    pub(crate) target: Target<'a>,
    pub(crate) payload: Bytes,
    log_tail: bool,
    /// Asks whether the function could be invoked, and invokes nothing.
    dry_run: bool,
    client_context: Option<String>,
    failover: Option<String>,
    once: Option<Once>,
    pub(crate) id: RequestId,
    pub(crate) origin: Origin,
    pub(crate) started: Instant,
}

impl<'a> Call<'a> {
    /// `segment` stands for the name in the path of `head`.
    pub(crate) async fn read(
        gateway: &Gateway,
        head: &'a Parts,
        segment: Option<&'a str>,
        body: Incoming,
        id: RequestId,
        (via, started): (Via, Instant),
    ) -> Result<Self, Failure> {
        if head.method != Method::POST {
            return Err(Failure::method_not_allowed("POST"));
        }
        let mut target = target::parse(segment.unwrap_or_default(), head.uri.query())
            .map_err(|bad| Failure::invalid_parameter(bad.0))?;
        target.qualifier = gateway.table.version(&target.name, target.qualifier);
        let asked = Asked::find(&head.headers);
        let (dry_run, client_context, failover) = (asked.dry_run()?, asked.client_context()?, asked.failover()?);
        let payload = read(body, gateway.limits.max_event_bytes, gateway.limits.body_timeout, &gateway.room).await?;
        let once = asked.once(head, &payload)?;
        let (payload, origin, log_tail) = (event(payload)?, asked.origin(via), asked.log_tail());
        Ok(Self { target, payload, log_tail, dry_run, client_context, failover, once, id, origin, started })
    }

    /// A call of which the headers say no more than that.
    pub(crate) fn of(
        target: Target<'a>,
        payload: Bytes,
        failover: Option<String>,
        once: Option<Once>,
        id: RequestId,
        (origin, started): (Origin, Instant),
    ) -> Self {
        let (log_tail, dry_run, client_context) = (false, false, None);
        Self { target, payload, log_tail, dry_run, client_context, failover, once, id, origin, started }
    }

    /// Whether it may run here before the host has looked.
    pub(crate) fn may_begin(&self) -> bool {
        self.once.is_none()
    }

    /// Keeps it for those who look, unless it is one ordinary invocation of too many. `moved`: other edges were asked.
    pub(crate) fn keep(&self, gateway: &Gateway, receipt: &Receipt<'_>, outcome: &Outcome, moved: bool) {
        let Some(sampled) = gateway.recent.wants(outcome, moved, &self.origin, self.started) else { return };
        let ended = Ended {
            request_id: self.id.as_str(),
            name: &self.target.name,
            version: self.target.qualifier.as_deref(),
            event: &self.payload,
            started: self.started,
            edge: receipt.edge.to_str().unwrap_or_default(),
            tries: receipt.tries.as_str(),
            outcome,
        };
        gateway.recent.record(&ended, self.origin.clone(), sampled);
    }

    /// The function, if it is loaded here.
    pub(crate) fn entry(&self, gateway: &Gateway) -> Option<Arc<Entry>> {
        match &self.target.qualifier {
            None => gateway.table.get(&self.target.name),
            Some(version) => gateway.table.get(&format!("{}:{version}", self.target.name)),
        }
    }

    pub(crate) fn invocation(&self) -> Invocation {
        Invocation {
            request_id: self.id.to_text(),
            payload: self.payload.clone(),
            client_context: self.client_context.clone(),
            ..Default::default()
        }
    }

    pub(crate) fn receipt(&self, gateway: &Gateway) -> Receipt<'_> {
        let edge = gateway.name_header.clone();
        let version = self.target.qualifier.as_deref();
        Receipt {
            name: &self.target.name,
            version,
            id: self.id,
            edge,
            tries: Tries::new(),
            report: self.report(gateway),
            replayed: false,
        }
    }

    /// What is written around the logs, if the caller wants them.
    pub(crate) fn report(&self, gateway: &Gateway) -> Option<Report> {
        self.log_tail.then(|| Report {
            id: self.id,
            version: self.target.qualifier.as_deref().unwrap_or("$LATEST").to_owned(),
            memory_mb: self.entry(gateway).map(|entry| entry.function.spec().memory_mb),
        })
    }

    /// What the host needs to find a better ending than the one here.
    fn miss(&self, local: Option<Outcome>) -> MissRequest {
        MissRequest {
            name: self.target.name.clone().into_owned(),
            qualifier: self.target.qualifier.as_ref().map(|qualifier| qualifier.clone().into_owned()),
            request_id: self.id.to_text(),
            payload: self.payload.clone(),
            client_context: self.client_context.clone(),
            failover: self.failover.clone(),
            once: self.once.clone(),
            origin: self.origin.clone(),
            local,
        }
    }
}

async fn answer(
    worker: &Rc<Worker>,
    request: Request<Incoming>,
    id: RequestId,
    started: Instant,
) -> Result<Response<Body>, Failure> {
    let gateway = &*worker.gateway;
    let (head, body) = request.into_parts();
    let call = Call::read(gateway, &head, target::segment(head.uri.path()), body, id, (Via::Invoke, started)).await?;
    if call.dry_run {
        return dry_run(gateway, &call);
    }
    let mut receipt = call.receipt(gateway);
    let mut local = None;
    if call.may_begin() {
        let outcome = match call.entry(gateway) {
            Some(entry) => entry.invoke(call.invocation(), gateway, &worker.turns).await,
            None => Outcome::absent(since(started)),
        };
        receipt.tries.push(&gateway.name, outcome.class, outcome.duration);
        if outcome.class == Ending::Ok {
            call.keep(gateway, &receipt, &outcome, false);
            return Ok(receipt.respond(outcome));
        }
        local = Some(outcome);
    }
    Ok(match Box::pin(fail_over(worker, &call, local, &mut receipt)).await {
        Ok(outcome) => receipt.respond(outcome),
        Err(failure) => receipt.refuse(&failure),
    })
}

/// 204 when the function is here, as it is on every edge that is up to date.
fn dry_run(gateway: &Gateway, call: &Call<'_>) -> Result<Response<Body>, Failure> {
    if call.entry(gateway).is_none() && gateway.table.get(&call.target.name).is_none() {
        return Err(Failure::not_found(format!("Function not found: {}", call.target.name)));
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(REQUEST_ID, call.id.to_header());
    Ok(response)
}

/// Lets the host find a better ending than the one here; the receipt tells who was tried.
pub(crate) async fn fail_over(
    worker: &Rc<Worker>,
    call: &Call<'_>,
    local: Option<Outcome>,
    receipt: &mut Receipt<'_>,
) -> Result<Outcome, Failure> {
    let refused = local.as_ref().filter(|local| local.class == Ending::Refused);
    let refused_here = refused.and_then(|_| call.entry(&worker.gateway));
    if let Some(entry) = &refused_here
        && entry.counters.elsewhere.is_full()
        && let Some(local) = local
    {
        call.keep(&worker.gateway, receipt, &local, false);
        return Ok(local);
    }
    // Each edge keeps its own console output.
    let logs = local.as_ref().map(|local| local.logs.clone()).unwrap_or_default();
    let kept = |receipt: &Receipt<'_>, outcome: Outcome| {
        call.keep(&worker.gateway, receipt, &Outcome { logs, ..outcome }, true);
    };
    let asked = ask_host(worker, call.miss(local)).await;
    let MissResponse { edge, tries, outcome, replayed } = match asked {
        Ok(response) => response,
        Err(failure) => {
            kept(receipt, Outcome::unanswered());
            return Err(failure);
        }
    };
    if let Some(entry) = refused_here
        && outcome.as_ref().is_ok_and(|outcome| outcome.class == Ending::Refused)
    {
        entry.counters.elsewhere.was_full();
    }
    receipt.tries.extend(&tries);
    receipt.replayed = replayed;
    if let Ok(edge) = HeaderValue::from_str(&edge) {
        receipt.edge = edge;
    }
    kept(receipt, outcome.as_ref().map_or_else(|_| Outcome::unanswered(), Outcome::clone));
    let repeats = call.once.as_ref().is_some_and(|once| once.repeats.is_some());
    outcome.map_err(|Refusal { status, kind, message }| {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let failure = Failure::new(status, kind, message);
        if repeats { failure.of_repeat() } else { failure }
    })
}

async fn ask_host(worker: &Worker, request: MissRequest) -> Result<MissResponse, Failure> {
    let gateway: &Gateway = &worker.gateway;
    gateway.counters.misses.fetch_add(1, Relaxed);
    let admission = if request.once.is_some() { &gateway.once } else { &gateway.miss };
    let permit = admission.enter().await;
    let permit = permit.ok_or_else(|| Failure::unavailable("Too many invocations wait for another edge"))?;
    let (host, limit) = (Arc::clone(&worker.host), gateway.limits.miss_timeout);
    // The host works on when the client goes away, so its place is taken as long as it works.
    let call = tokio::task::spawn_local(async move {
        let result = tokio::time::timeout(limit, (host.miss)(request)).await;
        drop(permit);
        result
    });
    match call.await {
        Ok(Ok(Ok(response))) => Ok(response),
        Ok(Ok(Err(HostError(message)))) => Err(Failure::internal(message)),
        Ok(Err(_)) => Err(Failure::late("The invocation took too long")),
        Err(error) => Err(Failure::internal(format!("The invocation was dropped: {error}"))),
    }
}

/// The event: the body if it is JSON, checked without building anything; `{}` if there is none.
fn event(body: Bytes) -> Result<Bytes, Failure> {
    if body.is_empty() {
        return Ok(NO_EVENT);
    }
    match serde_json::from_slice::<&RawValue>(&body) {
        Ok(_) => Ok(body),
        Err(error) => Err(Failure::invalid_content(format!("Could not parse request body into json: {error}"))),
    }
}
