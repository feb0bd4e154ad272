//! Replaces a small file as a whole, for what a follower keeps on the disk of its node. Knows nothing of what is in it.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

/// Replaces a file as a whole: after a crash at any point it holds the old content or the new, never a part of it.
///
/// # Errors
/// A disk that is full or fails; the old content is there still.
pub fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut file = File::create(&new)?;
    file.write_all(content)?;
    // The content before the name: else the name may survive a power cut without the content.
    file.sync_all()?;
    fs::rename(&new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        for content in [b"17\n".as_slice(), b"", &[0, 255, b'\n']] {
            replace_file(&path, content).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_replacement_that_fails_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        replace_file(&path, b"old").unwrap();
        // The place of the new content is taken by a folder, so that it cannot be written.
        fs::create_dir(folder.path().join("checkpoint.new")).unwrap();
        replace_file(&path, b"new").unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }
}
