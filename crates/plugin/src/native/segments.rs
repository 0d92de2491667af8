//! The boundaries of Unicode text segmentation (UAX #29).

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result};
use unicode_segmentation::UnicodeSegmentation;

/// Set beside a length: the segment has a letter or a number in it.
const WORD: u32 = 1 << 31;

pub fn register<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // The length of each segment in UTF-16 units.
    native.set(
        "segments",
        Function::new(ctx.clone(), |text: String, granularity: String| -> Vec<u32> {
            let length = |segment: &str| segment.encode_utf16().count() as u32;
            match granularity.as_str() {
                "word" => text
                    .split_word_bounds()
                    .map(|word| length(word) | if word.chars().any(char::is_alphanumeric) { WORD } else { 0 })
                    .collect(),
                "sentence" => text.split_sentence_bounds().map(length).collect(),
                _ => text.graphemes(true).map(length).collect(),
            }
        })?,
    )
}
