//! Durations counted in buckets, four to an octave: a quantile read from them is at most a quarter off, and counting is one
//! addition.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// The first bucket ends at 2⁵ = 32 µs.
const FIRST_OCTAVE: usize = 5;
/// The last but one ends at 2²⁴ µs = 16.8 s.
const OCTAVES: usize = 19;
const PER_OCTAVE: usize = 4;
const BUCKETS: usize = OCTAVES * PER_OCTAVE + 2;
/// Of a float: its exponent, and as many bits of the mantissa as a bucket has of an octave.
const SHIFT: u32 = f32::MANTISSA_DIGITS - 1 - PER_OCTAVE.ilog2();
const FIRST: usize = ((127 + FIRST_OCTAVE) * PER_OCTAVE) - 1;

pub(crate) struct Histogram([AtomicU64; BUCKETS]);

impl Default for Histogram {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; BUCKETS])
    }
}

impl Histogram {
    pub(crate) fn count(&self, us: u64) {
        // Clamped, so the bucket is one of ours.
        if let Some(bucket) = self.0.get(bucket_of(us)) {
            bucket.fetch_add(1, Relaxed);
        }
    }

    /// One for each of [`latency_bounds`], then those above. Not cumulative.
    pub(crate) fn read(&self) -> Vec<u64> {
        self.0.iter().map(|bucket| bucket.load(Relaxed)).collect()
    }
}

fn bucket_of(us: u64) -> usize {
    let place = ((us as f32).to_bits() >> SHIFT) as usize;
    place.saturating_sub(FIRST).min(BUCKETS - 1)
}

/// The upper bounds of the buckets; one more bucket is for everything above.
pub fn latency_bounds() -> Vec<Duration> {
    let bound = |index: usize| {
        let (octave, part) = (FIRST_OCTAVE + index / PER_OCTAVE, (index % PER_OCTAVE) as u64);
        Duration::from_micros((1 << octave) + part * (1 << octave) / PER_OCTAVE as u64)
    };
    (0..BUCKETS - 1).map(bound).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_a_duration_into_the_bucket_between_its_bounds() {
        let bounds = latency_bounds();
        assert_eq!((bounds.len(), bounds[0], bounds[BUCKETS - 2]), (BUCKETS - 1, micros(32), micros(1 << 24)));
        for us in (0..200_000).chain([1 << 20, (1 << 24) - 2, 1 << 24, 1 << 40, u64::MAX]) {
            let bucket = bucket_of(us);
            assert!(bucket == BUCKETS - 1 || micros(us) < bounds[bucket], "{us}");
            assert!(bucket == 0 || micros(us) >= bounds[bucket - 1], "{us}");
        }
    }

    fn micros(us: u64) -> Duration {
        Duration::from_micros(us)
    }
}
