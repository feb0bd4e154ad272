//! `as_of` and `as_of_occurred`: a resource as it was, in the form it has today, read straight from the log.
//!
//! The folding is `daybook_views::AsOf`'s; here the point is read from the query and what cannot be shown
//! is put into words. Live reads do not come this way.

use super::{Freshness, Params, exact_etag, tagged};
use crate::{
    app::Shop,
    problem::{Problem, kind},
};
use axum::response::Response;
use daybook_domain::Timestamp;
use daybook_engine::{Clock, SystemClock};
use daybook_event_log::{EventLog, Point, PointError};
use daybook_projections::ReplayError;
use daybook_views::{AsOf, Target};

const AS_OF: &str = "as_of";
const AS_OF_OCCURRED: &str = "as_of_occurred";

/// The point that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedPoint {
    Position(u64),
    Recorded(Timestamp),
    Occurred(Timestamp),
}

impl AskedPoint {
    /// Takes `as_of` or `as_of_occurred`; none: the present is asked for.
    pub(crate) fn take(params: &mut Params) -> Result<Option<Self>, Problem> {
        let (known, happened) = (params.take_text(AS_OF)?, params.take_text(AS_OF_OCCURRED)?);
        match (known, happened) {
            (None, None) => Ok(None),
            (Some(text), None) => read(&text).map(Some),
            (None, Some(text)) => Ok(Some(Self::Occurred(time(AS_OF_OCCURRED, &text)?))),
            (Some(_), Some(_)) => {
                Err(invalid(AS_OF, "name as_of or as_of_occurred, not both: they are different pasts"))
            }
        }
    }

    /// The thing as it was.
    pub(crate) async fn answer(
        self,
        shop: &Shop,
        wanted: Freshness,
        thing: &Target,
    ) -> Result<Response, Problem> {
        if wanted.min_position > 0 {
            return Err(invalid("min_position", "the past does not get fresher: leave min_position out"));
        }
        let stopped = || Problem::new(&kind::UNAVAILABLE, "the server is shutting down").retry_after(5);
        let _place = shop.pasts.acquire().await.map_err(|_| stopped())?;
        let log = &**shop.engine.log();
        let point = self.point(log).await?;
        let Some(shown) = AsOf::new(log, point).show(thing).await? else {
            return Err(self.not_then(thing, log).await?);
        };
        let tag = exact_etag(shown.version, shown.position);
        Ok(tagged(shown.json, tag, point.last_position().unwrap_or_else(|| shop.head())))
    }

    async fn point(self, log: &dyn EventLog) -> Result<Point, Problem> {
        match self {
            Self::Position(position) => Point::at(log, position).await.map_err(|error| match error {
                PointError::NoSuchPosition { head, .. } => {
                    invalid(AS_OF, error.to_string()).with("head", head)
                }
                PointError::Log(error) => error.into(),
            }),
            Self::Recorded(moment) => Ok(Point::recorded(log, moment.as_nanos()).await?),
            Self::Occurred(moment) => Ok(Point::Occurred { moment_ns: moment.as_nanos() }),
        }
    }

    /// There was no such thing then; perhaps there is one now.
    async fn not_then(self, thing: &Target, log: &dyn EventLog) -> Result<Problem, Problem> {
        let (what, then) = (thing.entry(), self.in_words());
        Ok(match thing.begins(log).await? {
            None => Problem::new(&kind::NOT_FOUND, format!("there is no such {what}, {then} or later")),
            Some(first) => {
                let detail =
                    format!("there was no such {what} {then}; its record begins at position {first}");
                Problem::new(&kind::NOT_FOUND, detail).with("first_position", first.get())
            }
        })
    }

    fn in_words(self) -> String {
        match self {
            Self::Position(position) => format!("as of position {position}"),
            Self::Recorded(time) => format!("on record at {time}"),
            Self::Occurred(time) => format!("by {time}"),
        }
    }
}

/// A position, or a time of recording.
fn read(text: &str) -> Result<AskedPoint, Problem> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let position = text.parse().map_err(|_| invalid(AS_OF, "no log has so many positions"))?;
        return Ok(AskedPoint::Position(position));
    }
    time(AS_OF, text).map(AskedPoint::Recorded)
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

fn invalid(name: &str, detail: impl Into<String>) -> Problem {
    Problem::new(&kind::INVALID_PARAMETER, detail).with("parameter", name)
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
