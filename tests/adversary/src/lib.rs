//! What the authors of the library did not think of: random histories against a small model.
