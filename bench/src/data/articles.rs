//! The articles of the bundled year: what they are called, what they cost, how often they sell. Everything made up
//! for the benchmarks is made up from these, so that words and prices are spread as in a real shop.

use anyhow::ensure;
use std::{collections::HashMap, sync::OnceLock};

/// All articles, those that sell most first.
pub(crate) struct Articles {
    pub(super) articles: Vec<Article>,
    /// Lines sold of an article and all before it.
    pub(super) sold_until: Vec<u64>,
}

pub(super) struct Article {
    /// In lower case, of letters and digits only.
    pub(super) words: Vec<String>,
    pub(super) price_minor: i64,
}

#[derive(Default)]
struct Seen {
    /// How often each description and each price stood in the file.
    titles: HashMap<String, u64>,
    prices: HashMap<i64, u64>,
    lines: u64,
}

impl Articles {
    /// Read once in the life of this program.
    pub(crate) fn get() -> anyhow::Result<&'static Self> {
        static ARTICLES: OnceLock<Articles> = OnceLock::new();
        if let Some(articles) = ARTICLES.get() {
            return Ok(articles);
        }
        let articles = Self::read()?;
        Ok(ARTICLES.get_or_init(|| articles))
    }

    fn read() -> anyhow::Result<Self> {
        let mut reader =
            csv::Reader::from_reader(zstd::stream::read::Decoder::new(daybook_import::bundled())?);
        let mut seen: HashMap<String, Seen> = HashMap::new();
        for line in reader.records() {
            let line = line?;
            let (code, title) = (line.get(1).unwrap_or_default(), line.get(2).unwrap_or_default());
            let price: f64 = line.get(5).and_then(|price| price.parse().ok()).unwrap_or(0.0);
            // Goods have numbers; notes like "damaged?" are not written in capitals.
            if code.starts_with(|c: char| c.is_ascii_digit()) && title == title.to_uppercase() && price > 0.0
            {
                let seen = seen.entry(code.to_uppercase()).or_default();
                *seen.titles.entry(title.to_owned()).or_default() += 1;
                *seen.prices.entry((price * 100.0).round() as i64).or_default() += 1;
                seen.lines += 1;
            }
        }
        let mut ranked: Vec<(u64, String, Article)> =
            seen.into_iter().filter_map(|(code, seen)| Some((seen.lines, code, seen.article()?))).collect();
        ranked.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
        ensure!(ranked.len() > 2_000, "the bundled year has {} articles; it is not whole", ranked.len());
        let sold_until = ranked.iter().scan(0, |sum, (lines, ..)| {
            *sum += lines;
            Some(*sum)
        });
        Ok(Self {
            sold_until: sold_until.collect(),
            articles: ranked.into_iter().map(|(_, _, article)| article).collect(),
        })
    }

    /// An article, chosen as customers choose: `random` is from 0 to 1.
    pub(super) fn popular(&self, random: f64) -> &Article {
        let sold = self.sold_until.last().copied().unwrap_or(1);
        let line = (random * sold as f64) as u64;
        let at = self.sold_until.partition_point(|until| *until <= line);
        &self.articles[at.min(self.articles.len() - 1)]
    }
}

impl Seen {
    fn article(self) -> Option<Article> {
        // The same whichever way the map is ordered today.
        let title = self.titles.into_iter().max_by(|a, b| (a.1, &b.0).cmp(&(b.1, &a.0)))?.0;
        let price_minor = self.prices.into_iter().max_by_key(|(price, count)| (*count, -price))?.0;
        let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() > 1);
        let words: Vec<String> = words.map(str::to_ascii_lowercase).collect();
        (words.len() > 1).then_some(Article { words, price_minor })
    }
}

/// Numbers below `count`, the small ones far more often (Zipf with exponent 1, by inverse transform).
pub(crate) fn zipf(random: f64, count: u64) -> u64 {
    let rank = (count as f64).powf(random);
    (rank as u64).saturating_sub(1).min(count.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_has_real_articles_and_the_popular_ones_come_first() {
        let articles = Articles::get().unwrap();
        assert!(
            articles
                .articles
                .iter()
                .any(|article| article.words.join(" ") == "white hanging heart light holder")
        );
        assert!(articles.sold_until[99] * 10 > articles.sold_until[articles.sold_until.len() - 1]);
        assert_eq!(articles.popular(0.0).words, articles.articles[0].words);
    }

    #[test]
    fn zipf_stays_below_its_count() {
        assert_eq!((zipf(0.0, 1_000), zipf(1.0, 1_000), zipf(0.5, 1)), (0, 999, 0));
    }
}
