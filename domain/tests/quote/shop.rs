//! Builds requests and inputs of a shop in Britain; each test says only what matters to it.

use daybook_domain::quote::{
    ArticleMatch, CarriageBand, CarriageMeasure, CarriageMethod, CarriageTax, ListedPrice, Market, PriceMode,
    PriceTier, PricedArticle, Promotion, PromotionClass, PromotionCondition, PromotionKind, Quote,
    QuoteBuyer, QuoteInputs, QuoteRefusal, QuoteRequest, RequestedLine, SavingSpread, SellerRegistration,
    StoredValue, TaxLevel, TaxReason, TaxRow, TaxTable, price,
};
use daybook_domain::{Currency, LineId, Quantity, Timestamp};
use jiff::civil::date;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn currency() -> Currency {
    "GBP".parse().expect("what a test says is valid")
}

pub(crate) const NOW: Timestamp = Timestamp::from_nanos(1_796_000_000_000_000_000);

#[derive(Debug, Clone)]
pub(crate) struct Shop {
    pub(crate) request: QuoteRequest,
    pub(crate) inputs: QuoteInputs,
}

impl Shop {
    pub(crate) fn untaxed() -> Self {
        let market = Market {
            country: "GB".into(),
            region: None,
            channel: "web".into(),
            prices: PriceMode::Inclusive,
            tax_date: date(2026, 11, 29),
        };
        Self {
            request: QuoteRequest {
                currency: currency(),
                lines: Vec::new(),
                codes: Vec::new(),
                method: None,
                staff_charges: Vec::new(),
                staff_discounts: Vec::new(),
            },
            inputs: QuoteInputs {
                market,
                buyer: QuoteBuyer::default(),
                articles: BTreeMap::new(),
                promotions: Vec::new(),
                methods: Vec::new(),
                tax: None,
                stored: Vec::new(),
            },
        }
    }

    /// `standard` at this rate, in ppm, rounded for each rate.
    pub(crate) fn taxed(prices: PriceMode, standard_ppm: u32) -> Self {
        let mut shop = Self::untaxed();
        shop.inputs.market.prices = prices;
        shop.inputs.tax = Some(TaxTable {
            id: "shop".into(),
            version: 12,
            level: TaxLevel::RateGroup,
            rows: vec![row("standard", standard_ppm, TaxReason::Standard)],
            registrations: vec![SellerRegistration {
                country: "GB".into(),
                number: "GB123".into(),
                from: date(2011, 1, 4),
            }],
            carriage: CarriageTax::Own,
            seller_country: "GB".into(),
            reverse_charge_countries: BTreeSet::new(),
            outside: TaxReason::Export,
        });
        shop
    }

    pub(crate) fn table(&mut self) -> &mut TaxTable {
        self.inputs.tax.as_mut().expect("what a test says is valid")
    }

    pub(crate) fn rate(mut self, class: &str, ppm: u32, reason: TaxReason) -> Self {
        self.table().rows.push(row(class, ppm, reason));
        self
    }

    pub(crate) fn level(mut self, level: TaxLevel) -> Self {
        self.table().level = level;
        self
    }

    pub(crate) fn article(mut self, sku: &str, unit_price: i64, quantity: u32) -> Self {
        self.add(sku, unit_price, quantity, "standard");
        self
    }

    pub(crate) fn article_of(mut self, class: &str, sku: &str, unit_price: i64, quantity: u32) -> Self {
        self.add(sku, unit_price, quantity, class);
        self
    }

    pub(crate) fn add(&mut self, sku: &str, unit_price: i64, quantity: u32, class: &str) {
        let listed = ListedPrice {
            list: "base".into(),
            version: 1,
            priority: 0,
            currency: currency(),
            mode: self.inputs.market.prices,
            countries: BTreeSet::new(),
            groups: BTreeSet::new(),
            channels: BTreeSet::new(),
            from: None,
            until: None,
            tiers: vec![PriceTier { min_units: 1, unit_price }],
        };
        let article = PricedArticle {
            product_id: sku.parse().expect("what a test says is valid"),
            title: sku.into(),
            options: BTreeMap::new(),
            tax_class: class.into(),
            categories: BTreeSet::new(),
            brand: None,
            weight_grams: 100,
            prices: vec![listed],
        };
        self.inputs.articles.insert(sku.parse().expect("what a test says is valid"), article);
        self.line(sku, quantity);
    }

    pub(crate) fn line(&mut self, sku: &str, quantity: u32) {
        let id = u32::try_from(self.request.lines.len()).expect("what a test says is valid") + 1;
        self.request.lines.push(RequestedLine {
            line_id: LineId(id),
            sku: sku.parse().expect("what a test says is valid"),
            quantity: Quantity::new(quantity).expect("what a test says is valid"),
            price_override: None,
        });
    }

    pub(crate) fn carriage(mut self, amount: i64) -> Self {
        self.inputs.methods.push(CarriageMethod {
            id: "post".into(),
            label: "Post".into(),
            countries: BTreeSet::new(),
            measure: CarriageMeasure::Pieces,
            bands: vec![CarriageBand { up_to: None, amount }],
            free_from: None,
            tax_class: "standard".into(),
        });
        self.request.method = Some("post".into());
        self
    }

    pub(crate) fn promotion(mut self, promotion: Promotion) -> Self {
        self.inputs.promotions.push(promotion);
        self
    }

    pub(crate) fn stored(mut self, id: &str, available: i64) -> Self {
        self.inputs.stored.push(StoredValue { kind: "gift_card".into(), id: id.into(), available });
        self
    }

    pub(crate) fn quote(&self) -> Quote {
        let quote = self.try_quote().expect("the request is in bounds");
        assert_sums(&quote);
        quote
    }

    pub(crate) fn try_quote(&self) -> Result<Quote, QuoteRefusal> {
        price(&self.request, &self.inputs, NOW)
    }
}

fn row(class: &str, rate_ppm: u32, reason: TaxReason) -> TaxRow {
    TaxRow {
        jurisdiction: "GB".into(),
        country: "GB".into(),
        region: None,
        class: class.into(),
        rate_ppm,
        reason,
        priority: 0,
        from: date(2011, 1, 4),
        until: None,
    }
}

pub(crate) fn promotion(id: &str, class: PromotionClass, kind: PromotionKind) -> Promotion {
    Promotion {
        id: id.into(),
        version: 1,
        class,
        kind,
        articles: ArticleMatch::default(),
        when: PromotionCondition::default(),
        codes: None,
        combines_with: None,
        group: None,
        exclusive: false,
        priority: 0,
        from: None,
        until: None,
        uses_left: None,
        per_customer: false,
    }
}

pub(crate) fn percent(id: &str, class: PromotionClass, basis_points: u32) -> Promotion {
    promotion(id, class, PromotionKind::Percent { basis_points, max: None })
}

pub(crate) fn amount(id: &str, amount: i64) -> Promotion {
    promotion(id, PromotionClass::Order, PromotionKind::Amount { amount })
}

pub(crate) fn buy_one_get_one(off_basis_points: u32) -> Promotion {
    let kind = PromotionKind::BuyGet {
        buy: 1,
        get: 1,
        off_basis_points,
        max_repeats: None,
        reward: None,
        spread: SavingSpread::Proportional,
    };
    promotion("bogo", PromotionClass::Line, kind)
}

pub(crate) fn on(mut promotion: Promotion, skus: &[&str]) -> Promotion {
    promotion.articles.skus = skus.iter().map(|sku| (*sku).to_owned()).collect();
    promotion
}

/// (discount, net, tax, gross) by line id.
pub(crate) fn amounts(quote: &Quote) -> Vec<(i64, i64, i64, i64)> {
    quote.lines.iter().map(|line| (line.discount, line.net, line.tax, line.gross)).collect()
}

pub(crate) fn discounts(quote: &Quote) -> Vec<i64> {
    quote.lines.iter().map(|line| line.discount).collect()
}

/// What holds of every quote.
pub(crate) fn assert_sums(quote: &Quote) {
    let mut by_promotion = vec![0; quote.promotions.len()];
    let (mut net, mut tax, mut total, mut discount) = (0, 0, 0, 0);
    let lines = quote.lines.iter().map(|line| {
        assert_eq!(
            line.subtotal,
            line.unit_price * i64::try_from(line.quantity).expect("what a test says is valid")
        );
        assert_eq!(
            line.subtotal - line.discount,
            if quote.prices == PriceMode::Inclusive { line.gross } else { line.net }
        );
        assert_eq!(line.allocations.iter().map(|(_, amount)| amount).sum::<i64>(), line.discount);
        (&line.allocations, &line.tax_lines, line.net, line.tax, line.gross)
    });
    let charges = quote
        .charges
        .iter()
        .map(|charge| (&charge.allocations, &charge.tax_lines, charge.net, charge.tax, charge.gross));
    for (allocations, tax_lines, own_net, own_tax, own_gross) in lines.chain(charges) {
        for (promotion, amount) in allocations {
            by_promotion[*promotion] += amount;
            discount += amount;
        }
        assert!(own_net >= 0 && own_tax >= 0, "{quote:#?}");
        assert_eq!(own_net + own_tax, own_gross);
        assert_eq!(tax_lines.iter().map(|line| line.2).sum::<i64>(), own_tax);
        net += own_net;
        tax += own_tax;
        total += own_gross;
    }
    assert_eq!(by_promotion, quote.promotions.iter().map(|applied| applied.amount).collect::<Vec<_>>());
    let totals = quote.totals;
    assert_eq!((totals.net, totals.tax, totals.total, totals.discount), (net, tax, total, discount));
    if let Some(taxes) = &quote.tax {
        assert_eq!(taxes.by_rate.iter().map(|rate| rate.2).sum::<i64>(), tax);
    }
    assert_eq!(quote.tenders.iter().map(|tender| tender.amount).sum::<i64>(), total);
}
