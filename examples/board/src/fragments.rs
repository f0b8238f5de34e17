//! The cache behind every piece of a page.
//!
//! A fragment's key is its record, the record's version and its template. Nothing here is ever invalidated: a save or a
//! touch moves the version, and the old entry is not asked for again.
