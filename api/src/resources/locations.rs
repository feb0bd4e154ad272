//! Locations: where stock is kept. One, all of them, and to open, change and close one. What people write about stock names
//! an open location (`open_locations.rs`).

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::{App, AppState},
    describe::AnswerDoc,
    http::{
        CommandBody, CommandInput, EmptyBody, Freshness, Id, IfNoneMatch, Listing, Nothing, Paging,
        PutReceipt, Query, RawJson, Receipt, ViewAnswer, ViewQuery, listing, show_row,
    },
    problem::{Problem, kind},
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::{extract::State, http::Method};
use daybook_domain::{
    Command, CountryCode, Event, LocationId,
    access::Scope,
    location::{
        CloseLocation, Location, LocationCommand, LocationDetails, LocationEvent, LocationKind, PutLocation,
    },
};
use daybook_engine::{Outcome, Priority};
use daybook_views::{Target, location::LocationView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const TAG: &str = "inventory";
const READ: Access = Access::scope(Scope::InventoryRead);
const WRITE: Access = Access::scope(Scope::InventoryWrite);

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::GET,
            path: "/locations",
            handler: list,
            version: V1,
            access: READ,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "listLocations",
                tag: TAG,
                summary: "All locations, open and closed",
                text: "In the order of their ids. `main` comes with the shop.",
                problems: &[],
                answers: AnswerDoc { text: "A page of locations.", example: json!({ "items": [example()] }) },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/locations/{id}",
            handler: show,
            version: V1,
            access: READ,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "getLocation",
                tag: TAG,
                summary: "A location, whatever its state",
                text: "",
                problems: &[],
                answers: AnswerDoc { text: "The location.", example: example() },
            },
        })
        .add(Route {
            method: Method::PUT,
            path: "/locations/{id}",
            handler: put,
            version: V1,
            access: WRITE,
            owner: Owner::Shop,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "putLocation",
                tag: TAG,
                summary: "Open a location, or change what is said about it",
                text: "Stock is received at open locations only. A closed one is opened again. Saying it again changes nothing.",
                problems: &[],
                answers: answers(),
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/locations/{id}/close",
            handler: close,
            version: V1,
            access: WRITE,
            owner: Owner::Shop,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "closeLocation",
                tag: TAG,
                summary: "Receive nothing there any more",
                text: "What is there can still be sold, counted, adjusted downwards, and transferred to other locations.",
                problems: &[&kind::NOT_FOUND],
                answers: done("Done and durable."),
            },
        })
}

fn done(text: &'static str) -> AnswerDoc {
    AnswerDoc { text, example: json!({ "id": "shop-bath", "position": 4711, "version": 2 }) }
}

/// Of a location that was there, and of one that was not.
fn answers() -> [AnswerDoc; 2] {
    ["It was there, and is now open and what the body says.", "It was not there, and is now open."].map(done)
}

fn example() -> Value {
    json!({ "id": "shop-bath", "state": "open", "name": "The shop in Bath", "kind": "store", "country": "GB",
        "updated_at": "2026-11-22T10:00:00Z", "version": 1, "position": 4700 })
}

/// What a shop says about a location. What is left out is empty afterwards.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocationBody {
    pub name: String,
    #[serde(default = "warehouse")]
    pub kind: LocationKind,
    #[serde(default)]
    pub country: Option<CountryCode>,
}

const fn warehouse() -> LocationKind {
    LocationKind::Warehouse
}

impl CommandBody for LocationBody {
    fn example() -> Value {
        json!({ "name": "The shop in Bath", "kind": "store", "country": "GB" })
    }
}

async fn list(
    State(app): AppState,
    Query((paging, fresh)): Query<(Paging<50, 500>, Freshness)>,
) -> Result<RawJson<Listing<LocationView>>, Problem> {
    app.wait_until(fresh).await?;
    let position = app.waiters.position();
    let found = app.reads.locations().all(paging.cursor.as_ref(), paging.limit).await?;
    Ok(listing(&found, position, &paging))
}

async fn show(
    State(app): AppState,
    Id(id): Id<LocationId>,
    held: IfNoneMatch,
    query: ViewQuery,
) -> Result<ViewAnswer<LocationView>, Problem> {
    let (locations, target) = (app.reads.locations(), Target::Locations(id.clone()));
    show_row(&app, query, &held, &target, locations.by_id(&id)).await
}

async fn put(
    State(app): AppState,
    Id(id): Id<LocationId>,
    input: CommandInput<LocationBody>,
) -> Result<PutReceipt<Nothing>, Problem> {
    let LocationBody { name, kind, country } = &input.body;
    let details = LocationDetails { name: name.clone(), kind: *kind, country: *country };
    let command = LocationCommand::PutLocation(PutLocation { location_id: id.clone(), details });
    let outcome = execute(&app, id.clone(), &input, command).await?;
    // The first event of its stream; `main` was there before.
    let opened = |event: &Event| matches!(event, Event::Location(LocationEvent::LocationOpened(_)));
    let is_new = outcome.version.get() == 1 && outcome.events.iter().any(opened) && id != Location::main_id();
    let created_at = is_new.then(|| format!("/locations/{id}"));
    Ok(PutReceipt { receipt: Receipt::of(&outcome), created_at })
}

async fn close(
    State(app): AppState,
    Id(id): Id<LocationId>,
    input: CommandInput<EmptyBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let command = LocationCommand::CloseLocation(CloseLocation { location_id: id.clone() });
    execute(&app, id, &input, command).await.map(|outcome| Receipt::of(&outcome))
}

async fn execute<T>(
    app: &App,
    id: LocationId,
    input: &CommandInput<T>,
    command: LocationCommand,
) -> Result<Outcome, Problem> {
    app.execute(input, Command::Location(id, command), Priority::Normal).await
}
