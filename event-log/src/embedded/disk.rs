//! The one seam through which the embedded log touches files.
//!
//! [`Directory`] is the real thing; [`crate::simulation::SimulatedDisk`] stands in for it where a
//! power cut, a failing sync or a full disk is wanted. Nothing above this file opens a file itself.

use super::pool::Pool;
use crate::LogError;
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{FileExt, MetadataExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

/// A flat directory of files.
pub trait Disk: Send + Sync + 'static {
    /// Where this is, for messages.
    fn place(&self) -> String;
    fn list(&self) -> io::Result<Vec<String>>;
    /// Opens what is there. Files opened for reading may be many: they need not all stay open.
    fn open(&self, name: &str, writable: bool) -> io::Result<Arc<dyn DiskFile>>;
    /// Makes an empty file, in place of any other of this name.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes creations, renamings and removals survive a power cut.
    fn sync_names(&self) -> io::Result<()>;
    /// Which file has this name now; none on a disk that cannot tell files apart.
    ///
    /// # Errors
    /// Also where there is no such file.
    fn identity(&self, _name: &str) -> io::Result<Option<FileIdentity>> {
        Ok(None)
    }
    /// Takes the lock file `name` until the answer is dropped; `None` while someone else has it.
    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn Send + Sync>>>;
}

/// An open file.
pub trait DiskFile: Send + Sync {
    /// Length in bytes.
    fn size(&self) -> io::Result<u64>;
    /// Fills `into` from `offset`, as far as the file goes; returns how far that was.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `bytes`, lengthening the file where needed.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Which file this is, whatever its name is now; none on a disk that cannot tell files apart.
    fn identity(&self) -> io::Result<Option<FileIdentity>> {
        Ok(None)
    }
    /// Makes everything written so far, and the length, survive a power cut (`fdatasync`).
    fn sync(&self) -> io::Result<()>;
}

/// What tells a file from all others that are open or have a name: its device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileIdentity {
    device: u64,
    inode: u64,
}

impl From<fs::Metadata> for FileIdentity {
    fn from(found: fs::Metadata) -> Self {
        Self { device: found.dev(), inode: found.ino() }
    }
}

/// A directory of the machine's file system.
pub struct Directory {
    path: PathBuf,
    readers: Arc<Pool>,
}

impl Directory {
    /// The directory at `path`.
    ///
    /// # Errors
    /// [`LogError::NotALog`] where something else is there, or nothing and `create` is not set.
    pub fn at(path: &Path, create: bool) -> Result<Self, LogError> {
        let shown = path.display().to_string();
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                return Err(LogError::NotALog { path: shown, detail: "it is not a directory".to_owned() });
            }
            Err(missing) if missing.kind() == io::ErrorKind::NotFound && create => make_directory(path)
                .map_err(|e| unavailable(&format!("creating the log's directory {shown}"), &e))?,
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
                return Err(LogError::NotALog { path: shown, detail: "there is nothing".to_owned() });
            }
            Err(e) => return Err(unavailable(&format!("looking at {shown}"), &e)),
        }
        Ok(Self { path: path.to_owned(), readers: Arc::default() })
    }
}

/// Makes a directory that survives a power cut, with those above it that are not there.
///
/// # Errors
/// What the file system answers.
pub fn make_directory(path: &Path) -> io::Result<()> {
    let is_there = |folder: &&Path| folder.as_os_str().is_empty() || folder.is_dir();
    let new: Vec<&Path> = path.ancestors().take_while(|folder| !is_there(folder)).collect();
    fs::create_dir_all(path)?;
    // A name is in the directory above.
    for folder in new.iter().rev() {
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// The error for surroundings that fail while `operation` is attempted.
pub(super) fn unavailable(operation: &str, error: &io::Error) -> LogError {
    LogError::Unavailable { operation: operation.to_owned(), detail: error.to_string() }
}

impl Disk for Directory {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        fs::read_dir(&self.path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn open(&self, name: &str, writable: bool) -> io::Result<Arc<dyn DiskFile>> {
        let path = self.path.join(name);
        if !writable {
            return Pool::file(&self.readers, path);
        }
        Ok(Arc::new(OpenOptions::new().read(true).write(true).open(path)?))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut how = OpenOptions::new();
        how.read(true).write(true).create(true).truncate(true);
        Ok(Arc::new(how.open(self.path.join(name))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn identity(&self, name: &str) -> io::Result<Option<FileIdentity>> {
        Ok(Some(fs::metadata(self.path.join(name))?.into()))
    }

    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn Send + Sync>>> {
        let mut how = OpenOptions::new();
        let file = how.write(true).create(true).truncate(false).open(self.path.join(name))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(e),
        }
    }
}

impl DiskFile for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < into.len() {
            match FileExt::read_at(self, &mut into[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(filled)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn identity(&self) -> io::Result<Option<FileIdentity>> {
        Ok(Some(self.metadata()?.into()))
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
