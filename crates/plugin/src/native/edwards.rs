//! Ed25519 and X25519, on raw keys of 32 bytes.

use super::bytes::{Bytes, fail, give, view};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result};
use x25519_dalek::{PublicKey, StaticSecret};

fn raw<'js>(ctx: &Ctx<'js>, key: &Bytes<'js>) -> Result<[u8; 32]> {
    view(ctx, key)?.try_into().or_else(|_| fail(ctx, "the key must have 32 bytes"))
}

pub fn register<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    let set = |name: &str, function: Function<'js>| native.set(name, function);
    set(
        "ed25519Public",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, seed: Bytes<'js>| {
            let key = SigningKey::from_bytes(&raw(&ctx, &seed)?);
            give(&ctx, key.verifying_key().to_bytes().to_vec())
        })?,
    )?;
    set(
        "ed25519Sign",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, seed: Bytes<'js>, data: Bytes<'js>| {
            let key = SigningKey::from_bytes(&raw(&ctx, &seed)?);
            give(&ctx, key.sign(view(&ctx, &data)?).to_bytes().to_vec())
        })?,
    )?;
    set(
        "ed25519Verify",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, key: Bytes<'js>, data: Bytes<'js>, signature: Bytes<'js>| -> Result<bool> {
                let (Ok(key), Ok(signature)) =
                    (VerifyingKey::from_bytes(&raw(&ctx, &key)?), Signature::from_slice(view(&ctx, &signature)?))
                else {
                    return Ok(false);
                };
                Ok(key.verify_strict(view(&ctx, &data)?, &signature).is_ok())
            },
        )?,
    )?;
    set(
        "x25519Public",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, secret: Bytes<'js>| {
            give(&ctx, PublicKey::from(&StaticSecret::from(raw(&ctx, &secret)?)).as_bytes().to_vec())
        })?,
    )?;
    set(
        "x25519Derive",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, secret: Bytes<'js>, other: Bytes<'js>| {
            let shared = StaticSecret::from(raw(&ctx, &secret)?).diffie_hellman(&PublicKey::from(raw(&ctx, &other)?));
            match shared.was_contributory() {
                true => give(&ctx, shared.as_bytes().to_vec()),
                false => fail(&ctx, "the shared secret is zero"),
            }
        })?,
    )
}
