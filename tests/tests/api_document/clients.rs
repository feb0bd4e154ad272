//! Clients that are generated from the document go through a whole purchase, and linters find nothing in it.

use daybook_tests::shop::TestShop;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// The scripts, and the environment that they run in, which is installed when it is not there yet.
fn tools() -> (PathBuf, PathBuf) {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients");
    good(Command::new(scripts.join("install")).arg(&environment));
    (scripts, environment)
}

/// What a program wrote and complained of; fails the test if it failed.
fn good(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{said}\n{complained}");
    format!("{said}{complained}")
}

/// The document as the server itself has it, in a folder of its own.
async fn document(shop: &TestShop) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("openapi.json");
    fs::write(&path, shop.get("/openapi.json").await.expect(200).body).unwrap();
    (folder, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_client_made_of_the_document_buys_something() {
    let shop = TestShop::start().await;
    let (scripts, environment) = tools();
    let (folder, document) = document(&shop).await;
    let made = folder.path().join("daybook_client");
    let said = good(
        Command::new(environment.join("python/bin/openapi-python-client"))
            .args(["generate", "--meta", "none", "--path"])
            .arg(&document)
            .arg("--output-path")
            .arg(&made),
    );
    // JSON Lines are nothing that it knows; all else it has to take.
    let left_out = said.matches("Endpoint will not be generated").count();
    assert!(left_out == 1 && said.contains("Unsupported content type application/jsonl"), "{said}");
    let mut python = Command::new(environment.join("python/bin/python"));
    let said = good(
        python.arg(scripts.join("python/purchase.py")).arg(shop.address()).env("PYTHONPATH", folder.path()),
    );
    assert_eq!(said, "a whole purchase\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typescript_client_made_of_the_document_compiles_strictly_and_buys_something() {
    let shop = TestShop::start().await;
    let (scripts, environment) = tools();
    let (_folder, document) = document(&shop).await;
    // Beside the modules, where the compiler and node look for them.
    let node = environment.join("node");
    for file in ["purchase.ts", "tsconfig.json"] {
        fs::copy(scripts.join("node").join(file), node.join(file)).unwrap();
    }
    let tool = |name: &str| {
        let mut command = Command::new(node.join("node_modules/.bin").join(name));
        command.current_dir(&node);
        command
    };
    good(tool("openapi-typescript").arg(&document).args(["--output", "schema.d.ts"]));
    good(&mut tool("tsc"));
    let said = good(Command::new("node").arg(node.join("built/purchase.js")).arg(shop.address()));
    assert_eq!(said, "a whole purchase\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn linters_find_nothing_in_the_document() {
    let shop = TestShop::start().await;
    let (scripts, environment) = tools();
    let (_folder, document) = document(&shop).await;
    let tool = |name: &str| Command::new(environment.join("node/node_modules/.bin").join(name));
    let mut redocly = tool("redocly");
    // It would ask its makers for a newer version, and tell them of its use.
    redocly.env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true").env("REDOCLY_TELEMETRY", "off");
    good(redocly.arg("lint").arg(&document).arg("--config").arg(scripts.join("node/redocly.yaml")));
    let mut spectral = tool("spectral");
    good(
        spectral
            .args(["lint", "--fail-severity", "hint", "--ruleset"])
            .arg(scripts.join("node/spectral.yaml"))
            .arg(&document),
    );
}
