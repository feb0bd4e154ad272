//! The ledgers of an order's lines, and what its own events move between them.

use super::{CancellationView, CreditView, OrderLineView, OrderState, OrderView, ReturnView, ShipmentView};
use daybook_domain::{
    LineId, Timestamp,
    inventory::change_units,
    order::{Allocation, AllocationMoved, OrderEvent, OrderLine, SkuQuantity},
};
use daybook_projections::ApplyError;

pub(super) fn line(line: &OrderLine) -> OrderLineView {
    let ordered = line.quantity.get();
    OrderLineView {
        line_id: line.line_id,
        sku: line.sku.clone(),
        product_id: line.product_id.clone(),
        title: line.title.clone(),
        unit_price: line.unit_price,
        net: line.net,
        ordered,
        open: ordered,
        allocated: 0,
        shipped: 0,
        cancelled: 0,
        delivered: 0,
        returned: 0,
    }
}

pub(super) fn change(order: &mut OrderView, event: &OrderEvent, at: Timestamp) -> Result<(), ApplyError> {
    match event {
        // The row is made from it; it cannot come again.
        OrderEvent::OrderPlaced(_) => {}
        OrderEvent::OrderAllocated(allocated) => {
            order.allocations = allocated.allocations.clone();
            for line in &mut order.lines {
                line.allocated += std::mem::take(&mut line.open);
            }
        }
        OrderEvent::AllocationDiscarded(_) => order.allocations.clear(),
        OrderEvent::OrderConfirmed(_) => order.state = OrderState::Confirmed,
        OrderEvent::OrderRejected(rejected) => {
            order.state = OrderState::Rejected;
            order.rejected_because = Some(rejected.reason.clone());
            cancel(order);
        }
        OrderEvent::OrderCancelled(cancelled) => {
            order.state = OrderState::Cancelled;
            order.cancelled_because = Some(cancelled.reason.clone());
            cancel(order);
        }
        OrderEvent::OrderShipped(shipped) => {
            for part in &shipped.lines {
                let line = find(order, part.line_id)?;
                move_units(line, part.quantity.get(), |line| &mut line.allocated, "shipped")?;
                line.shipped += part.quantity.get();
            }
            order.shipments.push(ShipmentView {
                shipment_id: shipped.shipment_id,
                lines: shipped.lines.clone(),
                amount: shipped.amount,
                location: shipped.location.clone(),
                carrier: shipped.carrier.clone(),
                tracking: shipped.tracking.clone(),
                shipped_at: at,
            });
        }
        OrderEvent::LinesCancelled(cancelled) => {
            for part in &cancelled.lines {
                let line = find(order, part.line_id)?;
                move_units(line, part.quantity.get(), |line| &mut line.allocated, "cancelled")?;
                line.cancelled += part.quantity.get();
            }
            order.cancellations.push(CancellationView {
                lines: cancelled.lines.clone(),
                worth: cancelled.worth,
                reason: cancelled.reason.clone(),
                cancelled_at: at,
            });
        }
        OrderEvent::OrderDelivered(delivered) => {
            for part in &delivered.lines {
                let line = find(order, part.line_id)?;
                line.delivered += part.quantity.get();
                within(line, line.delivered, line.shipped, "delivered")?;
            }
        }
        OrderEvent::OrderCompleted(_) => order.state = OrderState::Completed,
        OrderEvent::OrderReturned(returned) => {
            for part in &returned.lines {
                let line = find(order, part.line_id)?;
                line.returned += part.quantity.get();
                within(line, line.returned, line.delivered, "returned")?;
            }
            order.returns.push(ReturnView {
                return_id: returned.return_id,
                lines: returned.lines.clone(),
                refund: returned.refund,
                reason: returned.reason.clone(),
                returned_at: at,
            });
        }
        OrderEvent::OrderCredited(credited) => order.credits.push(CreditView {
            credit_id: credited.credit_id,
            kind: credited.kind,
            label: credited.label.clone(),
            amount: credited.amount,
            credited_at: at,
        }),
        OrderEvent::AllocationMoved(moved) => move_allocation(&mut order.allocations, moved),
        OrderEvent::OrderShort(short) => {
            order.shortages.retain(|known| known.sku != short.sku);
            order.shortages.push(SkuQuantity { sku: short.sku.clone(), quantity: short.uncovered });
        }
        OrderEvent::ShortageResolved(resolved) => order.shortages.retain(|known| known.sku != resolved.sku),
    }
    Ok(())
}

fn move_allocation(allocations: &mut Vec<Allocation>, moved: &AllocationMoved) {
    let units = i64::from(moved.quantity.get());
    for (location, delta) in [(&moved.from, -units), (&moved.to, units)] {
        let is_it = |part: &Allocation| part.sku == moved.sku && part.location == *location;
        let new = |quantity| Allocation { sku: moved.sku.clone(), location: location.clone(), quantity };
        change_units(allocations, is_it, delta, new);
    }
}

/// Nothing more will leave.
fn cancel(order: &mut OrderView) {
    for line in &mut order.lines {
        line.cancelled += std::mem::take(&mut line.open) + std::mem::take(&mut line.allocated);
    }
    order.shortages.clear();
}

fn find(order: &mut OrderView, id: LineId) -> Result<&mut OrderLineView, ApplyError> {
    // Lines stand in the order of their ids, as a cart numbers them; a log of another maker may not.
    let at = order.lines.binary_search_by_key(&id, |line| line.line_id).ok();
    let at = at.or_else(|| order.lines.iter().position(|line| line.line_id == id));
    let at =
        at.ok_or_else(|| ApplyError::missing("line", format_args!("{id} in order {}", order.order_id)))?;
    Ok(&mut order.lines[at])
}

fn move_units(
    line: &mut OrderLineView,
    units: u32,
    from: fn(&mut OrderLineView) -> &mut u32,
    what: &str,
) -> Result<(), ApplyError> {
    let there = from(line);
    *there = there.checked_sub(units).ok_or_else(|| ApplyError::Contradiction {
        detail: format!("{units} units are {what}, but only {there} are there to be"),
    })?;
    Ok(())
}

fn within(line: &OrderLineView, units: u32, bound: u32, what: &str) -> Result<(), ApplyError> {
    if units <= bound {
        return Ok(());
    }
    let detail = format!("{units} units of line {} are {what}, but only {bound} can be", line.line_id);
    Err(ApplyError::Contradiction { detail })
}
