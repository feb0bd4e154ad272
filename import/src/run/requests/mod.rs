//! Parts of a plan to commands. Everything about a command follows from the plan: its id, its time, its content.

mod orders;
mod traces;

use super::ids::{Digest, ImportIds};
use crate::{
    Plan,
    classify::described,
    plan::{Adjustment, PlannedDelivery, PlannedPriceChange, PlannedProduct},
};
use daybook_domain::{
    Actor, Command, Currency, LocationId, Money, ProductId, Quantity, Sku, Timestamp,
    inventory::{AdjustStock, InventoryCommand, ReceiveStock},
    product::{ChangePrices, ProductCommand, ProductSpec, ProductStatus, PutProduct, SkuPrices, Variant},
};
use daybook_engine::{CommandRequest, Priority, ShopSecret};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Who sends the commands of an import, after `system:`.
pub(crate) const ACTOR: &str = "import_online_retail";
const TOKEN: &str = "tok_invoice";
const LOCATION: &str = "main";
const CHARGES_TITLE: &str = "Charges without goods";

/// Writes the commands of one plan.
pub(crate) struct Requests<'a> {
    plan: &'a Plan,
    ids: ImportIds<'a>,
    currency: Currency,
    location: LocationId,
    /// By stock code's number; the last one is for charges only.
    articles: Vec<Option<Article>>,
}

struct Article {
    sku: Sku,
    product_id: ProductId,
    title: String,
}

impl<'a> Requests<'a> {
    pub(crate) fn new(plan: &'a Plan, secret: &'a ShopSecret, source: &'a str) -> Self {
        let mut articles: Vec<Option<Article>> = (0..=plan.rows.codes.len()).map(|_| None).collect();
        for product in &plan.products {
            let code = plan.code(product.code);
            let title = match product.code {
                None => CHARGES_TITLE,
                Some(_) => described(plan.rows.descriptions.text(product.title)).unwrap_or(code),
            };
            articles[place(plan, product.code)] = code
                .parse()
                .ok()
                .zip(code.parse().ok())
                .map(|(sku, product_id)| Article { sku, product_id, title: title.to_owned() });
        }
        let currency = "GBP".parse().expect("an ISO 4217 code");
        let location = LOCATION.parse().expect("a location id");
        Self { plan, ids: ImportIds::of_source(secret, source), currency, location, articles }
    }

    fn article(&self, code: Option<u32>) -> &Article {
        self.articles[place(self.plan, code)].as_ref().expect("every planned code has a product and is a SKU")
    }

    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    fn request(&self, command: Command, id: Uuid, at: Timestamp, digest: u64) -> CommandRequest {
        CommandRequest {
            occurred_at: Some(at),
            request_hash: digest,
            priority: Priority::Bulk,
            ..CommandRequest::new(command, id, Actor::System(ACTOR.to_owned()))
        }
    }

    pub(crate) fn put_product(&self, product: &PlannedProduct) -> CommandRequest {
        let article = self.article(product.code);
        let prices = product.price_minor.map(|minor| self.money(minor)).into_iter().collect();
        // What was never sold at a price is not for sale.
        let status = match product.price_minor {
            Some(_) => ProductStatus::Published,
            None => ProductStatus::Draft,
        };
        let variant =
            Variant { sku: article.sku.clone(), options: BTreeMap::new(), prices, barcodes: Vec::new() };
        let spec = ProductSpec {
            title: article.title.clone(),
            description: String::new(),
            brand: None,
            category: Vec::new(),
            attributes: BTreeMap::new(),
            media: Vec::new(),
            variants: vec![variant],
            tax_class: None,
        };
        let product_id = article.product_id.clone();
        let command = ProductCommand::PutProduct(PutProduct {
            product_id: product_id.clone(),
            spec,
            status,
            claimed: None,
        });
        let id = self.ids.command("put-product", self.plan.code(product.code));
        self.request(Command::Product(product_id, command), id, product.at, 0)
    }

    pub(crate) fn change_price(&self, change: &PlannedPriceChange) -> CommandRequest {
        let article = self.article(Some(change.code));
        let prices = vec![self.money(change.price_minor)];
        let changes = vec![SkuPrices { sku: article.sku.clone(), prices }];
        let command = ProductCommand::ChangePrices(ChangePrices { changes });
        let name = format!("{}:{}:{}", article.sku, change.at.as_nanos(), change.price_minor);
        let id = self.ids.command("change-price", &name);
        self.request(Command::Product(article.product_id.clone(), command), id, change.at, 0)
    }

    pub(crate) fn receive(&self, number: usize, receipt: &PlannedDelivery) -> CommandRequest {
        let sku = self.article(receipt.code).sku.clone();
        // Several deliveries of one article on one day differ by how many of the same came before.
        let earlier = self.plan.receipts[..number].iter().rev();
        let part = earlier.take_while(|other| (other.day, other.code) == (receipt.day, receipt.code)).count();
        let name = format!("{sku}:{}:{}:{part}", receipt.day, receipt.quantity);
        let command = InventoryCommand::ReceiveStock(ReceiveStock {
            sku: sku.clone(),
            location: self.location.clone(),
            quantity: quantity(receipt.quantity),
            reference: Some("replenishment".to_owned()),
        });
        self.request(Command::Inventory(sku, command), self.ids.command("receive", &name), receipt.at, 0)
    }

    pub(crate) fn adjust(&self, adjustment: &Adjustment) -> CommandRequest {
        let row = &self.plan.rows.rows[adjustment.row as usize];
        let sku = self.article(Some(adjustment.code)).sku.clone();
        let reason =
            described(self.plan.rows.descriptions.text(row.description)).unwrap_or("no reason given");
        let command = InventoryCommand::AdjustStock(AdjustStock {
            sku: sku.clone(),
            location: self.location.clone(),
            delta: adjustment.delta,
            reason: reason.to_owned(),
        });
        let digest = Digest::new().number(adjustment.delta).number(adjustment.at.as_nanos()).finish();
        let id = self.ids.command("adjust", &self.name_of_row(adjustment.row));
        self.request(Command::Inventory(sku, command), id, adjustment.at, digest)
    }

    /// A row's name: its invoice and how many rows of the invoice with the same code stand before it.
    fn name_of_row(&self, row: u32) -> String {
        let rows = &self.plan.rows;
        let (before, at) = rows.rows.split_at(row as usize);
        let row = &at[0];
        let same = |other: &&crate::read::FileRow| (other.invoice, other.code) == (row.invoice, row.code);
        let invoice_began = before.iter().rev().take_while(|other| other.invoice == row.invoice);
        let earlier = invoice_began.filter(same).count();
        format!("{}:{}:{earlier}", rows.invoices.text(row.invoice), rows.codes.text(row.code))
    }
}

fn place(plan: &Plan, code: Option<u32>) -> usize {
    code.map_or(plan.rows.codes.len(), |code| code as usize)
}

fn quantity(units: u32) -> Quantity {
    Quantity::new(units).expect("the plan holds only quantities")
}
