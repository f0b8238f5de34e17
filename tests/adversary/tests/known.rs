//! Each known kind is there still.

use touchable_adversary::{
    history::History,
    hunt::replay,
    in_runtime,
    known::{KINDS, Seen},
    schemas,
};
use touchable_tests::Backend;

fn are_there(backend: Backend) {
    let mut gone = Vec::new();
    for known in KINDS {
        for (_, text) in known
            .shown
            .iter()
            .filter(|(backends, _)| backends.contains(&backend))
        {
            let history = History::parse(text);
            let schema = schemas::all(backend)
                .into_iter()
                .find(|schema| schema.name == history.schema);
            let schema = schema.expect("a schema of this backend");
            let violations = in_runtime(replay(backend, &history, 3));
            let is_shown = violations.iter().any(|violation| {
                (known.shape)(&Seen {
                    schema: &schema,
                    backend,
                    history: &history,
                    violation,
                })
            });
            if !is_shown {
                gone.push(format!(
                    "{}, shown by {text}; instead: {violations:?}",
                    known.name
                ));
            }
        }
    }
    assert!(gone.is_empty(), "take these off the list:\n{}", gone.join("\n"));
}

#[test]
fn sqlite() {
    are_there(Backend::Sqlite);
}

#[test]
fn postgres() {
    are_there(Backend::Postgres);
}

#[test]
fn mariadb() {
    are_there(Backend::MariaDb);
}
