//! Pseudo-random numbers that are the same on each run.

/// Knuth's MMIX linear congruential generator.
pub struct Lcg(pub u64);

impl Lcg {
    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        low + i64::try_from((self.0 >> 16) % u64::try_from(high - low + 1).unwrap()).unwrap()
    }
}
