//! Compares the books with what the shop really booked: reads the log once and adds up the money captured and
//! refunded for the import's own orders, event by event.

use super::requests::Requests;
use crate::{Books, ImportError, Value, books::Refusals, report::ImportCounts};
use ahash::AHashSet;
use daybook_domain::{Event, OperationId, payment::PaymentEvent};
use daybook_engine::Engine;
use daybook_event_log::{Position, RecordedEvent};
use std::sync::Arc;

const BATCH: usize = 4_096;
/// A shop with sales of its own never stands still; after so many looks the import's own events are long in.
const LOOKS: usize = 20;

/// What rounding to the penny may take from a file, in pence: more is no longer a rounding but a price list in fractions
/// of a penny.
const MOST_ROUNDING_MINOR: i64 = 100;

/// Refuses a file that would come to another amount by rounding.
pub(super) fn check_rounding(books: &Books) -> Result<(), ImportError> {
    let (rounding, most) = (books.value_rounding(), Value::from_minor(MOST_ROUNDING_MINOR));
    if (-most..=most).contains(&rounding) {
        return Ok(());
    }
    let imported = books.value_imported.to_string();
    Err(ImportError::RoundingTooLarge { rounding: rounding.to_string(), imported })
}

/// Waits for the processes, counts the import's events and bytes, and checks its money.
pub(super) async fn check_books(
    engine: &Engine,
    requests: &Requests<'_>,
    refused: &Refusals,
    books: &Books,
    counts: &mut ImportCounts,
) -> Result<(), ImportError> {
    let head = settled(engine).await;
    let ours = requests.correlations(refused);
    let operations = requests.operations(refused);

    let mut booked_minor = 0_i64;
    let read = |from| {
        let log = Arc::clone(engine.log());
        tokio::spawn(async move { log.read_all(from, BATCH).await })
    };
    let mut next = Position::ZERO.next();
    let mut reading = read(next);
    while next <= head {
        let events = match reading.await {
            Ok(events) => events?,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let Some(last) = events.last() else { break };
        next = last.position().next();
        // The next events come from the disk while these are looked at.
        reading = read(next);
        for event in events.iter().filter(|event| ours.contains(&event.correlation_id())) {
            counts.events += 1;
            counts.log_bytes += event.as_bytes().len() as u64;
            booked_minor += money_moved(event, &operations);
        }
    }
    let booked = Value::from_minor(booked_minor);
    if booked == books.value_booked && booked + books.value_rounding() == books.value_imported {
        return Ok(());
    }
    Err(ImportError::BooksDiffer {
        imported: books.value_imported.to_string(),
        rounding: books.value_rounding().to_string(),
        booked: booked.to_string(),
    })
}

/// The end of the log when all processes have done what the import's commands led to.
async fn settled(engine: &Engine) -> Position {
    let mut head = *engine.log().head().borrow();
    for _ in 0..LOOKS {
        engine.processes_caught_up(head).await;
        let now = *engine.log().head().borrow();
        if now == head {
            break;
        }
        head = now;
    }
    head
}

/// Pence that came in (positive) or went out (negative) by this event.
fn money_moved(event: &RecordedEvent, operations: &AHashSet<OperationId>) -> i64 {
    if !matches!(event.event_type(), "PaymentCaptured" | "PaymentRefunded") {
        return 0;
    }
    let decoded =
        Event::decode(event.aggregate(), event.event_type(), event.schema_version(), event.payload());
    match decoded {
        Ok(Event::Payment(PaymentEvent::PaymentCaptured(captured)))
            if operations.contains(&captured.operation_id) =>
        {
            captured.amount.minor
        }
        Ok(Event::Payment(PaymentEvent::PaymentRefunded(refunded)))
            if operations.contains(&refunded.operation_id) =>
        {
            -refunded.amount.minor
        }
        // What cannot be read is not booked; the comparison then fails and says so.
        Ok(_) | Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Plan;

    fn books(lines: usize, price: &str) -> Books {
        let mut file =
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n".to_owned();
        for line in 0..lines {
            file += &format!("{line},A,x,1,2010-12-01T08:26:00,{price},9,EIRE\n");
        }
        Plan::read(file.as_bytes()).expect("the lines can be read").books()
    }

    #[test]
    fn many_small_roundings_that_add_up_are_an_error_before_anything_is_sent() {
        assert!(check_rounding(&books(250, "1.004")).is_ok());
        let error = check_rounding(&books(251, "1.004")).expect_err("it comes to more than a pound");
        assert!(matches!(error, ImportError::RoundingTooLarge { .. }), "{error}");
        assert!(check_rounding(&books(251, "0.996")).is_err(), "rounding up adds up too");
    }
}
