//! Replays histories from files, or one history of a seed.
use touchable_adversary::{
    generate::{self, Mode},
    history::History,
    hunt::replay,
    in_runtime, known, schemas,
    script::script,
};
use touchable_tests::Backend;

#[test]
fn replays() {
    let backend = match std::env::var("B").as_deref() {
        Ok("postgres") => Backend::Postgres,
        Ok("mariadb") => Backend::MariaDb,
        _ => Backend::Sqlite,
    };
    let mut histories = Vec::new();
    if let Ok(files) = std::env::var("H") {
        for file in files.split(',') {
            histories.push((
                file.to_owned(),
                History::parse(&std::fs::read_to_string(file).unwrap()),
            ));
        }
    } else {
        let (name, seed) = (
            std::env::var("S").unwrap(),
            std::env::var("SEED").unwrap().parse().unwrap(),
        );
        let mode = if std::env::var("M").unwrap() == "Levels" {
            Mode::Levels
        } else {
            Mode::Serial
        };
        let schema = schemas::all(backend)
            .into_iter()
            .find(|schema| schema.name == name)
            .unwrap();
        histories.push((
            format!("{name} {mode:?} {seed}"),
            generate::history(&schema, backend, mode, seed),
        ));
    }
    let quiet = std::env::var("H").is_err();
    for (file, history) in histories {
        let schema = schemas::all(backend)
            .into_iter()
            .find(|schema| schema.name == history.schema)
            .unwrap();
        let violations = in_runtime(replay(backend, &history, 1));
        let new: Vec<_> = violations
            .iter()
            .map(|v| (v, known::kind(&schema, backend, &history, v)))
            .filter(|(_, kind)| kind.is_none() || !quiet)
            .collect();
        if !new.is_empty() || !quiet {
            println!("--- {file} {backend:?}\n{}", script(&schema, &history));
            for (violation, kind) in new {
                println!(
                    "  {violation} (idle {}) {:?}",
                    violation.idle,
                    kind.map(|kind| kind.name)
                );
            }
        }
    }
}
