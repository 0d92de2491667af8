//! What the plugin's JavaScript (`js/`) asks of Rust: parsing, encodings, compression, cryptography, all
//! synchronous; and requests.

mod bytes;
mod cipher;
mod contexts;
mod digest;
mod ec;
mod edwards;
mod requests;
mod rsa;
mod segments;
mod text;
mod url;
mod zlib;
mod zones;

use javy_plugin_api::javy::quickjs::{Ctx, Object, Result};

pub use text::well_formed;

/// The object that the plugin's JavaScript receives as `native`.
pub fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let native = Object::new(ctx.clone())?;
    bytes::register(ctx, &native)?;
    text::register(ctx, &native)?;
    url::register(ctx, &native)?;
    zlib::register(ctx, &native)?;
    zones::register(ctx, &native)?;
    segments::register(ctx, &native)?;
    digest::register(ctx, &native)?;
    cipher::register(ctx, &native)?;
    contexts::register(ctx, &native)?;
    requests::register(ctx, &native)?;
    rsa::register(ctx, &native)?;
    ec::register(ctx, &native)?;
    edwards::register(ctx, &native)?;
    Ok(native)
}
