//! Search and suggestions. A search costs processor time, so it runs beside the threads that serve connections, and only
//! as many at a time as there are cores; an answer at hand is given at once.

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::{App, AppState},
    describe::{AnswerDoc, Description, Parameter, text, texts},
    http::{Freshness, Limit, Params, Query, QueryParams, RawJson, invalid, paging_parameters, query_params},
    problem::{Problem, kind},
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::{extract::State, http::Method};
use daybook_event_log::Position;
use daybook_search::{
    Availability, CountMode, MAX_LIMIT, MAX_QUERY_CHARS, SearchError, SearchIndex, SearchPage, SearchRequest,
    Sort, Suggestion,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

const TAG: &str = "catalog";
/// Characters of a half-typed search that are looked at.
const MOST_TYPED: usize = 256;

/// What a half-typed word may become, the likeliest first.
#[derive(Serialize, JsonSchema)]
struct Suggestions {
    suggestions: Vec<Suggestion>,
}

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::GET,
            path: "/search",
            handler: search,
            version: V1,
            access: Access::PUBLIC,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "search",
                tag: TAG,
                summary: "Find products by words, filters and facets",
                text: "Words are stemmed; hyphens, gaps within a word and accents make no difference; a barcode is found in each of its lengths. A word that nothing is called is taken for similar ones, unless it has a digit in it. By relevance, products with most or any of the words follow where few have all. A product is found if one of its variants fulfils all filters; a hit names those that do. An order by price goes by the lowest price of these. A facet that is filtered by counts what one would find without that filter.",
                problems: &[],
                answers: AnswerDoc { text: "A page of products.", example: page_example() },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/suggest",
            handler: suggest,
            version: V1,
            access: Access::PUBLIC,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "suggest",
                tag: TAG,
                summary: "What a half-typed search may become",
                text: "",
                problems: &[],
                answers: AnswerDoc { text: "Suggestions, the likeliest first.", example: json!({ "suggestions": [{ "text": "enamel mug", "kind": "words", "count": 1 }] }) },
            },
        })
}

fn page_example() -> Value {
    let hit = json!({ "id": "mug", "title": "Enamel mug", "brand": "Falcon", "category": ["Home", "Kitchen", "Mugs"],
        "skus": ["MUG-RED"], "prices": [{ "minor": 1299, "currency": "GBP" }], "in_stock": true, "availability": "in_stock" });
    json!({ "total": { "value": 1, "exact": true }, "matched": { "all_words": true }, "hits": [hit] })
}

/// What is searched for. The request's own reader takes the parameters; a test holds the list against it.
struct SearchParams(SearchRequest);

/// Name, description, schema and example of each parameter of a search, beside those of its pages.
fn search_parameters() -> Vec<(&'static str, &'static str, Value, Value)> {
    let by_key = || json!({ "type": "object", "additionalProperties": { "type": "string" } });
    vec![
        (
            "q",
            "Words, in any order.",
            json!({ "type": "string", "maxLength": MAX_QUERY_CHARS }),
            json!("red mug"),
        ),
        ("category", "Only in this category and below.", text(), json!("Home/Kitchen")),
        ("brand", "Only this brand; may be repeated.", texts(), json!(["Falcon"])),
        (
            "attr",
            "Only with these attribute values, for example `attr[colour]=red`; repeated for one key, any of its values.",
            by_key(),
            json!({ "colour": "red" }),
        ),
        (
            "range",
            "Only with these attributes between two numbers, `MIN..MAX`, `MIN..` or `..MAX`, for example `range[volume_ml]=200..400`.",
            by_key(),
            json!({ "volume_ml": "200..400" }),
        ),
        (
            "price",
            "Only with a price between two amounts in minor units, `MIN..MAX`; needs `currency`.",
            text(),
            json!("500..2000"),
        ),
        ("currency", "The currency of prices.", text(), json!("GBP")),
        (
            "in_stock",
            "Only with a variant that is (not) in stock.",
            json!({ "type": "boolean" }),
            json!(true),
        ),
        (
            "availability",
            "Only with a variant of this availability; may be repeated.",
            json!({ "type": "array", "items": { "type": "string", "enum": Availability::ALL.map(Availability::name) } }),
            json!(["in_stock", "backorderable"]),
        ),
        (
            "sort",
            "In which order.",
            json!({ "type": "string", "enum": Sort::ALL.map(Sort::name), "default": Sort::default().name() }),
            json!("price_asc"),
        ),
        (
            "count",
            "`exact` counts every product found.",
            json!({ "type": "string", "enum": CountMode::ALL.map(CountMode::name), "default": CountMode::default().name() }),
            json!("exact"),
        ),
        ("facets", "Whether to count facets.", json!({ "type": "boolean", "default": true }), json!(false)),
    ]
}

impl QueryParams for SearchParams {
    fn describe(to: &mut Description) {
        let own = search_parameters().into_iter();
        to.parameters.extend(own.map(|(name, description, schema, example)| Parameter {
            name,
            place: "query",
            is_required: false,
            description,
            is_deep_object: schema["type"] == "object",
            schema,
            example,
        }));
        to.parameters.extend(paging_parameters(MAX_LIMIT as usize));
    }

    fn take(params: &mut Params) -> Result<Self, Problem> {
        let pairs = params.take_rest();
        let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Ok(Self(SearchRequest::from_parameters(pairs)?))
    }
}

/// Freshness stands last in the document, and has to be taken first: a search takes all that is left.
struct FreshSearch {
    request: SearchRequest,
    fresh: Freshness,
}

impl QueryParams for FreshSearch {
    fn describe(to: &mut Description) {
        SearchParams::describe(to);
        Freshness::describe(to);
    }

    fn take(params: &mut Params) -> Result<Self, Problem> {
        let fresh = Freshness::take(params)?;
        let SearchParams(request) = SearchParams::take(params)?;
        Ok(Self { request, fresh })
    }
}

query_params! {
    /// What was typed so far.
    struct Typed {
        q: Option<String> = "q", "What was typed so far.",
            json!({ "type": "string", "maxLength": MOST_TYPED }), json!("enam");
        limit: Limit<8, 20> = "limit", "How many at most.",
            json!({ "type": "integer", "minimum": 1, "maximum": 20, "default": 8 }), json!(5);
    }
}

async fn search(
    State(app): AppState,
    Query(FreshSearch { request, fresh }): Query<FreshSearch>,
) -> Result<RawJson<SearchPage>, Problem> {
    let index = index(&app, fresh).await?;
    if let Some(answer) = index.cached(&request) {
        return Ok(RawJson::new(answer.body, answer.position.get()));
    }
    let answer = beside(&app, move || index.search(&request)).await??;
    Ok(RawJson::new(answer.body, answer.position.get()))
}

async fn suggest(
    State(app): AppState,
    Query((Typed { q, limit }, fresh)): Query<(Typed, Freshness)>,
) -> Result<RawJson<Suggestions>, Problem> {
    let typed = q.unwrap_or_default();
    if typed.chars().count() > MOST_TYPED {
        return Err(invalid("q", format!("q may have {MOST_TYPED} characters")));
    }
    let index = index(&app, fresh).await?;
    let position = index.position().get();
    let suggestions = beside(&app, move || index.suggest(&typed, limit.0)).await??;
    Ok(RawJson::new(json!({ "suggestions": &*suggestions }).to_string(), position))
}

/// The index, as fresh as wanted.
async fn index(app: &App, wanted: Freshness) -> Result<Arc<SearchIndex>, Problem> {
    let index = app.search.current().ok_or_else(|| {
        Problem::new(&kind::UNAVAILABLE, "the search index is being filled for the first time").retry_after(2)
    })?;
    let position = Position::new(wanted.min_position);
    if index.position() >= position {
        return Ok(index);
    }
    app.check_wanted(wanted)?;
    match app.waits.wait(wanted.wait, index.wait_for(position)).await {
        Ok(()) => Ok(index),
        Err(end) => Err(end.problem(|| {
            let at = index.position().get();
            let detail = "the search index has not reached that position yet";
            Problem::new(&kind::NOT_REACHED, detail).with("position", at).retry_after(1)
        })),
    }
}

async fn beside<T: Send + 'static>(
    app: &App,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let stopped = || Problem::new(&kind::UNAVAILABLE, "the server is shutting down").retry_after(5);
    let permit = app.searches.clone().acquire_owned().await.map_err(|_| stopped())?;
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    done.await.map_err(|error| {
        tracing::error!(%error, "a search broke off");
        Problem::new(&kind::INTERNAL, "the search broke off")
    })
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        if error.is_askers_fault() {
            return Self::new(&kind::INVALID_PARAMETER, error.to_string());
        }
        tracing::error!(%error, "the search index cannot be read");
        Self::new(&kind::UNAVAILABLE, "the search index cannot be read").retry_after(5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_in_the_document_are_those_that_a_search_takes() {
        let mut all: Vec<(String, String)> = Vec::new();
        for (name, _, _, example) in search_parameters() {
            match example {
                Value::String(text) => all.push((name.to_owned(), text)),
                Value::Array(list) => all.push((name.to_owned(), list[0].as_str().unwrap().to_owned())),
                Value::Object(members) => all.extend(
                    members
                        .iter()
                        .map(|(key, value)| (format!("{name}[{key}]"), value.as_str().unwrap().to_owned())),
                ),
                other => all.push((name.to_owned(), other.to_string())),
            }
        }
        let read = |pairs: &[(String, String)]| {
            SearchRequest::from_parameters(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        };
        read(&all).unwrap();
        read(&[("limit".to_owned(), "20".to_owned())]).unwrap();
        read(&[("colour".to_owned(), "red".to_owned())]).unwrap_err();
    }
}
