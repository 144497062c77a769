//! Rebuilds the server when a file joins or leaves what is embedded: the macros notice changed files alone.

fn main() {
    println!("cargo::rerun-if-changed=web-client/public");
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-changed=build.rs");
}
