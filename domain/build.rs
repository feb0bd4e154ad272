//! Lists the files below `schemas/events` for `src/released.rs`, so that programs carry every released schema. The
//! folder is the list: what `UPDATE=1` writes there is in the next build.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/events");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut list = String::from("&[\n");
    for aggregate in sorted(&folder)?.into_iter().filter(|path| path.is_dir()) {
        println!("cargo::rerun-if-changed={}", aggregate.display());
        for file in sorted(&aggregate)? {
            let (aggregate, name) = (name_of(&aggregate), name_of(&file));
            let Some((event_type, version, revision)) = schema_name(&name) else { continue };
            writeln!(
                list,
                "    ReleasedSchema {{ aggregate: {aggregate:?}, event_type: {event_type:?}, version: {version}, \
                 revision: {revision}, text: include_str!({:?}) }},",
                file.canonicalize()?
            )
            .map_err(io::Error::other)?;
        }
    }
    list.push_str("]\n");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("released.rs"), list)
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads `OrderPlaced.v1.json` or `OrderPlaced.v1.r2.json`; none for examples and whatever else is there.
fn schema_name(name: &str) -> Option<(&str, u16, u16)> {
    let (event_type, rest) = name.strip_suffix(".json")?.split_once(".v")?;
    let (version, revision) = rest.split_once(".r").unwrap_or((rest, "1"));
    Some((event_type, version.parse().ok()?, revision.parse().ok()?))
}
