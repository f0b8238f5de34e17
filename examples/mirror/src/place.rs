//! Which Redis has the feed, and which directory the table and the index.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use touchable::feed::{Feed, Stream};

use crate::{Failure, arguments::Arguments, server::Server};

const DEFAULT: &str = "redis://localhost";

pub struct Place {
    pub url: String,
    pub namespace: String,
    pub dir: PathBuf,
    pub stream: Stream,
    /// The Redis, when it is one's own.
    pub server: Option<Server>,
}

impl Place {
    /// What is there already.
    pub async fn find(arguments: &Arguments) -> Result<Self, Failure> {
        if let Some(url) = told(arguments) {
            return Self::at(arguments, &url, data().join(&arguments.namespace)).await;
        }
        // Somebody may be watching over a Redis of their own.
        if let Some(url) = Server::left_word(&own())
            && let Ok(place) = Self::at(arguments, &url, own()).await
        {
            return Ok(place);
        }
        Self::at(arguments, DEFAULT, data().join(&arguments.namespace)).await
    }

    /// The same, with a Redis of one's own where there is none.
    pub async fn find_or_make(arguments: &Arguments) -> Result<Self, Failure> {
        let missing = match Self::find(arguments).await {
            Ok(place) => return Ok(place),
            Err(failure) if told(arguments).is_some() => return Err(failure),
            Err(failure) => failure,
        };
        let dir = own();
        fs::create_dir_all(&dir)?;
        let Some(server) = Server::start(&dir)? else {
            return Err(missing);
        };
        println!(
            "no Redis answers at {DEFAULT}: started one at {}, with its data in {}",
            server.url(),
            dir.display()
        );
        let mut place = Self::at(arguments, server.url(), dir).await?;
        place.server = Some(server);
        Ok(place)
    }

    async fn at(arguments: &Arguments, url: &str, usual: PathBuf) -> Result<Self, Failure> {
        let feed = Feed::builder(url)
            .namespace(&arguments.namespace)
            .connect_timeout(Duration::from_secs(2))
            .connect()
            .await
            .map_err(|error| {
                format!("{error}\nStart a Redis, or say where one is: --redis URL, or REDIS_URL.")
            })?;
        let dir = arguments.dir.clone().unwrap_or(usual);
        fs::create_dir_all(&dir)?;
        Ok(Self {
            url: url.to_owned(),
            namespace: arguments.namespace.clone(),
            dir,
            stream: feed.stream("products").open().await?,
            server: None,
        })
    }
}

fn told(arguments: &Arguments) -> Option<String> {
    arguments.redis.clone().or_else(|| env::var("REDIS_URL").ok())
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

fn own() -> PathBuf {
    data().join("own")
}
