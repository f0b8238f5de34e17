//! The program as it is run.

#![allow(clippy::unwrap_used)]

use std::process::Command;

#[test]
fn jobs_are_started_asked_about_and_counted() {
    let ran = Command::new(env!("CARGO_BIN_EXE_jobs"))
        .args(["--seconds", "4", "--arrivals", "50", "--capacity", "60"])
        .output()
        .unwrap();
    let (told, errors) = (
        String::from_utf8(ran.stdout).unwrap(),
        String::from_utf8(ran.stderr).unwrap(),
    );
    assert!(ran.status.success(), "{errors}");
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines.len() >= 4, "{told}");
    assert!(
        lines
            .iter()
            .any(|line| line.contains("running") && !line.contains(" 0 running")),
        "{told}"
    );
    assert!(!lines[lines.len() - 1].starts_with("0 calls"), "{told}");
    // There is room for 60 of about 200.
    assert!(errors.contains("is no longer watched"), "{errors}");
}
