//! The files that operators get beside the program: what they set is a setting, what they call is there, and who reads them takes them.

use std::path::Path;
use std::process::Command;

use ates::platform::config::KEYS;

use crate::endurance::free_port;
use crate::proxies::program;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(file: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(file)).unwrap()
}

/// The words of a file that begin so.
fn words(text: &str, beginning: &str) -> Vec<String> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_/.-".contains(letter);
    text.split(|letter: char| !is_part(letter))
        .filter(|word| word.starts_with(beginning))
        .map(ToOwned::to_owned)
        .collect()
}

/// Ends well, or shows why not.
fn assert_runs(command: &mut Command) {
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{command:?}: {said}");
}

#[test]
fn r26_the_files_for_operators_name_settings_that_there_are() {
    let is_setting = |name: &str| KEYS.iter().any(|key| key.name == name);
    for file in [
        "compose.yaml",
        ".env.example",
        "ops/systemd/ates.service",
        "ops/nginx/ates.conf",
        "ops/grafana/board.json",
        "ops/prometheus/rules.yml",
    ] {
        // What a script of ours reads and the program does not.
        let of_scripts = read("ops/compose/standby.sh");
        for name in words(&read(file), "ATES_") {
            let known = is_setting(&name) || of_scripts.contains(&format!("${name}"));
            assert!(known, "{file}: {name}");
        }
    }
    assert!(words(&read("compose.yaml"), "ATES_").len() > 8);
    assert!(!is_setting("ATES_BINDE"), "the control");
}

#[test]
fn r26_what_the_files_for_operators_call_is_there_and_can_be_read() {
    let scripts = words(&read("compose.yaml"), "/ates/");
    assert_eq!(scripts, ["/ates/primary.sh", "/ates/standby.sh"]);
    for script in scripts {
        let path = Path::new(ROOT).join("ops/compose").join(&script[6..]);
        assert_runs(Command::new("bash").arg("-n").arg(path));
    }
    // The health check of the image, as it stands there.
    let image = read("Dockerfile");
    let check = image.split("HEALTHCHECK").nth(1).unwrap();
    let check = check.split('[').nth(1).unwrap().split(']').next().unwrap();
    let check: Vec<&str> = check
        .split(", ")
        .map(|word| word.trim_matches('"'))
        .collect();
    assert_eq!(check[0], "ates");
    let nobody = format!("127.0.0.1:{}", free_port());
    let done = Command::new(env!("CARGO_BIN_EXE_ates"))
        .args(&check[1..])
        .env("ATES_BIND", &nobody)
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains(&nobody));
    assert!(read("ops/systemd/ates.service").contains("ExecStart=/usr/local/bin/ates serve\n"));
    // HAProxy's file with its own addresses, all but the certificate, which is the house's.
    let plain = format!("127.0.0.1:{}", free_port());
    assert_runs(
        program("haproxy")
            .args(["-c", "-q", "-f", "ops/haproxy/haproxy.cfg"])
            .current_dir(ROOT)
            .env("ATES_FRONT", plain),
    );
}
