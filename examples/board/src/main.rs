//! A board of events, tasks and owners, built of nested fragments: `cargo run -p board`.
//!
//! ```text
//! entities/    what shows what: the rules
//! migration/   the tables, and a few rows
//! pages/       one file a noun: what its pages show, what its forms save
//! fragments    the cache behind every piece of a page
//! badges       what a page view found in it, written into the finished page
//! saves        every save, and which rows it touched by which rule
//! forms        what was typed, and what is wrong with it
//! drawing      the touch graph as SVG
//! ```

mod arguments;
mod badges;
mod board;
mod database;
mod drawing;
mod entities;
mod failure;
mod forms;
mod fragments;
mod migration;
mod pages;
mod saves;

use std::{error::Error, net::Ipv4Addr};

use clap::Parser;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use arguments::Arguments;
use board::Board;
use database::Database;
use fragments::Fragments;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let database = Database::open(arguments.database.as_deref()).await?;
    let fragments = Fragments::open(arguments.redis.as_deref()).await?;
    let board = Board::new(database.connection.clone(), fragments);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port)).await?;
    println!("the board is at http://{}", listener.local_addr()?);
    axum::serve(listener, pages::router(board))
        .with_graceful_shutdown(asked_to_end())
        .await?;
    Ok(())
}

/// Ends on Ctrl-C and on SIGTERM, so that the file of the database goes.
async fn asked_to_end() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
