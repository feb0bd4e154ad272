//! A Bloom filter that says "certainly not here" with one cache line, for most of the questions that
//! new streams and new commands put to old segments.
//!
//! The split-block design of Apache Parquet (and Impala before it): a key picks one block of 256 bits
//! and sets one bit in each of its eight words. At 16 bits a key about one answer in 700 is a false
//! "perhaps".

const BITS_PER_KEY: usize = 16;
const WORDS: usize = 8;
/// The constants of the Parquet specification.
const SALT: [u32; WORDS] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

pub(super) struct Filter {
    blocks: Vec<[u32; WORDS]>,
}

impl Filter {
    /// An empty filter with room for `keys` keys.
    pub(super) fn for_keys(keys: usize) -> Self {
        Self { blocks: vec![[0; WORDS]; (keys * BITS_PER_KEY).div_ceil(32 * WORDS).max(1)] }
    }

    pub(super) fn insert(&mut self, hash: u64) {
        let index = self.index(hash);
        for (word, salt) in self.blocks[index].iter_mut().zip(SALT) {
            *word |= bit(hash, salt);
        }
    }

    /// False: certainly not inserted.
    pub(super) fn may_contain(&self, hash: u64) -> bool {
        self.blocks[self.index(hash)].iter().zip(SALT).all(|(word, salt)| word & bit(hash, salt) != 0)
    }

    /// The upper half of the hash picks the block, the lower the bits within it.
    fn index(&self, hash: u64) -> usize {
        (((hash >> 32) * self.blocks.len() as u64) >> 32) as usize
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.blocks.iter().flatten().flat_map(|word| word.to_le_bytes()));
    }

    /// The filter that [`Filter::encode`] wrote as these bytes.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let blocks: Vec<[u32; WORDS]> = bytes
            .chunks_exact(4 * WORDS)
            .map(|block| std::array::from_fn(|word| super::format::u32_at(block, 4 * word)))
            .collect();
        (!blocks.is_empty() && bytes.len().is_multiple_of(4 * WORDS)).then_some(Self { blocks })
    }

    pub(super) fn encoded_len(&self) -> usize {
        self.blocks.len() * 4 * WORDS
    }
}

fn bit(hash: u64, salt: u32) -> u32 {
    1 << ((hash as u32).wrapping_mul(salt) >> 27)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::active::stable_hash;

    #[test]
    fn what_was_inserted_is_never_denied_and_little_else_is_admitted() {
        let hash = |n: u32| stable_hash(&n.to_le_bytes());
        let mut filter = Filter::for_keys(10_000);
        (0..10_000).for_each(|n| filter.insert(hash(n)));
        let mut bytes = Vec::new();
        filter.encode(&mut bytes);
        assert_eq!(bytes.len(), filter.encoded_len());
        let filter = Filter::decode(&bytes).expect("what was encoded decodes");
        assert!((0..10_000).all(|n| filter.may_contain(hash(n))));
        let admitted = (10_000..110_000).filter(|n| filter.may_contain(hash(*n))).count();
        assert!(admitted < 500, "{admitted} false answers in 100,000");
    }
}
