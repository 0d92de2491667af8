//! Bytes between JavaScript and Rust; the encodings of `Buffer`, `atob` and `btoa`; random bytes.

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};
use javy_plugin_api::javy::quickjs::{Ctx, Exception, Function, Object, Result, TypedArray};

pub type Bytes<'js> = TypedArray<'js, u8>;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const DECODE: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const DECODE_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// The content of an array, or a TypeError when its buffer is detached.
pub fn view<'a>(ctx: &Ctx<'_>, array: &'a Bytes<'_>) -> Result<&'a [u8]> {
    array.as_bytes().ok_or_else(|| Exception::throw_type(ctx, "the buffer is detached"))
}

/// Hands bytes to JavaScript.
pub fn give<'js>(ctx: &Ctx<'js>, bytes: Vec<u8>) -> Result<Bytes<'js>> {
    TypedArray::new(ctx.clone(), bytes)
}

/// An error that JavaScript turns into the API's own (`DOMException`, `ERR_CRYPTO_…`).
pub fn fail<T>(ctx: &Ctx<'_>, why: impl std::fmt::Display) -> Result<T> {
    Err(Exception::throw_message(ctx, &why.to_string()))
}

/// Fills a range from the host's generator: never the same in two invocations.
pub fn random(bytes: &mut [u8]) {
    // The host's call fails only when the machine has no entropy, and traps then.
    let _ = getrandom::getrandom(bytes);
}

pub fn register<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    let set = |name: &str, function: Function<'js>| native.set(name, function);
    set(
        "random",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, len: usize| {
            let mut bytes = vec![0; len];
            random(&mut bytes);
            give(&ctx, bytes)
        })?,
    )?;
    set(
        "base64",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, bytes: Bytes<'js>| -> Result<String> {
            Ok(general_purpose::STANDARD.encode(view(&ctx, &bytes)?))
        })?,
    )?;
    set(
        "base64url",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, bytes: Bytes<'js>| -> Result<String> {
            Ok(general_purpose::URL_SAFE_NO_PAD.encode(view(&ctx, &bytes)?))
        })?,
    )?;
    set("fromBase64", Function::new(ctx.clone(), |ctx: Ctx<'js>, text: String| give(&ctx, from_base64(&text)))?)?;
    set(
        "hex",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, bytes: Bytes<'js>| -> Result<String> {
            Ok(hex(view(&ctx, &bytes)?))
        })?,
    )?;
    set("fromHex", Function::new(ctx.clone(), |ctx: Ctx<'js>, text: String| give(&ctx, from_hex(&text)))?)?;
    set(
        "latin1",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, bytes: Bytes<'js>| -> Result<String> {
            Ok(view(&ctx, &bytes)?.iter().map(|&byte| byte as char).collect())
        })?,
    )?;
    set(
        "fromLatin1",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, text: String| {
            give(&ctx, text.chars().flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec()).map(|unit| unit as u8).collect())
        })?,
    )?;
    set(
        "equal",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, a: Bytes<'js>, b: Bytes<'js>| -> Result<bool> {
            let (a, b) = (view(&ctx, &a)?, view(&ctx, &b)?);
            Ok(a.len() == b.len() && a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0)
        })?,
    )
}

/// As `Buffer` reads it: either alphabet, anything else skipped, an end at the first `=`.
fn from_base64(text: &str) -> Vec<u8> {
    if let Ok(bytes) = DECODE.decode(text) {
        return bytes;
    }
    let clean: String = text
        .chars()
        .take_while(|&c| c != '=')
        .filter_map(|c| match c {
            '+' => Some('-'),
            '/' => Some('_'),
            c if c.is_ascii_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect();
    let whole = if clean.len() % 4 == 1 { &clean[..clean.len() - 1] } else { &clean };
    DECODE_URL.decode(whole).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|nibble| DIGITS[nibble as usize] as char).collect()
}

/// As `Buffer` reads it: up to the first pair that is not hexadecimal.
fn from_hex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    text.as_bytes().chunks_exact(2).map_while(|pair| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8)).collect()
}
