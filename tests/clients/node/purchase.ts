// A whole purchase with the types that openapi-typescript makes of the API's document, under `strict`.
//
// Usage: node purchase.js ADDRESS

import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const address = process.argv[2];
if (address === undefined) throw new Error("usage: purchase.js ADDRESS");
const { GET, POST, PUT } = createClient<paths>({ baseUrl: address });

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The body of an answer with this status. */
function done<T>({ data, error, response }: Answer<T>, status = 200): T {
  if (response.status !== status || data === undefined) {
    throw new Error(`${response.url}: ${response.status} ${JSON.stringify(error ?? data)}`);
  }
  return data;
}

function expect(holds: boolean, what: unknown): asserts holds {
  if (!holds) throw new Error(JSON.stringify(what));
}

const key = (name: string) => ({ header: { "Idempotency-Key": `ts-${name}` } });

// Members that may be left out are left out, without a cast: the types know that they are optional.
const mug: components["schemas"]["ProductBody"] = {
  state: "published",
  title: "Enamel mug",
  attributes: { colour: "red", volume_ml: 300 },
  variants: [{ sku: "TS-MUG", prices: [{ minor: 1299, currency: "GBP" }] }],
};
const product = done(
  await PUT("/products/{id}", { params: { path: { id: "ts-mug" }, ...key("product") }, body: mug }),
  201,
);
const sku = "TS-MUG";
done(await POST("/inventory/{sku}/receive", { params: { path: { sku } }, body: { quantity: 3 } }));

const cart = done(
  await POST("/carts", { params: key("cart"), body: { currency: "GBP", lines: [{ sku, quantity: 1 }] } }),
  201,
);
const id = cart.id;
done(await POST("/carts/{id}/lines", { params: { path: { id } }, body: [{ sku, quantity: 1 }] }));
const contact = { name: "Ada Lovelace", email: "ada@example.com" };
const told = done(await PUT("/carts/{id}/contact", { params: { path: { id } }, body: { contact } }));
const shown = done(
  await GET("/carts/{id}", { params: { path: { id }, query: { min_position: told.position } } }),
);
expect(shown.total.minor === 2598 && shown.lines[0]?.quantity === 2 && shown.contact.name === contact.name, shown);

const placed = done(
  await POST("/carts/{id}/checkout", {
    params: { path: { id }, ...key("pay") },
    body: { payment_token: "tok_visa", reference: "TS-1" },
  }),
  201,
);
// The order is no `any`: its members have types.
const total: number | undefined = placed.order?.total.minor;
expect(placed.state === "confirmed" && total === 2598, placed);

const order = { path: { id: placed.id } };
const shipped = done(await POST("/orders/{id}/ship", { params: order, body: {} }), 201);
const parcel = done(
  await GET("/orders/{id}/shipments/{shipment_id}", {
    params: { path: { id: placed.id, shipment_id: shipped.shipment_id }, query: { min_position: shipped.position } },
  }),
);
expect(parcel.id === shipped.shipment_id, parcel);
// A body that is optional may be left out.
const delivered = done(await POST("/orders/{id}/deliver", { params: order }));
const view = done(
  await GET("/orders/{id}", { params: { ...order, query: { min_position: delivered.position } } }),
);
expect(view.state === "completed" && view.fulfilment === "delivered", view);

// Deep objects are served as the standard style sends them.
const query = { attr: { colour: "red" }, range: { volume_ml: "200..400" }, min_position: product.position };
const found = done(await GET("/search", { params: { query: { ...query, wait_ms: 10000 } } }));
expect(found.hits.some((hit) => hit.id === "ts-mug"), found);

// Problems are told apart by their type.
const wrong = await POST("/carts", { body: { currency: "ZZZ" } });
const problem = wrong.error;
expect(problem !== undefined && "errors" in problem && problem.type === "/problems/invalid-body", problem);
const errors = problem.errors as components["schemas"]["InvalidBodyProblem"]["errors"];
expect(errors[0]?.pointer === "/currency", problem);

console.log("a whole purchase");
