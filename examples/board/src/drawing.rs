//! The touch graph as SVG: the tables one below the other, each rule as an arc. Arcs down are on the right, arcs up on
//! the left, and the further they reach the wider they bow.

use askama::{Template, filters::HtmlSafe};
use touchable::{TouchGraph, entity::Fields, graph::GraphRule};

const WIDTH: i32 = 600;
const CENTRE: i32 = 200;
const BOX: (i32, i32) = (140, 48);
const STEP: i32 = 150;
const MARGIN: i32 = 20;
/// How far an arc between neighbours bows, and how much further for each table it passes.
const BOW: (i32, i32) = (70, 230);
/// Between two arcs of the same ends.
const BESIDE: i32 = 34;
/// How far above and below a box's middle arcs leave and arrive, and how much nearer those that pass a table do.
const APART: (i32, i32) = (14, 9);

/// The drawing.
#[derive(Template)]
#[template(path = "graph.svg", escape = "html")]
pub struct Drawing {
    boxes: Vec<Node>,
    arcs: Vec<Arc>,
    width: i32,
    height: i32,
}

impl HtmlSafe for Drawing {}

struct Node {
    table: &'static str,
    x: i32,
    y: i32,
    width: i32,
    height: i32,
    middle: (i32, i32),
}

struct Arc {
    path: String,
    label: String,
    at: (i32, i32),
    left: bool,
    cascades: bool,
}

impl Drawing {
    pub fn of(graph: &TouchGraph) -> Self {
        let tables: Vec<&'static str> = graph.tables().collect();
        let mut drawn: Vec<(usize, usize)> = Vec::new();
        let arcs = graph.rules().filter_map(|rule| {
            let place = |table| tables.iter().position(|other| *other == table);
            let ends = (place(rule.source())?, place(rule.target())?);
            let beside = drawn.iter().filter(|other| **other == ends).count();
            drawn.push(ends);
            Some(Arc::of(&rule, ends, beside))
        });
        let arcs = arcs.collect();
        let rows = i32::try_from(tables.len()).unwrap_or(1);
        Self {
            boxes: tables.into_iter().enumerate().map(Node::at).collect(),
            arcs,
            width: WIDTH,
            height: 2 * MARGIN + BOX.1 + STEP * (rows - 1).max(0),
        }
    }
}

/// The height at which the middle of a table's box is.
fn level(row: usize) -> i32 {
    MARGIN + BOX.1 / 2 + STEP * i32::try_from(row).unwrap_or(0)
}

impl Node {
    fn at((row, table): (usize, &'static str)) -> Self {
        let middle = (CENTRE, level(row));
        let (width, height) = BOX;
        Self {
            table,
            x: middle.0 - width / 2,
            y: middle.1 - height / 2,
            width,
            height,
            middle,
        }
    }
}

impl Arc {
    fn of(rule: &GraphRule, (from, to): (usize, usize), beside: usize) -> Self {
        let left = to < from;
        let side = if left { -1 } else { 1 };
        let towards = if to < from { -1 } else { 1 };
        let edge = CENTRE + side * BOX.0 / 2;
        let passed = i32::try_from(from.abs_diff(to)).unwrap_or(1) - 1;
        let apart = (APART.0 - APART.1 * passed).max(0) * towards;
        let (start, end) = (level(from) + apart, level(to) - apart);
        let bow = BOW.0 + BOW.1 * passed + BESIDE * i32::try_from(beside).unwrap_or(0);
        let far = edge + side * bow;
        // Such a curve comes three quarters of the way to its control points.
        let crest = edge + side * (bow * 3 / 4 + 8);
        Self {
            path: format!("M{edge} {start}C{far} {start} {far} {end} {edge} {end}"),
            label: watched(rule),
            at: (crest, i32::midpoint(start, end) + 5),
            left,
            cascades: rule.cascades(),
        }
    }
}

fn watched(rule: &GraphRule) -> String {
    match rule.fields() {
        Fields::Any => "any change".to_owned(),
        Fields::Only(columns) => columns.join(", "),
        Fields::Except(columns) => format!("all but {}", columns.join(", ")),
    }
}
