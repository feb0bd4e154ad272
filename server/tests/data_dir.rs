//! Directories that cannot be a shop's: each is refused with what to do, and nothing in it is touched.

use daybook::{Daybook, ServeOptions};
use std::{collections::BTreeMap, fs, path::Path};
use tempfile::TempDir;

/// The text of the refusal.
async fn refusal(path: &Path) -> String {
    match Daybook::open(ServeOptions::new(path)).await {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error.to_string(),
    }
}

fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(dir).expect("the test made it");
    let entry = |file: fs::DirEntry| {
        (file.file_name().to_string_lossy().into_owned(), fs::read(file.path()).unwrap_or_default())
    };
    files.map(|file| entry(file.expect("it can be read"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_in_use_is_refused() {
    let dir = TempDir::new().unwrap();
    let shop = Daybook::open(ServeOptions::new(dir.path())).await.unwrap();
    let text = refusal(dir.path()).await;
    assert!(text.contains("in use by another process"), "{text}");
    shop.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_s_directory_and_a_file_are_refused_and_stay_as_they_are() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("thesis.txt"), "chapter one").unwrap();
    let before = contents(dir.path());
    let text = refusal(dir.path()).await;
    assert!(text.contains("not a Daybook directory"), "{text}");
    let text = refusal(&dir.path().join("thesis.txt")).await;
    assert!(text.contains("not a directory"), "{text}");
    assert_eq!(contents(dir.path()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_format_and_a_damaged_marker_are_refused_and_stay_as_they_are() {
    let dir = TempDir::new().unwrap();
    let marker = dir.path().join("daybook.json");
    for (text, expected) in [
        (r#"{"kind":"daybook","format":2,"created_by":"9.9.9"}"#, "use a newer program"),
        (r#"{"kind":"daybo"#, "damaged"),
    ] {
        fs::write(&marker, text).unwrap();
        let before = contents(dir.path());
        let refused = refusal(dir.path()).await;
        assert!(refused.contains(expected), "{refused}");
        assert_eq!(contents(dir.path()), before);
    }
}
