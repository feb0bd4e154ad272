//! Orders, returns and credits to commands.

use super::{Requests, TOKEN, quantity};
use crate::{
    classify::described,
    country::country_code,
    plan::{PlannedCredit, PlannedOrder, PlannedReturn},
    read::NO_TEXT,
    run::ids::Digest,
};
use daybook_domain::{
    CartId, Command, CreditId, CustomerId, LineId, OrderId, ReturnId, ShipmentId,
    cart::{CartCommand, CheckOutCart, CreateCart, NewLine},
    order::{
        Charge, ChargeKind, CreditOrder, DeliverOrder, LineQuantity, OrderCommand, ReturnCondition,
        ReturnGoods, ShipOrder,
    },
};
use daybook_engine::CommandRequest;

/// The commands of one sale, in their order.
pub(crate) struct SaleRequest {
    pub(crate) order_id: OrderId,
    pub(crate) create: CommandRequest,
    pub(crate) check_out: CommandRequest,
    pub(crate) ship: CommandRequest,
    pub(crate) deliver: CommandRequest,
}

impl Requests<'_> {
    pub(crate) fn cart_id(&self, order: &PlannedOrder) -> CartId {
        CartId::new(self.ids.entity("cart", self.invoice(order.invoice), order.at))
    }

    fn invoice(&self, number: u32) -> &str {
        self.plan.rows.invoices.text(number)
    }

    /// A command for an order, as part of what its cart began.
    fn step(
        &self,
        what: &str,
        name: &str,
        command: Command,
        order: &PlannedOrder,
        digest: u64,
    ) -> CommandRequest {
        let id = self.ids.command(what, name);
        let correlation_id = self.cart_id(order).uuid();
        CommandRequest { correlation_id, ..self.request(command, id, order.at, digest) }
    }

    pub(crate) fn sale(&self, order: &PlannedOrder) -> SaleRequest {
        let cart_id = self.cart_id(order);
        let order_id = cart_id.order_id();
        let invoice = self.invoice(order.invoice);
        let digest = self.digest(order);
        let step = |what: &str, command: Command| self.step(what, invoice, command, order, digest);
        let ship = ShipOrder {
            shipment_id: self.shipment_id(order),
            location: None,
            lines: None,
            carrier: None,
            tracking: None,
        };
        let deliver = DeliverOrder { lines: None };
        SaleRequest {
            order_id,
            create: step("create-cart", Command::Cart(cart_id, CartCommand::CreateCart(self.cart(order)))),
            check_out: step(
                "check-out",
                Command::Cart(cart_id, CartCommand::CheckOutCart(self.checkout(order))),
            ),
            ship: step("ship", Command::Order(order_id, OrderCommand::ShipOrder(ship))),
            deliver: step("deliver", Command::Order(order_id, OrderCommand::DeliverOrder(deliver))),
        }
    }

    fn cart(&self, order: &PlannedOrder) -> CreateCart {
        let customer = self.plan.rows.customers.text(order.customer);
        let mut lines = Vec::with_capacity(order.lines.len().max(1));
        for line in self.plan.lines_of(order) {
            lines.push(self.line(Some(line.code), line.quantity, line.price_minor));
        }
        if lines.is_empty() {
            lines.push(self.line(None, 1, 0));
        }
        CreateCart {
            cart_id: self.cart_id(order),
            currency: self.currency,
            country: country_code(self.plan.rows.countries.text(order.country)),
            customer_id: (order.customer != NO_TEXT)
                .then(|| customer.parse::<CustomerId>().expect("the plan checked the customer's id")),
            lines,
        }
    }

    fn line(&self, code: Option<u32>, units: u32, price_minor: i64) -> NewLine {
        let article = self.article(code);
        NewLine {
            sku: article.sku.clone(),
            product_id: article.product_id.clone(),
            title: article.title.clone(),
            quantity: quantity(units),
            unit_price: self.money(price_minor),
        }
    }

    fn checkout(&self, order: &PlannedOrder) -> CheckOutCart {
        let charges = self.plan.charges_of(order).iter().map(|charge| Charge {
            kind: charge.kind,
            label: self.label(charge.kind, charge.description),
            amount: self.money(charge.amount_minor),
        });
        CheckOutCart {
            payment_token: TOKEN.to_owned(),
            offers: None,
            charges: charges.collect(),
            reference: Some(self.invoice(order.invoice).to_owned()),
            personal: None,
        }
    }

    fn label(&self, kind: ChargeKind, description: u32) -> String {
        let fallback = match kind {
            ChargeKind::Shipping => "Carriage",
            ChargeKind::Discount => "Discount",
            ChargeKind::Manual => "Manual",
        };
        described(self.plan.rows.descriptions.text(description)).unwrap_or(fallback).to_owned()
    }

    /// What the file says of a sale, titles aside.
    fn digest(&self, order: &PlannedOrder) -> u64 {
        let texts = &self.plan.rows;
        let mut digest = Digest::new()
            .number(order.at.as_nanos())
            .text(texts.customers.text(order.customer))
            .text(texts.countries.text(order.country));
        for line in self.plan.lines_of(order) {
            digest = digest.text(self.plan.code(Some(line.code)));
            digest = digest.number(i64::from(line.quantity)).number(line.price_minor);
        }
        for charge in self.plan.charges_of(order) {
            digest = digest.text(&self.label(charge.kind, charge.description)).number(charge.amount_minor);
        }
        digest.finish()
    }
    pub(super) fn shipment_id(&self, order: &PlannedOrder) -> ShipmentId {
        ShipmentId::new(self.ids.entity("shipment", self.invoice(order.invoice), order.at))
    }

    /// What a return is called: who cancelled what.
    fn name_of_return(&self, planned: &PlannedReturn) -> String {
        let order = &self.plan.orders[planned.order as usize];
        format!("{}:{}", self.invoice(planned.invoice), self.invoice(order.invoice))
    }

    pub(super) fn return_id(&self, planned: &PlannedReturn) -> ReturnId {
        ReturnId::new(self.ids.entity("return", &self.name_of_return(planned), planned.at))
    }

    pub(super) fn credit_id(&self, planned: &PlannedCredit) -> CreditId {
        CreditId::new(self.ids.entity("credit", &self.name_of_row(planned.row), planned.at))
    }

    pub(crate) fn take_back(&self, planned: &PlannedReturn) -> CommandRequest {
        let order = &self.plan.orders[planned.order as usize];
        let name = self.name_of_return(planned);
        let mut digest = Digest::new().number(planned.at.as_nanos());
        for (line, units) in &planned.lines {
            digest = digest.number(i64::from(*line)).number(i64::from(*units));
        }
        let lines = planned.lines.iter().map(|(line, units)| {
            let line = LineQuantity { line_id: LineId(*line), quantity: quantity(*units) };
            (line, ReturnCondition::Sellable)
        });
        let back = ReturnGoods {
            return_id: self.return_id(planned),
            lines: lines.collect(),
            reason: Some(format!("cancelled by {}", self.invoice(planned.invoice))),
            location: None,
        };
        self.later("take-back", &name, OrderCommand::ReturnGoods(back), order, planned.at, digest.finish())
    }

    pub(crate) fn credit(&self, planned: &PlannedCredit) -> CommandRequest {
        let order = &self.plan.orders[planned.order as usize];
        let row = &self.plan.rows.rows[planned.row as usize];
        let name = self.name_of_row(planned.row);
        let credit = CreditOrder {
            credit_id: self.credit_id(planned),
            kind: planned.kind,
            label: self.label(planned.kind, row.description),
            amount: self.money(planned.amount_minor),
        };
        let digest = Digest::new().number(planned.at.as_nanos()).number(planned.amount_minor).finish();
        self.later("credit", &name, OrderCommand::CreditOrder(credit), order, planned.at, digest)
    }

    fn later(
        &self,
        what: &str,
        name: &str,
        command: OrderCommand,
        order: &PlannedOrder,
        at: daybook_domain::Timestamp,
        digest: u64,
    ) -> CommandRequest {
        let command = Command::Order(self.cart_id(order).order_id(), command);
        CommandRequest { occurred_at: Some(at), ..self.step(what, name, command, order, digest) }
    }
}
