//! All commands of all aggregates, each with the one aggregate it is for.

use crate::{
    CartId, OrderId, PaymentId, ProductId, Sku, cart::CartCommand, inventory::InventoryCommand,
    order::OrderCommand, payment::PaymentCommand, product::ProductCommand,
};

/// A wish, addressed to one aggregate.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Product(ProductId, ProductCommand),
    Cart(CartId, CartCommand),
    Order(OrderId, OrderCommand),
    Inventory(Sku, InventoryCommand),
    Payment(PaymentId, PaymentCommand),
}

impl Command {
    /// Which kind of aggregate decides on it.
    #[must_use]
    pub const fn aggregate(&self) -> &'static str {
        match self {
            Self::Product(..) => "product",
            Self::Cart(..) => "cart",
            Self::Order(..) => "order",
            Self::Inventory(..) => "inventory",
            Self::Payment(..) => "payment",
        }
    }

    /// The stream it is for, `<aggregate>-<id>`.
    #[must_use]
    pub fn stream_name(&self) -> String {
        match self {
            Self::Product(id, _) => format!("product-{id}"),
            Self::Cart(id, _) => format!("cart-{id}"),
            Self::Order(id, _) => format!("order-{id}"),
            Self::Inventory(sku, _) => format!("inventory-{sku}"),
            Self::Payment(id, _) => format!("payment-{id}"),
        }
    }

    /// Its name, imperative, for example `PlaceOrder`. For logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Product(_, command) => command.name(),
            Self::Cart(_, command) => command.name(),
            Self::Order(_, command) => command.name(),
            Self::Inventory(_, command) => command.name(),
            Self::Payment(_, command) => command.name(),
        }
    }
}

/// Declares an aggregate's commands, with their names for logs and metrics.
macro_rules! commands {
    ($(#[$doc:meta])* $name:ident { $($variant:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $($variant($variant),)+
        }

        impl $name {
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($variant),)+
                }
            }
        }
    };
}
pub(crate) use commands;
