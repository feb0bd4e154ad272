//! About the interface itself: its document, and what each kind of problem means.

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::AppState,
    describe::{AnswerDoc, DescribeAnswer, DescribeInput, Description, PathParameter},
    http::{BODY_ETAG, Id, IfNoneMatch, PathId},
    problem::{ALL, Problem, find, kind},
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{HeaderMap, Method, request::Parts},
    response::{IntoResponse, Response},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::json;
use std::{borrow::Cow, convert::Infallible, str::FromStr};

const TAG: &str = "operation";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::GET,
            path: "/openapi.json",
            handler: document,
            version: V1,
            access: Access::PUBLIC,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "openapi",
                tag: TAG,
                summary: "This document",
                text: "",
                problems: &[],
                answers: AnswerDoc { text: "OpenAPI 3.1.", example: json!({ "openapi": "3.1.0", "info": { "title": "Daybook", "version": "1" }, "paths": {} }) },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/problems/{name}",
            handler: explain,
            version: V1,
            access: Access::PUBLIC,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "explainProblem",
                tag: TAG,
                summary: "What a problem's `type` means",
                text: "",
                problems: &[&kind::NOT_FOUND],
                answers: AnswerDoc {
                    text: "The kind of problem.",
                    example: json!({ "type": "/problems/out-of-stock", "status": 409, "title": "There is not enough stock",
                        "explanation": "`available` says how much can be had." }),
                },
            },
        })
}

/// The document, or that the client has it already.
struct Document(Response);

impl IntoResponse for Document {
    fn into_response(self) -> Response {
        self.0
    }
}

/// Extractor: the headers that the form of the answer depends on.
struct DocumentHeaders(HeaderMap);

impl<S: Sync> FromRequestParts<S> for DocumentHeaders {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.clone()))
    }
}

impl DescribeInput for DocumentHeaders {
    fn describe(_: &mut Description) {}
}

impl DescribeAnswer for Document {
    type Docs = AnswerDoc;

    fn describe(doc: &AnswerDoc, to: &mut Description) {
        to.answers::<Self>(200, doc, &[BODY_ETAG]);
        to.answers_with(304, "The client has this document already.", &[BODY_ETAG], Vec::new());
    }
}

impl JsonSchema for Document {
    fn schema_name() -> Cow<'static, str> {
        "Document".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let object = json!({ "type": "object" });
        json_schema!({ "type": "object", "required": ["openapi", "info", "paths"],
            "properties": { "openapi": { "type": "string" }, "info": object, "paths": object } })
    }
}

/// What a kind of problem means.
#[derive(Serialize)]
struct Explanation {
    #[serde(rename = "type")]
    problem_type: String,
    status: u16,
    title: &'static str,
    explanation: &'static str,
}

impl JsonSchema for Explanation {
    fn schema_name() -> Cow<'static, str> {
        "Explanation".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let text = json!({ "type": "string" });
        json_schema!({
            "type": "object",
            "required": ["type", "status", "title", "explanation"],
            "properties": { "type": text, "status": { "type": "integer" }, "title": text, "explanation": text },
        })
    }
}

/// The last part of a problem's `type`.
struct ProblemName(String);

impl FromStr for ProblemName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl PathId for ProblemName {
    fn describe() -> PathParameter {
        let names: Vec<_> = ALL.iter().map(|kind| kind.name).collect();
        PathParameter {
            description: "The last part of a problem's `type`.",
            schema: json!({ "type": "string", "enum": names }),
            example: json!("out-of-stock"),
        }
    }
}

async fn document(
    State(app): AppState,
    held: IfNoneMatch,
    DocumentHeaders(headers): DocumentHeaders,
) -> Document {
    Document(app.openapi.answer(&headers, &held))
}

async fn explain(Id(ProblemName(name)): Id<ProblemName>) -> Result<Json<Explanation>, Problem> {
    let kind = find(&name)
        .ok_or_else(|| Problem::new(&kind::NOT_FOUND, format!("no problem is called {name:?}")))?;
    Ok(Json(Explanation {
        problem_type: format!("/problems/{}", kind.name),
        status: kind.status,
        title: kind.title,
        explanation: kind.explanation,
    }))
}
