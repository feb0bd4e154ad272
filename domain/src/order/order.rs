//! The aggregate: what an order answers in each stage of its life. What a placed order does is in
//! `placed_order.rs`.

use super::{Fulfilment, OrderCommand, OrderEvent, OrderRejection, PlacedOrder, placing::place};
use crate::{CacheClass, Context, Decider, OrderId};
use serde::{Deserialize, Serialize};

pub(super) type Decision = Result<Vec<OrderEvent>, OrderRejection>;

/// Nothing yet, or a placed order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Order {
    #[serde(rename = "sale")]
    placed: Option<Box<PlacedOrder>>,
}

/// Where an order stands. How much of it is shipped is another question: [`Fulfilment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lifecycle {
    Placed,
    Confirmed,
    Completed,
    Rejected,
    Cancelled,
}

impl Decider for Order {
    const NAME: &'static str = "order";
    const STATE_VERSION: u32 = 2;
    const CACHE: CacheClass = CacheClass::Normal;
    type Id = OrderId;
    type Command = OrderCommand;
    type Event = OrderEvent;
    type Rejection = OrderRejection;

    fn decide(&self, command: OrderCommand, _context: &Context) -> Decision {
        use Lifecycle::{Cancelled, Completed, Confirmed, Placed, Rejected};
        use OrderCommand as C;
        let Some(order) = &self.placed else {
            return match command {
                C::PlaceOrder(command) => place(command.checkout),
                C::AllocateOrder(_)
                | C::ConfirmOrder(_)
                | C::RejectOrder(_)
                | C::CancelOrder(_)
                | C::CancelLines(_)
                | C::ShipOrder(_)
                | C::DeliverOrder(_)
                | C::ReturnGoods(_)
                | C::CreditOrder(_)
                | C::MoveAllocation(_)
                | C::SetShortage(_) => Err(OrderRejection::OrderNotFound {}),
            };
        };
        match (order.lifecycle(), command) {
            (Placed | Confirmed | Completed | Rejected | Cancelled, C::PlaceOrder(_)) => {
                Err(order.exists_already())
            }
            (Placed, C::AllocateOrder(allocate)) => order.allocate(allocate),
            // Too late, but the stock is set aside: it has to be let go again.
            (Rejected | Cancelled, C::AllocateOrder(_)) => Ok(vec![order.discard()]),
            (Placed, C::ConfirmOrder(_)) => order.confirm(),
            (Confirmed | Completed, C::ConfirmOrder(_)) | (Rejected, C::RejectOrder(_)) => Ok(Vec::new()),
            (Placed, C::RejectOrder(reject)) => Ok(vec![order.reject(reject)]),
            (Placed | Confirmed, C::CancelOrder(cancel)) => order.cancel(cancel),
            (Cancelled, C::CancelOrder(_)) => Ok(Vec::new()),
            (Confirmed | Completed, C::CancelLines(cancel)) => order.cancel_lines(cancel),
            (Confirmed | Completed, C::ShipOrder(ship)) => order.ship(ship),
            (Confirmed | Completed, C::DeliverOrder(deliver)) => order.deliver(deliver),
            (Confirmed | Completed, C::ReturnGoods(returned)) => order.take_back(returned),
            (Confirmed | Completed, C::CreditOrder(credit)) => order.credit(credit),
            (Placed | Confirmed | Completed, C::MoveAllocation(moved)) => Ok(order.move_allocation(moved)),
            (Placed | Confirmed | Completed, C::SetShortage(short)) => Ok(order.set_shortage(short)),
            // Its stock is let go.
            (Rejected | Cancelled, C::MoveAllocation(_) | C::SetShortage(_)) => Ok(Vec::new()),
            (Completed, C::CancelOrder(_)) => Err(OrderRejection::AlreadyShipped {}),
            (Confirmed | Completed, C::AllocateOrder(_))
            | (Rejected | Cancelled, C::ConfirmOrder(_))
            | (Confirmed | Completed | Cancelled, C::RejectOrder(_))
            | (Rejected, C::CancelOrder(_))
            | (
                Placed | Rejected | Cancelled,
                C::CancelLines(_)
                | C::ShipOrder(_)
                | C::DeliverOrder(_)
                | C::ReturnGoods(_)
                | C::CreditOrder(_),
            ) => Err(order.wrong_state()),
        }
    }

    fn evolve(&mut self, event: &OrderEvent) {
        if let OrderEvent::OrderPlaced(placed) = event {
            self.placed = Some(Box::new(PlacedOrder::new(placed)));
        } else if let Some(order) = &mut self.placed {
            order.evolve(event);
        }
    }
}

impl Order {
    /// Where it stands; none before it is placed.
    #[must_use]
    pub fn lifecycle(&self) -> Option<Lifecycle> {
        self.placed.as_ref().map(|order| order.lifecycle())
    }

    /// How far its goods have come; none before it is placed.
    #[must_use]
    pub fn fulfilment(&self) -> Option<Fulfilment> {
        self.placed.as_ref().map(|order| order.fulfilment())
    }
}
