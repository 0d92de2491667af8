//! `X-Amz-Log-Type: Tail`: what an invocation wrote, between the lines that Lambda writes around it.

use std::fmt::Write;

use crate::{host::Outcome, request_id::RequestId};

/// Lambda's own limit for `X-Amz-Log-Result`.
const TAIL_BYTES: usize = 4 << 10;

/// What those lines say besides how it ended.
pub(crate) struct Report {
    pub(crate) id: RequestId,
    pub(crate) version: String,
    /// `None`: the function isn't loaded here.
    pub(crate) memory_mb: Option<u32>,
}

impl Report {
    /// The last 4 KB in Base64.
    pub(crate) fn tail(&self, outcome: &Outcome) -> String {
        let text = self.write(outcome);
        base64_simd::STANDARD.encode_to_string(&text[text.len().saturating_sub(TAIL_BYTES)..])
    }

    fn write(&self, outcome: &Outcome) -> Vec<u8> {
        let id = self.id.to_text();
        let start = format!("START RequestId: {id} Version: {}\n", self.version);
        // A duration in milliseconds is billed whole.
        let ms = outcome.duration.as_secs_f64() * 1e3;
        let (billed, used) = (ms.ceil(), outcome.memory_bytes.div_ceil(1 << 20));
        let mut end = format!(
            "END RequestId: {id}\nREPORT RequestId: {id}\tDuration: {ms:.2} ms\tBilled Duration: {billed} ms\t"
        );
        // Writing to a string can't fail.
        let _ = self.memory_mb.map(|size| write!(end, "Memory Size: {size} MB\t"));
        let _ = writeln!(end, "Max Memory Used: {used} MB\t");
        [start.as_bytes(), &outcome.logs, end.as_bytes()].concat()
    }
}
