//! URIs as bytes: `UriView` splits without copying, `Uri` owns its text and gives edited copies, `same` compares.
//!
//! A user part may hold dots, semicolons and escapes; a host may be an IPv6 literal in brackets. Nothing is unescaped
//! when it is read: equality (RFC 3261 19.1.4) is the one place that looks behind `%HH`.
pub mod equality;
pub mod owned;
pub mod split;
pub mod view;

pub use owned::Uri;
pub use split::{Scheme, UriParts};
pub use view::{UriParam, UriView};
