//! The NIST curves: keys as PKCS#8, SPKI, points and scalars; ECDSA over a digest (r‖s), ECDH.

use super::{
    bytes::{Bytes, fail, give, view},
    rsa::HostRandom,
};
use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result};
use p256::{
    ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier},
    elliptic_curve::sec1::ToEncodedPoint,
    pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey},
};

type Answer = std::result::Result<Vec<u8>, String>;

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Runs a body with the crate of that curve.
macro_rules! with_curve {
    ($name:expr, $curve:ident => $body:expr) => {
        match $name {
            "P-256" => {
                use p256 as $curve;
                $body
            }
            "P-384" => {
                use p384 as $curve;
                $body
            }
            "P-521" => {
                use p521 as $curve;
                $body
            }
            name => Err(format!("the curve {name} is not supported")),
        }
    };
}

fn generate(curve: &str) -> Answer {
    with_curve!(curve, c => Ok(c::SecretKey::random(&mut HostRandom).to_pkcs8_der().map_err(words)?.as_bytes().to_vec()))
}

/// SPKI of a private key.
fn public(curve: &str, pkcs8: &[u8]) -> Answer {
    with_curve!(curve, c => {
        let key = c::SecretKey::from_pkcs8_der(pkcs8).map_err(words)?;
        Ok(key.public_key().to_public_key_der().map_err(words)?.as_bytes().to_vec())
    })
}

fn point(curve: &str, spki: &[u8], compressed: bool) -> Answer {
    with_curve!(curve, c => Ok(c::PublicKey::from_public_key_der(spki).map_err(words)?.to_encoded_point(compressed).as_bytes().to_vec()))
}

fn from_point(curve: &str, point: &[u8]) -> Answer {
    with_curve!(curve, c => {
        let key = c::PublicKey::from_sec1_bytes(point).map_err(words)?;
        Ok(key.to_public_key_der().map_err(words)?.as_bytes().to_vec())
    })
}

fn scalar(curve: &str, pkcs8: &[u8]) -> Answer {
    with_curve!(curve, c => Ok(c::SecretKey::from_pkcs8_der(pkcs8).map_err(words)?.to_bytes().to_vec()))
}

/// From a scalar, or an RFC 5915 (`EC PRIVATE KEY`) structure.
fn from_scalar(curve: &str, scalar: &[u8]) -> Answer {
    with_curve!(curve, c => {
        let key = c::SecretKey::from_slice(scalar).or_else(|_| c::SecretKey::from_sec1_der(scalar)).map_err(words)?;
        Ok(key.to_pkcs8_der().map_err(words)?.as_bytes().to_vec())
    })
}

fn sign(curve: &str, pkcs8: &[u8], digest: &[u8]) -> Answer {
    with_curve!(curve, c => {
        let scalar = c::SecretKey::from_pkcs8_der(pkcs8).map_err(words)?.to_bytes();
        let key = c::ecdsa::SigningKey::from_slice(&scalar).map_err(words)?;
        let signature: c::ecdsa::Signature = key.sign_prehash(digest).map_err(words)?;
        Ok(signature.to_bytes().to_vec())
    })
}

fn verify(curve: &str, spki: &[u8], digest: &[u8], signature: &[u8]) -> std::result::Result<bool, String> {
    with_curve!(curve, c => {
        let point = c::PublicKey::from_public_key_der(spki).map_err(words)?.to_encoded_point(false);
        let key = c::ecdsa::VerifyingKey::from_sec1_bytes(point.as_bytes()).map_err(words)?;
        let Ok(signature) = c::ecdsa::Signature::from_slice(signature) else { return Ok(false) };
        Ok(key.verify_prehash(digest, &signature).is_ok())
    })
}

fn derive(curve: &str, pkcs8: &[u8], spki: &[u8]) -> Answer {
    with_curve!(curve, c => {
        let (own, other) = (c::SecretKey::from_pkcs8_der(pkcs8).map_err(words)?, c::PublicKey::from_public_key_der(spki).map_err(words)?);
        Ok(c::ecdh::diffie_hellman(own.to_nonzero_scalar(), other.as_affine()).raw_secret_bytes().to_vec())
    })
}

pub fn register<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    fn answer<'js>(ctx: &Ctx<'js>, result: Answer) -> Result<Bytes<'js>> {
        result.map_or_else(|why| fail(ctx, why), |bytes| give(ctx, bytes))
    }
    let ec = Object::new(ctx.clone())?;
    let set = |name: &str, function: Function<'js>| ec.set(name, function);
    set("generate", Function::new(ctx.clone(), |ctx: Ctx<'js>, curve: String| answer(&ctx, generate(&curve)))?)?;
    set(
        "public",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, curve: String, key: Bytes<'js>| {
            answer(&ctx, public(&curve, view(&ctx, &key)?))
        })?,
    )?;
    set(
        "point",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, curve: String, key: Bytes<'js>, compressed: bool| {
            answer(&ctx, point(&curve, view(&ctx, &key)?, compressed))
        })?,
    )?;
    set(
        "fromPoint",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, curve: String, point: Bytes<'js>| {
            answer(&ctx, from_point(&curve, view(&ctx, &point)?))
        })?,
    )?;
    set(
        "scalar",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, curve: String, key: Bytes<'js>| {
            answer(&ctx, scalar(&curve, view(&ctx, &key)?))
        })?,
    )?;
    set(
        "fromScalar",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, curve: String, scalar: Bytes<'js>| {
            answer(&ctx, from_scalar(&curve, view(&ctx, &scalar)?))
        })?,
    )?;
    set(
        "sign",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, curve: String, key: Bytes<'js>, digest: Bytes<'js>| {
            answer(&ctx, sign(&curve, view(&ctx, &key)?, view(&ctx, &digest)?))
        })?,
    )?;
    set(
        "verify",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, curve: String, key: Bytes<'js>, digest: Bytes<'js>, signature: Bytes<'js>| {
                verify(&curve, view(&ctx, &key)?, view(&ctx, &digest)?, view(&ctx, &signature)?)
                    .or_else(|why| fail(&ctx, why))
            },
        )?,
    )?;
    set(
        "derive",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, curve: String, key: Bytes<'js>, other: Bytes<'js>| {
            answer(&ctx, derive(&curve, view(&ctx, &key)?, view(&ctx, &other)?))
        })?,
    )?;
    native.set("ec", ec)
}
