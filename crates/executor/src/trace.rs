//! Stack traces in the author's files: QuickJS names lines of the bundle, the source map knows where they came from.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sourcemap::SourceMap;
use std::{fmt::Write, sync::OnceLock};

/// How Javy names the one module it compiles.
const BUNDLE: &str = "function.mjs:";

/// The most frames an error carries.
const MAX_FRAMES: usize = 30;

/// A function's source map, if it has a readable one; read when the first stack trace needs it.
pub struct Trace {
    json: Option<String>,
    map: OnceLock<Option<SourceMap>>,
}

/// Lambda's error payload.
#[derive(Serialize, Deserialize)]
struct Thrown {
    #[serde(rename = "errorType")]
    kind: String,
    #[serde(rename = "errorMessage")]
    message: String,
    #[serde(default)]
    trace: Vec<String>,
}

impl Trace {
    pub fn new(source_map: Option<String>) -> Self {
        Self { json: source_map, map: OnceLock::new() }
    }

    fn source_map(&self) -> Option<&SourceMap> {
        let read = || self.json.as_ref().and_then(|json| SourceMap::from_slice(json.as_bytes()).ok());
        self.map.get_or_init(read).as_ref()
    }

    /// Console output, with what it has of stack traces mapped.
    pub fn rewrite_logs(&self, logs: Vec<u8>) -> Vec<u8> {
        if self.json.is_none() || !logs.windows(BUNDLE.len()).any(|window| window == BUNDLE.as_bytes()) {
            return logs;
        }
        let text = String::from_utf8_lossy(&logs);
        text.split_inclusive('\n').map(|line| self.map(line)).collect::<String>().into_bytes()
    }

    /// An error payload with its frames mapped, and the plugin's own left out.
    pub fn rewrite(&self, payload: Bytes) -> Bytes {
        let Ok(mut thrown) = serde_json::from_slice::<Thrown>(&payload) else { return payload };
        thrown.trace =
            thrown.trace.iter().filter(|line| !is_ours(line)).take(MAX_FRAMES).map(|line| self.map(line)).collect();
        serde_json::to_vec(&thrown).map_or(payload, Bytes::from)
    }

    /// An error payload as one line: `index.js:3:9: TypeError: message`.
    pub fn headline(&self, payload: &[u8]) -> String {
        let Ok(thrown) = serde_json::from_slice::<Thrown>(payload) else {
            return String::from_utf8_lossy(payload).into_owned();
        };
        let place = thrown.trace.iter().find_map(|line| self.place(line).map(|(_, place, _)| place));
        let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
        format!("{place}{}: {}", thrown.kind, thrown.message)
    }

    fn map(&self, line: &str) -> String {
        match self.place(line) {
            Some((before, place, after)) => format!("{before}{place}{after}"),
            None => line.to_owned(),
        }
    }

    /// A frame's text before its position, the position in the author's file, and the text after.
    fn place<'a>(&self, line: &'a str) -> Option<(&'a str, String, &'a str)> {
        let at = line.find(BUNDLE)?;
        let (before, rest) = (&line[..at], &line[at + BUNDLE.len()..]);
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(rest.len());
        let mut numbers = rest[..end].split(':').map(|number| number.parse::<u32>().ok());
        let row = numbers.next()??.checked_sub(1)?;
        let column = numbers.next().flatten().unwrap_or(1).saturating_sub(1);
        let token = self.source_map()?.lookup_token(row, column)?;
        let mut place = String::new();
        write!(place, "{}:{}:{}", token.get_source()?, token.get_src_line() + 1, token.get_src_col() + 1).ok()?;
        Some((before, place, &rest[end..]))
    }
}

/// Frames of the plugin's own JavaScript, and native ones.
fn is_ours(line: &str) -> bool {
    // `<input>` is the text that JSON.parse reads.
    line.contains("(eval_script:") || line.contains("(<input>:") || line.trim_end().ends_with("(native)")
}

#[cfg(test)]
mod tests {
    use super::*;

    // One segment a line: generated 1:1 → index.js 1:1, generated 2:1 → lib/a.js 5:3.
    const MAP: &str = r#"{"version":3,"sources":["index.js","lib/a.js"],"names":[],"mappings":"AAAA;ACIE"}"#;

    #[test]
    fn names_the_authors_file_and_line() {
        let trace = Trace::new(Some(MAP.into()));
        let payload = r#"{"errorType":"Error","errorMessage":"boom","trace":["Error: boom","    at f (function.mjs:2:9)","    at <anonymous> (<input>:1:1)","    at g (eval_script:4:1)"]}"#;
        let rewritten = trace.rewrite(Bytes::from_static(payload.as_bytes()));
        assert_eq!(
            rewritten,
            r#"{"errorType":"Error","errorMessage":"boom","trace":["Error: boom","    at f (lib/a.js:5:3)"]}"#
        );
        assert_eq!(trace.headline(payload.as_bytes()), "lib/a.js:5:3: Error: boom");
    }

    #[test]
    fn names_them_in_console_output_too() {
        let trace = Trace::new(Some(MAP.into()));
        let logs = b"now\tid\tERROR\tError: boom\n    at f (function.mjs:2:9)\nnow\tid\tINFO\tx\n".to_vec();
        let told = String::from_utf8(trace.rewrite_logs(logs)).unwrap();
        assert_eq!(told, "now\tid\tERROR\tError: boom\n    at f (lib/a.js:5:3)\nnow\tid\tINFO\tx\n");
        assert_eq!(trace.rewrite_logs(b"\xff plain\n".to_vec()), b"\xff plain\n");
    }

    #[test]
    fn leaves_alone_what_it_does_not_know() {
        let trace = Trace::new(None);
        assert_eq!(trace.map("    at f (function.mjs:2:9)"), "    at f (function.mjs:2:9)");
        assert_eq!(trace.headline(b"not json"), "not json");
    }
}
