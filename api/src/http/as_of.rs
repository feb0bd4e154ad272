//! `as_of` and `as_of_occurred`: a resource as it was, in the form it has today, read straight from the log.
//!
//! The replay is `daybook_views::AsOf`'s; here the point is read from the query, and what cannot be shown
//! becomes a problem. Live reads do not come this way.

use super::{
    Freshness, IfNoneMatch, Params, QueryParams, ViewAnswer,
    params::{invalid, query_params},
};
use crate::{
    app::App,
    describe::Description,
    problem::{Problem, kind},
};
use daybook_domain::Timestamp;
use daybook_engine::{Clock, SystemClock};
use daybook_event_log::{EventLog, Point, PointError};
use daybook_projections::ReplayError;
use daybook_views::{AsOf, Rendered, Target};
use serde_json::{Value, json};

const AS_OF: &str = "as_of";
const AS_OF_OCCURRED: &str = "as_of_occurred";

query_params! {
    struct PointParams {
        recorded: Option<String> = "as_of",
            "The past instead of now, in the same form: after the event at this position, or after the last event that was written down at or before this RFC 3339 time. Read straight from the log, so nothing is waited for.",
            json!({ "oneOf": [{ "type": "integer", "minimum": 1 }, { "type": "string", "format": "date-time" }] }),
            Value::Null;
        occurred: Option<String> = "as_of_occurred",
            "The past instead of now: what had happened in the world by this RFC 3339 time, whenever it was written down. Differs from `as_of` where events were imported or told later.",
            json!({ "type": "string", "format": "date-time" }), Value::Null;
    }
}

/// The point in the past that is asked for; none: the present.
pub(crate) struct AsOfParams(pub Option<PointInTime>);

/// A point in the past, as a request names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PointInTime {
    Position(u64),
    Recorded(Timestamp),
    Occurred(Timestamp),
}

impl QueryParams for AsOfParams {
    fn describe(to: &mut Description) {
        PointParams::describe(to);
    }

    fn take(params: &mut Params) -> Result<Self, Problem> {
        let PointParams { recorded, occurred } = PointParams::take(params)?;
        match (recorded, occurred) {
            (None, None) => Ok(Self(None)),
            (Some(text), None) => read(&text).map(|point| Self(Some(point))),
            (None, Some(text)) => Ok(Self(Some(PointInTime::Occurred(time(AS_OF_OCCURRED, &text)?)))),
            (Some(_), Some(_)) => {
                Err(invalid(AS_OF, "name as_of or as_of_occurred, not both: they are different pasts"))
            }
        }
    }
}

impl PointInTime {
    /// The target as it was.
    pub(crate) async fn show<V>(
        self,
        app: &App,
        wanted: Freshness,
        held: &IfNoneMatch,
        target: &Target,
    ) -> Result<ViewAnswer<V>, Problem> {
        if wanted.min_position > 0 {
            return Err(invalid("min_position", "the past does not get fresher: leave min_position out"));
        }
        let (log, target) = (app.engine.log().clone(), target.clone());
        let shown = async move { self.shown(&*log, &target).await };
        let (shown, position) = app.readers.run(shown).await??;
        let position = position.unwrap_or_else(|| app.head());
        Ok(ViewAnswer::new(shown.json, shown.version, position, held))
    }

    /// The target as it was, and the last position that this is about, where it is one.
    async fn shown(self, log: &dyn EventLog, target: &Target) -> Result<(Rendered, Option<u64>), Problem> {
        let point = self.point(log).await?;
        match AsOf::new(log, point).show(target).await? {
            Some(shown) => Ok((shown, point.last_position())),
            None => Err(self.not_then(target, log).await?),
        }
    }

    async fn point(self, log: &dyn EventLog) -> Result<Point, Problem> {
        match self {
            Self::Position(position) => Point::at(log, position).await.map_err(|error| match error {
                // Without numbers: a stranger knows positions by other ones, see `transport/positions.rs`.
                PointError::NoSuchPosition { head, .. } => {
                    let detail = "there is no event at that position; `head` is the last that has one";
                    invalid(AS_OF, detail).with("head", head)
                }
                PointError::Log(error) => error.into(),
            }),
            Self::Recorded(moment) => Ok(Point::recorded(log, moment.as_nanos()).await?),
            Self::Occurred(moment) => Ok(Point::Occurred { moment_ns: moment.as_nanos() }),
        }
    }

    /// The problem where the target was not there then; it may be there now.
    async fn not_then(self, target: &Target, log: &dyn EventLog) -> Result<Problem, Problem> {
        let (what, then) = (target.entry(), self.in_words());
        Ok(match target.begins(log).await? {
            None => Problem::new(&kind::NOT_FOUND, format!("there is no such {what}, {then} or later")),
            Some(first) => {
                let detail =
                    format!("there was no such {what} {then}; its record begins at `first_position`");
                Problem::new(&kind::NOT_FOUND, detail).with("first_position", first.get())
            }
        })
    }

    fn in_words(self) -> String {
        match self {
            Self::Position(_) => "as of that position".to_owned(),
            Self::Recorded(time) => format!("on record at {time}"),
            Self::Occurred(time) => format!("by {time}"),
        }
    }
}

/// A position, or a time of recording.
fn read(text: &str) -> Result<PointInTime, Problem> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let position = text.parse().map_err(|_| invalid(AS_OF, "no log has so many positions"))?;
        return Ok(PointInTime::Position(position));
    }
    time(AS_OF, text).map(PointInTime::Recorded)
}

fn time(name: &'static str, text: &str) -> Result<Timestamp, Problem> {
    let expected = if name == AS_OF { "a position or an RFC 3339 time" } else { "an RFC 3339 time" };
    let time = Timestamp::parse(text).ok_or_else(|| {
        let shown: String = text.chars().take(80).collect();
        let hint = if text.contains(' ') { " (in an address, + is written %2B)" } else { "" };
        invalid(name, format!("{shown:?} is not {expected} as in 2026-11-22T10:00:00Z{hint}"))
    })?;
    if time > SystemClock.now() {
        return Err(invalid(name, format!("{time} is yet to come; leave {name} out for how things are now")));
    }
    Ok(time)
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Log(error) => error.into(),
            ReplayError::Row(error) => error.into(),
            ReplayError::Id(error) => Self::new(&kind::INVALID_PARAMETER, error.to_string()),
            ReplayError::Undecodable { position, .. } | ReplayError::Inapplicable { position, .. } => {
                tracing::error!(%error, "the past cannot be shown");
                Self::new(&kind::INTERNAL, error.to_string()).with("position", position.get())
            }
        }
    }
}
