//! Behaviour 31: the graph of the rules.

use touchable::{TouchGraph, entity::Fields};
use touchable_tests::entities::{board, columns, cycle, outer, selective, society, tree};

#[test]
fn b31_targets_are_part_of_the_graph() {
    let graph = TouchGraph::of::<(society::task::Entity, society::participant::Entity)>();
    assert_eq!(
        graph.tables().collect::<Vec<_>>(),
        ["tasks", "events", "participants", "users"]
    );
}

#[test]
fn b31_rules() {
    let graph = TouchGraph::of::<(columns::task::Entity, board::user::Entity)>();
    let rules: Vec<_> = graph.rules().collect();
    let task = rules[0];
    assert_eq!(
        (task.source(), task.association(), task.target()),
        ("tasks", "project", "projects")
    );
    assert_eq!((task.fields(), task.cascades()), (Fields::Any, true));
    assert_eq!(task.columns(), ["tasks_touched_at"]);
    let user = rules[1];
    assert_eq!(
        (user.fields(), user.cascades()),
        (Fields::Only(&["first_name", "last_name"]), false)
    );
    assert!(user.events().create && user.columns().is_empty());
}

#[test]
fn b31_rules_as_a_list() {
    let graph = TouchGraph::of::<(selective::book::Entity, columns::task::Entity)>();
    insta::assert_snapshot!(graph, @r"
    books -> shelf: any change (on create, delete) touches shelves
    books -> room: any change (on update) touches rooms, and so does a touch
    books -> reviews: all but notes, position touches reviews
    reviews -> book: any change (on create) touches books
    tasks -> project: any change touches projects (tasks_touched_at), and so does a touch
    ");
}

#[test]
fn b31_cycles() {
    let none = TouchGraph::of::<(outer::user::Entity, board::user::Entity, columns::task::Entity)>();
    assert!(none.cycles().is_empty(), "{:?}", none.cycles());
    let two = TouchGraph::of::<(cycle::task::Entity, tree::node::Entity)>();
    assert_eq!(two.cycles(), [vec!["tasks", "events"], vec!["nodes"]]);
}

#[test]
fn b31_mermaid() {
    let graph = TouchGraph::of::<(outer::user::Entity, columns::task::Entity)>();
    insta::assert_snapshot!(graph.to_mermaid(), @r#"
    flowchart LR
        t0["users"]
        t1["tasks"]
        t2["events"]
        t3["calendars"]
        t4["tasks"]
        t5["projects"]
        t0 -->|"name"| t1
        t1 -.->|"any change"| t2
        t2 -.->|"any change"| t3
        t4 -.->|"any change → tasks_touched_at"| t5
    "#);
}

#[test]
fn b31_dot() {
    let graph = TouchGraph::of::<(outer::user::Entity, cycle::task::Entity)>();
    insta::assert_snapshot!(graph.to_dot(), @r#"
    digraph touches {
        rankdir=LR;
        node [shape=box];
        t0 [label="users"];
        t1 [label="tasks"];
        t2 [label="events"];
        t3 [label="calendars"];
        t4 [label="tasks"];
        t5 [label="events"];
        t0 -> t1 [label="name"];
        t1 -> t2 [label="any change", style=dashed];
        t2 -> t3 [label="any change", style=dashed];
        t4 -> t5 [label="any change", style=dashed];
        t5 -> t4 [label="any change", style=dashed];
    }
    "#);
}
