"""A whole purchase with the client that openapi-python-client makes of the API's document.

Usage: purchase.py ADDRESS, with the folder of the generated package `daybook_client` in PYTHONPATH.
"""

import json
import sys
import time

from daybook_client import Client
from daybook_client.api.carts import add_lines, checkout, create_cart, get_cart, set_contact
from daybook_client.api.catalog import get_product, put_product, search
from daybook_client.api.inventory import get_stock, receive_stock
from daybook_client.api.orders import (
    credit_order,
    deliver_order,
    find_orders,
    get_order,
    get_shipment,
    return_goods,
    ship_order,
)
from daybook_client.models import (
    Address,
    BulkLine,
    BulkOutcome,
    CartBody,
    CheckoutBody,
    ContactBody,
    CreditBody,
    CreditBodyKind,
    DeliverBody,
    InvalidBodyProblem,
    LineBody,
    Money,
    OutOfStockProblem,
    Personal,
    ProductBody,
    ProductBodyState,
    ReceiveBody,
    ReturnBody,
    ReturnLineBody,
    ReturnLineBodyCondition,
    ShipBody,
    Variant,
)

client = Client(base_url=sys.argv[1])


def done(response, status=200):
    """The parsed body of an answer with this status."""
    assert response.status_code == status, (response.status_code, response.content)
    assert response.parsed is not None, response.content
    return response.parsed


def price(minor):
    return Money(minor=minor, currency="GBP")


def buyer():
    address = Address(lines=["12 St James's Square"], city="London", country="GB", postal_code="SW1Y 4JH")
    return Personal(name="Ada Lovelace", email="ada@example.com", shipping_address=address)


mug = ProductBody(
    state=ProductBodyState.PUBLISHED,
    title="Enamel mug",
    category=["Home", "Kitchen"],
    variants=[Variant(sku="PY-MUG", prices=[price(1299)])],
)
made = done(put_product.sync_detailed("py-mug", client=client, body=mug, idempotency_key="py-product"), 201)
assert done(get_product.sync_detailed("py-mug", client=client, min_position=made.position)).title == "Enamel mug"
done(receive_stock.sync_detailed("PY-MUG", client=client, body=ReceiveBody(quantity=3)))

cart_body = CartBody(currency="GBP", country="GB", lines=[LineBody(sku="PY-MUG", quantity=1)])
cart = done(create_cart.sync_detailed(client=client, body=cart_body, idempotency_key="py-cart"), 201)
again = done(create_cart.sync_detailed(client=client, body=cart_body, idempotency_key="py-cart"), 201)
assert (again.id, again.repeated) == (cart.id, True), again
done(add_lines.sync_detailed(cart.id, client=client, body=LineBody(sku="PY-MUG", quantity=1)))
told = done(set_contact.sync_detailed(cart.id, client=client, body=ContactBody(contact=buyer(), country="GB")))
shown = done(get_cart.sync_detailed(cart.id, client=client, min_position=told.position))
assert shown.total.minor == 2598 and shown.contact.name == "Ada Lovelace", shown

pay = CheckoutBody(payment_token="tok_visa", reference="PY-1")
placed = done(checkout.sync_detailed(cart.id, client=client, body=pay, idempotency_key="py-pay"), 201)
assert placed.state == "confirmed" and placed.order.total.minor == 2598, placed

shipped = done(ship_order.sync_detailed(placed.id, client=client, body=ShipBody(carrier="Royal Mail")), 201)
parcel = done(get_shipment.sync_detailed(placed.id, shipped.shipment_id, client=client, min_position=shipped.position))
assert parcel.carrier == "Royal Mail" and parcel.lines[0].quantity == 2, parcel
done(deliver_order.sync_detailed(placed.id, client=client, body=DeliverBody()))
line = ReturnLineBody(line_id=1, quantity=1, condition=ReturnLineBodyCondition.SELLABLE)
done(return_goods.sync_detailed(placed.id, client=client, body=ReturnBody(lines=[line], reason="chipped")), 201)
goodwill = CreditBody(kind=CreditBodyKind.DISCOUNT, label="late delivery", amount=price(100))
for _ in range(200):
    # What is given back has to have been captured, which follows the shipment.
    credited = credit_order.sync_detailed(placed.id, client=client, body=goodwill)
    if credited.status_code != 409:
        break
    time.sleep(0.05)
last = done(credited, 201)
order = done(get_order.sync_detailed(placed.id, client=client, min_position=last.position))
assert order.state == "completed" and order.fulfilment == "partially_returned", order
assert done(find_orders.sync_detailed(client=client, reference="PY-1", min_position=last.position)).items[0].id == order.id

# Problems are parsed as what they are.
greedy = CartBody(currency="GBP", lines=[LineBody(sku="PY-MUG", quantity=9)])
greedy = done(create_cart.sync_detailed(client=client, body=greedy), 201)
refused = checkout.sync_detailed(greedy.id, client=client, body=CheckoutBody(payment_token="tok_visa")).parsed
assert isinstance(refused, OutOfStockProblem) and refused.requested == 9, refused
wrong = create_cart.sync_detailed(client=client, body=CartBody(currency="ZZZ")).parsed
assert isinstance(wrong, InvalidBodyProblem) and wrong.errors[0].pointer == "/currency", wrong

# Many commands at once. The generator makes no function of JSON Lines, but it makes models of a line and of an outcome.
received = ReceiveBody(quantity=2).to_dict()
lines = [
    BulkLine(path="/inventory/PY-MUG/receive", idempotency_key="py-bulk-1", body=received),
    BulkLine(path="/inventory/PY-MUG/receive", idempotency_key="py-bulk-1", body=received),
    BulkLine(path="/inventory/PY-MUG/receive", body={"quantity": 0}),
]
before = done(get_stock.sync_detailed("PY-MUG", client=client)).on_hand
answer = client.get_httpx_client().post(
    "/commands",
    content="\n".join(json.dumps(line.to_dict()) for line in lines),
    headers={"content-type": "application/jsonl"},
)
assert answer.status_code == 200, answer.content
outcomes = [BulkOutcome.from_dict(json.loads(line)) for line in answer.text.splitlines()]
assert [(outcome.line, outcome.status) for outcome in outcomes] == [(1, 200), (2, 200), (3, 422)], answer.text
assert outcomes[1].body["repeated"], answer.text
position = outcomes[0].body["position"]
assert done(get_stock.sync_detailed("PY-MUG", client=client, min_position=position)).on_hand == before + 2
done(search.sync_detailed(client=client, q="enamel"))
print("a whole purchase")
