//! What people type into the search: words of articles they know, the popular ones far more often.

use super::Articles;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use std::collections::HashSet;

impl Articles {
    /// Query `number` of the usual mix as a path: one to three words that stand together in a real title, every
    /// fourth with a filter, all with facets.
    pub(crate) fn search(&self, number: u64) -> String {
        let mut rng = StdRng::seed_from_u64(number);
        let mut path = format!("/search?q={}&currency=GBP&limit=20", self.words(&mut rng));
        match rng.random_range(0..16) {
            0 => path.push_str("&in_stock=true"),
            1 => path.push_str("&attr%5Bcolour%5D=red"),
            2 => path.push_str("&price=100..500"),
            3 => path.push_str("&sort=price_asc"),
            _ => {}
        }
        path
    }

    fn words(&self, rng: &mut StdRng) -> String {
        let words = &self.popular(rng.random()).words;
        let count = [1, 1, 2, 2, 2, 3][rng.random_range(0..6)].min(words.len());
        let from = rng.random_range(0..=words.len() - count);
        words[from..from + count].join("+")
    }

    /// As many searches of the usual mix as asked for, none of them twice. So no answer can come from a cache.
    pub(crate) fn different_searches(&self, count: usize) -> anyhow::Result<Vec<String>> {
        let mut seen = HashSet::with_capacity(count);
        let mut searches = Vec::with_capacity(count);
        for number in 0..count as u64 * 100 {
            let mut rng = StdRng::seed_from_u64(number << 8);
            // Two articles' words: there are not enough titles for so many questions.
            let path =
                format!("/search?q={}+{}&currency=GBP&limit=20", self.words(&mut rng), self.words(&mut rng));
            if seen.insert(path.clone()) {
                searches.push(path);
            }
            if searches.len() == count {
                return Ok(searches);
            }
        }
        anyhow::bail!("the articles' words make only {} different searches, not {count}", searches.len())
    }
}
