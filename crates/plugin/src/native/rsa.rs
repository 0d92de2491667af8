//! RSA: keys as PKCS#8 and SubjectPublicKeyInfo DER, PKCS#1 v1.5, PSS and OAEP.

use super::bytes::{self, Bytes, fail, give, view};
use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result};
use rsa::{
    BigUint, Oaep, Pkcs1v15Encrypt, Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey,
    pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey, EncodeRsaPrivateKey, EncodeRsaPublicKey},
    pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey},
    rand_core::{CryptoRng, Error, RngCore},
    traits::{PrivateKeyParts, PublicKeyParts},
};
use sha2::digest::Digest;

/// The host's random bytes, as the RustCrypto crates ask for them.
pub struct HostRandom;

impl CryptoRng for HostRandom {}

impl RngCore for HostRandom {
    fn next_u32(&mut self) -> u32 {
        let mut word = [0; 4];
        bytes::random(&mut word);
        u32::from_le_bytes(word)
    }

    fn next_u64(&mut self) -> u64 {
        let mut word = [0; 8];
        bytes::random(&mut word);
        u64::from_le_bytes(word)
    }

    fn fill_bytes(&mut self, room: &mut [u8]) {
        bytes::random(room);
    }

    fn try_fill_bytes(&mut self, room: &mut [u8]) -> std::result::Result<(), Error> {
        bytes::random(room);
        Ok(())
    }
}

type Answer = std::result::Result<Vec<u8>, String>;

macro_rules! with_signing_hash {
    ($name:expr, $hash:ident => $body:expr) => {
        match $name {
            "sha1" => {
                type $hash = sha1::Sha1;
                Ok($body)
            }
            "sha224" => {
                type $hash = sha2::Sha224;
                Ok($body)
            }
            "sha256" => {
                type $hash = sha2::Sha256;
                Ok($body)
            }
            "sha384" => {
                type $hash = sha2::Sha384;
                Ok($body)
            }
            "sha512" => {
                type $hash = sha2::Sha512;
                Ok($body)
            }
            name => Err(format!("RSA with {name} is not supported")),
        }
    };
}

fn private(der: &[u8]) -> std::result::Result<RsaPrivateKey, String> {
    RsaPrivateKey::from_pkcs8_der(der).or_else(|_| RsaPrivateKey::from_pkcs1_der(der)).map_err(|e| e.to_string())
}

fn public(der: &[u8]) -> std::result::Result<RsaPublicKey, String> {
    RsaPublicKey::from_public_key_der(der).or_else(|_| RsaPublicKey::from_pkcs1_der(der)).map_err(|e| e.to_string())
}

fn pkcs8(key: &RsaPrivateKey) -> Answer {
    key.to_pkcs8_der().map(|der| der.as_bytes().to_vec()).map_err(|e| e.to_string())
}

fn spki(key: &RsaPublicKey) -> Answer {
    key.to_public_key_der().map(|der| der.as_bytes().to_vec()).map_err(|e| e.to_string())
}

fn sign(pss: bool, hash: &str, key: &[u8], data: &[u8], salt: usize) -> Answer {
    let key = private(key)?;
    with_signing_hash!(hash, H => {
        let hashed = H::digest(data);
        match pss {
            true => key.sign_with_rng(&mut HostRandom, Pss::new_with_salt::<H>(salt), &hashed),
            false => key.sign_with_rng(&mut HostRandom, Pkcs1v15Sign::new::<H>(), &hashed),
        }
    })?
    .map_err(|e| e.to_string())
}

fn verify(
    pss: bool,
    hash: &str,
    key: &[u8],
    data: &[u8],
    signature: &[u8],
    salt: usize,
) -> std::result::Result<bool, String> {
    let key = public(key)?;
    with_signing_hash!(hash, H => {
        let hashed = H::digest(data);
        match pss {
            true => key.verify(Pss::new_with_salt::<H>(salt), &hashed, signature).is_ok(),
            false => key.verify(Pkcs1v15Sign::new::<H>(), &hashed, signature).is_ok(),
        }
    })
}

fn oaep(hash: &str, label: &[u8]) -> std::result::Result<Oaep, String> {
    let label = std::str::from_utf8(label).map_err(|_| "an OAEP label must be UTF-8".to_owned())?;
    with_signing_hash!(hash, H => if label.is_empty() { Oaep::new::<H>() } else { Oaep::new_with_label::<H, _>(label) })
}

fn encrypt(hash: &str, key: &[u8], data: &[u8], label: &[u8]) -> Answer {
    let key = public(key)?;
    let result = match hash {
        "" => key.encrypt(&mut HostRandom, Pkcs1v15Encrypt, data),
        _ => key.encrypt(&mut HostRandom, oaep(hash, label)?, data),
    };
    result.map_err(|e| e.to_string())
}

fn decrypt(hash: &str, key: &[u8], data: &[u8], label: &[u8]) -> Answer {
    let key = private(key)?;
    let result = match hash {
        "" => key.decrypt_blinded(&mut HostRandom, Pkcs1v15Encrypt, data),
        _ => key.decrypt_blinded(&mut HostRandom, oaep(hash, label)?, data),
    };
    result.map_err(|e| e.to_string())
}

/// n, e, and of a private key also d, p, q, dp, dq, qi: big-endian, as JWK orders them.
fn parts(der: &[u8], is_private: bool) -> std::result::Result<Vec<Vec<u8>>, String> {
    if !is_private {
        let key = public(der)?;
        return Ok(vec![key.n().to_bytes_be(), key.e().to_bytes_be()]);
    }
    let mut key = private(der)?;
    key.precompute().map_err(|e| e.to_string())?;
    let none = || "the key has other than two primes".to_owned();
    let [p, q] = key.primes() else { return Err(none()) };
    let inverse = key.qinv().and_then(|qi| qi.to_biguint()).ok_or_else(none)?;
    let (dp, dq) = (key.dp().ok_or_else(none)?, key.dq().ok_or_else(none)?);
    Ok([key.n(), key.e(), key.d(), p, q, dp, dq, &inverse].iter().map(|part| part.to_bytes_be()).collect())
}

fn from_parts(parts: &[Vec<u8>]) -> Answer {
    let number = |index: usize| BigUint::from_bytes_be(parts.get(index).map_or(&[][..], |part| part));
    match parts.len() {
        2 => spki(&RsaPublicKey::new(number(0), number(1)).map_err(|e| e.to_string())?),
        3 => {
            pkcs8(&RsaPrivateKey::from_components(number(0), number(1), number(2), vec![]).map_err(|e| e.to_string())?)
        }
        _ => pkcs8(
            &RsaPrivateKey::from_components(number(0), number(1), number(2), vec![number(3), number(4)])
                .map_err(|e| e.to_string())?,
        ),
    }
}

pub fn register<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    fn answer<'js>(ctx: &Ctx<'js>, result: Answer) -> Result<Bytes<'js>> {
        result.map_or_else(|why| fail(ctx, why), |bytes| give(ctx, bytes))
    }
    let rsa = Object::new(ctx.clone())?;
    let set = |name: &str, function: Function<'js>| rsa.set(name, function);
    set(
        "generate",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, bits: usize, exponent: u32| {
            let made =
                RsaPrivateKey::new_with_exp(&mut HostRandom, bits, &BigUint::from(exponent)).map_err(|e| e.to_string());
            answer(&ctx, made.and_then(|key| pkcs8(&key)))
        })?,
    )?;
    set(
        "public",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, der: Bytes<'js>| {
            answer(&ctx, private(view(&ctx, &der)?).and_then(|key| spki(&key.to_public_key())))
        })?,
    )?;
    // Either DER form in; PKCS#8 or SPKI out, or PKCS#1 when asked.
    set(
        "private",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, der: Bytes<'js>, pkcs1: bool| {
            answer(
                &ctx,
                private(view(&ctx, &der)?).and_then(|key| match pkcs1 {
                    true => key.to_pkcs1_der().map(|der| der.as_bytes().to_vec()).map_err(|e| e.to_string()),
                    false => pkcs8(&key),
                }),
            )
        })?,
    )?;
    set(
        "normalPublic",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, der: Bytes<'js>, pkcs1: bool| {
            answer(
                &ctx,
                public(view(&ctx, &der)?).and_then(|key| match pkcs1 {
                    true => key.to_pkcs1_der().map(|der| der.as_bytes().to_vec()).map_err(|e| e.to_string()),
                    false => spki(&key),
                }),
            )
        })?,
    )?;
    set(
        "parts",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, der: Bytes<'js>, is_private: bool| -> Result<Vec<Bytes<'js>>> {
            match parts(view(&ctx, &der)?, is_private) {
                Ok(parts) => parts.into_iter().map(|part| give(&ctx, part)).collect(),
                Err(why) => fail(&ctx, why),
            }
        })?,
    )?;
    set(
        "fromParts",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, parts: Vec<Bytes<'js>>| {
            let parts = parts.iter().map(|part| Ok(view(&ctx, part)?.to_vec())).collect::<Result<Vec<_>>>()?;
            answer(&ctx, from_parts(&parts))
        })?,
    )?;
    set(
        "sign",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, pss: bool, hash: String, key: Bytes<'js>, data: Bytes<'js>, salt: usize| {
                answer(&ctx, sign(pss, &hash, view(&ctx, &key)?, view(&ctx, &data)?, salt))
            },
        )?,
    )?;
    set(
        "verify",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>,
             pss: bool,
             hash: String,
             key: Bytes<'js>,
             data: Bytes<'js>,
             signature: Bytes<'js>,
             salt: usize| {
                verify(pss, &hash, view(&ctx, &key)?, view(&ctx, &data)?, view(&ctx, &signature)?, salt)
                    .or_else(|why| fail(&ctx, why))
            },
        )?,
    )?;
    set(
        "encrypt",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, hash: String, key: Bytes<'js>, data: Bytes<'js>, label: Bytes<'js>| {
                answer(&ctx, encrypt(&hash, view(&ctx, &key)?, view(&ctx, &data)?, view(&ctx, &label)?))
            },
        )?,
    )?;
    set(
        "decrypt",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, hash: String, key: Bytes<'js>, data: Bytes<'js>, label: Bytes<'js>| {
                answer(&ctx, decrypt(&hash, view(&ctx, &key)?, view(&ctx, &data)?, view(&ctx, &label)?))
            },
        )?,
    )?;
    native.set("rsa", rsa)
}
