//! What plans look like, and how each database is published: golden files, without a database.

mod entities;

use std::{collections::HashMap, fmt::Write as _, slice};

use sea_orm::{DbBackend, Statement, sea_query::Expr};

use self::entities::{circle, event, participant, tag, task, ticket, tree};
use super::{
    Assigned, Assignment, Entry, Except, Fired, Judged, Named, Plan, Query, Sql, Start, Values, plan, rows_of,
};
use crate::{
    clock::Stamp,
    entity::{CompiledRule, Key, Schema, Touchable},
};

const BACKENDS: [DbBackend; 3] = [DbBackend::Postgres, DbBackend::MySql, DbBackend::Sqlite];

/// 2023-11-14 22:13:20.000007
const STAMP: Stamp = Stamp::from_micros(1_700_000_000_000_007);

fn rule<E: Touchable>(association: &str) -> &'static CompiledRule {
    let found = E::schema()
        .rules
        .iter()
        .find(|rule| rule.association == association);
    found.unwrap_or_else(|| panic!("no rule {association}"))
}

/// What an update of one row fires that names these keys.
fn fired<E: Touchable>(association: &str, current: &[i32], former: &[i32]) -> Entry {
    let keys = |keys: &[i32]| keys.iter().map(|key| vec![(*key).into()]).collect();
    let values = Values {
        row: Some(vec![1.into()]),
        row_table: Some(E::schema()),
        current: keys(current),
        former: keys(former),
    };
    Entry::fired(E::schema(), rule::<E>(association), Start::Values(values))
}

fn written(statement: &Statement) -> String {
    statement.to_string()
}

/// The plan in words, and its statements in each dialect.
fn golden(plan: &Plan) -> String {
    let mut golden = String::new();
    for touch in &plan.touches {
        let bumped: Vec<_> = touch.bumped().collect();
        let rules: Vec<_> = touch.rules.iter().map(|rule| rule.label()).collect();
        let _ = writeln!(
            golden,
            "{}.{} by {}",
            touch.target.name,
            bumped.join("+"),
            rules.join(", ")
        );
    }
    for backend in BACKENDS {
        let _ = writeln!(golden, "\n{backend:?}");
        for touch in &plan.touches {
            let worded = Sql::new(backend).touch(touch, STAMP);
            if let Some(hold) = worded.hold {
                let _ = writeln!(golden, "held by {}", written(&hold));
            }
            let _ = writeln!(golden, "{}", written(&worded.update));
            if let Some(moved) = worded.moved {
                let _ = writeln!(golden, "{}", written(&moved));
            }
        }
    }
    golden
}

fn planned(entries: Vec<Entry>) -> Plan {
    plan(entries, |_| false)
}

#[test]
fn children_by_their_foreign_key() {
    insta::assert_snapshot!(golden(&planned(vec![fired::<event::Entity>("tasks", &[1], &[])])));
}

#[test]
fn parents_before_and_after() {
    insta::assert_snapshot!(golden(&planned(vec![fired::<task::Entity>("event", &[2], &[1])])));
}

#[test]
fn what_is_touched_cascades() {
    insta::assert_snapshot!(golden(&planned(vec![fired::<participant::Entity>(
        "task",
        &[5],
        &[]
    )])));
}

#[test]
fn through_a_junction() {
    insta::assert_snapshot!(golden(&planned(vec![fired::<tag::Entity>("events", &[3], &[])])));
}

#[test]
fn up_a_tree_to_its_root() {
    insta::assert_snapshot!(golden(&planned(vec![fired::<tree::Entity>("parent", &[4], &[])])));
}

#[test]
fn round_a_circle() {
    insta::assert_snapshot!(golden(&planned(vec![fired::<circle::left::Entity>(
        "rights",
        &[1],
        &[]
    )])));
}

#[test]
fn entries_of_one_table_are_one_statement() {
    let entries = vec![
        fired::<event::Entity>("tasks", &[1], &[]),
        fired::<event::Entity>("tasks", &[2], &[]),
        Entry::rows(task::Entity::schema(), vec![vec![9.into()]]),
    ];
    insta::assert_snapshot!(golden(&planned(entries)));
}

#[test]
fn rows_that_move_by_their_own_save_are_left_out() {
    let mut plan = planned(vec![fired::<tree::Entity>("parent", &[4], &[])]);
    plan.spare(tree::Entity::schema(), &Except::Row(vec![1.into()]));
    insta::assert_snapshot!(golden(&plan));
}

#[test]
fn a_condition_is_asked_of_the_row_as_it_will_be() {
    let schema = ticket::Entity::schema();
    let becomes = HashMap::from([("state", Expr::val("done"))]);
    let rows = Query::of(schema, rows_of(schema, slice::from_ref(&vec![1.into()])), becomes);
    let entry = Entry::fired(schema, rule::<ticket::Entity>("Event"), Start::Query(rows.into()));
    insta::assert_snapshot!(golden(&planned(vec![entry])));
}

#[test]
fn a_rule_can_bump_columns_of_its_own() {
    insta::assert_snapshot!(golden(&planned(vec![fired::<event::Entity>("tags", &[1], &[])])));
}

#[test]
fn what_is_suppressed_is_neither_touched_nor_passed_through() {
    let suppressed = |schema: &Schema| schema.name == "tasks";
    let plan = plan(vec![fired::<participant::Entity>("task", &[5], &[])], suppressed);
    assert!(plan.touches.is_empty(), "{}", golden(&plan));
}

fn assigned(backend: DbBackend, columns: &[(&str, sea_orm::Value)]) -> Assigned {
    let columns = columns.iter().map(|(column, value)| Assignment {
        column: (*column).to_owned(),
        expr: Expr::val(value.clone()),
        value: Some(value.clone()),
    });
    Assigned {
        schema: task::Entity::schema(),
        backend,
        columns: columns.collect(),
        always: false,
    }
}

#[test]
fn an_update_asks_what_it_changes() {
    let mut golden = String::new();
    for backend in BACKENDS {
        let assigned = assigned(backend, &[("name", "Rehearsal".into()), ("event_id", 2.into())]);
        let lock = assigned.lock(&task::Entity::schema().rules.iter().collect::<Vec<_>>());
        let question = backend.build(&assigned.question(&vec![1.into()], Some(lock)));
        let _ = writeln!(golden, "{backend:?}\n{}\n", written(&question));
    }
    insta::assert_snapshot!(golden);
}

/// A stored task: id, event, name, touch column.
fn stored(event: Option<i32>, differs: &[bool]) -> Judged {
    Judged {
        values: vec![
            1.into(),
            event.into(),
            "Concert".into(),
            task::Entity::stamp_value(STAMP),
        ],
        differs: differs.to_vec(),
    }
}

fn changes(columns: &[(&str, sea_orm::Value)], judged: &Judged) -> (Vec<&'static str>, Vec<Option<Key>>) {
    let schema = task::Entity::schema();
    let assigned = assigned(DbBackend::Sqlite, columns);
    let rules: Vec<_> = schema.rules.iter().collect();
    let fired: Vec<Fired> = assigned.change(Some(judged)).fires(&rules, Some(judged), schema);
    let names = fired.iter().map(|fired| fired.rule.association).collect();
    (names, fired.into_iter().map(|fired| fired.former).collect())
}

#[test]
fn only_what_differs_fires() {
    let same = stored(Some(1), &[false]);
    assert_eq!(changes(&[("name", "Concert".into())], &same).0, [""; 0]);
    let other = stored(Some(1), &[true]);
    assert_eq!(
        changes(&[("name", "Gala".into())], &other),
        (vec!["event"], vec![None])
    );
}

#[test]
fn a_moved_foreign_key_fires_for_both_sides() {
    let moved = stored(Some(1), &[true]);
    let (rules, former) = changes(&[("event_id", 2.into())], &moved);
    assert_eq!(rules, ["event"]);
    assert_eq!(former, [Some(vec![1.into()])]);
    let assigned = assigned(DbBackend::Sqlite, &[("event_id", 2.into())]);
    let after = assigned.named_after(&moved, rule::<task::Entity>("event"));
    assert_eq!(after.into_key(), Some(vec![2.into()]));
}

#[test]
fn a_null_foreign_key_names_nobody() {
    let moved = stored(None, &[true]);
    assert_eq!(changes(&[("event_id", 2.into())], &moved).1[0], None);
    let assigned = assigned(DbBackend::Sqlite, &[("event_id", None::<i32>.into())]);
    let after = assigned.named_after(&moved, rule::<task::Entity>("event"));
    assert!(matches!(after, Named::Nobody));
}

#[test]
fn a_stamp_of_the_application_counts_above_the_stored_one() {
    let schema = task::Entity::schema();
    for (stamp, counts) in [(STAMP, false), (STAMP.next(), true)] {
        let assigned = assigned(
            DbBackend::Sqlite,
            &[(schema.touch, task::Entity::stamp_value(stamp))],
        );
        let judged = stored(Some(1), &[true]);
        let change = assigned.change(Some(&judged));
        assert_eq!((change.touched, change.is_empty()), (counts, !counts));
    }
}
