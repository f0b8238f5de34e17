//! Deployments whose status only a slow, flaky service knows: `cargo run -p status`.
//!
//! No page waits for the service. Stop it on the page, and see what is shown: the last status of each deployment, how old it is, and
//! what went wrong.
//!
//! ```text
//! cloud        the service: slow, flaky, and stopped when you say so
//! deployments  how a status is computed
//! page         what is shown of it
//! ```

mod arguments;
mod cloud;
mod deployments;
mod page;

use std::{error::Error, net::Ipv4Addr};

use clap::Parser;
use tokio::net::TcpListener;

use arguments::Arguments;
use cloud::Cloud;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let cloud = Cloud::new(arguments.latency());
    let deployments = deployments::start(cloud.clone(), &arguments).await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port)).await?;
    println!("the deployments are at http://{}", listener.local_addr()?);
    axum::serve(listener, page::router(deployments.clone(), cloud))
        .with_graceful_shutdown(async {
            // When it cannot be waited for, the page is served until the process is killed.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .await?;
    // What this node has begun it ends, or gives back to the others.
    deployments.shutdown().await;
    Ok(())
}
