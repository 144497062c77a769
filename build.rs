//! Rebuilds the server when a file joins or leaves the web client: the embedding macro notices changed files alone.

fn main() {
    println!("cargo::rerun-if-changed=web-client/public");
    println!("cargo::rerun-if-changed=build.rs");
}
