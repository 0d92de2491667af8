//! UTF-8 both ways, and `TextDecoder` for the Encoding Standard's labels through `encoding_rs`.

use super::bytes::{Bytes, fail, give, view};
use encoding_rs::{Decoder, DecoderResult, Encoding};
use javy_plugin_api::javy::quickjs::{
    self, Class, Ctx, Function, JsLifetime, Object, Result,
    class::{JsClass, Trace, Tracer, Writable},
    function::Constructor,
};

/// A decoder between two chunks.
pub struct Decoding(Decoder);

impl<'js> Trace<'js> for Decoding {
    fn trace<'a>(&self, _tracer: Tracer<'a, 'js>) {}
}

// SAFETY: it holds nothing of JavaScript's.
unsafe impl<'js> JsLifetime<'js> for Decoding {
    type Changed<'to> = Decoding;
}

impl<'js> JsClass<'js> for Decoding {
    const NAME: &'static str = "Decoding";
    type Mutable = Writable;

    fn constructor(_ctx: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

/// A string's UTF-8, with U+FFFD for each surrogate that stands alone.
pub fn well_formed(text: quickjs::String<'_>) -> Result<Vec<u8>> {
    let text = text.to_cstring()?;
    // SAFETY: the engine's own copy, alive until `text` is dropped.
    let mut bytes = unsafe { std::slice::from_raw_parts(text.as_ptr().cast::<u8>(), text.len()) }.to_vec();
    // The engine writes them like other characters of three bytes: ED, then A0 or more.
    let mut at = 0;
    while let Some(error) = bytes.get(at..).and_then(|rest| std::str::from_utf8(rest).err()) {
        at += error.valid_up_to();
        let end = (at + 3).min(bytes.len());
        bytes[at..end].copy_from_slice(&"\u{fffd}".as_bytes()[..end - at]);
        at = end;
    }
    Ok(bytes)
}

pub fn register<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    let set = |name: &str, function: Function<'js>| native.set(name, function);
    set("utf8", Function::new(ctx.clone(), |ctx: Ctx<'js>, text: String| give(&ctx, text.into_bytes()))?)?;
    set(
        "fromUtf8",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, bytes: Bytes<'js>| -> Result<String> {
            Ok(String::from_utf8_lossy(view(&ctx, &bytes)?).into_owned())
        })?,
    )?;
    set(
        "isUtf8",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, bytes: Bytes<'js>| -> Result<bool> {
            Ok(std::str::from_utf8(view(&ctx, &bytes)?).is_ok())
        })?,
    )?;
    // The standard's name for a label, or undefined.
    set(
        "encodingName",
        Function::new(ctx.clone(), |label: String| {
            Encoding::for_label_no_replacement(label.as_bytes()).map(|encoding| encoding.name().to_ascii_lowercase())
        })?,
    )?;
    set(
        "decoder",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, name: String, keep_mark: bool| {
            let Some(encoding) = Encoding::for_label(name.as_bytes()) else { return fail(&ctx, "no such encoding") };
            let decoder = if keep_mark {
                encoding.new_decoder_without_bom_handling()
            } else {
                encoding.new_decoder_with_bom_removal()
            };
            Class::instance(ctx.clone(), Decoding(decoder))
        })?,
    )?;
    set(
        "decode",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, decoding: Class<'js, Decoding>, bytes: Bytes<'js>, last: bool, fatal: bool| {
                let bytes = view(&ctx, &bytes)?;
                let decoder = &mut decoding.borrow_mut().0;
                let mut text = String::new();
                if !fatal {
                    text.reserve(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3 + 16));
                    let _ = decoder.decode_to_string(bytes, &mut text, last);
                    return Ok(text);
                }
                text.reserve(
                    decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len() * 3 + 16),
                );
                match decoder.decode_to_string_without_replacement(bytes, &mut text, last).0 {
                    DecoderResult::InputEmpty => Ok(text),
                    _ => fail(&ctx, "The encoded data was not valid"),
                }
            },
        )?,
    )
}
