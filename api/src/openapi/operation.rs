//! How one route is described: what it is for, what it takes, what it answers.

use crate::problem::{Kind, kind};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

/// What kind of route it is; that decides which headers and problems it has beside its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Command,
    Query,
    /// Neither: health, metrics, feeds.
    Other,
}

/// A body: its media type, the type behind it, and an example.
pub(crate) struct Content {
    pub media_type: &'static str,
    pub schema: Form,
    pub example: Value,
}

/// What a body looks like.
pub(crate) enum Form {
    /// Text, or bytes.
    Text,
    /// As this type is written.
    Of(fn(&mut SchemaGenerator) -> Schema),
    /// As said here, where no type says it.
    Said(Value),
}

pub(crate) struct Param {
    pub name: &'static str,
    /// `path`, `query` or `header`.
    pub place: &'static str,
    pub required: bool,
    pub description: &'static str,
    pub schema: Value,
    pub example: Value,
}

pub(crate) struct Answer {
    pub status: u16,
    pub description: &'static str,
    pub content: Vec<Content>,
    pub etag: bool,
    pub location: bool,
}

/// A route's description.
pub(crate) struct Operation {
    pub id: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    pub description: &'static str,
    pub role: Role,
    pub params: Vec<Param>,
    pub body: Option<Content>,
    pub body_required: bool,
    pub answers: Vec<Answer>,
    pub problems: Vec<&'static Kind>,
    /// For analysts and auditors: until there are roles, answered to the loopback interface only.
    pub inside_only: bool,
}

/// What can be wrong with a body and the headers beside it.
const OF_BODIES: &[&Kind] = &[
    &kind::MALFORMED_JSON,
    &kind::INVALID_PARAMETER,
    &kind::INVALID_HEADER,
    &kind::REQUEST_TIMEOUT,
    &kind::BODY_TOO_LARGE,
    &kind::UNSUPPORTED_MEDIA_TYPE,
    &kind::INVALID_BODY,
];

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Operation {
    fn new(role: Role, tag: &'static str, id: &'static str, summary: &'static str) -> Self {
        let (params, answers, problems) = (Vec::new(), Vec::new(), Vec::new());
        let (description, body, body_required) = ("", None, false);
        let inside_only = false;
        Self {
            id,
            tag,
            summary,
            description,
            role,
            params,
            body,
            body_required,
            answers,
            problems,
            inside_only,
        }
    }

    pub(crate) fn command(tag: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Role::Command, tag, id, summary)
    }

    pub(crate) fn query(tag: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Role::Query, tag, id, summary)
    }

    pub(crate) fn other(tag: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Role::Other, tag, id, summary)
    }

    pub(crate) fn says(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// A body that must be there.
    pub(crate) fn body<T: JsonSchema>(mut self, example: Value) -> Self {
        self.body =
            Some(Content { media_type: "application/json", schema: Form::Of(schema_of::<T>), example });
        self.body_required = true;
        self
    }

    /// A body that may be left out.
    pub(crate) fn optional_body<T: JsonSchema>(self, example: Value) -> Self {
        let mut operation = self.body::<T>(example);
        operation.body_required = false;
        operation
    }

    pub(crate) fn body_as(mut self, media_type: &'static str) -> Self {
        if let Some(body) = &mut self.body {
            body.media_type = media_type;
        }
        self
    }

    pub(crate) fn answers<T: JsonSchema>(
        mut self,
        status: u16,
        description: &'static str,
        example: Value,
    ) -> Self {
        let content =
            vec![Content { media_type: "application/json", schema: Form::Of(schema_of::<T>), example }];
        self.answers.push(Answer { status, description, content, etag: false, location: false });
        self
    }

    /// An answer whose body no type describes.
    pub(crate) fn answers_as(
        mut self,
        status: u16,
        description: &'static str,
        forms: &[(&'static str, &str)],
    ) -> Self {
        let content = forms
            .iter()
            .map(|(media_type, example)| Content { media_type, schema: Form::Text, example: json!(example) })
            .collect();
        self.answers.push(Answer { status, description, content, etag: false, location: false });
        self
    }

    /// A JSON answer that no type describes.
    pub(crate) fn answers_json(
        mut self,
        status: u16,
        description: &'static str,
        schema: Value,
        example: Value,
    ) -> Self {
        let content = vec![Content { media_type: "application/json", schema: Form::Said(schema), example }];
        self.answers.push(Answer { status, description, content, etag: false, location: false });
        self
    }

    /// Changes the media type of the answer described last.
    pub(crate) fn answered_as(mut self, media_type: &'static str) -> Self {
        if let Some(content) = self.answers.last_mut().and_then(|answer| answer.content.first_mut()) {
            content.media_type = media_type;
        }
        self
    }

    /// The answer described last has an `ETag`.
    pub(crate) fn etag(mut self) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.etag = true;
        }
        self
    }

    /// The answer described last has a `Location`.
    pub(crate) fn location(mut self) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.location = true;
        }
        self
    }

    pub(crate) fn param(
        mut self,
        place: &'static str,
        name: &'static str,
        description: &'static str,
        schema: Value,
        example: Value,
    ) -> Self {
        self.params.push(Param { name, place, required: false, description, schema, example });
        self
    }

    /// The parameter described last must be there.
    pub(crate) fn required(mut self) -> Self {
        if let Some(param) = self.params.last_mut() {
            param.required = true;
        }
        self
    }

    pub(crate) fn problems(mut self, problems: &[&'static Kind]) -> Self {
        self.problems.extend_from_slice(problems);
        self
    }

    /// The read can be answered 304.
    pub(crate) fn conditional(self) -> Self {
        self.etag().param(
            "header",
            "If-None-Match",
            "Entity tags that the client holds; 304 if one of them is current.",
            json!({"type": "string"}),
            json!("\"v7\""),
        )
    }

    /// The whole record or a proof about it.
    pub(crate) fn inside_only(mut self) -> Self {
        self.inside_only = true;
        self.problems(&[&kind::LOOPBACK_ONLY])
    }

    /// The read can be asked for the past.
    pub(crate) fn at_any_time(self) -> Self {
        self.param(
            "query",
            "as_of",
            "The past instead of now, in the same form: after the event at this position, or after the last event that was written down at or before this RFC 3339 time. Read straight from the log, so nothing is waited for.",
            json!({"oneOf": [{"type": "integer", "minimum": 1}, {"type": "string", "format": "date-time"}]}),
            json!("2026-11-22T10:00:00Z"),
        )
        .param(
            "query",
            "as_of_occurred",
            "The past instead of now: what had happened in the world by this RFC 3339 time, whenever it was written down. Differs from `as_of` where events were imported or told later.",
            json!({"type": "string", "format": "date-time"}),
            json!("2026-11-22T10:00:00Z"),
        )
    }

    /// A list in pages.
    pub(crate) fn paged(self, most: usize) -> Self {
        self.param(
            "query",
            "limit",
            "How many at most.",
            json!({"type": "integer", "minimum": 1, "maximum": most}),
            json!(20),
        )
        .param(
            "query",
            "cursor",
            "The `next` of the page before.",
            json!({"type": "string"}),
            json!("b2Zmc2V0"),
        )
    }

    /// The kinds of problems it can answer with, its role's included.
    pub(crate) fn all_problems(&self) -> Vec<&'static Kind> {
        let mut all = self.problems.clone();
        let by_role: &[&'static Kind] = match self.role {
            Role::Command => &[
                &kind::VERSION_MISMATCH,
                &kind::INVALID_COMMAND,
                &kind::IDEMPOTENCY_KEY_REUSED,
                &kind::OVERLOADED,
                &kind::UNAVAILABLE,
                &kind::OUTCOME_UNKNOWN,
                &kind::ROLE_NOT_HERE,
                &kind::DEADLINE_PASSED,
                &kind::LOG_FULL,
            ],
            Role::Query => {
                &[&kind::INVALID_PARAMETER, &kind::UNAVAILABLE, &kind::NOT_REACHED, &kind::ROLE_NOT_HERE]
            }
            Role::Other => &[],
        };
        all.extend_from_slice(by_role);
        if self.body.as_ref().is_some_and(|body| body.media_type == "application/json") {
            all.extend_from_slice(OF_BODIES);
        }
        // From the edge that every route has.
        all.extend_from_slice(&[&kind::INTERNAL, &kind::TOO_SLOW]);
        all.sort_by_key(|kind| (kind.status, kind.name));
        all.dedup_by_key(|kind| kind.name);
        all
    }
}
