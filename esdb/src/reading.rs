//! What a client wants to read, taken out of its request and checked. Does not read.

use crate::proto::streams::read_req::all_options::AllOption;
use crate::proto::streams::read_req::options::{CountOption, FilterOption, ReadDirection, StreamOption};
use crate::proto::streams::read_req::stream_options::RevisionOption;
use crate::proto::streams::read_req::uuid_option;
use crate::proto::streams::{ReadReq, read_req};
use tonic::Status;

/// Where a read begins, in the log's own numbers: they count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadFrom {
    Start,
    End,
    /// A version of a stream, or a position of the log.
    At(u64),
}

/// A checked request.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The stream's name; none for `$all`.
    pub(crate) stream: Option<String>,
    pub(crate) from: ReadFrom,
    pub(crate) backwards: bool,
    /// How many events at most; none for a subscription.
    pub(crate) count: Option<u64>,
    pub(crate) id_as_text: bool,
    /// Whether the client knows answers that say where a stream ends.
    pub(crate) tells_ends: bool,
}

impl Reading {
    /// Takes `request` apart.
    ///
    /// # Errors
    /// `InvalidArgument` names what is missing or wrong, `Unimplemented` what is not served.
    pub(crate) fn of(request: ReadReq) -> Result<Self, Status> {
        let options = request.options.ok_or_else(|| Status::invalid_argument("options are missing"))?;
        let backwards = match ReadDirection::try_from(options.read_direction) {
            Ok(direction) => direction == ReadDirection::Backwards,
            Err(_) => {
                return Err(Status::invalid_argument("read_direction is neither forwards nor backwards"));
            }
        };
        let count = match options.count_option {
            Some(CountOption::Count(0)) => {
                return Err(Status::invalid_argument("count is 0; ask for 1 event or more"));
            }
            Some(CountOption::Count(count)) => Some(count),
            Some(CountOption::Subscription(_)) if backwards => {
                return Err(Status::invalid_argument("a subscription goes forwards only"));
            }
            Some(CountOption::Subscription(_)) => None,
            None => return Err(Status::invalid_argument("neither count nor subscription is given")),
        };
        if let Some(FilterOption::Filter(_)) = options.filter_option {
            return Err(Status::unimplemented("this node does not filter; read $all without a filter"));
        }
        let id_as_text = match options.uuid_option.and_then(|option| option.content) {
            Some(uuid_option::Content::Structured(_)) => false,
            Some(uuid_option::Content::String(_)) => true,
            None => return Err(Status::invalid_argument("uuid_option is missing")),
        };
        let (stream, from) = match options.stream_option {
            Some(StreamOption::Stream(stream)) => stream_from(stream)?,
            Some(StreamOption::All(all)) => (None, all_from(all)?),
            None => return Err(Status::invalid_argument("neither a stream nor $all is named")),
        };
        let tells_ends = options.control_option.is_some_and(|control| control.compatibility >= 1);
        Ok(Self { stream, from, backwards, count, id_as_text, tells_ends })
    }
}

fn stream_from(stream: read_req::StreamOptions) -> Result<(Option<String>, ReadFrom), Status> {
    let name = stream.stream_identifier.map(|named| named.stream_name).unwrap_or_default();
    let name =
        String::from_utf8(name).map_err(|_| Status::invalid_argument("the stream's name is not UTF-8"))?;
    if name.is_empty() {
        return Err(Status::invalid_argument("the stream's name is empty"));
    }
    if name.starts_with('$') {
        return Err(Status::unimplemented(format!("this node has no system streams, so no {name}")));
    }
    let from = match stream.revision_option {
        // Their revisions begin at 0, our versions at 1.
        Some(RevisionOption::Revision(revision)) => ReadFrom::At(revision.saturating_add(1)),
        Some(RevisionOption::Start(_)) => ReadFrom::Start,
        Some(RevisionOption::End(_)) => ReadFrom::End,
        None => return Err(Status::invalid_argument("where to begin in the stream is not given")),
    };
    Ok((Some(name), from))
}

fn all_from(all: read_req::AllOptions) -> Result<ReadFrom, Status> {
    match all.all_option {
        Some(AllOption::Position(at)) => Ok(ReadFrom::At(at.commit_position)),
        Some(AllOption::Start(_)) => Ok(ReadFrom::Start),
        Some(AllOption::End(_)) => Ok(ReadFrom::End),
        None => Err(Status::invalid_argument("where to begin in $all is not given")),
    }
}
