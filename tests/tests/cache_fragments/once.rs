//! One renderer, however many ask; and what becomes of it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use futures_util::future::join_all;
use sea_orm::{ActiveValue, Set};
use tokio::sync::{Barrier, Notify};
use touchable::cache::{FragmentCache, Options, Rendered, store::Memory};
use touchable_tests::{at, entities::outer};

use super::fragments;

fn task(id: i32) -> outer::task::Model {
    outer::task::Model {
        id,
        title: format!("task {id}"),
        event_id: None,
        user_id: None,
        updated_at: at(1),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b15_a_thousand_at_once_render_once() {
    let fragments = fragments();
    let rendered = Arc::new(AtomicUsize::new(0));
    let all_here = Arc::new(Barrier::new(1_000));
    let readers = (0..1_000).map(|_| {
        let (fragments, rendered, all_here) = (fragments.clone(), rendered.clone(), all_here.clone());
        tokio::spawn(async move {
            let task = task(1);
            all_here.wait().await;
            let render = async || {
                rendered.fetch_add(1, SeqCst);
                tokio::task::yield_now().await;
                format!("<li>{}</li>", task.title)
            };
            fragments.fetch(&task, "card", render).await
        })
    });
    for text in join_all(readers).await {
        assert_eq!(&*text.unwrap().unwrap(), "<li>task 1</li>");
    }
    assert_eq!(rendered.load(SeqCst), 1);
    assert_eq!(fragments.cache().loads_in_flight(), 0);
}

#[tokio::test]
async fn b15_when_the_renderer_goes_away_another_renders() {
    let fragments = fragments();
    let begun = Arc::new(Notify::new());
    let first = tokio::spawn({
        let (fragments, begun) = (fragments.clone(), begun.clone());
        async move {
            let task = task(1);
            let render = async || {
                begun.notify_one();
                std::future::pending::<String>().await
            };
            fragments.fetch(&task, "card", render).await
        }
    });
    begun.notified().await;
    let second = tokio::spawn({
        let fragments = fragments.clone();
        async move {
            let task = task(1);
            fragments.fetch(&task, "card", async || "second").await
        }
    });
    while fragments.cache().loads_in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    first.abort();
    assert_eq!(&*second.await.unwrap().unwrap(), "second");
    assert_eq!(fragments.cache().loads_in_flight(), 0);
}

#[tokio::test]
async fn b15_an_error_is_everybodys_and_is_not_stored() {
    let fragments = fragments();
    let task = task(1);
    let fails = async || Err::<String, _>("no template");
    let error = fragments.fetch(&task, "card", fails).await.unwrap_err();
    assert!(error.is_loader(), "{error}");
    assert!(error.to_string().contains("tasks/1"), "{error}");
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "no template"
    );

    let error = fragments
        .fetch(&task, "card", async || -> String { panic!("oh no") })
        .await
        .unwrap_err();
    assert!(
        error.is_loader() && error.to_string().contains("oh no"),
        "{error}"
    );

    let text = fragments.fetch(&task, "card", async || "rendered").await.unwrap();
    assert_eq!(&*text, "rendered");
    assert_eq!(fragments.cache().loads_in_flight(), 0);
}

#[tokio::test]
async fn b15_fetch_if() {
    let fragments = fragments();
    let task = task(1);
    let fetch = async |condition: bool, text: &'static str| {
        fragments
            .fetch_if(condition, &task, "card", async || text)
            .await
            .unwrap()
            .to_string()
    };
    assert_eq!(fetch(false, "for an editor").await, "for an editor");
    assert_eq!(fetch(true, "for all").await, "for all");
    assert_eq!(fetch(true, "for all, again").await, "for all");
    assert_eq!(fetch(false, "for another editor").await, "for another editor");
    assert!(fragments.exists(&task, "card").await.unwrap());
    assert!(!fragments.exists(&task, "row").await.unwrap());

    let error = fragments
        .fetch_if(false, &task, "card", async || Err::<String, _>("no template"))
        .await
        .unwrap_err();
    assert!(error.is_loader(), "{error}");
}

#[tokio::test]
async fn b02_an_unsaved_record_is_not_rendered() {
    let fragments = fragments();
    let unsaved = outer::task::ActiveModel {
        id: Set(1),
        title: Set("new".to_owned()),
        ..Default::default()
    };
    let error = fragments
        .fetch(&unsaved, "card", async || -> String {
            unreachable!("it has no version")
        })
        .await
        .unwrap_err();
    assert!(
        error.is_no_version() && error.to_string().contains("tasks"),
        "{error}"
    );

    let partial = outer::task::ActiveModel {
        id: ActiveValue::Unchanged(1),
        ..Default::default()
    };
    let error = fragments
        .fetch_many(&[partial], "card", async |_| -> Result<Vec<String>, String> {
            unreachable!("it has no version")
        })
        .await
        .unwrap_err();
    assert!(error.is_no_version(), "{error}");
}

#[tokio::test]
async fn b06_wrong_options_are_an_error() {
    let cache = touchable::cache::Cache::new(Memory::default()).unwrap();
    let fragments = FragmentCache::with_options(cache, Options::new().ttl(std::time::Duration::ZERO));
    let error = fragments
        .fetch(&task(1), "card", async || "text")
        .await
        .unwrap_err();
    assert!(error.is_invalid_ttl(), "{error}");
}

/// Handlers of web servers are spawned, and so are futures that have these in them.
#[test]
fn futures_can_be_sent() {
    fn sendable<F: Future + Send + 'static>(future: F) {
        drop(future);
    }
    let fragments = fragments();
    sendable(async move {
        let task = task(1);
        let text = fragments.fetch(&task, "card", async || {
            tokio::task::yield_now().await;
            task.title.clone()
        });
        text.await.unwrap();

        let tasks = [task.clone()];
        let prefix = "a ".to_owned();
        let texts = fragments.fetch_many(&tasks, "card", async |missing| {
            tokio::task::yield_now().await;
            let texts = missing.iter().map(|task| format!("{prefix}{}", task.title));
            Ok::<Vec<_>, String>(texts.collect())
        });
        texts.await.unwrap();

        let db = sea_orm::DatabaseConnection::default();
        let query = <outer::task::Entity as sea_orm::EntityTrait>::find_by_id(1);
        let text = fragments.fetch_consistent(&db, query, "card", async |_, task| {
            tokio::task::yield_now().await;
            format!("{prefix}{}", task.title)
        });
        text.await.unwrap();
    });
    assert!("text".rendered().is_ok());
}
