//! Samples of products: states, commands, a full payload of every event, and any commands for random tests.

use super::*;
use crate::ProductId;
use crate::samples::*;
use std::collections::BTreeMap;

impl Sampled for Product {
    fn sample_id() -> ProductId {
        parsed("mug")
    }

    fn samples() -> Samples<Self> {
        use ProductCommand as R;
        let variant =
            Variant { sku: sku("mug"), options: Default::default(), prices: vec![], barcodes: Vec::new() };
        let spec = ProductSpec {
            title: "Mug".into(),
            description: String::new(),
            brand: None,
            category: vec![],
            attributes: Default::default(),
            media: vec![],
            variants: vec![variant],
            tax_class: None,
        };
        let product_id: ProductId = parsed("mug");
        let claimed = Some(ClaimedSkus { skus: vec![sku("mug")], product_version: 0 });
        let put = |status, claimed| {
            R::PutProduct(PutProduct { product_id: product_id.clone(), spec: spec.clone(), status, claimed })
        };
        let change = SkuPrices { sku: sku("mug"), prices: vec![gbp(5)] };
        let states: Vec<(_, Vec<R>)> = vec![
            ("absent", vec![]),
            ("draft", vec![put(ProductStatus::Draft, claimed.clone())]),
            ("published", vec![put(ProductStatus::Published, claimed.clone())]),
            ("archived", vec![put(ProductStatus::Archived, claimed.clone())]),
        ];
        Samples {
            states: states.into_iter().map(|(name, steps)| (name, decided::<Self>(&steps))).collect(),
            commands: vec![
                put(ProductStatus::Published, claimed),
                put(ProductStatus::Published, None),
                R::ChangePrices(ChangePrices { changes: vec![change] }),
                R::PublishProduct(PublishProduct {}),
                R::ArchiveProduct(ArchiveProduct {}),
            ],
            events: events(),
        }
    }

    fn any_command(random: &mut Random) -> ProductCommand {
        use ProductCommand as R;
        let status =
            [ProductStatus::Draft, ProductStatus::Published, ProductStatus::Archived][random.below(3)];
        let variant = |random: &mut Random| {
            let SkuPrices { sku, prices } = prices(random);
            Variant { sku, options: Default::default(), prices, barcodes: Vec::new() }
        };
        match random.below(5) {
            0..=1 => R::PutProduct(PutProduct {
                product_id: parsed("mug"),
                spec: ProductSpec {
                    title: ["", "Mug"][random.below(2)].to_owned(),
                    description: String::new(),
                    brand: None,
                    category: vec![],
                    attributes: Default::default(),
                    media: vec![],
                    variants: random.several(variant),
                    tax_class: None,
                },
                status,
                claimed: (random.below(2) == 0).then(|| ClaimedSkus {
                    skus: vec![parsed("mug"), parsed("cup"), parsed("jug")],
                    product_version: random.below(3) as u64,
                }),
            }),
            2 => R::ChangePrices(ChangePrices { changes: random.several(prices) }),
            3 => R::PublishProduct(PublishProduct {}),
            _ => R::ArchiveProduct(ArchiveProduct {}),
        }
    }
}

/// Every event with all the fields it can have.
fn events() -> Vec<ProductEvent> {
    vec![
        ProductEvent::ProductCreated(ProductCreated {
            product_id: parsed("mug"),
            status: ProductStatus::Draft,
            spec: spec(),
        }),
        ProductEvent::ProductRevised(ProductRevised { product_id: parsed("mug"), spec: spec() }),
        ProductEvent::PricesChanged(PricesChanged {
            product_id: parsed("mug"),
            changed: vec![SkuPrices { sku: parsed("MUG-RED"), prices: vec![gbp(2_598)] }],
            previous: vec![SkuPrices { sku: parsed("MUG-RED"), prices: vec![gbp(2_598)] }],
        }),
        ProductEvent::ProductPublished(ProductPublished { product_id: parsed("mug") }),
        ProductEvent::ProductUnpublished(ProductUnpublished { product_id: parsed("mug") }),
        ProductEvent::ProductArchived(ProductArchived { product_id: parsed("mug") }),
    ]
}

fn spec() -> ProductSpec {
    ProductSpec {
        title: "Enamel mug".to_owned(),
        description: "Holds half a pint.".to_owned(),
        brand: Some("Daybook Pottery".to_owned()),
        category: vec!["Kitchen".to_owned()],
        attributes: BTreeMap::from([("colour".to_owned(), AttributeValue::Text("red".to_owned()))]),
        media: vec![Media { url: "https://shop.example/red-mug".to_owned(), alt: "A red mug".to_owned() }],
        variants: vec![Variant {
            sku: parsed("MUG-RED"),
            options: BTreeMap::from([("colour".to_owned(), "red".to_owned())]),
            prices: vec![gbp(2_598)],
            barcodes: vec!["5012345678900".to_owned()],
        }],
        tax_class: Some("standard".to_owned()),
    }
}

fn prices(random: &mut Random) -> SkuPrices {
    SkuPrices { sku: sku(random.name()), prices: random.several(Random::amount) }
}
