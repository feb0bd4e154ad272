//! Going on with a file of lines: what was written of an unfinished line is cut off, the last whole one says where.

use super::line::Form;
use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
};

/// Bytes looked at in one step from the end.
const STEP: u64 = 64 << 10;

/// The file, ready to be gone on with, and the position of its last event (zero: it has none).
pub(super) fn reopen(path: &Path, form: Form) -> anyhow::Result<(File, u64)> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let end = line_end_before(&mut file, length)?;
    file.set_len(end)?;
    let begin = line_end_before(&mut file, end.saturating_sub(1))?;
    let mut line = vec![0; usize::try_from(end - begin)?];
    file.seek(SeekFrom::Start(begin))?;
    file.read_exact(&mut line)?;
    file.seek(SeekFrom::End(0))?;
    let line = line.trim_ascii_end();
    if line.is_empty() || form.head().is_some_and(|head| head.trim_ascii_end() == line) {
        return Ok((file, 0));
    }
    let position = form.position(line).ok_or_else(|| {
        anyhow::anyhow!(
            "its last line is no event of this format; name the format it was begun with, or another file"
        )
    })?;
    Ok((file, position))
}

/// The offset behind the last line feed before `end`; zero if there is none.
fn line_end_before(file: &mut File, end: u64) -> io::Result<u64> {
    let mut to = end;
    let mut buffer = vec![0; usize::try_from(STEP).unwrap_or(1 << 16)];
    while to > 0 {
        let from = to.saturating_sub(STEP);
        let part = &mut buffer[..usize::try_from(to - from).unwrap_or(0)];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(part)?;
        if let Some(at) = part.iter().rposition(|byte| *byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        to = from;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reopened(content: &[u8]) -> (Vec<u8>, u64) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let (_, position) = reopen(file.path(), Form::JsonLines).unwrap();
        (std::fs::read(file.path()).unwrap(), position)
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_the_one_before_says_where_to_go_on() {
        assert_eq!(
            reopened(b"{\"position\":1}\n{\"position\":2}\n{\"posi"),
            (b"{\"position\":1}\n{\"position\":2}\n".to_vec(), 2)
        );
        assert_eq!(reopened(b"{\"position\":1}\n"), (b"{\"position\":1}\n".to_vec(), 1));
        assert_eq!(reopened(b"{\"posi"), (Vec::new(), 0));
        assert_eq!(reopened(b""), (Vec::new(), 0));
        let long = format!("{{\"position\":7,\"a\":\"{}\"}}\n", "x".repeat(200_000));
        assert_eq!(reopened(format!("{long}torn").as_bytes()).1, 7);
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"hello\nworld\n").unwrap();
        assert!(reopen(file.path(), Form::JsonLines).is_err());
        assert!(reopen(file.path(), Form::Csv).is_err());
    }
}
