//! The example runs, and moves the keys that its data says.

#![allow(clippy::unwrap_used)]

use std::process::Command;

#[test]
fn moves_the_keys_of_what_shows_the_change() {
    let output = Command::new(env!("CARGO_BIN_EXE_quickstart")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let moved: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("keys moved: ")?.split(';').next())
        .collect();
    let expected = [
        "7, stayed: 5193",  // the event and its six tasks
        "1, stayed: 5199",  // a location, which nobody shows
        "0, stayed: 5200",  // the same name again
        "10, stayed: 5190", // the user, three tasks, three participants, their three events
        "1, stayed: 5199",  // a time zone
        "1, stayed: 5199",  // a task's own change
        "2, stayed: 5199",  // the new participant, and its event
    ];
    assert_eq!(moved, expected, "{text}");
}
