//! The binary and its configuration: what is wrong is said with key, value and range, and nothing starts.

use crate::lifecycle::kenes;
use std::process::{Output, Stdio};

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    kenes(arguments).envs(variables.iter().copied()).stderr(Stdio::piped()).output().unwrap()
}

#[test]
fn a_bad_value_ends_the_process_with_key_value_and_range() {
    let output = run(&[], &[("KENES_MEDIA_SHARDS", "65")]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(error.contains("`media.shards` = 65") && error.contains("0 to 64"), "{error}");
}

#[test]
fn an_unknown_key_ends_the_process_with_its_name() {
    let output = run(&["check-config"], &[("KENES_HTTP_PORT", "80")]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("KENES_HTTP_PORT"));
}

#[test]
fn check_config_judges_a_file_and_starts_nothing() {
    let folder = std::env::temp_dir().join(format!("kenes-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("kenes.toml");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        run(&["check-config", "--config", file.to_str().unwrap()], &[])
    };
    assert!(check("[media]\nlisten = \"127.0.0.1:50000\"\n").status.success());
    for (text, named) in [
        ("[media]\nport = 1\n", "media.port"),
        ("[medja]\n", "medja"),
        ("[media]\nshards = \"two\"\n", "media.shards"),
        ("[http]\nlisten = \"localhost\"\n", "http.listen"),
        ("no toml", "kenes.toml"),
    ] {
        let output = check(text);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(named), "{text}: {error}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
