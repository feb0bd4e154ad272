//! Description of a handler, made from its type: each extractor describes the parameters and the body that it reads and
//! the problems that it answers with; the answer type describes status, headers and body. So the document (`openapi/`)
//! has nothing that the handler does not do. Texts, examples and business problems stand in the route.

use crate::{
    app::AppState,
    http::OF_BODIES,
    problem::{Problem, ProblemKind, kind},
    roles::NodeRole,
};
use axum::Json;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

/// A handler's parameters, body, answers and problems.
#[derive(Default)]
pub(crate) struct Description {
    /// In the order of the placeholders in the route's path.
    pub path: Vec<PathParameter>,
    pub parameters: Vec<Parameter>,
    pub body: Option<BodyDescription>,
    pub answers: Vec<AnswerDescription>,
    pub problems: Vec<&'static ProblemKind>,
    /// The role that a node needs for it; none: every node answers.
    pub needs: Option<NodeRole>,
    /// Whether `Idempotency-Key` makes a retry safe.
    pub is_keyed: bool,
    /// Whether it is refused when too many customers are served already.
    pub is_admitted: bool,
}

/// What a placeholder of a path stands for.
pub(crate) struct PathParameter {
    pub description: &'static str,
    pub schema: Value,
    pub example: Value,
}

/// A parameter of the query or a header.
pub(crate) struct Parameter {
    pub name: &'static str,
    /// `query` or `header`.
    pub place: &'static str,
    pub is_required: bool,
    pub description: &'static str,
    pub schema: Value,
    /// Null: none, because it would contradict another parameter or the state of things.
    pub example: Value,
    /// Of an object in the query: each of its members is sent as `name[member]=value`.
    pub is_deep_object: bool,
}

pub(crate) struct BodyDescription {
    pub is_required: bool,
    pub content: Content,
}

/// A body: its media type, what it looks like, and an example.
pub(crate) struct Content {
    pub media_type: &'static str,
    pub form: Form,
    pub example: Value,
}

/// What a body looks like.
pub(crate) enum Form {
    /// Text, or bytes.
    Text,
    /// As this type is written.
    Of(fn(&mut SchemaGenerator) -> Schema),
}

impl Form {
    pub(crate) fn of<T: JsonSchema>() -> Self {
        Self::Of(|generator| generator.subschema_for::<T>())
    }
}

/// One status that a handler answers with.
pub(crate) struct AnswerDescription {
    pub status: u16,
    pub text: &'static str,
    pub headers: Vec<HeaderDescription>,
    pub content: Vec<Content>,
}

/// A header of an answer.
#[derive(Clone, Copy)]
pub(crate) struct HeaderDescription {
    pub name: &'static str,
    pub description: &'static str,
    pub schema_type: &'static str,
}

/// Text and example of one answer, from the route.
pub(crate) struct AnswerDoc {
    pub text: &'static str,
    pub example: Value,
}

impl Description {
    /// Adds an answer with a JSON body of type `T`.
    pub(crate) fn answers<T: JsonSchema>(
        &mut self,
        status: u16,
        doc: &AnswerDoc,
        headers: &[HeaderDescription],
    ) {
        let content =
            Content { media_type: "application/json", form: Form::of::<T>(), example: doc.example.clone() };
        self.answers_with(status, doc.text, headers, vec![content]);
    }

    /// Adds an answer with these bodies to choose from; none: it has no body.
    pub(crate) fn answers_with(
        &mut self,
        status: u16,
        text: &'static str,
        headers: &[HeaderDescription],
        content: Vec<Content>,
    ) {
        self.answers.push(AnswerDescription { status, text, headers: headers.to_vec(), content });
    }

    /// Adds a JSON body that is read as `T`.
    pub(crate) fn takes<T: JsonSchema>(&mut self, is_required: bool, example: Value) {
        let content = Content { media_type: "application/json", form: Form::of::<T>(), example };
        self.body = Some(BodyDescription { is_required, content });
        self.problems.extend_from_slice(OF_BODIES);
    }

    pub(crate) fn needs(&mut self, role: NodeRole) {
        self.needs = Some(role);
        self.problems.push(&kind::ROLE_NOT_HERE);
    }

    /// The kinds of problems, each once, by status and name.
    pub(crate) fn sorted_problems(&self) -> Vec<&'static ProblemKind> {
        let mut all = self.problems.clone();
        all.sort_by_key(|kind| (kind.status, kind.name));
        all.dedup_by_key(|kind| kind.name);
        all
    }
}

impl Parameter {
    pub(crate) fn header(
        name: &'static str,
        description: &'static str,
        schema: Value,
        example: Value,
    ) -> Self {
        Self {
            name,
            place: "header",
            is_required: false,
            description,
            schema,
            example,
            is_deep_object: false,
        }
    }
}

/// Describes what an argument of a handler reads of a request, and what it refuses.
pub(crate) trait DescribeInput {
    fn describe(to: &mut Description);
}

/// Describes the answer that the value of a handler becomes.
pub(crate) trait DescribeAnswer {
    /// An [`AnswerDoc`] for each status whose text and example stand in the route.
    type Docs;

    fn describe(docs: &Self::Docs, to: &mut Description);
}

impl DescribeInput for AppState {
    fn describe(_: &mut Description) {}
}

impl<A: DescribeAnswer> DescribeAnswer for Result<A, Problem> {
    type Docs = A::Docs;

    fn describe(docs: &A::Docs, to: &mut Description) {
        A::describe(docs, to);
    }
}

impl<T: JsonSchema> DescribeAnswer for Json<T> {
    type Docs = AnswerDoc;

    fn describe(doc: &AnswerDoc, to: &mut Description) {
        to.answers::<T>(200, doc, &[]);
    }
}

/// A handler all of whose arguments and answers describe themselves. `T` is as in [`axum::handler::Handler`].
pub(crate) trait Described<T> {
    type Docs;

    fn describe(docs: &Self::Docs) -> Description;
}

macro_rules! described {
    ($($input:ident)*) => {
        impl<F, Fut, A, M, $($input,)*> Described<(M, $($input,)*)> for F
        where
            F: FnOnce($($input,)*) -> Fut,
            Fut: Future<Output = A>,
            A: DescribeAnswer,
            $($input: DescribeInput,)*
        {
            type Docs = A::Docs;

            fn describe(docs: &A::Docs) -> Description {
                let mut description = Description::default();
                $($input::describe(&mut description);)*
                A::describe(docs, &mut description);
                description
            }
        }
    };
}

described!();
described!(T1);
described!(T1 T2);
described!(T1 T2 T3);
described!(T1 T2 T3 T4);
described!(T1 T2 T3 T4 T5);

/// The schema of a text.
pub(crate) fn text() -> Value {
    json!({ "type": "string" })
}

/// The schema of a list of texts.
pub(crate) fn texts() -> Value {
    json!({ "type": "array", "items": { "type": "string" } })
}
