//! Keys and versions of records, of collections, of templates and of pages.

mod collections;
mod http;
mod records;
mod several;
mod spelling;
mod templates;
