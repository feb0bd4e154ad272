//! Who a directory belongs to: the file that makes it a log, the lock, and what else may lie there.

use super::{
    disk::{Disk, unavailable},
    format::{FORMAT, LogId, SEGMENT_HEADER, u32_at},
    segment::{PREPARING, Segment, ordinal_of},
};
use crate::LogError;
use std::io;
use uuid::Uuid;

/// Holds magic, format version, checksum and the log's id: `"DAYBKLOG" · 4 format · 4 checksum of the
/// id · 16 id`.
pub(super) const IDENTITY: &str = "daybook.log";
const LOCK: &str = "daybook.lock";
const MAGIC: &[u8; 8] = b"DAYBKLOG";
const LENGTH: usize = 32;

/// Reads whose log this is; none where there is no log yet and may be one. Changes nothing.
///
/// # Errors
/// [`LogError::NotALog`] where other files lie, [`LogError::NewerFormat`], [`LogError::Damaged`].
pub(super) fn read(disk: &dyn Disk) -> Result<Option<LogId>, LogError> {
    let failed = |e: &io::Error| unavailable(&format!("reading {}", disk.place()), e);
    let names = disk.list().map_err(|e| failed(&e))?;
    if names.iter().any(|name| name == IDENTITY) {
        let file = disk.open(IDENTITY, false).map_err(|e| failed(&e))?;
        let mut bytes = [0; LENGTH];
        let read = file.read_at(&mut bytes, 0).map_err(|e| failed(&e))?;
        return decode(disk, &bytes[..read]).map(Some);
    }
    // A creation that was cut short leaves at most an empty first segment, the lock and unready files.
    let own = |name: &str| name == LOCK || name.ends_with(PREPARING) || ordinal_of(name).is_some();
    for name in names.iter().filter(|name| ordinal_of(name).is_some()) {
        if ordinal_of(name) != Some(1) || holds_events(disk, name).map_err(|e| failed(&e))? {
            return Err(LogError::Damaged {
                place: format!("{}/{IDENTITY}", disk.place()),
                detail: format!("it is missing, yet there is {name}"),
            });
        }
    }
    if let Some(other) = names.iter().find(|name| !own(name)) {
        let detail = format!("it holds {other:?} and no {IDENTITY}");
        return Err(LogError::NotALog { path: disk.place(), detail });
    }
    Ok(None)
}

/// Whether anything but zeros follows the head of this segment.
fn holds_events(disk: &dyn Disk, name: &str) -> io::Result<bool> {
    let file = disk.open(name, false)?;
    let mut piece = vec![0; 1 << 20];
    let mut at = SEGMENT_HEADER as u64;
    loop {
        let read = file.read_at(&mut piece, at)?;
        if piece[..read].iter().any(|byte| *byte != 0) {
            return Ok(true);
        }
        if read < piece.len() {
            return Ok(false);
        }
        at += read as u64;
    }
}

fn decode(disk: &dyn Disk, bytes: &[u8]) -> Result<LogId, LogError> {
    if bytes.len() < LENGTH || &bytes[..8] != MAGIC {
        let damaged = bytes.len() < LENGTH && MAGIC.starts_with(&bytes[..bytes.len().min(8)]);
        let place = format!("{}/{IDENTITY}", disk.place());
        return Err(if damaged {
            LogError::Damaged { place, detail: "it is cut short".to_owned() }
        } else {
            LogError::NotALog { path: place, detail: "its first bytes are something else".to_owned() }
        });
    }
    let found = u32_at(bytes, 8);
    if found > FORMAT {
        return Err(LogError::NewerFormat { path: disk.place(), found, supported: FORMAT });
    }
    if found == 0 || u32_at(bytes, 12) != crc32c::crc32c(&bytes[16..LENGTH]) {
        let place = format!("{}/{IDENTITY}", disk.place());
        return Err(LogError::Damaged { place, detail: "it does not match its checksum".to_owned() });
    }
    let mut id = [0; 16];
    id.copy_from_slice(&bytes[16..LENGTH]);
    Ok(LogId(id))
}

/// Makes this an empty log with a first segment. The identity comes last, so that a log which has one
/// has all its segments; what an earlier attempt left is made anew.
pub(super) fn create(disk: &dyn Disk, segment_bytes: usize) -> Result<LogId, LogError> {
    let log = LogId(*Uuid::new_v4().as_bytes());
    let created = (|| {
        Segment::prepare(disk, log, 1, segment_bytes)?;
        write(disk, log)
    })();
    created.map(|()| log).map_err(|e| match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            LogError::Full { detail: format!("creating a log in {}: {e}", disk.place()) }
        }
        _ => unavailable(&format!("creating a log in {}", disk.place()), &e),
    })
}

fn write(disk: &dyn Disk, log: LogId) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(&log.0).to_le_bytes());
    bytes.extend_from_slice(&log.0);
    let unready = format!("{IDENTITY}{PREPARING}");
    let file = disk.create(&unready)?;
    file.write_at(&bytes, 0)?;
    file.sync()?;
    disk.rename(&unready, IDENTITY)?;
    disk.sync_names()
}

/// Declares this log one of the newest format, before anything is written that an earlier program would
/// take for damage.
pub(super) fn upgrade(disk: &dyn Disk, log: LogId) -> Result<(), LogError> {
    let mut head = [0; 12];
    let upgraded = (|| {
        disk.open(IDENTITY, false)?.read_at(&mut head, 0)?;
        if u32_at(&head, 8) < FORMAT { write(disk, log) } else { Ok(()) }
    })();
    upgraded.map_err(|e| unavailable(&format!("declaring format {FORMAT} in {}", disk.place()), &e))
}

/// Takes the directory for this process alone, until the answer is dropped.
pub(super) fn lock(disk: &dyn Disk) -> Result<Box<dyn Send + Sync>, LogError> {
    let locked = disk.lock(LOCK);
    let locked = locked.map_err(|e| unavailable(&format!("locking {} for writing", disk.place()), &e))?;
    locked.ok_or_else(|| LogError::InUse { path: disk.place() })
}
