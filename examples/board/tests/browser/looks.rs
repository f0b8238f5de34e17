//! Every page can be read and used on any screen, with a keyboard, and with nothing from elsewhere.

use serde_json::json;

use crate::{Node, in_browser};

const PAGES: [&str; 6] = ["/", "/events/1", "/tasks/1", "/owners", "/owners/1", "/graph"];

#[tokio::test(flavor = "multi_thread")]
async fn no_page_is_wider_than_a_telephone() {
    let node = Node::alone();
    in_browser(async |page| {
        page.open(&node, "/events/1").await;
        page.type_in("name", &"Summerfair".repeat(10)).await;
        page.send("/events/1").await;
        for width in [360, 800, 1400] {
            page.resize(width, 800).await;
            for path in PAGES {
                page.open(&node, path).await;
                let over = page
                    .run("return document.documentElement.scrollWidth - innerWidth")
                    .await;
                assert!(
                    over.as_i64().unwrap() <= 0,
                    "{path} at {width} is {over} too wide"
                );
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_has_a_label_every_page_a_heading_and_nothing_comes_from_elsewhere() {
    let node = Node::alone();
    in_browser(async |page| {
        for path in PAGES {
            page.open(&node, path).await;
            let unlabelled = "return [...document.querySelectorAll('input, textarea, select')]
                .filter(field => field.labels.length !== 1).map(field => field.name)";
            assert_eq!(page.run(unlabelled).await, json!([]), "{path}");
            let twice = "const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
                return ids.filter((id, at) => ids.indexOf(id) !== at)";
            assert_eq!(page.run(twice).await, json!([]), "{path}");
            assert_eq!(
                page.run("return document.querySelectorAll('h1').length").await,
                json!(1),
                "{path}"
            );
            let elsewhere = "return performance.getEntriesByType('resource').map(entry => entry.name)
                .filter(name => !name.startsWith(location.origin) && !name.startsWith('data:'))";
            assert_eq!(page.run(elsewhere).await, json!([]), "{path}");
            let styled = page.run("return document.styleSheets.length").await;
            assert_eq!(styled, json!(1), "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_filled_and_sent_by_keyboard_alone() {
    let node = Node::alone();
    in_browser(async |page| {
        page.open(&node, "/owners/1").await;
        let mut typed = false;
        for _ in 0..20 {
            page.press("\u{E004}").await; // Tab
            if page.run("return document.activeElement.id").await == json!("name") {
                page.leaving(async || page.press("Grace Hopper\u{E007}").await)
                    .await; // Enter; Tab has selected what was there
                typed = true;
                break;
            }
        }
        assert!(typed, "Tab does not lead to the field");
        assert_eq!(page.text("h1").await, "Grace Hopper");
        assert!(page.text("#save").await.contains("Changed owners/1"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_has_a_box_a_table_and_an_arc_a_rule() {
    let node = Node::alone();
    in_browser(async |page| {
        page.open(&node, "/graph").await;
        let texts = "return [...document.querySelectorAll('.graph text')].map(text => text.textContent)";
        let drawn = json!(["name", "name", "all but note", "name", "owners", "tasks", "events"]);
        assert_eq!(page.run(texts).await, drawn);
        assert_eq!(page.run("return document.querySelectorAll('.arc').length").await, json!(4));
        assert!(page.text(".rules").await.contains("tasks -> event: all but note touches events"));
        let sources = page.run("return [...document.querySelectorAll('pre')].map(pre => pre.textContent)").await;
        let sources: Vec<String> = serde_json::from_value(sources).unwrap();
        assert!(sources[0].starts_with("flowchart LR") && sources[1].starts_with("digraph touches"));
        let overlap = "const boxes = [...document.querySelectorAll('.graph text')].map(text => text.getBBox());
            return boxes.some((a, i) => boxes.some((b, j) => i < j && a.x < b.x + b.width && b.x < a.x + a.width
                && a.y < b.y + b.height && b.y < a.y + a.height))";
        assert_eq!(page.run(overlap).await, json!(false));
    })
    .await;
}
