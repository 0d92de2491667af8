//! `GET /events`: server-sent events for the UI. A new listener gets the latest snapshot at once; one that lags behind
//! is dropped, and comes back by itself.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use bytes::{Bytes, BytesMut};
use hyper::{
    Response,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue},
};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};

use crate::{body::Body, limits::Limits};

const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");
const RETRY: &[u8] = b"retry: 1000\n\n";

/// The listeners and the latest snapshot. The lock is for publishing and subscribing; no invocation takes it.
#[derive(Default)]
pub(crate) struct Events {
    /// The body of `GET /cluster`.
    pub(crate) snapshot: ArcSwapOption<Bytes>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next_id: u64,
    /// The latest `snapshot` event, as it is sent.
    latest: Option<Bytes>,
    listeners: Vec<Sender<Bytes>>,
    closed: bool,
}

impl Events {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_snapshot(&self, json: &str) {
        self.snapshot.store(Some(Bytes::copy_from_slice(json.as_bytes()).into()));
        let mut state = self.lock();
        let message = state.publish("snapshot", json);
        state.latest = Some(message);
    }

    pub(crate) fn publish(&self, event: &str, json: &str) {
        self.lock().publish(event, json);
    }

    pub(crate) fn listeners(&self) -> usize {
        self.lock().listeners.iter().filter(|listener| !listener.is_closed()).count()
    }

    /// Ends every stream, and those to come.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.listeners.clear();
    }

    /// `None`: there are too many listeners, or the server is closing.
    pub(crate) fn subscribe(&self, limits: &Limits) -> Option<EventStream> {
        let mut state = self.lock();
        state.listeners.retain(|listener| !listener.is_closed());
        if state.closed || state.listeners.len() >= limits.max_event_streams {
            return None;
        }
        let (sender, receiver) = mpsc::channel(limits.event_backlog);
        state.listeners.push(sender);
        let mut first = BytesMut::from(RETRY);
        if let Some(latest) = &state.latest {
            first.extend_from_slice(latest);
        }
        Some(EventStream { first: Some(first.freeze()), receiver, heartbeat: heartbeat(limits.event_heartbeat) })
    }
}

impl State {
    fn publish(&mut self, event: &str, json: &str) -> Bytes {
        self.next_id += 1;
        let message = format(self.next_id, event, json);
        self.listeners.retain(|listener| listener.try_send(message.clone()).is_ok());
        message
    }
}

fn format(id: u64, event: &str, json: &str) -> Bytes {
    // A line break would end the field: data may have several lines, an event's name none.
    let event: String = event.chars().filter(|char| !char.is_control()).collect();
    let mut text = format!("id: {id}\nevent: {event}\n");
    for line in json.lines() {
        text.push_str("data: ");
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
    text.into()
}

fn heartbeat(every: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + every, every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// One listener's events.
pub(crate) struct EventStream {
    first: Option<Bytes>,
    receiver: Receiver<Bytes>,
    heartbeat: Interval,
}

impl EventStream {
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        if let Poll::Ready(event) = self.receiver.poll_recv(cx) {
            return Poll::Ready(event);
        }
        self.heartbeat.poll_tick(cx).map(|_| Some(HEARTBEAT))
    }

    pub(crate) fn respond(self) -> Response<Body> {
        let mut response = Response::new(Body::Events(Box::new(self), None));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // Asks proxies not to hold the stream back.
        headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::format;

    #[test]
    fn keeps_line_breaks_inside_the_data() {
        assert_eq!(format(7, "a\nid: 9", "{\n}"), "id: 7\nevent: aid: 9\ndata: {\ndata: }\n\n");
    }
}
