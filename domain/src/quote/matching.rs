//! Which articles a promotion is for. A list that is empty asks for nothing; what is excepted never matches.

use super::PricedArticle;
use crate::Sku;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Articles by SKU, product, category or brand: each list that is not empty has to name the article.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArticleMatch {
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub skus: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub products: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub categories: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub brands: BTreeSet<String>,
    /// SKUs that are left out.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub except: BTreeSet<String>,
}

impl ArticleMatch {
    /// Whether the article is one of these.
    #[must_use]
    pub fn fits(&self, sku: &Sku, article: &PricedArticle) -> bool {
        let sku = sku.to_string();
        !self.except.contains(&sku)
            && (self.skus.is_empty() || self.skus.contains(&sku))
            && (self.products.is_empty() || self.products.contains(&article.product_id.to_string()))
            && (self.categories.is_empty() || !self.categories.is_disjoint(&article.categories))
            && (self.brands.is_empty()
                || article.brand.as_ref().is_some_and(|brand| self.brands.contains(brand)))
    }

    /// Why nothing can ever match.
    #[must_use]
    pub fn objection(&self) -> Option<&'static str> {
        let none_left = !self.skus.is_empty() && self.skus.is_subset(&self.except);
        none_left.then_some("every SKU that is named is excepted too, so nothing can match")
    }
}
