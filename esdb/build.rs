//! Makes Rust code of the protocol files in `proto/`, in pure Rust: no protoc is needed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = protox::compile(
        ["proto/shared.proto", "proto/features.proto", "proto/gossip.proto", "proto/streams.proto"],
        ["proto"],
    )?;
    tonic_prost_build::configure().build_transport(false).compile_fds(files)?;
    Ok(())
}
