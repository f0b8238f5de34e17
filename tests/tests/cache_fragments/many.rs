//! The fragments of many records: one read, one render, one write.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::sync::Notify;
use touchable::cache::observe;
use touchable_tests::{at, entities::outer};

use super::{Fragments, fragments, rendered};

fn tasks(ids: impl IntoIterator<Item = i32>) -> Vec<outer::task::Model> {
    ids.into_iter()
        .map(|id| outer::task::Model {
            id,
            title: format!("task {id}"),
            event_id: None,
            user_id: None,
            updated_at: at(1),
        })
        .collect()
}

/// The cards, and which of them each call rendered.
async fn cards(fragments: &Fragments, tasks: &[outer::task::Model]) -> (Vec<String>, Vec<Vec<i32>>) {
    let calls = RefCell::new(Vec::new());
    let texts = fragments
        .fetch_many(tasks, "card", async |missing| {
            calls
                .borrow_mut()
                .push(missing.iter().map(|task| task.id).collect());
            Ok::<_, String>(missing.iter().map(|task| task.title.clone()).collect())
        })
        .await
        .unwrap();
    (
        texts.iter().map(ToString::to_string).collect(),
        calls.into_inner(),
    )
}

#[tokio::test]
async fn b15_one_call_renders_all_that_are_missing() {
    let fragments = fragments();
    let (texts, calls) = cards(&fragments, &tasks([2, 4])).await;
    assert_eq!(
        (texts, calls),
        (vec!["task 2".into(), "task 4".into()], vec![vec![2, 4]])
    );

    let (texts, calls) = cards(&fragments, &tasks([5, 4, 3, 2, 1, 3])).await;
    assert_eq!(
        texts,
        ["task 5", "task 4", "task 3", "task 2", "task 1", "task 3"]
    );
    assert_eq!(calls, [[5, 3, 1]], "each once");

    let (texts, calls) = cards(&fragments, &tasks([1, 2, 3, 4, 5])).await;
    assert_eq!(texts.len(), 5);
    assert_eq!(calls, Vec::<Vec<i32>>::new());

    let (texts, calls) = cards(&fragments, &[]).await;
    assert!(texts.is_empty() && calls.is_empty());
}

#[tokio::test]
async fn b15_they_are_the_fragments_of_single_records() {
    let fragments = fragments();
    let tasks = tasks([1, 2]);
    cards(&fragments, &tasks).await;
    let text = fragments
        .fetch(&tasks[1], "card", async || -> String {
            unreachable!("it is there")
        })
        .await
        .unwrap();
    assert_eq!(&*text, "task 2");

    let mut moved = tasks.clone();
    moved[0].updated_at = at(2);
    let ((_, calls), lookups) = observe(cards(&fragments, &moved)).await;
    assert_eq!(calls, [[1]]);
    assert_eq!(rendered(&lookups), ["tasks/1 card"]);
    assert_eq!(lookups.len(), 2);
}

#[tokio::test]
async fn b15_one_text_for_each_or_an_error() {
    let fragments = fragments();
    let tasks = tasks([1, 2, 3]);
    for texts in [vec![], vec!["one"], vec!["one", "two", "three", "four"]] {
        let error = fragments
            .fetch_many(&tasks, "card", async |_| Ok::<_, String>(texts.clone()))
            .await
            .unwrap_err();
        assert!(error.is_loader(), "{error}");
        assert!(
            error
                .to_string()
                .contains(&format!("{} values for 3 keys", texts.len())),
            "{error}"
        );
    }
    let (_, calls) = cards(&fragments, &tasks).await;
    assert_eq!(calls, [[1, 2, 3]], "nothing was stored");
}

#[tokio::test]
async fn b15_errors_and_panics_store_nothing() {
    let fragments = fragments();
    let tasks = tasks([1, 2]);
    let fails = async |_: Vec<&outer::task::Model>| Err::<Vec<String>, _>("no template");
    let error = fragments.fetch_many(&tasks, "card", fails).await.unwrap_err();
    assert!(
        error.is_loader() && error.to_string().contains("no template"),
        "{error}"
    );
    let panics = async |_: Vec<&outer::task::Model>| -> Result<Vec<String>, String> { panic!("oh no") };
    let error = fragments.fetch_many(&tasks, "card", panics).await.unwrap_err();
    assert!(
        error.is_loader() && error.to_string().contains("oh no"),
        "{error}"
    );
    let (_, calls) = cards(&fragments, &tasks).await;
    assert_eq!(calls, [[1, 2]]);
    assert_eq!(fragments.cache().loads_in_flight(), 0);
}

#[tokio::test]
async fn b15_what_another_renders_is_waited_for() {
    let fragments = fragments();
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let renders = Arc::new(AtomicUsize::new(0));
    let first = tokio::spawn({
        let (fragments, begun, go_on) = (fragments.clone(), begun.clone(), go_on.clone());
        let renders = renders.clone();
        async move {
            let tasks = tasks([1, 2, 3]);
            fragments
                .fetch_many(&tasks, "card", async |missing| {
                    renders.fetch_add(missing.len(), SeqCst);
                    begun.notify_one();
                    go_on.notified().await;
                    Ok::<_, String>(vec!["of the first"; missing.len()])
                })
                .await
        }
    });
    begun.notified().await;
    let second = tokio::spawn({
        let (fragments, renders, go_on) = (fragments.clone(), renders.clone(), go_on.clone());
        async move {
            let tasks = tasks([2, 3, 4]);
            fragments
                .fetch_many(&tasks, "card", async |missing| {
                    renders.fetch_add(missing.len(), SeqCst);
                    // The first is let go only now: its fragments are being rendered still.
                    go_on.notify_one();
                    Ok::<_, String>(vec!["of the second"; missing.len()])
                })
                .await
        }
    });
    let texts =
        |texts: Vec<touchable::cache::Text>| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(texts(first.await.unwrap().unwrap()), ["of the first"; 3]);
    assert_eq!(
        texts(second.await.unwrap().unwrap()),
        ["of the first", "of the first", "of the second"]
    );
    assert_eq!(renders.load(SeqCst), 4);
}

#[tokio::test]
async fn b15_when_the_renderer_goes_away_another_renders_what_it_left() {
    let fragments = fragments();
    let begun = Arc::new(Notify::new());
    let first = tokio::spawn({
        let (fragments, begun) = (fragments.clone(), begun.clone());
        async move {
            let tasks = tasks([1, 2]);
            fragments
                .fetch_many(&tasks, "card", async |_| {
                    begun.notify_one();
                    std::future::pending::<Result<Vec<String>, String>>().await
                })
                .await
        }
    });
    begun.notified().await;
    let rendering = Arc::new(Notify::new());
    let second = tokio::spawn({
        let (fragments, rendering) = (fragments.clone(), rendering.clone());
        async move {
            let tasks = tasks([2, 3]);
            let calls = std::sync::Mutex::new(Vec::new());
            let texts = fragments
                .fetch_many(&tasks, "card", async |missing| {
                    calls
                        .lock()
                        .unwrap()
                        .push(missing.iter().map(|task| task.id).collect::<Vec<_>>());
                    rendering.notify_one();
                    Ok::<_, String>(vec!["of the second"; missing.len()])
                })
                .await;
            (texts, calls.into_inner().unwrap())
        }
    });
    rendering.notified().await;
    first.abort();
    let (texts, calls) = second.await.unwrap();
    assert_eq!(texts.unwrap().len(), 2);
    assert_eq!(calls, [[3], [2]]);
    assert_eq!(fragments.cache().loads_in_flight(), 0);
}
