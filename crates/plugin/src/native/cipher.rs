//! AES: CBC, CTR, GCM, key wrap. Whole messages; the key's length (16, 24, 32) chooses the variant.

use super::bytes::{Bytes, fail, give, view};
use aes::{Aes128, Aes192, Aes256};
use aes_gcm::{
    AesGcm, Nonce,
    aead::{AeadInPlace, KeyInit},
};
use cipher::{
    BlockDecryptMut, BlockEncryptMut, KeyIvInit, StreamCipher,
    block_padding::{NoPadding, Pkcs7},
    consts::{U8, U12, U16, U32, U64},
};
use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result};

/// Runs a body with the AES that fits the key.
macro_rules! with_aes {
    ($key:expr, $aes:ident => $body:expr) => {
        match $key.len() {
            16 => {
                type $aes = Aes128;
                $body
            }
            24 => {
                type $aes = Aes192;
                $body
            }
            32 => {
                type $aes = Aes256;
                $body
            }
            _ => Err("Invalid key length"),
        }
    };
}

type Answer = std::result::Result<Vec<u8>, &'static str>;

fn cbc(encrypt: bool, key: &[u8], iv: &[u8], data: &[u8], padded: bool) -> Answer {
    const IV: &str = "Invalid initialization vector";
    const BAD: &str = "bad decrypt";
    with_aes!(key, A => match (encrypt, padded) {
        (true, true) => Ok(cbc::Encryptor::<A>::new_from_slices(key, iv).map_err(|_| IV)?.encrypt_padded_vec_mut::<Pkcs7>(data)),
        (true, false) if data.len() % 16 != 0 => Err("wrong final block length"),
        (true, false) => Ok(cbc::Encryptor::<A>::new_from_slices(key, iv).map_err(|_| IV)?.encrypt_padded_vec_mut::<NoPadding>(data)),
        (false, true) => cbc::Decryptor::<A>::new_from_slices(key, iv).map_err(|_| IV)?.decrypt_padded_vec_mut::<Pkcs7>(data).map_err(|_| BAD),
        (false, false) => cbc::Decryptor::<A>::new_from_slices(key, iv).map_err(|_| IV)?.decrypt_padded_vec_mut::<NoPadding>(data).map_err(|_| BAD),
    })
}

/// ECB is a chain of single blocks; kept for `node:crypto` only.
fn ecb(encrypt: bool, key: &[u8], data: &[u8], padded: bool) -> Answer {
    let mut blocks = data.to_vec();
    if encrypt && padded {
        let fill = 16 - data.len() % 16;
        blocks.resize(data.len() + fill, fill as u8);
    }
    if blocks.len() % 16 != 0 {
        return Err("wrong final block length");
    }
    with_aes!(key, A => {
        let mut aes = <A as KeyInit>::new_from_slice(key).map_err(|_| "Invalid key length")?;
        for block in blocks.chunks_exact_mut(16) {
            let block = cipher::generic_array::GenericArray::from_mut_slice(block);
            if encrypt { aes.encrypt_block_mut(block) } else { aes.decrypt_block_mut(block) }
        }
        Ok(())
    })?;
    if !encrypt && padded {
        let fill = usize::from(*blocks.last().ok_or("bad decrypt")?);
        if fill == 0 || fill > 16 || !blocks.ends_with(&vec![fill as u8; fill]) {
            return Err("bad decrypt");
        }
        blocks.truncate(blocks.len() - fill);
    }
    Ok(blocks)
}

/// The counter is the last `bits` of the block (WebCrypto's `length`); it wraps without touching the rest.
fn ctr(key: &[u8], counter: &[u8], data: &[u8], bits: u32) -> Answer {
    const IV: &str = "Invalid initialization vector";
    if counter.len() != 16 || !(1..=128).contains(&bits) {
        return Err(IV);
    }
    let start = u128::from_be_bytes(counter.try_into().map_err(|_| IV)?);
    let mask = if bits == 128 { u128::MAX } else { (1 << bits) - 1 };
    let blocks = data.len().div_ceil(16) as u128;
    if bits < 128 && blocks > mask + 1 {
        return Err("the data is longer than the counter counts");
    }
    let mut output = data.to_vec();
    let before_wrap = (mask - (start & mask)).saturating_add(1).saturating_mul(16);
    let (first, second) = output.split_at_mut(usize::try_from(before_wrap).unwrap_or(usize::MAX).min(data.len()));
    for (part, counter) in [(first, start), (second, start & !mask)] {
        with_aes!(key, A => {
            let mut stream = ctr::Ctr128BE::<A>::new_from_slices(key, &counter.to_be_bytes()).map_err(|_| IV)?;
            stream.apply_keystream(part);
            Ok(())
        })?;
    }
    Ok(output)
}

/// The tag follows the text. Nonces of 8, 12, 16, 32 and 64 bytes are supported.
fn gcm(encrypt: bool, key: &[u8], nonce: &[u8], aad: &[u8], data: &[u8], tag: &[u8]) -> Answer {
    fn run<N: cipher::ArrayLength<u8>, A>(
        encrypt: bool,
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        data: &[u8],
        tag: &[u8],
    ) -> Answer
    where
        AesGcm<A, N>: KeyInit + AeadInPlace<NonceSize = N, TagSize = U16>,
    {
        let cipher = AesGcm::<A, N>::new_from_slice(key).map_err(|_| "Invalid key length")?;
        let mut text = data.to_vec();
        let nonce = Nonce::<N>::from_slice(nonce);
        if encrypt {
            let tag = cipher.encrypt_in_place_detached(nonce, aad, &mut text).map_err(|_| "the message is too long")?;
            text.extend_from_slice(&tag);
            return Ok(text);
        }
        // A shortened tag is compared with the beginning of the one computed over what it decrypts to.
        if tag.len() == 16 {
            let tag = cipher::generic_array::GenericArray::from_slice(tag);
            cipher.decrypt_in_place_detached(nonce, aad, &mut text, tag).map_err(|_| "bad decrypt")?;
            return Ok(text);
        }
        let mut stream = data.to_vec();
        cipher.encrypt_in_place_detached(nonce, aad, &mut stream).map_err(|_| "bad decrypt")?;
        let mut again = stream.clone();
        let whole = cipher.encrypt_in_place_detached(nonce, aad, &mut again).map_err(|_| "bad decrypt")?;
        let same = whole.iter().zip(tag).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0;
        if same { Ok(stream) } else { Err("bad decrypt") }
    }
    match nonce.len() {
        8 => with_aes!(key, A => run::<U8, A>(encrypt, key, nonce, aad, data, tag)),
        12 => with_aes!(key, A => run::<U12, A>(encrypt, key, nonce, aad, data, tag)),
        16 => with_aes!(key, A => run::<U16, A>(encrypt, key, nonce, aad, data, tag)),
        32 => with_aes!(key, A => run::<U32, A>(encrypt, key, nonce, aad, data, tag)),
        64 => with_aes!(key, A => run::<U64, A>(encrypt, key, nonce, aad, data, tag)),
        _ => Err("the nonce must have 8, 12, 16, 32 or 64 bytes"),
    }
}

fn wrap(encrypt: bool, key: &[u8], data: &[u8]) -> Answer {
    with_aes!(key, A => {
        let kek = aes_kw::Kek::<A>::try_from(key).map_err(|_| "Invalid key length")?;
        if encrypt { kek.wrap_vec(data).map_err(|_| "the key can't be wrapped") } else { kek.unwrap_vec(data).map_err(|_| "bad decrypt") }
    })
}

pub fn register<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    fn answer<'js>(ctx: &Ctx<'js>, result: Answer) -> Result<Bytes<'js>> {
        match result {
            Ok(bytes) => give(ctx, bytes),
            Err(why) => fail(ctx, why),
        }
    }
    let set = |name: &str, function: Function<'js>| native.set(name, function);
    set(
        "aesCbc",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, encrypt: bool, key: Bytes<'js>, iv: Bytes<'js>, data: Bytes<'js>, padded: bool| {
                answer(&ctx, cbc(encrypt, view(&ctx, &key)?, view(&ctx, &iv)?, view(&ctx, &data)?, padded))
            },
        )?,
    )?;
    set(
        "aesEcb",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, encrypt: bool, key: Bytes<'js>, data: Bytes<'js>, padded: bool| {
            answer(&ctx, ecb(encrypt, view(&ctx, &key)?, view(&ctx, &data)?, padded))
        })?,
    )?;
    set(
        "aesCtr",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, key: Bytes<'js>, counter: Bytes<'js>, data: Bytes<'js>, bits: u32| {
                answer(&ctx, ctr(view(&ctx, &key)?, view(&ctx, &counter)?, view(&ctx, &data)?, bits))
            },
        )?,
    )?;
    set(
        "aesGcm",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>,
             encrypt: bool,
             key: Bytes<'js>,
             nonce: Bytes<'js>,
             aad: Bytes<'js>,
             data: Bytes<'js>,
             tag: Bytes<'js>| {
                answer(
                    &ctx,
                    gcm(
                        encrypt,
                        view(&ctx, &key)?,
                        view(&ctx, &nonce)?,
                        view(&ctx, &aad)?,
                        view(&ctx, &data)?,
                        view(&ctx, &tag)?,
                    ),
                )
            },
        )?,
    )?;
    set(
        "aesKw",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, encrypt: bool, key: Bytes<'js>, data: Bytes<'js>| {
            answer(&ctx, wrap(encrypt, view(&ctx, &key)?, view(&ctx, &data)?))
        })?,
    )
}
