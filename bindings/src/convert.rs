//! Between the DTOs and the types of the Rust side.

use std::time::{Duration, Instant};

use bytes::Bytes;
use napi::bindgen_prelude::Buffer;
use swarmlambda_executor as executor;
use swarmlambda_server as server;

use crate::dto;

const MIB: f64 = 1024.0 * 1024.0;

pub fn to_bytes(buffer: &Buffer) -> Bytes {
    Bytes::copy_from_slice(buffer)
}

/// Without a copy when nobody else holds the bytes.
fn to_buffer(bytes: Bytes) -> Buffer {
    Vec::from(bytes).into()
}

fn to_ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Negative and not-a-number are zero, what is too large is the largest.
fn from_ms(ms: f64) -> Duration {
    if ms > 0.0 { Duration::try_from_secs_f64(ms / 1000.0).unwrap_or(Duration::MAX) } else { Duration::ZERO }
}

fn to_pairs(flat: Vec<String>) -> Result<Vec<(String, String)>, server::HostError> {
    let (pairs, rest) = flat.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(server::HostError("headers must be name, value, name, value…".to_owned()));
    }
    Ok(pairs.iter().map(|[name, value]| (name.clone(), value.clone())).collect())
}

fn to_ending(class: &str) -> Result<server::Ending, server::HostError> {
    server::Ending::parse(class).ok_or_else(|| server::HostError(format!("{class:?} is no class of an outcome")))
}

impl From<dto::FunctionSpec> for executor::FunctionSpec {
    fn from(spec: dto::FunctionSpec) -> Self {
        Self {
            name: spec.name,
            version: spec.version,
            handler: spec.handler,
            memory_mb: spec.memory_mb,
            timeout: from_ms(spec.timeout_ms),
            environment: spec.environment.into_iter().collect(),
            concurrency: spec.concurrency,
            source_map: spec.source_map,
            allow: spec.allow,
            limits: spec.limits.into(),
        }
    }
}

impl From<dto::Limits> for executor::Limits {
    fn from(limits: dto::Limits) -> Self {
        Self {
            log_bytes: limits.log_bytes as usize,
            tmp_bytes: limits.tmp_bytes as u64,
            fetch_count: limits.fetch_count,
            fetch_bytes: limits.fetch_bytes as u64,
        }
    }
}

impl From<dto::InvokeRequest> for executor::Invocation {
    fn from(request: dto::InvokeRequest) -> Self {
        Self {
            began: None,
            request_id: request.request_id,
            payload: to_bytes(&request.payload),
            // A deadline beyond what the clock can tell is none.
            deadline: request.remaining_ms.and_then(|ms| Instant::now().checked_add(from_ms(ms))),
            client_context: request.client_context,
            stream: None,
        }
    }
}

/// Of a request that a peer or the host's queue brings.
pub fn to_origin(origin: Option<dto::Origin>) -> server::Origin {
    let origin = origin.unwrap_or(dto::Origin {
        via: String::new(),
        from: None,
        traceparent: None,
        tracestate: None,
        record: false,
    });
    server::Origin {
        via: server::Via::parse(&origin.via).unwrap_or(server::Via::Peer),
        from: origin.from,
        traceparent: origin.traceparent,
        tracestate: origin.tracestate,
        record: origin.record,
    }
}

impl From<server::Origin> for dto::Origin {
    fn from(origin: server::Origin) -> Self {
        let server::Origin { via, from, traceparent, tracestate, record } = origin;
        Self { via: via.as_str().to_owned(), from, traceparent, tracestate, record }
    }
}

impl From<dto::RecentQuery> for server::RecentQuery {
    fn from(query: dto::RecentQuery) -> Self {
        Self {
            since: query.since as u64,
            limit: query.limit as usize,
            name: query.name,
            request_id: query.request_id,
            logging: query.logging,
        }
    }
}

impl From<server::RecentPage> for dto::RecentPage {
    fn from(page: server::RecentPage) -> Self {
        Self { records: page.records.iter().map(|record| (&**record).into()).collect(), dropped: page.dropped as f64 }
    }
}

impl From<&server::Recorded> for dto::Recorded {
    fn from(record: &server::Recorded) -> Self {
        let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        Self {
            seq: record.seq as f64,
            request_id: record.request_id.clone(),
            name: record.name.clone(),
            version: record.version.clone().unwrap_or_else(|| "$LATEST".to_owned()),
            origin: record.origin.clone().into(),
            started_at: record.started_ms as f64,
            ms: to_ms(record.duration),
            class: record.class.as_str().to_owned(),
            edge: record.edge.clone(),
            tries: record.tries.clone(),
            memory_mb: record.memory_bytes as f64 / MIB,
            logs: text(&record.logs),
            log_bytes: record.log_bytes as f64,
            event: record.event.as_ref().map(text),
            result: record.result.as_ref().map(text),
            sampled: record.sampled,
        }
    }
}

impl From<dto::Alias> for server::Alias {
    fn from(alias: dto::Alias) -> Self {
        let others = alias.others.into_iter().map(|other| (other.version, other.weight));
        Self { key: alias.key, version: alias.version, others: others.collect() }
    }
}

impl From<server::Outcome> for dto::Outcome {
    fn from(outcome: server::Outcome) -> Self {
        Self {
            class: outcome.class.as_str().to_owned(),
            payload: to_buffer(outcome.payload),
            logs: to_buffer(outcome.logs),
            ms: to_ms(outcome.duration),
            memory_mb: outcome.memory_bytes as f64 / MIB,
        }
    }
}

impl TryFrom<dto::Outcome> for server::Outcome {
    type Error = server::HostError;

    fn try_from(outcome: dto::Outcome) -> Result<Self, Self::Error> {
        Ok(Self {
            class: to_ending(&outcome.class)?,
            payload: to_bytes(&outcome.payload),
            logs: to_bytes(&outcome.logs),
            duration: from_ms(outcome.ms),
            memory_bytes: (outcome.memory_mb * MIB) as usize,
        })
    }
}

impl From<server::MissRequest> for dto::MissRequest {
    fn from(request: server::MissRequest) -> Self {
        Self {
            name: request.name,
            qualifier: request.qualifier,
            request_id: request.request_id,
            payload: to_buffer(request.payload),
            client_context: request.client_context,
            failover: request.failover,
            once: request.once.map(|server::Once { key, fingerprint, repeats }| dto::Once {
                key,
                fingerprint,
                repeats,
            }),
            origin: Some(request.origin.into()),
            local: request.local.map(Into::into),
        }
    }
}

impl TryFrom<dto::MissResponse> for server::MissResponse {
    type Error = server::HostError;

    fn try_from(response: dto::MissResponse) -> Result<Self, Self::Error> {
        let to_try = |one: dto::Try| {
            Ok(server::Try { class: to_ending(&one.class)?, edge: one.edge, duration: from_ms(one.ms) })
        };
        Ok(Self {
            edge: response.edge,
            tries: response.tries.into_iter().map(to_try).collect::<Result<_, _>>()?,
            outcome: match (response.outcome, response.refusal) {
                (Some(outcome), _) => Ok(outcome.try_into()?),
                (None, Some(dto::Refusal { status, kind, message })) => {
                    Err(server::Refusal { status: u16::try_from(status).unwrap_or_default(), kind, message })
                }
                (None, None) => return Err(server::HostError("neither an outcome nor a refusal".to_owned())),
            },
            replayed: response.replayed,
        })
    }
}

impl From<server::ControlRequest> for dto::ControlRequest {
    fn from(request: server::ControlRequest) -> Self {
        Self {
            method: request.method,
            path: request.path,
            query: request.query,
            headers: request.headers.into_iter().flat_map(|(name, value)| [name, value]).collect(),
            body: to_buffer(request.body),
            remote_address: request.remote_address,
            invokes: request.invokes,
        }
    }
}

impl TryFrom<dto::ControlResponse> for server::ControlResponse {
    type Error = server::HostError;

    fn try_from(response: dto::ControlResponse) -> Result<Self, Self::Error> {
        Ok(Self {
            status: u16::try_from(response.status).unwrap_or_default(),
            headers: to_pairs(response.headers)?,
            body: to_bytes(&response.body),
            stream: response.stream,
        })
    }
}

impl From<dto::Certificate> for server::Certificate {
    fn from(certificate: dto::Certificate) -> Self {
        Self { chain: certificate.chain.to_vec(), key: certificate.key.to_vec() }
    }
}

impl From<dto::Asset> for server::Asset {
    fn from(asset: dto::Asset) -> Self {
        Self {
            path: asset.path,
            content_type: asset.content_type,
            cache_control: asset.cache_control,
            body: to_bytes(&asset.body),
            etag: asset.etag,
        }
    }
}

impl From<server::FunctionStats> for dto::FunctionStats {
    fn from(stats: server::FunctionStats) -> Self {
        Self {
            name: stats.name,
            ok: stats.ok as f64,
            error: stats.error as f64,
            timeout: stats.timeout as f64,
            crashed: stats.crashed as f64,
            refused: stats.refused as f64,
            total_ms: to_ms(stats.total),
        }
    }
}

fn to_counts(counts: Vec<u64>) -> Vec<f64> {
    counts.into_iter().map(|count| count as f64).collect()
}

impl From<server::FunctionLatency> for dto::FunctionLatency {
    fn from(latency: server::FunctionLatency) -> Self {
        Self { name: latency.name, errors: latency.errors as f64, counts: to_counts(latency.counts) }
    }
}

impl From<server::QueueStats> for dto::QueueStats {
    fn from(queue: server::QueueStats) -> Self {
        Self { running: queue.running as f64, waiting: queue.waiting as f64, refused: queue.refused as f64 }
    }
}

impl From<server::Stats> for dto::Stats {
    fn from(stats: server::Stats) -> Self {
        Self {
            requests: stats.requests as f64,
            invocations: stats.invocations as f64,
            in_flight: stats.in_flight as f64,
            connections: stats.connections as f64,
            misses: stats.misses as f64,
            waiting: stats.waiting as f64,
            refused_busy: stats.refused_busy as f64,
            refused_share: stats.refused_share as f64,
            functions: stats.functions.into_iter().map(Into::into).collect(),
            miss_queue: stats.miss_queue.into(),
            control_queue: stats.control_queue.into(),
            listeners: stats.listeners as f64,
            latency: dto::Latency {
                bounds_ms: server::latency_bounds().into_iter().map(to_ms).collect(),
                counts: to_counts(stats.latency),
                total_ms: to_ms(stats.latency_total),
            },
        }
    }
}
