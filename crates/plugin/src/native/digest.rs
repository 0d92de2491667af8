//! Hashes, HMAC, and what derives keys from them. Hashes are named as Node names them: sha256, sha3-256, md5…

use super::bytes::{Bytes, fail, give, view};
use hmac::{Hmac, Mac, SimpleHmac};
use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result};
use sha2::digest::Digest;

/// Runs a generic body with the hash of that name.
macro_rules! with_hash {
    ($name:expr, $hash:ident => $body:expr) => {
        match $name {
            "md5" => {
                type $hash = md5::Md5;
                Some($body)
            }
            "sha1" => {
                type $hash = sha1::Sha1;
                Some($body)
            }
            "sha224" => {
                type $hash = sha2::Sha224;
                Some($body)
            }
            "sha256" => {
                type $hash = sha2::Sha256;
                Some($body)
            }
            "sha384" => {
                type $hash = sha2::Sha384;
                Some($body)
            }
            "sha512" => {
                type $hash = sha2::Sha512;
                Some($body)
            }
            "sha512-256" => {
                type $hash = sha2::Sha512_256;
                Some($body)
            }
            "sha512-224" => {
                type $hash = sha2::Sha512_224;
                Some($body)
            }
            "sha3-224" => {
                type $hash = sha3::Sha3_224;
                Some($body)
            }
            "sha3-256" => {
                type $hash = sha3::Sha3_256;
                Some($body)
            }
            "sha3-384" => {
                type $hash = sha3::Sha3_384;
                Some($body)
            }
            "sha3-512" => {
                type $hash = sha3::Sha3_512;
                Some($body)
            }
            "ripemd160" => {
                type $hash = ripemd::Ripemd160;
                Some($body)
            }
            _ => None,
        }
    };
}

fn pbkdf2_of(hash: &str, password: &[u8], salt: &[u8], rounds: u32, output: &mut [u8]) -> bool {
    with_hash!(hash, H => pbkdf2::pbkdf2::<SimpleHmac<H>>(password, salt, rounds, output).is_ok()).unwrap_or(false)
}

/// RFC 5869, over `SimpleHmac` so that every hash fits.
fn hkdf_of(hash: &str, key: &[u8], salt: &[u8], info: &[u8], output: &mut [u8]) -> bool {
    with_hash!(hash, H => hkdf::Hkdf::<H, SimpleHmac<H>>::new(Some(salt), key).expand(info, output).is_ok())
        .unwrap_or(false)
}

fn hmac_of(hash: &str, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    if hash == "sha256" {
        let mut mac = <Hmac<sha2::Sha256> as Mac>::new_from_slice(key).ok()?;
        mac.update(data);
        return Some(mac.finalize().into_bytes().to_vec());
    }
    with_hash!(hash, H => {
        let mut mac = <SimpleHmac<H> as Mac>::new_from_slice(key).ok()?;
        mac.update(data);
        mac.finalize().into_bytes().to_vec()
    })
}

pub fn register<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    let set = |name: &str, function: Function<'js>| native.set(name, function);
    // All four answer undefined for a hash that is not known.
    set(
        "digest",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, hash: String, data: Bytes<'js>| -> Result<Option<Bytes<'js>>> {
            let data = view(&ctx, &data)?;
            with_hash!(hash.as_str(), H => give(&ctx, H::digest(data).to_vec())).transpose()
        })?,
    )?;
    set(
        "hmac",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, hash: String, key: Bytes<'js>, data: Bytes<'js>| -> Result<Option<Bytes<'js>>> {
                hmac_of(&hash, view(&ctx, &key)?, view(&ctx, &data)?).map(|mac| give(&ctx, mac)).transpose()
            },
        )?,
    )?;
    set(
        "pbkdf2",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, hash: String, password: Bytes<'js>, salt: Bytes<'js>, rounds: u32, len: usize| {
                let mut output = vec![0; len];
                match pbkdf2_of(&hash, view(&ctx, &password)?, view(&ctx, &salt)?, rounds, &mut output) {
                    true => give(&ctx, output),
                    false => fail(&ctx, "no such digest"),
                }
            },
        )?,
    )?;
    set(
        "hkdf",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, hash: String, key: Bytes<'js>, salt: Bytes<'js>, info: Bytes<'js>, len: usize| {
                let mut output = vec![0; len];
                match hkdf_of(&hash, view(&ctx, &key)?, view(&ctx, &salt)?, view(&ctx, &info)?, &mut output) {
                    true => give(&ctx, output),
                    false => fail(&ctx, "the derived key is too long"),
                }
            },
        )?,
    )?;
    set(
        "scrypt",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, password: Bytes<'js>, salt: Bytes<'js>, log_n: u8, r: u32, p: u32, len: usize| {
                let mut output = vec![0; len];
                let Ok(params) = scrypt::Params::new(log_n, r, p, 32) else {
                    return fail(&ctx, "Invalid scrypt params");
                };
                match scrypt::scrypt(view(&ctx, &password)?, view(&ctx, &salt)?, &params, &mut output) {
                    Ok(()) => give(&ctx, output),
                    Err(error) => fail(&ctx, error),
                }
            },
        )?,
    )
}
