//! How an event of an older schema is lifted, shown on a shape that never was released: `StockReceived`
//! without `on_hand`.

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use daybook_domain::{Event, EventError, EventSet as _, upcasters};
use serde_json::{Value, json};

/// What an `upcast` function of an aggregate's `events.rs` does for a released old shape.
fn lift_stock_received(event_type: &str, from_version: u16, mut payload: Value) -> Value {
    if (event_type, from_version) == ("StockReceived", 0)
        && let Some(fields) = payload.as_object_mut()
    {
        let quantity = fields.get("quantity").cloned().unwrap_or(json!(0));
        fields.entry("on_hand").or_insert(quantity);
    }
    payload
}

fn old() -> Value {
    json!({ "sku": "mug", "location": "leeds", "quantity": 5 })
}

#[test]
fn an_old_shape_is_read_as_todays_once_it_is_lifted() {
    let refused = Event::decode("inventory", "StockReceived", 1, old().to_string().as_bytes());
    assert!(matches!(refused, Err(EventError::Malformed { event_type: "StockReceived", .. })));
    let lifted = lift_stock_received("StockReceived", 0, old()).to_string();
    let event = Event::decode("inventory", "StockReceived", 1, lifted.as_bytes()).unwrap();
    assert_eq!(event.type_name(), "StockReceived");
}

#[test]
fn plain_cqrs_es_programs_get_the_same_lift_on_the_wrapped_payload() {
    let upcaster = upcasters::Upcaster::new("StockReceived", 1, lift_stock_received);
    assert!(upcaster.can_upcast("StockReceived", "0"));
    assert!(!upcaster.can_upcast("StockReceived", "1"));
    assert!(!upcaster.can_upcast("StockCounted", "0"));
    let stored = SerializedEvent::new(
        "mug".into(),
        1,
        "inventory".into(),
        "StockReceived".into(),
        "0".into(),
        json!({ "StockReceived": old() }),
        json!({}),
    );
    let lifted = upcaster.upcast(stored);
    assert_eq!(lifted.event_version, "1");
    let event: daybook_domain::inventory::InventoryEvent = serde_json::from_value(lifted.payload).unwrap();
    assert_eq!(event.kind().name, "StockReceived");
}

#[test]
fn every_event_has_an_upcaster_and_todays_shapes_are_left_alone() {
    let all = upcasters::upcasters();
    for kind in Event::kinds() {
        assert!(!all.iter().any(|upcaster| upcaster.can_upcast(kind.name, &kind.version.to_string())));
        assert!(all.iter().any(|upcaster| upcaster.can_upcast(kind.name, "0")), "{}", kind.name);
    }
}

#[test]
fn what_a_newer_program_wrote_is_refused_by_name() {
    let refused = Event::decode("inventory", "StockReceived", 99, b"{}");
    assert_eq!(refused, Err(EventError::NewerSchema { event_type: "StockReceived", found: 99, known: 1 }));
}

#[test]
fn a_product_that_had_one_barcode_a_variant_has_a_list_of_them() {
    let variant = |sku: &str, barcode: Value| json!({ "sku": sku, "barcode": barcode });
    let variants = json!([variant("A", json!("5012345678900")), variant("B", Value::Null), { "sku": "C" }]);
    let spec = json!({ "title": "Mug", "variants": variants });
    let (product_id, status) = ("mug", "draft");
    for (event_type, payload) in [
        ("ProductCreated", json!({ "product_id": product_id, "status": status, "spec": spec })),
        ("ProductRevised", json!({ "product_id": product_id, "spec": spec })),
    ] {
        let event = Event::decode("product", event_type, 1, payload.to_string().as_bytes()).unwrap();
        let now: Value = serde_json::from_slice(&event.encode()).unwrap();
        let barcodes = |at: usize| now["spec"]["variants"][at].get("barcodes").cloned();
        assert_eq!((barcodes(0), barcodes(1), barcodes(2)), (Some(json!(["5012345678900"])), None, None));
        assert!(Event::decode("product", event_type, 2, payload.to_string().as_bytes()).is_err());
    }
}
