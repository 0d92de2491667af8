//! The messages of `InvokeWithResponseStream`, in AWS's framing `application/vnd.amazon.eventstream`.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use serde::Serialize;

use crate::{
    host::{Ending, Outcome},
    report::Report,
};

pub(crate) const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InvokeComplete<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_details: Option<std::borrow::Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_result: Option<String>,
}

/// A part of the response.
pub(crate) fn chunk(payload: Bytes) -> Bytes {
    message("PayloadChunk", "application/octet-stream", payload)
}

/// The end, with the last of the logs if they are asked for.
pub(crate) fn complete(outcome: &Outcome, report: Option<&Report>) -> Bytes {
    let failed = outcome.class != Ending::Ok;
    let end = InvokeComplete {
        error_code: failed.then_some("Unhandled"),
        error_details: failed.then(|| String::from_utf8_lossy(&outcome.payload)),
        log_result: report.map(|report| report.tail(outcome)),
    };
    message("InvokeComplete", "application/json", serde_json::to_vec(&end).unwrap_or_default().into())
}

fn message(event: &'static str, content_type: &'static str, payload: Bytes) -> Bytes {
    let header = |name: &'static str, value: &'static str| Header::new(name, HeaderValue::String(value.into()));
    let message = Message::new(payload)
        .add_header(header(":message-type", "event"))
        .add_header(header(":event-type", event))
        .add_header(header(":content-type", content_type));
    let mut bytes = Vec::new();
    // It fails only for lengths beyond 32 bits: a payload has at most 6 MB.
    let _ = write_message_to(&message, &mut bytes);
    bytes.into()
}
