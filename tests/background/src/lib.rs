//! What goes on in the background, held against every schedule. It needs Redis and no database.
