//! What to try first, as lines to paste. Names of things come from the shop itself, so every line works.

use crate::Daybook;
use daybook_views::{catalog::ProductView, order::OrderView, stock::StockView};
use std::net::SocketAddr;

/// Prints the lines for a shop that listens on `address`.
pub(super) async fn print(daybook: &Daybook, address: SocketAddr) {
    let at = format!("http://{address}");
    let (product, sku) = article(daybook).await.unwrap_or_else(|| ("85123A".to_owned(), "85123A".to_owned()));
    println!("\nServing on {at}; stop with Ctrl-C. Things to try:\n");
    println!("  curl '{at}/search?q=heart&limit=3'");
    println!("  curl '{at}/products/{product}'");
    println!("  curl '{at}/inventory/{sku}'");
    println!("  curl '{at}/inventory/{sku}/movements?limit=5'");
    println!("  curl '{at}/orders?customer_id=17850&limit=2'");
    if let Some(number) = order_number(daybook).await {
        println!("  curl '{at}/orders?number={number}'");
    }
    println!("  curl '{at}/events?type=OrderPlaced&limit=1'");
    println!("\nBuy something:\n");
    println!(
        "  cart=$(curl -s {at}/carts -H 'content-type: application/json' -H \"Idempotency-Key: $RANDOM$RANDOM\" \\"
    );
    println!(
        "    -d '{{\"currency\":\"GBP\",\"lines\":[{{\"sku\":\"{sku}\",\"quantity\":2}}]}}' | sed 's/.*\"id\":\"\\([^\"]*\\).*/\\1/')"
    );
    println!(
        "  curl {at}/carts/$cart/checkout -H 'content-type: application/json' -H \"Idempotency-Key: $cart\" \\"
    );
    println!("    -d '{{\"payment_token\":\"tok_visa\"}}'");
    println!("\nEvery route, to read and to try: {at}/docs/\n");
}

/// A product that is for sale and in stock.
async fn article(daybook: &Daybook) -> Option<(String, String)> {
    let reads = daybook.read_models();
    let page = reads.catalog().by_category(&[], None, 50).await.ok()?;
    for product in page.rows.iter().filter_map(|row| row.parse::<ProductView>().ok()) {
        let Some(variant) = product.variants.first() else { continue };
        let stock = reads.stock().by_sku(&variant.sku, daybook_domain::Timestamp::default()).await;
        let stock = stock.ok().flatten().and_then(|row| row.parse::<StockView>().ok());
        if stock.is_some_and(|stock| stock.available >= 10) {
            return Some((product.product_id.to_string(), variant.sku.to_string()));
        }
    }
    None
}

async fn order_number(daybook: &Daybook) -> Option<String> {
    let customer = "17850".parse().ok()?;
    let page = daybook.read_models().orders().of_customer(&customer, None, 1).await.ok()?;
    Some(page.rows.first()?.parse::<OrderView>().ok()?.number.to_string())
}
