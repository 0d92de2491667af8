//! Compression as a stream of chunks: deflate in its three wrappings through `flate2`, and Brotli.

use super::bytes::{Bytes, fail, give, view};
use brotli::{CompressorWriter, DecompressorWriter, enc::BrotliEncoderParams};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use javy_plugin_api::javy::quickjs::{
    Class, Ctx, Function, JsLifetime, Object, Result,
    class::{JsClass, Trace, Tracer, Writable},
    function::Constructor,
};
use std::io::Write;

/// Brotli's buffer for output that is not yet taken.
const BROTLI_BUFFER_BYTES: usize = 16 * 1024;

enum Kind {
    Deflate(Compress),
    Inflate(Decompress),
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Unbrotli(Box<DecompressorWriter<Vec<u8>>>),
}

/// A compressor or decompressor between two chunks.
pub struct Coder {
    kind: Kind,
    ended: bool,
    /// How much of the last chunk belonged to this stream.
    consumed: usize,
}

impl<'js> Trace<'js> for Coder {
    fn trace<'a>(&self, _tracer: Tracer<'a, 'js>) {}
}

// SAFETY: it holds nothing of JavaScript's.
unsafe impl<'js> JsLifetime<'js> for Coder {
    type Changed<'to> = Coder;
}

impl<'js> JsClass<'js> for Coder {
    const NAME: &'static str = "Coder";
    type Mutable = Writable;

    fn constructor(_ctx: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

fn open(format: &str, level: i32, window_bits: u8) -> Option<Kind> {
    let level_of = Compression::new(if (0..=9).contains(&level) { level as u32 } else { 6 });
    let bits = if (9..=15).contains(&window_bits) { window_bits } else { 15 };
    Some(match format {
        "gzip" => Kind::Deflate(Compress::new_gzip(level_of, bits)),
        "deflate" => Kind::Deflate(Compress::new_with_window_bits(level_of, true, bits)),
        "deflate-raw" => Kind::Deflate(Compress::new_with_window_bits(level_of, false, bits)),
        "gunzip" => Kind::Inflate(Decompress::new_gzip(15)),
        "inflate" => Kind::Inflate(Decompress::new_with_window_bits(true, 15)),
        "inflate-raw" => Kind::Inflate(Decompress::new_with_window_bits(false, 15)),
        "brotli" => {
            let mut params = BrotliEncoderParams::default();
            params.quality = if (0..=11).contains(&level) { level } else { 11 };
            if (10..=24).contains(&window_bits) {
                params.lgwin = i32::from(window_bits);
            }
            Kind::Brotli(Box::new(CompressorWriter::with_params(Vec::new(), BROTLI_BUFFER_BYTES, &params)))
        }
        "unbrotli" => Kind::Unbrotli(Box::new(DecompressorWriter::new(Vec::new(), BROTLI_BUFFER_BYTES))),
        _ => return None,
    })
}

impl Coder {
    /// `flush`: 0 none, 2 sync, 3 full, 4 finish, as zlib numbers them.
    fn write(&mut self, input: &[u8], flush: u8, limit: usize) -> std::result::Result<Vec<u8>, String> {
        let mut output = Vec::with_capacity((input.len() * 2).clamp(256, 64 * 1024));
        self.consumed = input.len();
        match &mut self.kind {
            Kind::Deflate(deflate) => {
                let flush = match flush {
                    4 => FlushCompress::Finish,
                    3 => FlushCompress::Full,
                    2 => FlushCompress::Sync,
                    _ => FlushCompress::None,
                };
                let start = deflate.total_in();
                loop {
                    let (taken, length) = ((deflate.total_in() - start) as usize, output.len());
                    let status =
                        deflate.compress_vec(&input[taken..], &mut output, flush).map_err(|e| e.to_string())?;
                    let drained = output.len() < output.capacity();
                    let taken = (deflate.total_in() - start) as usize;
                    if status == Status::StreamEnd {
                        self.ended = true;
                        break;
                    }
                    if drained && taken == input.len() && (flush != FlushCompress::Finish || output.len() == length) {
                        break;
                    }
                    output.reserve(output.capacity().max(256));
                }
            }
            Kind::Inflate(inflate) => {
                let start = inflate.total_in();
                while !self.ended {
                    let (taken, length) = ((inflate.total_in() - start) as usize, output.len());
                    let status = inflate
                        .decompress_vec(&input[taken..], &mut output, FlushDecompress::None)
                        .map_err(|error| error.message().unwrap_or("incorrect data check").to_owned())?;
                    if output.len() > limit {
                        return Err("too long".into());
                    }
                    let now = (inflate.total_in() - start) as usize;
                    self.ended = status == Status::StreamEnd;
                    let drained = output.len() < output.capacity();
                    if drained && (now == input.len() || (now == taken && output.len() == length)) {
                        break;
                    }
                    output.reserve(output.capacity().max(256));
                }
                self.consumed = (inflate.total_in() - start) as usize;
            }
            Kind::Brotli(writer) => {
                writer.write_all(input).map_err(|e| e.to_string())?;
                if flush == 4 {
                    let params = BrotliEncoderParams::default();
                    let empty = Box::new(CompressorWriter::with_params(Vec::new(), 1, &params));
                    self.ended = true;
                    return Ok(std::mem::replace(writer, empty).into_inner());
                }
                if flush > 0 {
                    writer.flush().map_err(|e| e.to_string())?;
                }
                output = std::mem::take(writer.get_mut());
            }
            Kind::Unbrotli(writer) => {
                if !input.is_empty() {
                    writer.write_all(input).map_err(|_| "Decompression failed".to_owned())?;
                }
                if flush == 4 {
                    writer.close().map_err(|_| "unexpected end of file".to_owned())?;
                    self.ended = true;
                }
                output = std::mem::take(writer.get_mut());
                if output.len() > limit {
                    return Err("too long".into());
                }
            }
        }
        Ok(output)
    }
}

pub fn register<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    let zlib = Object::new(ctx.clone())?;
    zlib.set(
        "open",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, format: String, level: i32, window_bits: u8| {
            match open(&format, level, window_bits) {
                Some(kind) => Class::instance(ctx.clone(), Coder { kind, ended: false, consumed: 0 }),
                None => fail(&ctx, "no such format"),
            }
        })?,
    )?;
    zlib.set(
        "write",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, coder: Class<'js, Coder>, input: Bytes<'js>, flush: u8, limit: f64| match coder
                .borrow_mut()
                .write(view(&ctx, &input)?, flush, limit as usize)
            {
                Ok(output) => give(&ctx, output),
                Err(why) => fail(&ctx, why),
            },
        )?,
    )?;
    zlib.set("ended", Function::new(ctx.clone(), |coder: Class<'js, Coder>| coder.borrow().ended)?)?;
    zlib.set("consumed", Function::new(ctx.clone(), |coder: Class<'js, Coder>| coder.borrow().consumed)?)?;
    zlib.set(
        "crc32",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, input: Bytes<'js>, start: u32| -> Result<u32> {
            Ok(crc32(view(&ctx, &input)?, start))
        })?,
    )?;
    native.set("zlib", zlib)
}

fn crc32(bytes: &[u8], start: u32) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut n = 0;
        while n < 256 {
            let (mut c, mut k) = (n as u32, 0);
            while k < 8 {
                c = if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 };
                k += 1;
            }
            table[n] = c;
            n += 1;
        }
        table
    };
    !bytes.iter().fold(!start, |crc, byte| TABLE[((crc ^ u32::from(*byte)) & 255) as usize] ^ (crc >> 8))
}
