//! Products: put, published, priced, archived.

use crate::samples::{context, gbp, sku};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use daybook_domain::product::{
    ArchiveProduct, AttributeValue, ChangePrices, ClaimedSkus, PricesChanged, Product, ProductArchived,
    ProductCommand, ProductCreated, ProductEvent, ProductPublished, ProductRejection, ProductRevised,
    ProductSpec, ProductStatus, ProductUnpublished, PublishProduct, PutProduct, SkuPrices, Variant,
};

fn mug(price_minor: i64) -> ProductSpec {
    let variant = |name: &str| Variant {
        sku: sku(name),
        options: Default::default(),
        prices: vec![gbp(price_minor)],
        barcodes: Vec::new(),
    };
    ProductSpec {
        title: "Mug".into(),
        description: String::new(),
        brand: None,
        category: vec!["Kitchen".into()],
        attributes: [("capacity_ml".to_owned(), AttributeValue::Number(350.0))].into(),
        media: Vec::new(),
        variants: vec![variant("mug-red"), variant("mug-blue")],
        tax_class: None,
    }
}

fn put(spec: ProductSpec, status: ProductStatus) -> ProductCommand {
    put_claimed(spec, status, 0)
}

/// With all its SKUs claimed at that version.
fn put_claimed(spec: ProductSpec, status: ProductStatus, product_version: u64) -> ProductCommand {
    let skus = spec.variants.iter().map(|variant| variant.sku.clone()).collect();
    let claimed = Some(ClaimedSkus { skus, product_version });
    ProductCommand::PutProduct(PutProduct { product_id: "mug".parse().unwrap(), spec, status, claimed })
}

fn created(status: ProductStatus) -> ProductEvent {
    ProductEvent::ProductCreated(ProductCreated {
        product_id: "mug".parse().unwrap(),
        status,
        spec: mug(500),
    })
}

fn archived() -> ProductEvent {
    ProductEvent::ProductArchived(ProductArchived { product_id: "mug".parse().unwrap() })
}

fn given(events: Vec<ProductEvent>) -> AggregateTestExecutor<Product> {
    TestFramework::with(context()).given(events)
}

#[test]
fn a_product_put_for_the_first_time_is_created() {
    given(vec![])
        .when(put(mug(500), ProductStatus::Draft))
        .then_expect_events(vec![created(ProductStatus::Draft)]);
}

#[test]
fn putting_the_same_again_changes_nothing() {
    given(vec![created(ProductStatus::Published)])
        .when(put(mug(500), ProductStatus::Published))
        .then_expect_events(vec![]);
}

#[test]
fn only_other_prices_are_a_price_change_that_says_from_what_to_what() {
    let mut spec = mug(500);
    spec.variants[1].prices = vec![gbp(450)];
    let prices = |minor| vec![SkuPrices { sku: sku("mug-blue"), prices: vec![gbp(minor)] }];
    let product_id = "mug".parse().unwrap();
    let change = PricesChanged { product_id, changed: prices(450), previous: prices(500) };
    given(vec![created(ProductStatus::Draft)])
        .when(put(spec, ProductStatus::Draft))
        .then_expect_events(vec![ProductEvent::PricesChanged(change.clone())]);
    given(vec![created(ProductStatus::Draft)])
        .when(ProductCommand::ChangePrices(ChangePrices { changes: prices(450) }))
        .then_expect_events(vec![ProductEvent::PricesChanged(change)]);
}

#[test]
fn another_title_is_a_revision_and_another_status_an_event_of_its_own() {
    let spec = ProductSpec { title: "Big mug".into(), ..mug(450) };
    let product_id: daybook_domain::ProductId = "mug".parse().unwrap();
    let revised = ProductRevised { product_id: product_id.clone(), spec: spec.clone() };
    given(vec![created(ProductStatus::Draft)]).when(put(spec, ProductStatus::Published)).then_expect_events(
        vec![
            ProductEvent::ProductRevised(revised),
            ProductEvent::ProductPublished(ProductPublished { product_id }),
        ],
    );
}

#[test]
fn an_archived_product_is_neither_priced_nor_published_but_comes_back_when_put() {
    let published = || vec![created(ProductStatus::Published), archived()];
    given(published())
        .when(ProductCommand::PublishProduct(PublishProduct {}))
        .then_expect_error(ProductRejection::ProductIsArchived {});
    given(published())
        .when(ProductCommand::ChangePrices(ChangePrices { changes: vec![] }))
        .then_expect_error(ProductRejection::ProductIsArchived {});
    given(published()).when(ProductCommand::ArchiveProduct(ArchiveProduct {})).then_expect_events(vec![]);
    given(published()).when(put_claimed(mug(500), ProductStatus::Draft, 2)).then_expect_events(vec![
        ProductEvent::ProductUnpublished(ProductUnpublished { product_id: "mug".parse().unwrap() }),
    ]);
}

#[test]
fn refusals_name_the_field() {
    let refused = |change: fn(&mut ProductSpec)| {
        let mut spec = mug(500);
        change(&mut spec);
        match given(vec![]).when(put(spec, ProductStatus::Draft)).inspect_result() {
            Err(ProductRejection::InvalidProduct { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(|spec| spec.title = " ".into()), "/title");
    assert_eq!(refused(|spec| spec.title = "é".repeat(501)), "/title");
    assert_eq!(refused(|spec| spec.description = "x".repeat(20_001)), "/description");
    assert_eq!(refused(|spec| spec.variants.clear()), "/variants");
    assert_eq!(refused(|spec| spec.variants[1].sku = sku("mug-red")), "/variants/1/sku");
    assert_eq!(refused(|spec| spec.variants[0].prices = vec![gbp(-1)]), "/prices");
    let infinite = |spec: &mut ProductSpec| {
        spec.attributes.insert("a".into(), AttributeValue::Number(f64::INFINITY));
    };
    assert_eq!(refused(infinite), "/attributes/a");
}

#[test]
fn a_sku_has_one_price_per_currency_and_must_be_known() {
    let change = |name: &str, prices| {
        ProductCommand::ChangePrices(ChangePrices { changes: vec![SkuPrices { sku: sku(name), prices }] })
    };
    given(vec![created(ProductStatus::Draft)])
        .when(change("mug-red", vec![gbp(1), gbp(2)]))
        .then_expect_error(ProductRejection::DuplicatePrice {
            sku: sku("mug-red"),
            currency: gbp(0).currency,
        });
    given(vec![created(ProductStatus::Draft)])
        .when(change("mug-pink", vec![gbp(1)]))
        .then_expect_error(ProductRejection::UnknownVariant { sku: sku("mug-pink") });
}

#[test]
fn what_a_product_does_not_offer_yet_is_claimed_at_its_version() {
    let skus = || vec![sku("mug-red"), sku("mug-blue")];
    let unclaimed = |skus, product_version| ProductRejection::SkusNotClaimed { skus, product_version };
    let without = |spec, status| {
        ProductCommand::PutProduct(PutProduct {
            product_id: "mug".parse().unwrap(),
            spec,
            status,
            claimed: None,
        })
    };
    given(vec![]).when(without(mug(500), ProductStatus::Draft)).then_expect_error(unclaimed(skus(), 0));
    let back = || vec![created(ProductStatus::Draft), archived()];
    given(back()).when(without(mug(500), ProductStatus::Published)).then_expect_error(unclaimed(skus(), 2));
    given(back())
        .when(put_claimed(mug(500), ProductStatus::Published, 0))
        .then_expect_error(unclaimed(skus(), 2));
    let mut more = mug(500);
    more.variants.push(Variant { sku: sku("mug-green"), ..more.variants[0].clone() });
    given(vec![created(ProductStatus::Draft)])
        .when(without(more, ProductStatus::Draft))
        .then_expect_error(unclaimed(vec![sku("mug-green")], 1));
}

#[test]
fn nothing_is_claimed_for_what_is_offered_already_or_not_offered() {
    let without = |status| {
        let (product_id, spec) =
            ("mug".parse().unwrap(), ProductSpec { title: "Big mug".into(), ..mug(450) });
        ProductCommand::PutProduct(PutProduct { product_id, spec, status, claimed: None })
    };
    for status in [ProductStatus::Draft, ProductStatus::Published] {
        let decided = given(vec![created(ProductStatus::Draft)]).when(without(status)).inspect_result();
        assert!(decided.is_ok(), "{decided:?}");
    }
    let decided = given(vec![]).when(without(ProductStatus::Archived)).inspect_result();
    assert!(decided.is_ok(), "{decided:?}");
}
